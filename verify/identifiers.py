"""The numbers in certificates of Vietnam: who or what a subject is, shown so far as it may be.

Public authorities write them into UID with what they are in front: `CCCD:` (identity card, and
before that `CMND:`), `HC:` (passport), `BHXH:` (social insurance), `MST:` (tax code), `PID:`. The
tax code of an organisation is public; all others are personal data, and are masked where they are
read, so that they reach no report, log or register.
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

_FORM = re.compile(r"\s*([A-Z]{2,8})\s*:\s*([0-9A-Za-z./-]{1,40})\s*")
_ORGANISATION = re.compile(r"[0-9]{10}(-?[0-9]{3})?")
_SHOWN = 3
"""Digits that are left to tell two people of one name apart."""
MOST = 8


def identifiers_of(name: x509.Name) -> tuple[str, ...]:
    """Return the numbers of a subject as `KIND:NUMBER`, personal ones masked.

    What has another form is left out: nobody knows what it is.
    """
    found = []
    for attribute in name.get_attributes_for_oid(NameOID.USER_ID)[:MOST]:
        told = _FORM.fullmatch(str(attribute.value))
        if told is not None:
            found.append(f"{told[1]}:{_masked(told[1], told[2])}")
    return tuple(found)


def units_of(name: x509.Name) -> tuple[str, ...]:
    """Return the units of a subject's organisation, in the order of the certificate."""
    units = name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[:MOST]
    return tuple(str(each.value) for each in units)


def _masked(kind: str, number: str) -> str:
    if kind == "MST" and _ORGANISATION.fullmatch(number):
        return number
    shown = number[-_SHOWN:] if len(number) > 2 * _SHOWN else ""
    return "*" * (len(number) - len(shown)) + shown
