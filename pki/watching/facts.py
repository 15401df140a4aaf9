"""What a certificate of another authority says of whom it speaks of.

Nothing here is verified: a subject is what somebody wrote into a certificate. Identifiers are read
in both ways that stand side by side (`pki.identifiers`); those of a form that is not known are no
identifiers.

Spec: RFC 5280 §4.2.1.3, §4.2.1.6, §4.2.1.9, §4.2.1.12; RFC 2798 §2.4 (employeeNumber).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.identifiers import DEVICE, organization_kind, serial_number_kind, sort_of, uid_kind
from pki.records.watching import HolderKind, Purpose, WatchedSubject

_EMPLOYEE_NUMBER = x509.ObjectIdentifier("2.16.840.1.113730.3.1.3")
_SERVICES = {
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.OCSP_SIGNING,
    ExtendedKeyUsageOID.CODE_SIGNING,
}
_MOST = 8
"""Attributes of one kind that are looked at."""
_LONGEST = 256
"""Letters that are kept of one: X.520 allows 64 in most."""
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def subject_of(certificate: x509.Certificate, der: bytes) -> WatchedSubject:
    """Return what a certificate says of its subject.

    Args:
        certificate: one whose names and extensions were read without fault.
        der: its octets.
    """
    subject = certificate.subject
    extensions = certificate.extensions
    purpose = _purpose(extensions)
    numbers = tuple(_numbers(subject))
    organization = _last(subject, NameOID.ORGANIZATION_NAME)
    return WatchedSubject(
        fingerprint=hashlib.sha256(der).hexdigest(),
        kind=_kind(purpose, {sort for sort, _ in numbers}),
        purpose=purpose,
        not_after=certificate.not_valid_after_utc,
        name=_last(subject, NameOID.COMMON_NAME),
        unit=_last(subject, NameOID.ORGANIZATIONAL_UNIT_NAME) or organization,
        organization=organization,
        citizen_number=_citizen_number(numbers),
        staff_code=_staff_code(subject),
        email=_email(subject, extensions),
    )


def _purpose(extensions: x509.Extensions) -> Purpose:
    basic, usage = _find(extensions, x509.BasicConstraints), _find(extensions, x509.KeyUsage)
    if basic is not None and basic.ca:
        return Purpose.ISSUE
    purposes = set(_find(extensions, x509.ExtendedKeyUsage) or ())
    if purposes & _SERVICES:
        return Purpose.SERVICE
    if ExtendedKeyUsageOID.SERVER_AUTH in purposes:
        return Purpose.SERVER
    if usage is None or usage.digital_signature or usage.content_commitment:
        return Purpose.SIGN
    return Purpose.ENCRYPT


def _kind(purpose: Purpose, sorts: set[str]) -> HolderKind:
    told = {
        Purpose.ISSUE: HolderKind.AUTHORITY,
        Purpose.SERVICE: HolderKind.SERVICE,
        Purpose.SERVER: HolderKind.DEVICE,
    }.get(purpose)
    if told is not None:
        return told
    # A person of an organisation may bear its tax code beside their own number.
    return HolderKind.AGENCY if sorts == {"tax"} else HolderKind.PERSON


def _numbers(name: x509.Name) -> Iterator[tuple[str, str]]:
    """Yield sort and number of each identifier of a known form."""
    for oid, kind_of in (
        (NameOID.USER_ID, uid_kind),
        (NameOID.SERIAL_NUMBER, serial_number_kind),
        (NameOID.ORGANIZATION_IDENTIFIER, organization_kind),
    ):
        for text in _texts(name, oid):
            kind = kind_of(text)
            if kind is not None and kind != DEVICE:
                yield sort_of(text)


def _citizen_number(numbers: tuple[tuple[str, str], ...]) -> str | None:
    """Return the citizen's number, of whichever kind the identifier says that it is."""
    for sort, number in numbers:
        if sort == "citizen" or (sort in {"card", "TIN"} and len(number) == 12):
            return number
    return None


def _staff_code(name: x509.Name) -> str | None:
    """Return an employeeNumber, else a serialNumber that is no number of the state's."""
    others = _texts(name, NameOID.SERIAL_NUMBER)
    own = (text for text in others if serial_number_kind(text) == DEVICE)
    return next((text for text in (*_texts(name, _EMPLOYEE_NUMBER), *own) if text), None)


def _email(name: x509.Name, extensions: x509.Extensions) -> str | None:
    others = _find(extensions, x509.SubjectAlternativeName)
    named = others.get_values_for_type(x509.RFC822Name)[:_MOST] if others is not None else []
    found = (*named, *_texts(name, NameOID.EMAIL_ADDRESS))
    return next((text[:_LONGEST].strip().lower() for text in found if "@" in text), None)


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(one.value)[:_LONGEST].strip() for one in name.get_attributes_for_oid(oid)[:_MOST]]


def _last(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """Return the last attribute of a kind: units are named from the largest to the smallest."""
    found = [text for text in _texts(name, oid) if text]
    return found[-1] if found else ""


def _find(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    for one in extensions:
        if isinstance(one.value, kind):
            return one.value
    return None
