"""Connections are kept for the next request to the same checked address, and for no other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from pki.clock import SystemClock
from pki.errors.fetching import FetchFailedError
from pki.fetcher import Credentials, FetchRequest
from verify.fetcher import AT_A_TIME, KEPT, HTTPFetcher

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + bytes(900_000)
END = None
"""Ends the connection in place of an answer."""
Answers = Callable[[int, int], bytes | None]


@dataclass
class Server:
    """A server that says what it is told, by the number of the connection and of the request."""

    answers: Answers
    listening: socket.socket
    connections: int = 0
    requests: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}/x"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection, self.connections)).start()

    def talk(self, connection: socket.socket, number: int) -> None:
        with connection:
            connection.settimeout(10)
            for turn in range(1, 100):
                try:
                    asked = connection.recv(65536)
                except OSError:
                    return
                if not asked:
                    return
                self.requests.append((number, asked))
                answer = self.answers(number, turn)
                if answer is None:
                    return
                connection.sendall(answer)


@contextmanager
def serving(answers: Answers) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(answers, listening)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def fetcher() -> HTTPFetcher:
    return HTTPFetcher(("127.0.0.1",), SystemClock())


def test_one_connection_serves_many_requests(fetcher):
    with serving(lambda *_: FINE) as server:
        for _ in range(5):
            assert fetcher.fetch(FetchRequest(server.url)) == b"fine"
        assert (server.connections, len(server.requests)) == (1, 5)


def test_threads_that_ask_at_the_same_time_keep_a_connection_each(fetcher, caplog):
    together = threading.Barrier(AT_A_TIME)

    def answer(_number: int, _turn: int) -> bytes:
        together.wait(10)
        return FINE

    with serving(answer) as server, ThreadPoolExecutor(AT_A_TIME) as pool:
        for _ in range(3):
            asked = [pool.submit(fetcher.fetch, FetchRequest(server.url)) for _ in range(AT_A_TIME)]
            assert [each.result() for each in asked] == [b"fine"] * AT_A_TIME
        assert server.connections == AT_A_TIME
    assert not caplog.records


def test_another_name_or_another_person_gets_another(fetcher):
    with serving(lambda *_: FINE) as server:
        fetcher.fetch(FetchRequest(server.url))
        shown = Credentials(authorization=lambda: "Basic eA==")
        fetcher.fetch(FetchRequest(server.url, credentials=shown))
        assert server.connections == 2
        assert b"Authorization" not in server.requests[0][1]
        assert b"Authorization" in server.requests[1][1]
        fetcher.fetch(FetchRequest(server.url))
        assert server.connections == 2
        assert b"Authorization" not in server.requests[2][1]


def test_one_that_was_closed_over_there_is_made_anew(fetcher):
    """Whether that is seen before the request is sent or after."""
    with serving(lambda _, turn: FINE if turn == 1 else END) as server:
        for _ in range(4):
            assert fetcher.fetch(FetchRequest(server.url, body=b"q")) == b"fine"
        assert server.connections == 4


def test_a_new_connection_that_is_cut_is_a_failure_and_is_not_tried_again(fetcher):
    with serving(lambda *_: END) as server:
        with pytest.raises(FetchFailedError):
            fetcher.fetch(FetchRequest(server.url))
        assert len(server.requests) == 1


def test_it_is_tried_again_once(fetcher):
    with serving(lambda number, turn: FINE if (number, turn) == (1, 1) else END) as server:
        fetcher.fetch(FetchRequest(server.url))
        with pytest.raises(FetchFailedError):
            fetcher.fetch(FetchRequest(server.url))
        assert [number for number, _ in server.requests] == [1, 1, 2]


def test_what_was_not_read_whole_is_not_taken_for_the_next_answer(fetcher):
    with serving(lambda number, _: LONG if number == 1 else FINE) as server:
        with pytest.raises(FetchFailedError):
            fetcher.fetch(FetchRequest(server.url, max_bytes=100_000))
        assert fetcher.fetch(FetchRequest(server.url)) == b"fine"
        assert server.connections == 2
    with serving(lambda *_: CUT) as server, pytest.raises(FetchFailedError):
        fetcher.fetch(FetchRequest(server.url, timeout_seconds=0.5))


def test_an_answer_that_came_before_the_question_is_not_taken(fetcher):
    early = FINE + FINE.replace(b"fine", b"evil")
    with serving(lambda _, turn: early if turn == 1 else FINE) as server:
        for _ in range(3):
            assert fetcher.fetch(FetchRequest(server.url)) == b"fine"


def test_the_oldest_are_let_go(fetcher):
    with serving(lambda *_: FINE) as server:
        shown = [Credentials(authorization=lambda: "Basic eA==") for _ in range(KEPT)]
        fetcher.fetch(FetchRequest(server.url))
        for each in shown:
            fetcher.fetch(FetchRequest(server.url, credentials=each))
        assert server.connections == KEPT + 1
        fetcher.fetch(FetchRequest(server.url, credentials=shown[-1]))
        assert server.connections == KEPT + 1
        fetcher.fetch(FetchRequest(server.url))
        assert server.connections == KEPT + 2
