"""What is recorded of authorities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


class AuthorityCertificate(NamedTuple):
    """An authority's name and its certificate: what is asked for with each certificate issued."""

    name: str
    certificate_der: bytes


@dataclass(frozen=True, slots=True)
class AuthorityRecord:
    """One authority: its certificate, and where its key is."""

    name: str
    """Short name; stands in the addresses of its CRL and its certificate."""
    certificate_der: bytes
    key_uri: str
    parent: str | None
    """Name of the authority above; None for a root."""
    profile: str
    crl_lifetime: timedelta
    created_at: datetime
    delta_lifetime: timedelta | None = None
    """How long a delta list lasts; None for an authority that makes none."""


@dataclass(frozen=True, slots=True)
class SuccessionRecord:
    """An authority that is retired for issuing, and the one that goes on in its place."""

    name: str
    successor: str
    retired_at: datetime
