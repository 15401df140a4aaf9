"""One CRL: its number, what it is a delta of, what it covers, whether it is understood.

Spec: RFC 5280 §5.1, §5.2, §6.3.3 (c); X.509 §9.5.2.4 (expiredCertsOnCRL).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from asn1crypto import core
from cryptography import x509

from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.path.build import authority_key_id
from verify.path.extensions import extension
from verify.quiet import quietly
from verify.revocation.crl_entries import Entries, EntriesBudget

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")

_UNDERSTOOD = frozenset(
    {
        x509.AuthorityKeyIdentifier.oid,
        x509.DeltaCRLIndicator.oid,
        x509.IssuingDistributionPoint.oid,
    }
)
"""Those that may be critical; cRLNumber never is (§5.2.3)."""


@dataclass(frozen=True, slots=True)
class CRLSource:
    """A CRL that was read, and where it came from."""

    crl: x509.CertificateRevocationList
    had_at: datetime
    revision: int | None
    identity: str | None = None
    """The SHA-256 of its DER, where it is asked for."""


def read_crl(untrusted_der: bytes) -> x509.CertificateRevocationList:
    """Read a CRL and its own extensions.

    Raises:
        MalformedObjectError: not a CRL, or one with fields that cannot be read.
    """
    with foreign("CRL"), quietly():
        crl = x509.load_der_x509_crl(untrusted_der)
        _ = crl.extensions, crl.issuer, crl.last_update_utc, crl.next_update_utc
    return crl


@dataclass(eq=False)
class List:
    """A list of which what does not depend on a certificate is read once."""

    source: CRLSource
    budget: EntriesBudget

    def __post_init__(self) -> None:
        self.crl = self.source.crl
        self.entries = Entries(self.crl, self.budget)
        number = extension(self.crl, x509.CRLNumber)
        self.number = None if number is None else number.crl_number
        base = extension(self.crl, x509.DeltaCRLIndicator)
        self.base = None if base is None else base.crl_number

    @cached_property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        """What it speaks of, where that is less than all its issuer's certificates (§5.2.5)."""
        return extension(self.crl, x509.IssuingDistributionPoint)

    @cached_property
    def archive_cutoff(self) -> datetime | None:
        """Since when it keeps certificates that expired; None where it promises nothing."""
        return _archive_cutoff(self.crl)

    def updates(self, base: List) -> bool:
        """Say whether this delta brings `base` up to date (§6.3.3 (c))."""
        return (
            self.base is not None
            and self.number is not None
            and base.number is not None
            and self.base <= base.number < self.number
            and self.scope == base.scope
            and authority_key_id(self.crl) == authority_key_id(base.crl)
        )


def is_understood(crl: x509.CertificateRevocationList) -> bool:
    """Say whether all critical extensions are understood; else the list is no evidence (§5.2)."""
    return all(item.oid in _UNDERSTOOD for item in crl.extensions if item.critical)


def _archive_cutoff(crl: x509.CertificateRevocationList) -> datetime | None:
    for item in crl.extensions:
        if item.oid == _EXPIRED_CERTS_ON_CRL and isinstance(item.value, x509.UnrecognizedExtension):
            try:
                with foreign("expiredCertsOnCRL"):
                    moment: datetime = core.GeneralizedTime.load(item.value.value).native
                    return moment.astimezone(UTC)
            except MalformedObjectError:
                return None  # promises nothing, but what the list says of revocations stands
    return None
