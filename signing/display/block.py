"""The words of a visible signature, from the certificate and the time."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.errors.tree import phrase
from pki.names import common_name
from pki.words import VIETNAM, harmless
from signing.display.letters import normalise
from signing.display.profile import DisplayProfile, words_in
from signing.errors.display import DisplayWordMissingError

TIME_LETTERS = "0123456789-:T+"
"""What a time is written with (ISO 8601)."""


def build_lines(
    profile: DisplayProfile,
    certificate: x509.Certificate,
    at: datetime,
    *,
    number: str | None = None,
) -> tuple[str, ...]:
    """Return the lines to show; a line that asks for what is not known is left out.

    Args:
        profile: which lines.
        certificate: the signer's.
        at: the claimed time of signing; shown with Vietnam's offset.
        number: number and symbol of the document, as `12/QĐ-UBND`.

    Raises:
        DisplayWordMissingError: the profile does not sign without a value that is not known.

    Spec: ISO 8601-1 §5.4 for the time.
    """
    if profile.text is None:
        return ()
    values = _values(certificate, at, number)
    for word in profile.text.required:
        if not values[word]:
            raise DisplayWordMissingError(profile=profile.name, word=phrase(f"signing.word.{word}"))
    return tuple(
        normalise(harmless(line.format_map(values)))
        for line in profile.text.lines
        if all(values[asked] for asked in words_in(line))
    )


def build_label(
    profile: DisplayProfile,
    certificate: x509.Certificate,
    at: datetime,
    *,
    number: str | None = None,
) -> str:
    """Return what a screen reader says of the field (/TU).

    Spec: ISO 32000-1 §12.7.3.1, §14.9.3; WCAG 2.2 SC 4.1.2.
    """
    return normalise(harmless(profile.label.format_map(_values(certificate, at, number))))


def _values(certificate: x509.Certificate, at: datetime, number: str | None) -> dict[str, str]:
    return {
        "name": common_name(certificate.subject),
        "title": title_of(certificate),
        "organization": _attribute(certificate, x509.NameOID.ORGANIZATION_NAME),
        "number": number or "",
        "time": at.astimezone(VIETNAM).isoformat(timespec="seconds"),
    }


def title_of(certificate: x509.Certificate) -> str:
    """Return the title of the holder's post; empty where the certificate states none."""
    return _attribute(certificate, x509.NameOID.TITLE)


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""
