"""What is written of each kind of entry, column by column: for files, options and pages alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pki.errors.registry import EntryMissingError, NamePartsError
from pki.errors.tree import PKIError
from pki.records.people import (
    Agency,
    AgencyTier,
    Device,
    DeviceState,
    Entry,
    Person,
    PersonState,
    Post,
)
from pki.registry.values import (
    read_citizen_number,
    read_code,
    read_day,
    read_email,
    read_local_day,
    read_serial,
    read_tax_code,
    read_text,
    word_reader,
)

Values = dict[str, Any]
"""The fields of an entry that people say; a record is made of them by `pki.registry.versions`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is said."""

    name: str
    read: Callable[[str, str], Any]
    needed: bool = False
    personal: bool = False
    """Masked, unless it is asked for."""


FORMS: dict[type[Entry], tuple[Column, ...]] = {
    Agency: (
        Column("code", read_code, needed=True),
        Column("name", read_text, needed=True),
        Column("tier", word_reader(AgencyTier), needed=True),
        Column("parent", read_code),
        Column("tax_code", read_tax_code),
        Column("since", read_day, needed=True),
        Column("until", read_day),
        Column("successor", read_code),
    ),
    Person: (
        Column("code", read_code, needed=True),
        Column("name", read_text, needed=True),
        Column("surname", read_text),
        Column("given_name", read_text),
        Column("citizen_number", read_citizen_number, personal=True),
        Column("email", read_email, personal=True),
        Column("state", word_reader(PersonState), needed=True),
        Column("since", read_day, needed=True),
    ),
    Post: (
        Column("code", read_code, needed=True),
        Column("person", read_code, needed=True),
        Column("agency", read_code, needed=True),
        Column("title", read_text, needed=True),
        Column("unit", read_text),
        Column("since", read_day, needed=True),
        Column("until", read_day),
    ),
    Device: (
        Column("serial", read_serial, needed=True),
        Column("model", read_text, needed=True),
        Column("label", read_text),
        Column("person", read_code),
        Column("agency", read_code),
        Column("state", word_reader(DeviceState), needed=True),
        Column("since", read_day, needed=True),
    ),
}
KEY_OF: dict[type[Entry], str] = {kind: columns[0].name for kind, columns in FORMS.items()}


def read_values(
    kind: type[Entry], told: Mapping[str, str], *, local_days: bool = False
) -> tuple[Values, tuple[PKIError, ...]]:
    """Return what was said of an entry, and everything that is wrong with it.

    Args:
        kind: of what.
        told: text by the names of columns; an empty one says nothing.
        local_days: whether days may be written DD/MM/YYYY.
    """
    values: Values = {}
    faults: list[PKIError] = []
    for column in FORMS[kind]:
        text = told.get(column.name, "").strip()
        read = read_local_day if local_days and column.read is read_day else column.read
        try:
            values[column.name] = read(text, column.name) if text else None
            if not text and column.needed:
                faults.append(EntryMissingError(field=column.name))
        except PKIError as error:
            faults.append(error)
    if kind is Person and not faults:
        try:
            values |= name_parts(values)
        except NamePartsError as error:
            faults.append(error)
    return values, tuple(faults)


def name_parts(values: Values) -> Values:
    """Return surname and given name; without them the name's first word is the surname.

    Raises:
        NamePartsError: the two do not make up the name, in either order.
    """
    name, surname, given = values["name"], values["surname"], values["given_name"]
    if surname is None and given is None:
        surname, _, given = name.partition(" ")
        return {"surname": surname, "given_name": given or surname}
    if name not in {f"{surname} {given}", f"{given} {surname}"}:
        raise NamePartsError(person=values["code"])
    return {"surname": surname, "given_name": given}


def write_values(entry: Entry) -> dict[str, str]:
    """Return an entry as text by the names of its columns."""
    return {
        column.name: "" if (value := getattr(entry, column.name)) is None else str(value)
        for column in FORMS[type(entry)]
    }


def masked(text: str) -> str:
    """Return a personal number or address as whoever may not know it sees it."""
    if "@" in text:
        name, _, domain = text.partition("@")
        return f"{name[:1]}***@{domain}"
    return "*" * max(len(text) - 3, 0) + text[-3:] if len(text) > 3 else "*" * len(text)
