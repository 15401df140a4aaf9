"""Who goes on in the place of an authority that is retired for issuing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cryptography import x509

from pki.errors.authorities import AuthorityRetiredError, AuthorityRevokedError
from pki.profile import Profile
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import RevocationRecord
from pki.records.register import Register


def successor_of(register: Register, name: str) -> str:
    """Return who issues in an authority's place today; its own name while it does so itself."""
    *_, last = line_from(register, name)
    return last


def line_from(register: Register, name: str) -> Iterator[str]:
    """Yield an authority and, one after the other, who went on in its place; the last one issues.

    It ends: who is retired cannot become a successor.
    """
    yield name
    while (record := register.find_succession(name)) is not None:
        name = record.successor
        yield name


def check_issues(register: Register, name: str) -> None:
    """Refuse to issue in the name of a retired authority.

    Raises:
        AuthorityRetiredError: it is retired.
    """
    record = register.find_succession(name)
    if record is not None:
        raise AuthorityRetiredError(authority=name, successor=successor_of(register, name))


def own_revocation(register: Register, record: AuthorityRecord) -> RevocationRecord | None:
    """Return what stands against an authority's own certificate; None also if nobody here could."""
    serial, self_issued = _called(record.certificate_der)
    issuer = record.parent or (record.name if self_issued else None)
    return register.find_revocation(issuer, serial) if issuer else None


@lru_cache(maxsize=64)
def _called(certificate_der: bytes) -> tuple[int, bool]:
    """Return the serial, and whether it is self-issued; the few authorities are asked for often."""
    certificate = x509.load_der_x509_certificate(certificate_der)
    return certificate.serial_number, certificate.issuer == certificate.subject


def check_in_force(register: Register, record: AuthorityRecord) -> None:
    """Refuse to issue, or to go on, under a revoked certificate.

    Raises:
        AuthorityRevokedError: it is revoked.
    """
    revocation = own_revocation(register, record)
    if revocation is not None:
        raise AuthorityRevokedError(authority=record.name, revoked_at=revocation.revoked_at)


def serves_the_retired(profile: Profile) -> bool:
    """Say whether a retired authority may issue this: the signers of its OCSP answers alone.

    What it issued is asked about until its end, and only the authority that issued a certificate
    can delegate the answers.

    Spec: RFC 6960 §4.2.2.2.
    """
    return profile.extended_key_usage == ("OCSPSigning",)
