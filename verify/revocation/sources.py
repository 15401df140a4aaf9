"""Reads evidence from wherever it came; what cannot be read is no evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from verify.errors import MalformedObjectError
from verify.evidence import Evidence
from verify.revocation.crl import CRLSource, read_crl
from verify.revocation.ocsp import OCSPSource, read_response

Raw = tuple[bytes, datetime, int | None]
"""DER, when it was had, and the revision of the document that brought it (None: none)."""

Source = TypeVar("Source")


def read_crls(raws: Iterable[Raw]) -> tuple[CRLSource, ...]:
    """Return the CRLs that can be read, each once."""
    return _read_all(raws, lambda der, had_at, rev: CRLSource(read_crl(der), had_at, rev))


def read_responses(raws: Iterable[Raw]) -> tuple[OCSPSource, ...]:
    """Return the OCSP responses that can be read, each once."""
    return _read_all(raws, lambda der, had_at, rev: OCSPSource(read_response(der), had_at, rev))


def handed_in(evidence: Evidence) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """Return CRLs and OCSP responses that were handed in beside a document."""
    return (
        tuple((item.der, item.had_at, None) for item in evidence.crls),
        tuple((item.der, item.had_at, None) for item in evidence.ocsp_responses),
    )


def _read_all(
    raws: Iterable[Raw], read: Callable[[bytes, datetime, int | None], Source]
) -> tuple[Source, ...]:
    seen: set[tuple[bytes, int | None]] = set()
    sources = []
    for der, had_at, revision in raws:
        key = (hashlib.sha256(der).digest(), revision)
        if key in seen:
            continue
        seen.add(key)
        try:
            sources.append(read(der, had_at, revision))
        except MalformedObjectError:
            continue
    return tuple(sources)
