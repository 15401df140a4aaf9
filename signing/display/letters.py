"""Letters as they are shown and searched for."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """Return `text` composed (NFC): one glyph a letter, and found again by a search."""
    return unicodedata.normalize("NFC", text)
