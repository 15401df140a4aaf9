"""Revokes one certificate and publishes the list that says so."""

from __future__ import annotations

from datetime import UTC, datetime

from cli.actor import actor
from cli.homes.office import Office
from pki.reasons import parse_reason
from pki.records import CertificateRecord, RevocationRecord


def revoke_certificate(
    office: Office, record: CertificateRecord, *, reason: str, since: datetime | None
) -> tuple[RevocationRecord, int]:
    """Revoke; return the record and the number of the list that carries it.

    Raises:
        RevocationReasonError: no such reason, or not for a revocation.
        PKIError: any refusal of the authority.
    """
    told = parse_reason(reason)
    if since is not None:
        since = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    # The key is opened first: a revocation whose list cannot be signed would show in OCSP alone.
    authority = office.authority(record.issuer)
    revocation = authority.revoke(record.serial, told, requester=actor(), invalidity_date=since)
    authority.issue_crl(requester=actor())
    newest = office.register.newest_crl(record.issuer)
    return revocation, newest.number if newest else 0
