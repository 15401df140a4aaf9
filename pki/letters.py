"""Which characters a name may have: what is seen is what is there, and can be typed.

Latin letters with the marks that Vietnamese, its minorities' and its neighbours' spellings put on
them, ASCII digits and punctuation, dashes and quotation marks. No controls, nothing invisible,
nothing that turns the direction of writing, no other script: a Cyrillic „А“ in a Latin name looks
the same to everybody but the machine. Likenesses within Latin (l and I) remain; the linter's
reader and the register's search see them as different names.

Spec: X.520 §6 leaves the repertoire open; Unicode Technical Standard #39 §5.1 (one script a name).
"""

from __future__ import annotations

import re
import unicodedata

_ASCII = range(0x20, 0x7F)
_LETTERS = (range(0xC0, 0x1C0), range(0x1C4, 0x250), range(0x1E00, 0x1F00))
"""Latin-1, Extended-A and -B without the click letters (they look like | and !), Additional."""
_PLAIN = re.compile("[ -~À-ÖØ-öø-ƿǄ-ɏḀ-ỿ–—‘’“”]*")
"""All of these, without marks that stand alone: what nearly every name consists of."""
_MARKS = range(0x300, 0x370)
_PUNCTUATION = frozenset(map(ord, "–—‘’“”"))
MAX_MARKS = 2
"""On one letter, beyond those that are part of it: Bahnar writes ơ̆."""


def normal(value: str) -> str:
    """Return the one form a name is kept in: NFC, single spaces, none around it.

    Spec: RFC 4518 §2.6.1 compares names as if their spaces were so.
    """
    return " ".join(part for part in unicodedata.normalize("NFC", value).strip().split(" ") if part)


def foreign_character(value: str) -> str | None:
    """Return the first character that no name may have, as `U+0410`; None where all may stand."""
    if _PLAIN.fullmatch(value):
        return None
    marks = 0
    after_letter = False
    for char in value:
        point = ord(char)
        if point in _MARKS and after_letter and marks < MAX_MARKS:
            marks += 1
            continue
        marks, after_letter = 0, _is_letter(char)
        if not (after_letter or point in _ASCII or point in _PUNCTUATION):
            return f"U+{point:04X}"
    return None


def _is_letter(char: str) -> bool:
    if char.isascii():
        return char.isalpha()
    return any(ord(char) in block for block in _LETTERS) and char.isalpha()
