"""Certifies another authority's key, as an administrator asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from cli.actor import actor
from cli.auditing.subject import read_certificate_file
from cli.errors import BadOptionError
from cli.files import read_small
from cli.homes.office import Office
from pki.authority.cross import certify_request, cross_certify
from pki.request import parse_request
from pki.subject import parse_subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin ca cross`."""

    ca: str
    profile: str
    certificate: Path | None
    csr: Path | None
    subject: str | None
    """With a request alone: a certificate says what its authority is called."""
    until: datetime | None


def cross(office: Office, wanted: Wanted) -> x509.Certificate:
    """Certify the key.

    Raises:
        BadOptionError: not exactly one of certificate and request, or a name in the wrong place.
        PKIError: any refusal of `pki.authority.cross`.
    """
    form = "--certificate FILE | --csr FILE --subject DN"
    if (wanted.certificate is None) == (wanted.csr is None):
        raise BadOptionError(option="--certificate/--csr", value="-", form=form)
    if (wanted.csr is None) != (wanted.subject is None):
        raise BadOptionError(option="--subject", value=wanted.subject or "-", form=form)
    profile = office.profile(wanted.profile)
    if wanted.certificate is not None:
        theirs = read_certificate_file(wanted.certificate)
        authority = office.authority(wanted.ca)
        return cross_certify(authority, theirs, profile, requester=actor(), until=wanted.until)
    request = parse_request(read_small(wanted.csr or Path()))
    subject = parse_subject(wanted.subject or "")
    authority = office.authority(wanted.ca)
    return certify_request(
        authority, request, subject, profile, requester=actor(), until=wanted.until
    )
