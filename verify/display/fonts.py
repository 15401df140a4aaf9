"""What a font of an appearance is called, and which letters its codes stand for.

Spec: ISO 32000-2 §9.6, §9.7 (fonts), §9.10.3 (ToUnicode CMaps).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject

from verify.display.budget import Budget
from verify.pdf.values import look_up

MOST_CODES = 20_000
_TAG = re.compile(r"[A-Z]{6}\+")
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]{1,8})>\s*<([0-9A-Fa-f]{1,64})>")
_RANGE = re.compile(
    rb"<([0-9A-Fa-f]{1,8})>\s*<([0-9A-Fa-f]{1,8})>\s*"
    rb"(?:<([0-9A-Fa-f]{1,64})>|\[((?:\s*<[0-9A-Fa-f]{1,64}>)*)\s*\])"
)
_HEX = re.compile(rb"<([0-9A-Fa-f]{1,64})>")


@dataclass(frozen=True, slots=True)
class Font:
    """A font as far as reading goes."""

    name: str
    """PostScript name, without the letters that mark a subset."""
    wide: bool = False
    """Its codes have two octets each."""
    letters: dict[int, str] = field(default_factory=dict)

    def read(self, string: bytes) -> str:
        """Return the letters that a string shows; U+FFFD where nobody says which."""
        if self.wide:
            codes = [int.from_bytes(string[at : at + 2], "big") for at in range(0, len(string), 2)]
            return "".join(self.letters.get(code, "\N{REPLACEMENT CHARACTER}") for code in codes)
        return "".join(
            self.letters.get(code) or bytes([code]).decode("cp1252", "replace") for code in string
        )


def read_font(dictionary: DictionaryObject, budget: Budget) -> Font:
    """Return what is known of a font."""
    name = _TAG.sub("", str(look_up(dictionary, "/BaseFont", ""))[:128].lstrip("/"), count=1)
    told = look_up(dictionary, "/ToUnicode")
    content = budget.inflate(told) if isinstance(told, StreamObject) else None
    wide = str(look_up(dictionary, "/Subtype", "")) == "/Type0"
    return Font(name, wide, read_cmap(content or b""))


def read_cmap(content: bytes) -> dict[int, str]:
    """Return the letters of a ToUnicode CMap by code, at most 20,000."""
    found: dict[int, str] = {}
    for block in _BLOCK.finditer(content):
        if block[1] == b"bfchar":
            found |= {int(code, 16): _letters(text) for code, text in _PAIR.findall(block[2])}
        else:
            for first, last, text, each in _RANGE.findall(block[2]):
                _add_range(found, int(first, 16), int(last, 16), text, each)
        if len(found) > MOST_CODES:
            break
    return found


def _add_range(found: dict[int, str], first: int, last: int, text: bytes, each: bytes) -> None:
    if each:
        found |= {first + step: _letters(item) for step, item in enumerate(_HEX.findall(each))}
    elif text and first <= last <= first + 0xFFFF:
        start = int(text, 16)
        size = len(text) + len(text) % 2
        for step in range(min(last - first + 1, MOST_CODES)):
            found[first + step] = _letters(b"%0*x" % (size, start + step))


def _letters(digits: bytes) -> str:
    return bytes.fromhex(digits.decode("ascii") + "0" * (len(digits) % 2)).decode(
        "utf-16-be", "replace"
    )
