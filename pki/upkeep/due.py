"""Which authorities are at work, and which of their lists and signers are due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from pki.authority.succession import own_revocation, successor_of
from pki.records.authorities import AuthorityRecord
from pki.records.register import Register
from pki.upkeep.lapse import Lapse, certificate_lapse, list_lapse


@dataclass(frozen=True, slots=True)
class AuthorityAtWork:
    """An authority whose certificate neither ended nor is revoked."""

    record: AuthorityRecord
    certificate: x509.Certificate
    retired: bool
    """Another one issues in its place; it still publishes lists and delegates OCSP."""


@dataclass(frozen=True, slots=True)
class ListState:
    """One kind of list of one authority."""

    authority: str
    delta: bool
    lapse: Lapse | None
    """None before the first one."""

    def is_due(self, now: datetime) -> bool:
        """Say whether the next one is to be issued."""
        return self.lapse is None or self.lapse.is_due(now)


@dataclass(frozen=True, slots=True)
class Issuers:
    """Where a signer's certificate came from, and where the next one comes from."""

    by: str
    """The authority that issued it."""
    next: str
    """The one that issues the next: the same, or who goes on in its place."""
    profile: str


def is_revoked(register: Register, record: AuthorityRecord) -> bool:
    """Say whether an authority's own certificate is revoked or on hold in this register."""
    return own_revocation(register, record) is not None


def authorities_at_work(register: Register, now: datetime) -> tuple[AuthorityAtWork, ...]:
    """Return the authorities whose lists somebody may still ask for, oldest first."""
    found = []
    for record in register.list_authorities():
        certificate = x509.load_der_x509_certificate(record.certificate_der)
        if now <= certificate.not_valid_after_utc and not is_revoked(register, record):
            retired = register.find_succession(record.name) is not None
            found.append(AuthorityAtWork(record, certificate, retired))
    return tuple(found)


def list_states(register: Register, now: datetime) -> Iterator[ListState]:
    """Yield the lists of the authorities at work; deltas only where there is a list to add to."""
    for one in authorities_at_work(register, now):
        name = one.record.name
        full = register.newest_crl_head(name)
        yield ListState(name, delta=False, lapse=list_lapse(full) if full else None)
        if full is not None and one.record.delta_lifetime is not None:
            newest = register.newest_crl_head(name, delta=True)
            yield ListState(name, delta=True, lapse=list_lapse(newest) if newest else None)


def find_issuers(
    register: Register, certificate: x509.Certificate, *, answers_for: str | None = None
) -> Issuers | None:
    """Return who issued a signer's certificate and who issues the next; None if nobody here did.

    Args:
        register: where it must be found, octet by octet.
        certificate: the signer's.
        answers_for: of an OCSP signer, its authority: that one alone can delegate the answers.
    """
    fingerprint = certificate.fingerprint(SHA256()).hex()
    for authority in register.list_authorities():
        record = register.find_certificate(authority.name, certificate.serial_number)
        if record is not None and record.fingerprint == fingerprint:
            following = answers_for or successor_of(register, authority.name)
            return Issuers(authority.name, following, record.profile)
    return None


def signer_is_due(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Say whether a signer is to get its next certificate, and whether that would last longer."""
    gains = issuer.not_valid_after_utc - certificate.not_valid_after_utc
    return certificate_lapse(certificate).is_due(now) and gains > timedelta(0)
