"""Sends documents to the service over a few connections, with the least that a client can do.

Who asks in earnest does so from another machine; what asking takes here is taken from the service.
So one thread waits for all connections, and answers are looked at when all of them are there.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = (
    b"POST /v1/documents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/pdf\r\nContent-Length: %d\r\n\r\n"
)
_END, _LENGTH = b"\r\n\r\n", b"content-length: "


@dataclass(slots=True)
class Asked:
    """A request; its answer, once there."""

    request: bytes
    due: float
    """When it is sent, if a connection is free then."""
    waited: float = 0.0
    """Seconds from then until the answer was there."""
    answer: bytes = b""

    @property
    def body(self) -> bytes:
        """Of the answer, which must be one of status 200."""
        head, _, body = self.answer.partition(_END)
        assert head.startswith(b"HTTP/1.1 200 "), head
        return body


class Asker:
    """Connections that are kept."""

    def __init__(self, port: int, connections: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._free = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        self._all = tuple(self._free)
        for line in self._all:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, documents: Iterable[bytes], every: float = 0.0) -> list[Asked]:
        """Send each as soon as a connection is free, but not before its time; return the answers.

        Args:
            documents: in this order.
            every: seconds from one to the next.
        """
        begin = time.perf_counter()
        asked = [
            Asked(_HEAD % len(data) + data, begin + number * every)
            for number, data in enumerate(documents)
        ]
        waiting, under_way = deque(asked), 0
        while waiting or under_way:
            wait = waiting[0].due - time.perf_counter() if waiting and self._free else None
            if wait is not None and wait <= 0:
                self._send(waiting.popleft())
                under_way += 1
                continue
            under_way -= sum(self._take_in(key) for key, _ in self._selector.select(wait))
        return asked

    def close(self) -> None:
        """Hang up."""
        for line in self._all:
            line.close()
        self._selector.close()

    def _send(self, one: Asked) -> None:
        line = self._free.pop()
        self._selector.register(line, selectors.EVENT_READ, one)
        line.sendall(one.request)

    def _take_in(self, key: selectors.SelectorKey) -> bool:
        """Take what came on a connection; say whether the answer is whole."""
        line, one = key.fileobj, key.data
        assert isinstance(line, socket.socket)
        more = line.recv(1 << 18)
        assert more, "the service hung up"
        one.answer += more
        if len(one.answer) < _whole(one.answer):
            return False
        one.waited = time.perf_counter() - one.due
        self._selector.unregister(line)
        self._free.append(line)
        return True


def _whole(answer: bytes) -> int:
    """Return how long an answer is once it is all there."""
    end = answer.find(_END)
    if end < 0:
        return len(answer) + 1
    start = answer.index(_LENGTH, 0, end + 2) + len(_LENGTH)
    return end + len(_END) + int(answer[start : answer.index(b"\r\n", start)])
