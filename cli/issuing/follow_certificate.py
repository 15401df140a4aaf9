"""Renews or rekeys one certificate as an administrator asks for it on the command line."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from cli.actor import actor
from cli.homes.office import Office
from cli.issuing.issue_certificate import key_source
from cli.issuing.roll_over import issuing_for
from pki.authority.erasure import check_not_erased
from pki.authority.renewal import rekey, renew
from pki.records.certificates import CertificateRecord


def renew_certificate(
    office: Office, record: CertificateRecord, *, profile: str | None
) -> x509.Certificate:
    """Certify the same key again; the profile is read by the certificate's own name of it.

    Where its issuer is retired, whoever goes on in its place does so.

    Raises:
        PKIError: any refusal of the authority.
    """
    check_not_erased(office.register, record)  # before any key is opened
    loaded = office.profile(profile or record.profile)
    authority = issuing_for(office, record.issuer)
    return renew(authority, record.serial, loaded, requester=actor(), of=record.issuer)


def rekey_certificate(
    office: Office,
    record: CertificateRecord,
    *,
    profile: str | None,
    csr: Path | None,
    key: str | None,
) -> x509.Certificate:
    """Certify a new key of the same holder.

    Raises:
        BadOptionError: not exactly one of request and key.
        PKIError: any refusal of the authority.
    """
    check_not_erased(office.register, record)  # before any key is opened
    loaded = office.profile(profile or record.profile)
    source = key_source(office, csr=csr, key=key)
    authority = issuing_for(office, record.issuer)
    return rekey(
        authority, record.serial, source, profile=loaded, requester=actor(), of=record.issuer
    )
