"""What draws the letters of an appearance: its fonts, told apart by their glyphs and encodings.

The same text in another font can read otherwise: a glyph may draw anything (NDSS 2021, shadow
attacks, "replace" by fonts). Where an object lies, and how wide letters are set, tells nothing.

Spec: ISO 32000-2 §9.6, §9.7; §9.6.4 (Type 3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
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

_USED = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+[-+.\d]+\s+Tf(?![A-Za-z*])")
_SUBSET = re.compile(r"^/[A-Z]{6}\+")
_NODES = 4000
"""Of one font; its glyphs' descriptions are one each."""
_SILENT = frozenset(
    {"/DW", "/FirstChar", "/LastChar", "/Length", "/Length1", "/Length2", "/Length3", "/Name"}
    | {"/Filter", "/DecodeParms", "/FontName", "/Parent", "/ToUnicode", "/W", "/Widths"}
)
"""What says nothing of how a letter looks."""
_UNLIKE = count()


Known = dict[tuple[int, int, int], bytes]
"""Fonts that were looked at, so that many fields in one font cost what one costs: by the revision
they were read in, as whatever resolves their references, and by their number."""


def drawn_with(form: StreamObject, content: bytes, known: Known) -> Iterator[bytes]:
    """Yield for each font that a form sets text in what tells it from others.

    Args:
        form: the appearance, or a form inside it.
        content: its operators.
        known: kept for the next one.
    """
    resources = look_up(form, "/Resources")
    fonts = look_up(resources, "/Font") if isinstance(resources, DictionaryObject) else None
    for used in dict.fromkeys(_USED.findall(content)):
        name = f"/{used.decode('latin-1')}"
        if not isinstance(fonts, DictionaryObject) or name not in fonts:
            yield b"no font here"
            continue
        font = fonts.raw_get(name)
        if not isinstance(font, IndirectObject):
            yield _told_apart(font)
            continue
        place = id(font.get_pdf_handler()), font.idnum, font.generation
        if place not in known:
            known[place] = _told_apart(font)
        yield known[place]


def _told_apart(font: PdfObject) -> bytes:
    hasher = hashlib.sha256()
    try:
        with foreign("font"):
            for number, part in enumerate(_parts(font, ())):
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
