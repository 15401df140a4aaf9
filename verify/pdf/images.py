"""Leaves the images of a large document where they are.

pyHanko 0.38 reads what a stream holds together with its dictionary, and to compare two revisions it
reads every object: a scan of a gigabyte was in memory as a whole then. What an image of a mapped
file holds is shown here in its place. Images are compared and copied, and never decoded.

What is not written plainly (a length in an object of its own, an end that is elsewhere) is
pyHanko's to read. `use` puts this in the place of pyHanko's own.
"""

from __future__ import annotations

import mmap
import re
from typing import Any

from pyhanko.pdf_utils import generic

from verify.content import forget
from verify.guard import PDFValue

_LEAST = 16 * 1024
"""What is smaller, in bytes, is read."""
_BEGINNING = re.compile(rb"[\0\t\n\f\r ]*stream\r?\n")
_ENDING = re.compile(rb"[\0\t\n\f\r ]*endstream")
_read_payload = generic._maybe_read_stream_payload  # noqa: SLF001  there is no public name for it


def read_payload(stream: PDFValue, dictionary: dict[Any, PDFValue], handler: PDFValue) -> PDFValue:
    """Return what follows a dictionary: the data of a stream, or None where it is no stream."""
    return _image(stream, dictionary, handler) or _read_payload(stream, dictionary, handler)  # type: ignore[no-untyped-call]  # pyHanko's


def _image(stream: PDFValue, dictionary: dict[Any, PDFValue], handler: PDFValue) -> PDFValue:
    content, length = getattr(handler, "data", None), dictionary.get("/Length")
    if not isinstance(content, mmap.mmap) or handler.stream is not stream:
        return None
    if dictionary.get("/Subtype") != "/Image" or not isinstance(length, int) or length < _LEAST:
        return None
    found = _BEGINNING.match(content, stream.tell())
    ending = _ENDING.match(content, found.end() + length) if found else None
    if found is None or ending is None:
        return None
    stream.seek(ending.end())
    forget(content)  # else all the dictionaries, and megabytes around each, stay in memory
    return memoryview(content)[found.end() : found.end() + length]


def use() -> None:
    """Have pyHanko use this; doing it twice is doing it once."""
    generic._maybe_read_stream_payload = read_payload  # noqa: SLF001  the same
