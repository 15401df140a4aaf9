"""The forms 01 to 07, read from data: sections, columns, and which fact fills what.

Spec: Decree 68/2024/ND-CP, appendix (headings and columns not checked against the official text).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from pki.records.requests import RequestKind

NUMBERS = ("01", "02", "03", "04", "05", "06", "07")
AUTHORITY = "Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ"
"""To whom the requests go: Decree 68/2024/ND-CP Art. 4."""
LAW = "Nghị định số 68/2024/NĐ-CP"


class About(StrEnum):
    """What the lines of a form are about, and so which options it takes."""

    PERSON = "person"
    AGENCY = "agency"
    SERVICE = "service"
    """A device, a service or a piece of software that signs."""
    CERTIFICATE = "certificate"
    DEVICE = "device"
    HANDOVER = "handover"


class Fill(StrEnum):
    """What may stand in a place of a form."""

    ROW = "row"
    NAME = "name"
    NUMBER = "number"
    EMAIL = "email"
    AGENCY = "agency"
    PROVINCE = "province"
    TITLE = "title"
    TAX_CODE = "tax_code"
    OLD_SERIALS = "old_serials"
    CERTIFICATE = "certificate"
    SERIAL = "serial"
    BEFORE = "before"
    AFTER = "after"
    RENEWS = "renews"
    CHANGES = "changes"
    DEVICE = "device"
    MODEL = "model"
    REASON = "reason"
    SERVICE = "service"
    HOSTS = "hosts"
    # What the register never has: these places are for the pen.
    BIRTH = "birth"
    ID_DAY = "id_day"
    ID_PLACE = "id_place"
    ID_ISSUED = "id_issued"
    PHONE = "phone"
    ADDRESS = "address"
    BUDGET_CODE = "budget_code"
    OFFICE_EMAIL = "office_email"
    SIM = "sim"
    SIGNED = "signed"


PERSONAL = frozenset({Fill.NUMBER, Fill.EMAIL})
"""Left out unless they are asked for."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A word and the place behind it."""

    label: str
    fill: Fill


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a form's table."""

    title: str
    fills: tuple[Fill, ...]
    """One under the other."""
    width: float
    """In millimetres; all of a table are stretched together to the width of the page."""
    group: str | None = None
    """A heading above several columns."""
    centred: bool = False
    optional: bool = False
    """An empty cell is nothing that is missing."""
    of: About | None = None
    """A cell of anything else stays empty, and nothing is missing."""


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part: lines with places, or a table."""

    title: str
    of: str | None = None
    """Whose facts fill the lines: `receiver` or `signer`."""
    lines: tuple[tuple[Slot, ...], ...] = ()
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form before anything is filled in."""

    number: str
    about: About
    landscape: bool
    is_record: bool
    """A record of two sides that sign, not a letter to the authority."""
    subject: str
    closing: str
    sections: tuple[Section, ...]
    requests: tuple[RequestKind, ...]
    """Kinds of requests that it can be filled from."""
    reasons: Mapping[str, str]
    """What reasons for a revocation are called on it."""


@cache
def load_form(number: str) -> Form:
    """Return the form of a number, `01` to `07`."""
    text = (files("pki.forms") / f"form-{number}.toml").read_text("utf-8")
    told = tomllib.loads(text)
    about = About(told["about"])
    return Form(
        number=number,
        about=about,
        landscape=told["orientation"] == "landscape",
        is_record=told.get("layout") == "record",
        subject=told["subject"],
        closing=told["closing"],
        sections=tuple(_section(each) for each in told["section"]),
        requests=tuple(RequestKind(each) for each in told.get("requests", ())),
        reasons=told.get("reasons", {}),
    )


def _section(told: Mapping[str, Any]) -> Section:
    return Section(
        title=told["title"],
        of=told.get("of"),
        lines=tuple(
            tuple(Slot(label, Fill(fill)) for label, fill in line) for line in told.get("lines", ())
        ),
        columns=tuple(_column(each) for each in told.get("column", ())),
        notes=tuple(told.get("notes", ())),
    )


def _column(told: Mapping[str, Any]) -> Column:
    of = told.get("of")
    return Column(
        title=told["title"],
        fills=tuple(Fill(each) for each in told["fill"]),
        width=float(told["width"]),
        group=told.get("group"),
        centred=told.get("centred", False),
        optional=told.get("optional", False),
        of=None if of is None else About(of),
    )
