"""One form of each document that is signed: JSON with sorted names, no spaces, texts in NFC.

Two programs that mean the same write the same octets, so a hash says what is meant.

Spec: RFC 8785 for what is used of it here: objects, texts, whole numbers, lists, null and truth.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

MAX_OCTETS = 65536
"""Of a document that is read: names, a key and codes are far shorter."""


def canonical(document: Mapping[str, object]) -> bytes:
    """Return the octets of a document.

    Raises:
        TypeError: something in it has no form in JSON.
    """
    return json.dumps(
        _normal(document), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()


def digest(octets: bytes) -> str:
    """Return the SHA-256 of a document, lower-case hex."""
    return sha256(octets).hexdigest()


def read_canonical(untrusted: bytes) -> dict[str, Any] | None:
    """Return a document that was written by `canonical`; None for anything else."""
    if len(untrusted) > MAX_OCTETS:
        return None
    try:
        told = json.loads(untrusted)
        same = isinstance(told, dict) and canonical(told) == untrusted
    except (ValueError, TypeError, RecursionError):
        return None
    return told if same else None


def _normal(value: object) -> object:
    if isinstance(value, str):
        # Most of a document is ASCII, which has one form.
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return [_normal(one) for one in value]
    if isinstance(value, Mapping):
        return {_normal(name): _normal(one) for name, one in value.items()}
    raise TypeError(type(value).__name__)
