"""HTTP/1.1 on a connection: uvicorn's, over a parser in C, with bounds that this parser lacks.

Spec: RFC 9112; RFC 9110 §15.5.1 (400).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 1 << 16
"""What may come of a request that is not its body: request line, header, trailer; and what was read
at one time with it."""
PIPELINED = 16
"""Requests that may wait on one connection for the answer to the one before them."""


class TooMuchError(Exception):
    """Raised to the parser, which tells uvicorn that this is no request that it takes."""


class BoundedHTTP(HttpToolsProtocol):
    """A connection that keeps no more of a caller than there is reason to, and answers at once."""

    _beside = 0
    """Octets since anything of a body came."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(_Gathering(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._beside += len(data)
        super().data_received(data)
        if self._beside > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The header is too long.")

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._beside = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._beside = 0
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """Take a request on.

        Raises:
            TooMuchError: too many wait before it.
        """
        if len(self.pipeline) >= PIPELINED:
            raise TooMuchError
        super().on_headers_complete()


class _Gathering(asyncio.Transport):
    """Sends the head of an answer together with its body: one call of the system, one packet."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it with all that is written before somebody else has a turn."""
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered.append(data)

    def close(self) -> None:
        """Send what is left, then close."""
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        """Say whether nothing is sent any more."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  asyncio's own
        """Tell of the connection."""
        return self._transport.get_extra_info(name, default)

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._transport.write(b"".join(gathered))
