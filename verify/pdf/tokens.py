"""Reads and writes names, hexadecimal strings and gaps in PDF syntax as pyHanko does, but quicker.

pyHanko 0.38 takes these one byte at a time. Over 160 real documents (119 kB each on average) its
reader spent 62 % of the time it needed to find the signature fields there, and the /Contents of one
signature (5 kB) took it 4 ms, more than everything else about that signature. Here the same is
done with regular expressions over blocks: `make bench ARGS="--only judge"`, 2.1 times as fast.

What is read, what is refused and with which exception are pyHanko's, byte for byte; the tests hold
the two against each other over arbitrary bytes. `use` puts them in the place of pyHanko's own.
"""

from __future__ import annotations

import os
import re
from binascii import unhexlify
from functools import lru_cache
from io import BytesIO

from pyhanko.pdf_utils import generic, misc

from verify.guard import PDFValue
from verify.pdf.objects import read_array, read_dictionary

_BLOCK = 256
_LONG = 64 * 1024
_DELIMITER = re.compile(rb"[ \n\r\t\f\x00()<>\[\]{}/%]")
_SOLID = re.compile(rb"[^ \n\r\t\f\x00]")
_END_OF_HEX = re.compile(rb"[^0-9A-Fa-f \n\r\t\f\x00]")
_PLAIN_NAME = re.compile(rb"[!\"$&'*+,\-.0-9:;=?@A-Z\\^_`a-z|~]*")
_ASCII = re.compile(r"[ -~]*")
_ODD_IN_TEXT = re.compile(rb"[^0-9A-Za-z ]")
_SPACES = b" \n\r\t\f\x00"

_read_hex = generic.read_hex_string_from_stream
_read_solid = misc.read_non_whitespace
_decode = generic._decode_name  # noqa: SLF001  there is no public name for it
_write_name = generic.NameObject.write_to_stream
_write_text = generic.TextStringObject.write_to_stream


def read_hex_string(stream: BytesIO) -> PDFValue:
    """Return the string between `<` and `>`; what is not plain hexadecimal is pyHanko's to read."""
    start = stream.tell()
    stream.seek(1, os.SEEK_CUR)
    found = bytearray()
    size = _BLOCK
    while block := stream.read(size):
        end = _END_OF_HEX.search(block)
        if end is None:
            found += block
            size = _LONG
            continue
        if block[end.start()] != 0x3E:
            break
        found += block[: end.start()]
        stream.seek(end.end() - len(block), os.SEEK_CUR)
        digits = bytes(found).translate(None, _SPACES)
        return generic.pdf_string(unhexlify(digits + b"0" * (len(digits) % 2)))
    stream.seek(start)
    return _read_hex(stream)


def read_until_delimiter(stream: BytesIO) -> bytes:
    """Return the bytes up to a delimiter, which is not taken from the stream."""
    found = b""
    while block := stream.read(_BLOCK):
        end = _DELIMITER.search(block)
        if end is not None:
            stream.seek(end.start() - len(block), os.SEEK_CUR)
            return found + block[: end.start()]
        found += block
    return found


def read_non_whitespace(
    stream: BytesIO,
    seek_back: bool = False,  # noqa: FBT001, FBT002  pyHanko's signature
    allow_eof: bool = False,  # noqa: FBT001, FBT002  the same
) -> bytes:
    """Return the next byte that is no white space; comments are pyHanko's to skip."""
    byte = stream.read(1)
    if byte and byte not in _SPACES and byte != b"%":
        if seek_back:
            stream.seek(-1, os.SEEK_CUR)
        return byte
    if byte:
        stream.seek(-1, os.SEEK_CUR)
    found: bytes = _read_solid(stream, seek_back=seek_back, allow_eof=allow_eof)  # type: ignore[no-untyped-call]  # pyHanko's
    return found


def decode_name(name: bytes) -> generic.NameObject:
    """Return the name object that these bytes spell."""
    if _PLAIN_NAME.fullmatch(name):
        return generic.NameObject(_text_of(name) if len(name) <= 32 else f"/{name.decode()}")
    return _decode(name)


@lru_cache(maxsize=1024)
def _text_of(name: bytes) -> str:
    return f"/{name.decode()}"


def write_name(
    self: generic.NameObject,
    stream: BytesIO,
    handler: PDFValue = None,
    container_ref: PDFValue = None,
) -> None:
    """Write a name object."""
    spelled = self.encode()
    if spelled[:1] == b"/" and _PLAIN_NAME.fullmatch(spelled, 1):
        stream.write(spelled)
    else:
        _write_name(self, stream, handler, container_ref)


def write_text(
    self: generic.TextStringObject,
    stream: BytesIO,
    handler: PDFValue = None,
    container_ref: PDFValue = None,
) -> None:
    """Write a text string; what is not ASCII, or shall be encrypted, is pyHanko's to write."""
    if handler is not None or self.force_output_encoding is not None or not _ASCII.fullmatch(self):
        _write_text(self, stream, handler, container_ref)
        return
    stream.write(b"(%s)" % _ODD_IN_TEXT.sub(_escaped, self.encode("ascii")))


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\%03o" % found[0][0]


def use() -> None:
    """Have pyHanko use these; doing it twice is doing it once."""
    for owner, name, ours in (
        (generic, "read_hex_string_from_stream", read_hex_string),
        (generic, "read_until_delimiter", read_until_delimiter),
        (generic, "read_non_whitespace", read_non_whitespace),
        (generic, "_decode_name", decode_name),
        (generic.DictionaryObject, "read_from_stream", staticmethod(read_dictionary)),
        (generic.ArrayObject, "read_from_stream", staticmethod(read_array)),
        (generic.NameObject, "write_to_stream", write_name),
        (generic.TextStringObject, "write_to_stream", write_text),
    ):
        setattr(owner, name, ours)
