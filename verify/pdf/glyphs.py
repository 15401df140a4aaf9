"""What draws the letters of an appearance: its fonts, told apart by their glyphs and encodings.

The same text in another font can read otherwise: a glyph may draw anything (NDSS 2021, shadow
attacks, "replace" by fonts). Where an object lies, and how wide letters are set, tells nothing.

Spec: ISO 32000-2 §9.6, §9.7; §9.6.4 (Type 3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
)

from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.pdf.values import look_up

_SUBSET = re.compile(r"^/[A-Z]{6}\+")
_NODES = 4000
"""Of one font or resource; its glyphs' descriptions are one each."""
_SILENT = frozenset(
    {"/DW", "/FirstChar", "/LastChar", "/Length", "/Length1", "/Length2", "/Length3", "/Name"}
    | {"/Filter", "/DecodeParms", "/FontName", "/Parent", "/ToUnicode", "/W", "/Widths"}
)
"""What says nothing of how a letter looks."""
_UNLIKE = count()


Known = dict[tuple[int, int, int], bytes]
"""Fonts that were looked at, so that many fields in one font cost what one costs: by the revision
they were read in, as whatever resolves their references, and by their number."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of a form."""

    form: StreamObject
    known: Known
    """Kept for the next one."""

    def told_apart(self, operands: Sequence[object]) -> bytes:
        """Return what tells the font that an operator names from others."""
        resources = look_up(self.form, "/Resources")
        fonts = look_up(resources, "/Font") if isinstance(resources, DictionaryObject) else None
        named = {each for each in operands[:1] if isinstance(each, str)}
        if not isinstance(fonts, DictionaryObject) or not named & fonts.keys():
            return b"no font here"
        font = fonts.raw_get(named.pop())
        if not isinstance(font, IndirectObject):
            return told_apart(font)
        place = id(font.get_pdf_handler()), font.idnum, font.generation
        if place not in self.known:
            self.known[place] = told_apart(font)
        return self.known[place]


def told_apart(value: PdfObject) -> bytes:
    """Return what tells a font, or another resource, from others that look different."""
    hasher = hashlib.sha256()
    try:
        with foreign("font"):
            for number, part in enumerate(_parts(value, ())):
                if number > _NODES:
                    return b"font %d" % next(_UNLIKE)  # like no other: nobody compares all of it
                hasher.update(b"%d " % len(part) + part)
    except MalformedObjectError:
        return b"font %d" % next(_UNLIKE)
    return hasher.digest()


def _parts(value: PdfObject, above: tuple[object, ...]) -> Iterator[bytes]:
    if isinstance(value, IndirectObject):
        if value.reference in above:
            yield b"again"
            return
        yield from _parts(value.get_object(), (*above, value.reference))
    elif isinstance(value, DictionaryObject):
        for key in sorted(set(value) - _SILENT):
            yield key.encode()
            yield from _parts(value.raw_get(key), above)
        if isinstance(value, StreamObject):
            yield value.data
    elif isinstance(value, ArrayObject):
        yield b"["
        for index in range(len(value)):
            yield from _parts(value.raw_get(index), above)
        yield b"]"
    else:
        yield _SUBSET.sub("/", str(value)).encode()
