"""What the text of a PIN tells before any try: what the keyboard did, and how well known it is.

A token counts wrong tries and locks, typically after five. Many of those tries were never typed:
a Vietnamese input method makes `ư` of `uw` or `đ` of `d9`, an East Asian one makes full-width
digits, copying brings a space along. Every doubt is about the text as it came; none tells the PIN,
its length, or where in it the doubtful character stands.

What cannot be seen: an input method that swallowed a key and left plain letters (Telex makes `aa`
of `aaa`), and Caps Lock over a PIN of mixed case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

from hsm.pin import Pin


class PINDoubt(StrEnum):
    """Why a PIN may be wrong, or no good."""

    VIETNAMESE_LETTER = "vietnamese-letter"
    """Letters with Vietnamese marks, composed or not, or the marks alone."""
    FULL_WIDTH = "full-width"
    """Full-width forms of ASCII, or the ideographic space."""
    OTHER_SCRIPT = "other-script"
    """Any other visible character that is not ASCII."""
    INVISIBLE = "invisible"
    """Characters without a glyph: zero-width, no-break space, text direction, control keys."""
    EDGE_SPACE = "edge-space"
    """A space at the beginning or the end, as copying brings along."""
    LENGTH = "length"
    """Shorter or longer than the token says its PINs are."""
    CAPS_LOCK = "caps-lock"
    """Several letters, all upper case."""
    DEFAULT = "default"
    """A PIN that makers and help desks hand out, or a plain run of digits."""

    @property
    def retype(self) -> bool:
        """Whether a try with this PIN is likely to be lost; the other doubts are advice."""
        return self not in {PINDoubt.CAPS_LOCK, PINDoubt.DEFAULT}


_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook above, dot below
_MARKS = frozenset(_CIRCUMFLEX + _BREVE + _HORN + _TONES)
_VOWELS = frozenset("aeiouyAEIOUY")
# `₫`: on Windows' own Vietnamese keyboard the row of digits gives ă â ê ô, the five tone marks
# and đ; the key beside them gives ₫.
_VIETNAMESE = frozenset("đĐ₫")

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_IDEOGRAPHIC_SPACE = "\u3000"
# No glyph of their own, though their Unicode category is that of accents or letters.
_MORE_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

_KNOWN = frozenset(
    {
        # VNPT-CA (its dealers' manual), SAFE-CA after an unlock (safecert.com.vn); the PUK of
        # YubiKey PIV and the administrator's PIN of OpenPGP cards and Nitrokey.
        "12345678",
        # SAFE-CA as delivered (TS24's manual); YubiKey PIV, OpenPGP cards, Nitrokey.
        "123456",
        # SafeNet eToken: "factory initial password" in SafeNet Authentication Client's guide.
        "1234567890",
        # SmartCard-HSM and Nitrokey HSM: the PIN of OpenSC's own examples, sc-hsm-tool(1).
        "648219",
    }
)
_SHORTEST_RUN = 4


def doubts_about(pin: Pin, pin_bytes: range | None = None) -> tuple[PINDoubt, ...]:
    """Return what speaks against sending this PIN, gravest first; nothing is sent or kept.

    Args:
        pin: as it came from the keyboard, a file or a variable.
        pin_bytes: how many bytes of UTF-8 the token says its PINs have; None or empty where it
            does not say.
    """
    text = pin.reveal()
    found = {doubt for char in _decomposed(text) if (doubt := _doubt_of(*char)) is not None}
    if text != text.strip(" "):
        found.add(PINDoubt.EDGE_SPACE)
    if pin_bytes and len(text.encode()) not in pin_bytes:
        found.add(PINDoubt.LENGTH)
    letters = [char for char in text if char.isalpha()]
    if len(letters) > 1 and all(char.isupper() for char in letters):
        found.add(PINDoubt.CAPS_LOCK)
    if _is_known(text):
        found.add(PINDoubt.DEFAULT)
    return tuple(doubt for doubt in PINDoubt if doubt in found)


def _decomposed(text: str) -> Iterator[tuple[str, str]]:
    """Give each character with the one its marks stand on; letters and marks come apart.

    Compatibility forms stay as they are: they are what is looked for.
    """
    base = ""
    for char in unicodedata.normalize("NFD", text):
        if not unicodedata.combining(char):
            base = char
        yield char, base


def _doubt_of(char: str, base: str) -> PINDoubt | None:
    if " " <= char <= "~":
        return None
    if char in _VIETNAMESE or (char in _MARKS and (base in _VOWELS or not base.isalpha())):
        return PINDoubt.VIETNAMESE_LETTER
    if ord(char) in _FULL_WIDTH or char == _IDEOGRAPHIC_SPACE:
        return PINDoubt.FULL_WIDTH
    return PINDoubt.INVISIBLE if _is_invisible(char) else PINDoubt.OTHER_SCRIPT


def _is_invisible(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
        or char in _MORE_INVISIBLE
        or any(ord(char) in selectors for selectors in _VARIATION_SELECTORS)
    )


def _is_known(text: str) -> bool:
    """Say whether it is on the list, one digit again and again, or digits counting up or down."""
    if text in _KNOWN:
        return True
    if len(text) < _SHORTEST_RUN or not (text.isascii() and text.isdecimal()):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
