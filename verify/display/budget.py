"""How much work the appearance of one signature may cause, and streams read within it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, StreamObject

from verify.errors import MalformedObjectError
from verify.pdf.values import look_up

MOST_BYTES = 32 * 1024 * 1024
"""Of streams, all together, when they are inflated: an image of 9 million pixels."""
MOST_OPERATORS = 50_000
MOST_STREAMS = 64
MOST_DEPTH = 8
MOST_WORDS = 20_000
"""Letters of text."""


@dataclass(slots=True)
class Budget:
    """What is left."""

    octets: int = MOST_BYTES
    operators: int = MOST_OPERATORS
    streams: int = MOST_STREAMS
    letters: int = MOST_WORDS

    def operator(self) -> None:
        """Take one operator off.

        Raises:
            MalformedObjectError: there were too many.
        """
        self.operators -= 1
        if self.operators < 0:
            raise _too_much("operators")

    def letters_of(self, text: str) -> str:
        """Take a text off, and return it.

        Raises:
            MalformedObjectError: it was too much.
        """
        self.letters -= len(text)
        if self.letters < 0:
            raise _too_much("text")
        return text

    def inflate(self, stream: StreamObject) -> bytes | None:
        """Return what a stream holds; None where it is packed in another way than by Flate alone.

        Raises:
            MalformedObjectError: it is too much, or broken.
        """
        self.streams -= 1
        if self.streams < 0:
            raise _too_much("streams")
        names = _filters(stream)
        packed = stream.encoded_data
        if not names:
            content = packed[: self.octets + 1]
        elif names == ["/FlateDecode"] and look_up(stream, "/DecodeParms") is None:
            content = zlib.decompressobj().decompress(packed, self.octets + 1)
        else:
            return None
        self.octets -= len(content)
        if self.octets < 0:
            raise _too_much("data")
        return bytes(content)


def _filters(stream: StreamObject) -> list[str]:
    found = look_up(stream, "/Filter")
    if isinstance(found, ArrayObject):
        return [str(found[index]) for index in range(len(found))]
    return [] if found is None else [str(found)]


def _too_much(what: str) -> MalformedObjectError:
    return MalformedObjectError(what="appearance", reason=f"too many {what}")
