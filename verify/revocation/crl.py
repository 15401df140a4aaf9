"""What a full CRL says about a certificate.

Only a complete CRL of the certificate's own issuer is evidence: delta and indirect CRLs, CRLs
for some reasons only, and those with critical extensions that are not understood are not.

Spec: RFC 5280 §5, §6.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import core
from cryptography import x509

from verify.certificate import describe, quietly, serial_of, signed_with
from verify.errors import MalformedObjectError
from verify.facts import RevocationFacts, Status
from verify.guard import foreign
from verify.path.rfc5280 import extension

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")

_UNDERSTOOD = frozenset(
    {
        x509.AuthorityKeyIdentifier.oid,
        x509.CRLNumber.oid,
        x509.IssuingDistributionPoint.oid,
    }
)


@dataclass(frozen=True, slots=True)
class CRLSource:
    """A CRL that was read, and where it came from."""

    crl: x509.CertificateRevocationList
    had_at: datetime
    revision: int | None


def read_crl(untrusted_der: bytes) -> x509.CertificateRevocationList:
    """Read a CRL and its own extensions.

    Raises:
        MalformedObjectError: not a CRL, or one with fields that cannot be read.
    """
    with foreign("CRL"), quietly():
        crl = x509.load_der_x509_crl(untrusted_der)
        _ = crl.extensions, crl.issuer, crl.last_update_utc, crl.next_update_utc
    return crl


class CRLPool:
    """CRLs by the name of their issuer; each signature is verified once."""

    def __init__(self, sources: Iterable[CRLSource]) -> None:
        self._by_issuer: dict[bytes, list[CRLSource]] = {}
        for source in sources:
            self._by_issuer.setdefault(source.crl.issuer.public_bytes(), []).append(source)
        self._verified: dict[tuple[int, x509.Certificate], bool] = {}

    def facts_about(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[RevocationFacts, ...]:
        """Return what the CRLs of `issuer` say about `certificate`."""
        sources = self._by_issuer.get(issuer.subject.public_bytes(), [])
        found = (self._facts(source, certificate, issuer) for source in sources)
        return tuple(facts for facts in found if facts is not None)

    def _facts(
        self, source: CRLSource, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> RevocationFacts | None:
        try:
            if not (_covers(source.crl, certificate) and self._is_issued_by(source, issuer)):
                return None
            with foreign("CRL"):
                entry = source.crl.get_revoked_certificate_by_serial_number(serial_of(certificate))
            status, revoked_at, reason = _read_entry(entry)
            algorithm = signed_with(source.crl, issuer)
            cutoff = _archive_cutoff(source.crl)
        except MalformedObjectError:
            return None
        return RevocationFacts(
            source="crl",
            status=status,
            this_update=source.crl.last_update_utc,
            next_update=source.crl.next_update_utc,
            produced_at=source.crl.last_update_utc,
            had_at=source.had_at,
            revision=source.revision,
            algorithm=algorithm,
            signer=describe(issuer, issuer=None, trusted=False),
            signer_is_issuer=True,
            revoked_at=revoked_at,
            reason=reason,
            archive_cutoff=cutoff,
        )

    def _is_issued_by(self, source: CRLSource, issuer: x509.Certificate) -> bool:
        key = (id(source), issuer)
        if key not in self._verified:
            self._verified[key] = _verify(source.crl, issuer)
        return self._verified[key]


def _verify(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return False
    with foreign("CRL signature"):
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # refused by type at run time


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


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    for item in crl.extensions:
        if item.oid == x509.DeltaCRLIndicator.oid:
            return False
        if item.critical and item.oid not in _UNDERSTOOD:
            return False
    try:
        scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    return _in_scope(scope, certificate)


def _in_scope(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        return False
    basic = extension(certificate, x509.BasicConstraints)
    is_authority = basic is not None and basic.ca
    if scope.only_contains_user_certs and is_authority:
        return False
    if scope.only_contains_ca_certs and not is_authority:
        return False
    if scope.relative_name is not None:
        return False
    return scope.full_name is None or _named_by(certificate, set(scope.full_name))


def _named_by(certificate: x509.Certificate, names: set[x509.GeneralName]) -> bool:
    points = extension(certificate, x509.CRLDistributionPoints)
    return points is not None and any(
        names & set(point.full_name or ())
        for point in points
        if point.crl_issuer is None and point.reasons is None
    )


def _read_entry(
    entry: x509.RevokedCertificate | None,
) -> tuple[Status, datetime | None, str | None]:
    if entry is None:
        return Status.GOOD, None, None
    # An entry with a critical extension that is not understood, or with one that cannot be read,
    # still says "revoked": that is the answer that cannot make a signature look better than it is.
    return Status.REVOKED, entry.revocation_date_utc, _reason(entry)


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        with foreign("CRL entry"):
            return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except MalformedObjectError:
        return None
