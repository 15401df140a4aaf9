"""Revokes one certificate and publishes the list that says so."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509

from cli.actor import actor
from cli.authorities import Office
from cli.errors import BadOptionError
from pki.records import CertificateRecord, RevocationRecord

REASONS = {
    "unspecified": x509.ReasonFlags.unspecified,
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "cACompromise": x509.ReasonFlags.ca_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
    "privilegeWithdrawn": x509.ReasonFlags.privilege_withdrawn,
}
"""Reasons for good, as RFC 5280 §5.3.1 names them."""


def revoke_certificate(
    office: Office, record: CertificateRecord, *, reason: str, since: datetime | None
) -> tuple[RevocationRecord, int]:
    """Revoke; return the record and the number of the list that carries it.

    Raises:
        BadOptionError: no such reason.
        PKIError: any refusal of the authority.
    """
    if reason not in REASONS:
        raise BadOptionError(option="--reason", value=reason, form=" | ".join(REASONS))
    if since is not None:
        since = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    # The key is opened first: a revocation whose list cannot be signed would show in OCSP alone.
    authority = office.authority(record.issuer)
    revocation = authority.revoke(
        record.serial, REASONS[reason], requester=actor(), invalidity_date=since
    )
    authority.issue_crl(requester=actor())
    newest = office.register.newest_crl(record.issuer)
    return revocation, newest.number if newest else 0
