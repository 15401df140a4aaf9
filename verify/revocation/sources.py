"""Reads evidence from wherever it came; what cannot be read is no evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from verify.errors import MalformedObjectError
from verify.evidence import Evidence
from verify.revocation.crl_list import CRLSource, read_crl
from verify.revocation.ocsp import OCSPSource, read_response

Raw = tuple[bytes, datetime, int | None]
"""DER, when it was had, and the revision of the document that brought it (None: none)."""

IN_SIGNATURE = -1
"""The revision of what a file of signatures brought: time-stamps there name what they cover."""

Source = TypeVar("Source")


def read_crls(raws: Iterable[Raw]) -> tuple[CRLSource, ...]:
    """Return the CRLs that can be read, each once."""
    return _read_all(raws, lambda der, *had: CRLSource(read_crl(der), *had))


def read_responses(raws: Iterable[Raw]) -> tuple[OCSPSource, ...]:
    """Return the OCSP responses that can be read, each once."""
    return _read_all(raws, lambda der, *had: OCSPSource(read_response(der), *had))


def handed_in(evidence: Evidence) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """Return CRLs and OCSP responses that were handed in beside a document."""
    return (
        tuple((item.der, item.had_at, None) for item in evidence.crls),
        tuple((item.der, item.had_at, None) for item in evidence.ocsp_responses),
    )


def _read_all(
    raws: Iterable[Raw], read: Callable[[bytes, datetime, int | None, str | None], Source]
) -> tuple[Source, ...]:
    seen: set[tuple[str, int | None]] = set()
    sources = []
    for der, had_at, revision in raws:
        digest = hashlib.sha256(der).hexdigest()
        key = (digest, revision)
        if key in seen:
            continue
        seen.add(key)
        try:
            identity = digest if revision == IN_SIGNATURE else None
            sources.append(read(der, had_at, revision, identity))
        except MalformedObjectError:
            continue
    return tuple(sources)
