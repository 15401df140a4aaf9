"""What is recorded when the personal data of somebody is erased; codes and states stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pki.records.certificates import ErasureReason


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """Names, number and address of a person were erased, in every version."""

    code: str
    at: datetime
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class ForeignErasure:
    """Another authority's certificate was erased, and what it said of its subject."""

    fingerprint: str
    """SHA-256 of what was there, lower-case hex."""
    at: datetime
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class ErasePerson:
    """Empty what speaks of a person, for good."""

    record: PersonErasure


@dataclass(frozen=True, slots=True)
class EraseForeign:
    """Empty another authority's certificate, for good."""

    record: ForeignErasure


PersonalChange = ErasePerson | EraseForeign


class PersonalRegister(Protocol):
    """What the store tells of erasures; changes go through `Register.commit`.

    Every method raises `UnavailableError` when the store behind it fails.
    """

    def find_person_erasure(self, code: str) -> PersonErasure | None:
        """Return when and why the personal data of a person were erased."""
        ...

    def find_foreign_erasure(self, fingerprint: str) -> ForeignErasure | None:
        """Return when and why another authority's certificate was erased."""
        ...
