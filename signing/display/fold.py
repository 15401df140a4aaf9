"""Names and titles as they are compared: however they were typed, and in whatever case."""

from __future__ import annotations

import re
import unicodedata

TONES = "\u0300\u0301\u0303\u0309\u0323"
"""Grave, acute, tilde, hook above, dot below."""
_VOWELS = re.compile(f"[aeiouy\u0306\u0302\u031b{TONES}]+")
"""Vowels with breve, circumflex, horn, and their tones, as decomposed text has them."""


def fold(text: str) -> str:
    """Return a text as it is compared: no case, no spaces, the tone behind its vowels.

    "Hòa" and "Hoà" are one name, and so are composed and decomposed letters. Spaces are guessed
    from gaps where a PDF has none, so they tell nothing apart.
    """
    marks = unicodedata.normalize("NFD", "".join(text.casefold().split()))
    # Once more: the lower case of a few letters is composed of others.
    marks = unicodedata.normalize("NFD", marks.casefold())
    # And again: a tone that moved may stand before a mark that goes first.
    return unicodedata.normalize("NFD", _VOWELS.sub(_tone_last, marks))


def _tone_last(vowels: re.Match[str]) -> str:
    found = vowels.group()
    letters, tones = (mark for mark in found if mark not in TONES), sorted(set(found) & set(TONES))
    return "".join((*letters, *tones))
