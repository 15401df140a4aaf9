"""Reads a mail server's answers, each with an end: of a line, of the whole, and in time."""

from __future__ import annotations

import socket
import time

LONGEST_LINE = 2048
"""RFC 5321 §4.5.3.1.5 allows 512; some servers say more."""
MOST_LINES = 128


class BoundedReader:
    """Takes the place of the file that smtplib reads lines from."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._waiting = b""
        self._until = 0.0
        self._lines = 0

    def begin(self) -> None:
        """Let the next answer begin."""
        self._until = time.monotonic() + self._seconds
        self._lines = 0

    def readline(self, _limit: int = -1) -> bytes:
        """Return the next line with its end; nothing where the connection was closed.

        Raises:
            OSError: the answer takes too long, or is too long.
        """
        self._lines += 1
        if self._lines > MOST_LINES:
            raise OSError("too many lines")
        while b"\n" not in self._waiting:
            if len(self._waiting) > LONGEST_LINE:
                raise OSError("line too long")
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("answer too slow")
            self._connection.settimeout(left)
            found = self._connection.recv(4096)
            if not found:
                return b""
            self._waiting += found
        line, _, self._waiting = self._waiting.partition(b"\n")
        self._connection.settimeout(self._seconds)
        return line + b"\n"

    def close(self) -> None:
        """Read no more; the connection is closed by whoever has it."""
        self._waiting = b""
