"""What a document says of who signs it and of its kind, read from the text of its pages.

Spec: Decree 30/2020/ND-CP, Annex I (title above the name; number and symbol), Annex III (symbols
of the kinds; from memory, not checked against the official text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from signing.display.fold import fold
from signing.display.lines import build_lines_of, rows_of
from signing.display.page_text import READER, FoundText
from signing.display.resolve import Pages
from signing.display.signer_place import find_rooms
from signing.errors.placing import TextUnreadableError
from signing.mandates.capacity import Acting, read_acting

LETTER = "CV"
"""An official letter: its symbol begins with the agency's, not with one of its kind."""
_KINDS = "NQ QĐ CT QC QyĐ TC TB HD CTr KH PA ĐA DA BC BB TTr HĐ CĐ BGN BTT GUQ GM GGT GNP PG PC PB"
KINDS = frozenset(_KINDS.split())
_NUMBER = fold("Số:")
_SYMBOL = re.compile(r"/([^\W\d_]{1,8})(?:-|$)")
_FIRST = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What could be read."""

    acting: tuple[Acting, ...]
    """In whose places the signer signs, the outermost first."""
    read: bool
    """Whether the signer's name was found with a title above it; else nothing is known."""


def read_signer(pages: Pages, name: str) -> Said:
    """Return in whose places the person of that name signs.

    Where the name stands below several titles, each of them counts: whoever may not sign in one of
    these places does not sign the document.

    Args:
        pages: the document's.
        name: the signer's, as the document has it.
    """
    found = _find(pages, name, None)
    if found is None:
        return Said((), read=False)
    lines = (
        (each.index, build_lines_of(each.letters, pages.geometry(each.index)))
        for each in found.found
        if 0 <= each.index < pages.count
    )
    rooms = find_rooms(lines, name, "").rooms
    acting = tuple(dict.fromkeys(one for room in rooms for one in read_acting(room.title)))
    return Said(acting, read=bool(rooms))


def read_symbol(pages: Pages) -> str | None:
    """Return the symbol of the document's kind (`QĐ`; `CV` for a letter); None where none is read.

    Args:
        pages: the document's; number and symbol stand on the first.
    """
    found = _find(pages, "Số:", _FIRST)
    for page in found.found if found is not None else ():
        # Whole rows: the room for the number parts `Số:` from `/QĐ-UBND`.
        for row in rows_of(page.letters, pages.geometry(_FIRST)):
            text = "".join("".join(letter for letter, _ in row).split())
            symbol = _SYMBOL.search(text) if fold(text).startswith(_NUMBER) else None
            if symbol is not None:
                return symbol[1] if symbol[1] in KINDS else LETTER
    return None


def _find(pages: Pages, words: str, page: int | None) -> FoundText | None:
    try:
        return READER.find(pages.document(), (fold(words),), page=page, password=pages.password)
    except TextUnreadableError:
        return None
