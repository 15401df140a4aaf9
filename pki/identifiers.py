"""Numbers that tell persons and organisations apart, and how they are written in certificates.

Two ways stand side by side. Vietnamese certificates write `CCCD:<number>` or `MST:<number>` into
the attribute UID; ETSI writes `IDCVN-<number>` into serialNumber and `VATVN-<number>` into
organizationIdentifier. What a number's own digits tell is checked; whether it was ever given to
anybody is for the register of persons to know.

None of the Vietnamese rules was checked against an official text: they stand here as public pages
and other programs have them.

- Citizens' numbers: Decree 137/2015/ND-CP Art. 13, Circular 07/2016/TT-BCA Art. 7 and Annex 1.
- Tax codes: Circular 105/2020/TT-BTC Art. 5; the check digit as the library stdnum has it too.

Spec: RFC 4519 §2.39 (UID); ETSI EN 319 412-1 §5.1.3 and §5.1.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)

# fmt: off
_PROVINCES = frozenset((
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36,
    37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74,
    75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96,
))
# fmt: on
"""Where a birth was registered: the 63 provinces as they were until 2025; numbers stay. From 100
on stand countries, for births abroad. 000 was given to no place: it serves samples."""


def citizen_number_is_sound(number: str) -> bool:
    """Say whether twelve digits can be a citizen's number (CCCD, personal identification number).

    Three for a province or country, one for century and sex (0 and 1 born from 1900 on, 2 and 3
    from 2000 on; nobody is born in a later century yet), two for the year, six at random. There is
    no check digit.
    """
    if not re.fullmatch("[0-9]{12}", number):
        return False
    place, century = int(number[:3]), number[3]
    return (place in _PROVINCES or place == 0 or place >= 100) and century in "0123"


def tax_code_is_sound(code: str) -> bool:
    """Say whether it is a tax code: ten digits with a check digit, for a branch with three more.

    The first nine digits weighed 31, 29, 23, 19, 17, 13, 7, 5, 3; the tenth is ten less the sum
    modulo eleven. Two digits stand for a province, seven count from 1; branches count from 001.
    """
    form = re.fullmatch("[0-9]{2}([0-9]{7})[0-9](?:-([0-9]{3}))?", code)
    if form is None or form[1] == "0000000" or form[2] == "000":
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, code[:9], strict=True))
    return 10 - total % 11 == int(code[9])


def _identity_card_is_sound(number: str) -> bool:
    """Nine digits as until 2012, or the twelve of a citizen's number."""
    return re.fullmatch("[0-9]{9}", number) is not None or citizen_number_is_sound(number)


def _passport_is_sound(number: str) -> bool:
    """What ICAO Doc 9303-4 §4.2.2 has room for; Vietnamese ones have a letter or two and digits."""
    return re.fullmatch("[A-Z]{1,2}[0-9]{6,8}", number) is not None and len(number) <= 9


def _insurance_number_is_sound(number: str) -> bool:
    return re.fullmatch("[0-9]{10}", number) is not None


def _personal_tax_code_is_sound(code: str) -> bool:
    """A person's own ten digits, or the citizen's number, which takes their place since 2025."""
    return citizen_number_is_sound(code) or (len(code) == 10 and tax_code_is_sound(code))


UID_KINDS: dict[str, Callable[[str], bool]] = {
    "CCCD": citizen_number_is_sound,
    "CMND": _identity_card_is_sound,
    "HC": _passport_is_sound,
    "BHXH": _insurance_number_is_sound,
    "MST": tax_code_is_sound,
}
"""Citizen's number, identity card, passport, social insurance; an organisation's tax code."""

PERSON_KINDS: dict[str, Callable[[str], bool]] = {
    "IDC": _identity_card_is_sound,
    "PAS": _passport_is_sound,
    "PNO": citizen_number_is_sound,
    "TIN": _personal_tax_code_is_sound,
}
"""In serialNumber, followed by `VN-` (EN 319 412-1 §5.1.3)."""

ORGANIZATION_KINDS: dict[str, Callable[[str], bool]] = {"VAT": tax_code_is_sound}
"""In organizationIdentifier, followed by `VN-` (EN 319 412-1 §5.1.4)."""

DEVICE = "device"
"""The kind of a serialNumber that is a device's, as X.520 §6.2.9 means it."""

_SEMANTIC = re.compile(r"(?:PAS|IDC|PNO|TAX|TIN)[A-Z]{2}-.*")


def uid_kind(value: str) -> str | None:
    """Return the kind of a sound UID, None for any other."""
    kind, colon, number = value.partition(":")
    sound = UID_KINDS.get(kind)
    return kind if colon and sound is not None and sound(number) else None


def serial_number_kind(value: str) -> str | None:
    """Return the kind of a serialNumber: of a person's where it looks like one, else a device's."""
    if _SEMANTIC.fullmatch(value):
        return _kind_in(PERSON_KINDS, value)
    return DEVICE


def organization_kind(value: str) -> str | None:
    """Return the kind of a sound organizationIdentifier, None for any other."""
    return _kind_in(ORGANIZATION_KINDS, value)


def _kind_in(kinds: dict[str, Callable[[str], bool]], value: str) -> str | None:
    kind, country, number = value[:3], value[3:6], value[6:]
    sound = kinds.get(kind)
    return kind if country == "VN-" and sound is not None and sound(number) else None


def same_number(one: str, other: str) -> bool:
    """Say whether two sound identifiers of one subject, written in the two ways, do not disagree.

    They disagree where they are of one sort and hold different numbers.
    """
    (sort, number), (other_sort, other_number) = sort_of(one), sort_of(other)
    return sort != other_sort or number == other_number


_SORTS = {"CCCD": "citizen", "PNO": "citizen", "HC": "passport", "PAS": "passport"}
_SORTS |= {"CMND": "card", "IDC": "card", "MST": "tax", "VAT": "tax"}


def sort_of(value: str) -> tuple[str, str]:
    """Return the sort of a sound identifier and its number, in whichever way it is written."""
    kind, number = value.split(":", 1) if ":" in value else (value[:3], value[6:])
    return _SORTS.get(kind, kind), number
