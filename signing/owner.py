"""Whether a certificate belongs to the person or organisation that is to sign.

Certificates in Vietnam name their owner by UID: `CCCD:` and twelve digits for a person, `MST:` and
the tax code for an organisation; older ones by `CMND:` and others. Official ones of the first
generation have no UID but an e-mail address.

Spec: Circular 15/2025/TT-BKHCN Art. 5.2 and Annex II (signer identity; not checked against the
official text); RFC 4519 §2.39 (UID); RFC 5280 §4.2.1.6 (rfc822Name).
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki.names import common_name
from signing.errors.standing import OwnerUnreadableError, WrongOwnerError
from verify.path.extensions import extension

_NUMBER = re.compile(r"(CCCD|MST|CMND|HC|BHXH|PID|PPID):[0-9A-Z-]{4,20}")
_EMAIL = "e-mail"


def check_owner(certificate: x509.Certificate, expected: str) -> None:
    """Check that the certificate names the expected owner.

    Args:
        certificate: the signer's.
        expected: `CCCD:…`, `MST:…` or another number with its kind, or an e-mail address.

    Raises:
        OwnerUnreadableError: `expected` is neither.
        WrongOwnerError: the certificate names another, or nobody.
    """
    kind = _kind_of(expected)
    if kind is None:
        raise OwnerUnreadableError
    if not names_owner(certificate, expected):
        raise WrongOwnerError(subject=common_name(certificate.subject), kind=kind)


def is_owner(text: str) -> bool:
    """Say whether a text names an owner: a number with its kind, or an e-mail address."""
    return _kind_of(text) is not None


def names_owner(certificate: x509.Certificate, owner: str) -> bool:
    """Say whether the certificate names that owner."""
    wanted = owner.strip()
    if _kind_of(wanted) == _EMAIL:
        return wanted.casefold() in _addresses(certificate)
    return wanted.upper() in _numbers(certificate)


def _kind_of(text: str) -> str | None:
    wanted = text.strip()
    if number := _NUMBER.fullmatch(wanted.upper()):
        return number.group(1)
    return _EMAIL if re.fullmatch(r"[^@\s]+@[^@\s]+", wanted) else None


def _numbers(certificate: x509.Certificate) -> set[str]:
    return {
        str(item.value).strip().upper()
        for item in certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
    }


def _addresses(certificate: x509.Certificate) -> set[str]:
    names = extension(certificate, x509.SubjectAlternativeName)
    found = names.get_values_for_type(x509.RFC822Name) if names is not None else []
    subject = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    return {each.casefold() for each in (*found, *(str(item.value) for item in subject))}
