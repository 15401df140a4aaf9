"""Renews or rekeys one certificate as an administrator asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from cli.actor import actor
from cli.homes.office import Office
from cli.issuing.issue_certificate import key_source
from cli.issuing.roll_over import issuing_for
from pki.authority.erasure import check_not_erased
from pki.authority.renewal import Following, rekey, renew
from pki.records.certificates import CertificateRecord


@dataclass(frozen=True, slots=True)
class Wanted:
    """What both commands ask for."""

    record: CertificateRecord
    """Of the certificate that is followed."""
    profile: str | None = None
    """File of a profile; None for the one that the certificate names."""
    request_id: str | None = None


def renew_certificate(office: Office, wanted: Wanted) -> x509.Certificate:
    """Certify the same key again; of a request that is made again, return what it got.

    Where the issuer is retired, whoever goes on in its place does so.

    Raises:
        PKIError: any refusal of the authority.
    """
    following = _following(office, wanted)
    return renew(issuing_for(office, wanted.record.issuer), following)


def rekey_certificate(
    office: Office, wanted: Wanted, *, csr: Path | None, key: str | None
) -> x509.Certificate:
    """Certify a new key of the same holder; of a request that is made again, return what it got.

    Raises:
        BadOptionError: not exactly one of request and key.
        PKIError: any refusal of the authority.
    """
    following = _following(office, wanted)
    source = key_source(office, csr=csr, key=key)
    return rekey(issuing_for(office, wanted.record.issuer), following, source)


def _following(office: Office, wanted: Wanted) -> Following:
    """Read what is asked for, before any key is opened."""
    record = wanted.record
    check_not_erased(office.register, record)
    profile = office.profile(wanted.profile or record.profile)
    return Following(record.serial, profile, actor(), record.issuer, wanted.request_id)
