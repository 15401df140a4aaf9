"""Single values as people and spreadsheets write them.

A spreadsheet spoils what it takes for a number or a date: 001090000001 becomes 1090000001 or
1.09E+09, 07/01/2025 changes day and month. That is told apart from what is merely wrong, and is
never guessed back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import TypeVar

from pki.errors.registry import (
    CitizenNumberError,
    CitizenNumberSpoiltError,
    EmailError,
    EntryCodeError,
    EntryCodeNumberError,
    EntryDayError,
    EntryDayTurnedError,
    EntryLeapDayError,
    EntryTextError,
    EntryWordError,
    TaxCodeError,
)
from pki.identifiers import citizen_number_is_sound, tax_code_is_sound
from pki.letters import foreign_character, normal

MAX_TEXT = 200
"""Letters of a name or a title; X.520's upper bound of a common name is 64."""
MAX_EMAIL = 254
"""RFC 5321 §4.5.3.1.3, less its angle brackets."""
EARLIEST = date(1945, 9, 2)
"""No office of today is older."""
LATEST = date(2199, 12, 31)

_CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LOCAL_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_SPREADSHEET_DAY = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}|[1-9][0-9]{4}(\.0+)?")
"""Day and month in either order; or days since 1900, as the cell holds them."""
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_W = TypeVar("_W", bound=StrEnum)


def read_code(text: str, field: str) -> str:
    """Return a code or a serial.

    Raises:
        EntryCodeError: it is none.
        EntryCodeNumberError: it is a citizen's number, which is no key.
    """
    if not _CODE.fullmatch(text):
        raise EntryCodeError(field=field)
    if len(text) == 12 and citizen_number_is_sound(text):
        raise EntryCodeNumberError(field=field)
    return text


def read_serial(text: str, field: str) -> str:
    """Return a device's serial, which may be twelve digits.

    Raises:
        EntryCodeError: it is none.
    """
    if not _CODE.fullmatch(text):
        raise EntryCodeError(field=field)
    return text


def read_text(text: str, field: str) -> str:
    """Return a name or a title: NFC, single spaces.

    Raises:
        EntryTextError: too long, or with a character that no name has.
    """
    value = normal(text)
    foreign = foreign_character(value)
    if foreign is not None:
        raise EntryTextError(field=field, found=foreign)
    if len(value) > MAX_TEXT:
        raise EntryTextError(field=field, found=f"{len(value)} > {MAX_TEXT}")
    return value


def word_reader(kind: type[_W]) -> Callable[[str, str], _W]:
    """Return what reads one of the words of an enumeration."""

    def read_word(text: str, field: str) -> _W:
        try:
            return kind(text)
        except ValueError as error:
            raise EntryWordError(field=field, words=", ".join(kind)) from error

    return read_word


def read_day(text: str, field: str) -> date:
    """Return a day written YYYY-MM-DD.

    Raises:
        EntryDayTurnedError: as a spreadsheet writes days.
        EntryLeapDayError: 29 February of a year without one.
        EntryDayError: no day, or not from 1945-09-02 to 2199-12-31.
    """
    form = _DAY.fullmatch(text)
    if form is not None:
        return _day((int(form[1]), int(form[2]), int(form[3])), field)
    if _SPREADSHEET_DAY.fullmatch(text):
        raise EntryDayTurnedError(field=field)
    raise EntryDayError(field=field)


def read_local_day(text: str, field: str) -> date:
    """Return a day written DD/MM/YYYY, or as `read_day` takes it; for who says that it is so.

    Raises:
        PKIError: as `read_day`.
    """
    form = _LOCAL_DAY.fullmatch(text)
    if form is None:
        return read_day(text, field)
    if int(form[2]) > 12:
        raise EntryDayTurnedError(field=field)
    return _day((int(form[3]), int(form[2]), int(form[1])), field)


def _day(parts: tuple[int, int, int], field: str) -> date:
    try:
        day = date(*parts)
    except ValueError as error:
        if parts[1:] == (2, 29):
            raise EntryLeapDayError(field=field, year=parts[0]) from error
        raise EntryDayError(field=field) from error
    if not EARLIEST <= day <= LATEST:
        raise EntryDayError(field=field)
    return day


def read_citizen_number(text: str, field: str) -> str:
    """Return a citizen's number.

    Raises:
        CitizenNumberSpoiltError: digits that a spreadsheet took for a number.
        CitizenNumberError: it is none.
    """
    del field
    if citizen_number_is_sound(text):
        return text
    short = re.fullmatch("[0-9]{9,11}", text) and citizen_number_is_sound(text.zfill(12))
    if short or _SCIENTIFIC.fullmatch(text) or re.fullmatch(r"[0-9]{9,12}[.,]0*", text):
        raise CitizenNumberSpoiltError
    raise CitizenNumberError


def read_tax_code(text: str, field: str) -> str:
    """Return a tax code.

    Raises:
        TaxCodeError: it is none.
    """
    if not tax_code_is_sound(text):
        raise TaxCodeError(field=field)
    return text


def read_email(text: str, field: str) -> str:
    """Return an e-mail address, its domain in lower case.

    Raises:
        EmailError: it is none.
    """
    del field
    if len(text) > MAX_EMAIL or not _EMAIL.fullmatch(text):
        raise EmailError
    name, _, domain = text.rpartition("@")
    return f"{name}@{domain.lower()}"
