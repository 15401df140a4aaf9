"""What readers find in another authority's files: certificates, lists, claims, and what is wrong.

Nothing here is believed yet. `pki.importing.plan` verifies signatures, joins what several places
say of the same serial, and tells where they contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from pki.errors.tree import Phrase
from pki.lint.target import Severity

MAX_SERIAL_OCTETS = 64
"""RFC 5280 §4.1.2.2 allows 20; authorities that made longer ones exist."""
MAX_CRL_NUMBER = 2**63 - 2
"""What the register can count beyond."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person must know before the import. An error stops it."""

    severity: Severity
    place: str
    """File, with `:line` where it has lines; the serial where several files are compared."""
    words: Phrase


@dataclass(frozen=True, slots=True)
class CertificateCopy:
    """One certificate, read and not verified."""

    place: str
    certificate: x509.Certificate
    der: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Some place says that a serial is revoked, or on hold."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags
    place: str
    invalidity_date: datetime | None = None
    issuer_der: bytes | None = None
    """DER of the authority's certificate, in a database of several authorities."""


@dataclass(frozen=True, slots=True)
class Known:
    """Some index says that a serial was issued and is not revoked."""

    serial: int
    place: str


@dataclass(frozen=True, slots=True)
class ListCopy:
    """One revocation list, read and not verified."""

    place: str
    crl: x509.CertificateRevocationList
    sha256: str
    number: int | None
    claims: tuple[Claim, ...]


@dataclass(slots=True)
class Material:
    """All that was found, in the order in which it was found."""

    certificates: list[CertificateCopy] = field(default_factory=list)
    lists: list[ListCopy] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    """Of indexes and databases; those of lists stand with their list."""
    known: list[Known] = field(default_factory=list)
    last_crl_number: int = 0
    """The highest that an index or database says was used."""
    authority: x509.Certificate | None = None
    """Where the files say which certificate is the authority's."""
    key: Path | None = None
    """A file that holds the authority's private key, if its name tells the truth."""
    findings: list[Finding] = field(default_factory=list)

    def error(self, place: str, words: Phrase) -> None:
        """Note what stops the import: a revocation may be hidden in it."""
        self.findings.append(Finding(Severity.ERROR, place, words))

    def warn(self, place: str, words: Phrase) -> None:
        """Note what a person should know."""
        self.findings.append(Finding(Severity.WARNING, place, words))

    def add(self, other: Material) -> None:
        """Take in what another source gave."""
        self.certificates += other.certificates
        self.lists += other.lists
        self.claims += other.claims
        self.known += other.known
        self.last_crl_number = max(self.last_crl_number, other.last_crl_number)
        self.authority = self.authority or other.authority
        self.key = self.key or other.key
        self.findings += other.findings


def is_usable_serial(serial: int) -> bool:
    """Say whether the register can keep a serial: not negative, at most 64 octets."""
    return 0 <= serial < 1 << (8 * MAX_SERIAL_OCTETS)
