"""Content streams as operators with their operands; nothing is drawn.

Spec: ISO 32000-2 §7.8.2 (content streams), §7.3.4 (strings), §8.9.7 (inline images, left out).
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass

from verify.errors import MalformedObjectError

MOST_OPERANDS = 1024
_TOKEN = re.compile(
    rb"[\0\t\n\f\r ]*(?:"
    rb"(?P<number>[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})"
    rb"(?=[\0\t\n\f\r \[\]()<>/%{}]|\Z))"
    rb"|(?P<name>/[^\0\t\n\f\r ()<>\[\]{}/%]{0,127})"
    rb"|(?P<hex><[0-9A-Fa-f\0\t\n\f\r ]*>)"
    rb"|(?P<text>\()"
    rb"|(?P<mark><<|>>|[\[\]])"
    rb"|(?P<comment>%[^\r\n]*)"
    rb"|(?P<word>[^\0\t\n\f\r ()<>\[\]{}/%]{1,127})"
    rb")"
)
_END_OF_IMAGE = re.compile(rb"[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|\Z)")
_IN_TEXT = re.compile(rb"[()\\]")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_OCTAL = re.compile(rb"[0-7]{1,3}")

_Plain = float | str | bytes
Operand = _Plain | tuple[_Plain, ...]
"""A number, a name with its slash, a string, or an array of those; dictionaries are left out."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator with what stands before it."""

    name: str
    operands: tuple[Operand, ...]


def read_operations(content: bytes) -> Iterator[Operation]:
    """Yield what a content stream asks for, in its order.

    Raises:
        MalformedObjectError: it cannot be read.
    """
    operands: list[Operand] = []
    array: list[_Plain] | None = None
    depth = 0
    for kind, value in _tokens(content):
        if kind == "mark" and value in (b"<<", b">>"):
            depth = depth + 1 if value == b"<<" else max(0, depth - 1)
        elif depth or kind == "comment":
            continue
        elif kind == "word" and isinstance(value, bytes):
            yield Operation(value.decode("latin-1"), tuple(operands))
            operands, array = [], None
        elif kind == "mark":
            if value == b"]" and array is not None:
                operands.append(tuple(array))
            array = [] if value == b"[" else None
        else:
            _add(value, operands, array)
        if len(operands) > MOST_OPERANDS or len(array or ()) > MOST_OPERANDS:
            raise MalformedObjectError(what="content stream", reason="too many operands")


def _add(value: _Plain, operands: list[Operand], array: list[_Plain] | None) -> None:
    if array is None:
        operands.append(value)
    else:
        array.append(value)


def _tokens(content: bytes) -> Iterator[tuple[str, _Plain]]:
    position = 0
    while position < len(content):
        token = _TOKEN.match(content, position)
        if token is None:
            if not content[position:].strip(b"\0\t\n\f\r "):
                return
            raise _malformed(position)
        kind, piece = str(token.lastgroup), token[token.lastgroup or 0]
        value, position = _value(kind, piece, content, token.end())
        if piece == b"BI":
            position = _behind_image(content, position)
        yield kind, value


def _value(kind: str, piece: bytes, content: bytes, position: int) -> tuple[_Plain, int]:
    """Return what a token stands for, and where it ends."""
    match kind:
        case "number":
            return float(piece), position
        case "name":
            return piece.decode("latin-1"), position
        case "hex":
            digits = piece[1:-1].translate(None, b"\0\t\n\f\r ")
            return unhexlify(digits + b"0" * (len(digits) % 2)), position
        case "text":
            return _text(content, position)
        case _:
            return piece, position


def _text(content: bytes, position: int) -> tuple[bytes, int]:
    """Return a string, and where it ends."""
    pieces: list[bytes] = []
    depth = 1
    while found := _IN_TEXT.search(content, position):
        pieces.append(content[position : found.start()])
        position = found.end()
        if found[0] == b"\\":
            piece, position = _escaped(content, position)
            pieces.append(piece)
            continue
        depth += 1 if found[0] == b"(" else -1
        if depth == 0:
            return b"".join(pieces), position
        pieces.append(found[0])
    raise _malformed(position)


def _escaped(content: bytes, position: int) -> tuple[bytes, int]:
    octal = _OCTAL.match(content, position)
    if octal is not None:
        return bytes([int(octal[0], 8) & 0xFF]), octal.end()
    letter = content[position : position + 1]
    if letter == b"\r" and content[position + 1 : position + 2] == b"\n":
        return b"", position + 2
    if letter in (b"\r", b"\n"):
        return b"", position + 1
    return _ESCAPES.get(letter, letter), position + 1


def _behind_image(content: bytes, position: int) -> int:
    end = _END_OF_IMAGE.search(content, position)
    if end is None:
        raise _malformed(position)
    return end.end()


def _malformed(position: int) -> MalformedObjectError:
    return MalformedObjectError(what="content stream", reason=f"at {position}")
