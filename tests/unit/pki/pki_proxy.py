"""A relay before a PostgreSQL server that breaks the connection at a moment of its own choosing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self


class Relay:
    """Hands octets on between clients on a loopback port and a server's socket.

    `before` and `after` see every message of a client, before and after the server has it: with
    `after`, once the server has answered too. Where one returns true, the connection is cut, and
    the client never sees the answer.
    """

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = "127.0.0.1:{1}".format(*self._listener.getsockname())
        self.before: Callable[[bytes], bool] = lambda _: False
        self.after: Callable[[bytes], bool] = lambda _: False
        self.cuts = 0
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = [self._listener]
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            _close(one)
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._sockets += [client, server]
            try:
                server.connect(self._server)
            except OSError:  # the server is down: the client hears that somebody hung up
                _close(client)
                continue
            self._start(lambda client=client, server=server: self._relay(client, server))

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Take turns, as the protocol does: a message of the client, then all that answers it."""
        answers = threading.Event()
        withheld = threading.Event()
        self._start(lambda: _pass_on(server, client, answers=answers, withheld=withheld))
        try:
            while message := client.recv(1 << 16):
                if self.before(message):
                    break
                cut = self.after(message)
                if cut:
                    withheld.set()
                answers.clear()
                server.sendall(message)
                if cut:
                    answers.wait(5)
                    break
        except OSError:
            return
        finally:
            self.cuts += 1
            _close(client)
            _close(server)


def _pass_on(
    server: socket.socket,
    client: socket.socket,
    *,
    answers: threading.Event,
    withheld: threading.Event,
) -> None:
    try:
        while data := server.recv(1 << 16):
            answers.set()
            if not withheld.is_set():
                client.sendall(data)
    except OSError:
        pass
    finally:
        _close(client)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
