"""Text as it is searched: without accents, in lower case, so that "nguyen van" finds "Nguyễn Văn".

A name is stored folded beside the name itself, and what is looked for is folded the same way.
"""

from __future__ import annotations

from unicodedata import combining, normalize

_STROKES = str.maketrans({"đ": "d", "\\": " ", ",": " ", "+": " ", "\x00": " "})
"""Letters that no accent is taken from; and what separates the parts of an RFC 4514 name."""


def fold(text: str) -> str:
    """Return a text's letters without accents, in lower case, its words one space apart."""
    letters = text.casefold()
    if not letters.isascii():
        apart = normalize("NFKD", letters)
        letters = "".join([one for one in apart if one.isascii() or not combining(one)])
    return " ".join(letters.translate(_STROKES).split())


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of what is looked for, folded, each once."""
    return tuple(dict.fromkeys(fold(text).split()))
