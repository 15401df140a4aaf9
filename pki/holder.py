"""Who holds a certificate, as far as its name tells: the same for each of a holder's certificates.

A person is known by a number of the person's own, whatever the office and the title. The code of an
organisation stands in many names, so beside it the common name counts. Who has no number is known
by the whole name.

What is returned is for comparing and no secret: who knows the number can make it. It is kept beside
the name that it was made of, and goes when that is erased.
"""

from __future__ import annotations

import hashlib
import re

from pki.identifiers import (
    DEVICE,
    citizen_number_is_sound,
    organization_kind,
    serial_number_kind,
    sort_of,
    uid_kind,
)

_PART = re.compile(r"([^=,+]+)=((?:[^\\,+]|\\.)*)[,+]?", re.DOTALL)
"""One attribute of an RFC 4514 text; read one after the other, none begins inside a value."""
_KINDS = {
    "UID": uid_kind,
    "serialNumber": serial_number_kind,
    "organizationIdentifier": organization_kind,
}
_PERSONS = ("citizen", "card", "passport", "BHXH", "TIN")
"""Numbers of a person's own; the first of these that stands in the name is taken."""
_LENGTH = 32
"""Hex digits: 128 bits keep holders apart, and the index stays small."""


def holder_of(subject: str) -> str:
    """Return what all names of one holder have in common, 32 hex digits.

    Args:
        subject: RFC 4514 text, as a `CertificateRecord` has it.
    """
    known = subject
    if any(f"{name}=" in subject for name in _KINDS):
        known = _known_by(subject) or subject
    return hashlib.sha256(known.encode()).hexdigest()[:_LENGTH]


def _known_by(subject: str) -> str | None:
    parts = _PART.findall(subject)
    numbers = dict(_numbers(name, value) for name, value in parts if name in _KINDS)
    for sort in _PERSONS:
        if sort in numbers:
            return f"{sort}:{numbers[sort]}"
    if "tax" not in numbers:
        return None
    common = next((value for name, value in parts if name == "CN"), "")
    return f"tax:{numbers['tax']}:{common}"


def _numbers(name: str, value: str) -> tuple[str, str]:
    if _KINDS[name](value) in {None, DEVICE}:
        return "", ""
    sort, number = sort_of(value)
    # Since 2025 a person's tax code is the citizen's number.
    return ("citizen", number) if citizen_number_is_sound(number) else (sort, number)
