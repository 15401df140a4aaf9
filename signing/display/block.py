"""The words of a visible signature, from the certificate and the time."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.names import common_name
from pki.words import VIETNAM, harmless
from signing.display.profile import DisplayProfile, words_in
from signing.fonts import normalise


def build_lines(
    profile: DisplayProfile, certificate: x509.Certificate, at: datetime
) -> tuple[str, ...]:
    """Return the lines to show; a line that asks for what the certificate lacks is left out."""
    values = {
        "name": common_name(certificate.subject),
        "title": _attribute(certificate, x509.NameOID.TITLE),
        "organization": _attribute(certificate, x509.NameOID.ORGANIZATION_NAME),
        "time": at.astimezone(VIETNAM).isoformat(timespec="seconds"),
    }
    return tuple(
        normalise(harmless(line.format_map(values)))
        for line in profile.lines
        if all(values[asked] for asked in words_in(line))
    )


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""
