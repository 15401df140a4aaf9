"""The form that `antin prepare` makes: its names, and how it is found again in a document.

Spec: ISO 32000-2 §12.7.4.2 (field names).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject

from signing.document import hostile_document
from signing.objects import entry
from verify.pdf.document import OpenPDF

LEADER = "LanhDao"
AGENCY = "CoQuan"
NUMBER = "SoVanBan"
DATE = "NgayBanHanh"
DATE_PARTS = ("Ngay", "Thang", "Nam")
NAMES = (NUMBER, DATE, LEADER, AGENCY)
_LAST = 64
"""So many fields are looked at, from the end of the form: these are put in last, and few follow."""


@dataclass(frozen=True, slots=True)
class PreparedForm:
    """The fields of a prepared document."""

    fields: dict[str, DictionaryObject]
    """By name; the parts of a date as `NgayBanHanh.Ngay`."""

    def is_filled(self, name: str) -> bool:
        """Say whether a field has a value, or a signature."""
        value = entry(self.fields.get(name), "/V")
        return value is not None and str(value) != ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The names of the fields for number and date, those that keep what is printed too."""
        return tuple(each for each in self.fields if each.partition(".")[0] in (NUMBER, DATE))

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The names of the fields for number and date that are empty."""
        return tuple(name for name in self.texts if not self.is_filled(name))


def find_form(pdf: OpenPDF) -> PreparedForm | None:
    """Return the prepared form of a document; None where it was not prepared.

    Raises:
        DocumentUnsupportedError: its form cannot be read.
    """
    with hostile_document():
        form = entry(pdf.reader.root, "/AcroForm")
        found = dict(_fields(form))
    if LEADER not in found or AGENCY not in found:
        return None
    return PreparedForm(found)


def find_names(pdf: OpenPDF) -> tuple[str, ...]:
    """Return which of the names that a prepared document needs are taken."""
    with hostile_document():
        taken = {name.partition(".")[0] for name, _ in _fields(entry(pdf.reader.root, "/AcroForm"))}
    return tuple(name for name in NAMES if name in taken)


def _fields(form: object) -> Iterator[tuple[str, DictionaryObject]]:
    listed = entry(form, "/Fields")
    count = len(listed) if isinstance(listed, ArrayObject) else 0
    for index in range(max(count - _LAST, 0), count):
        field = listed[index] if isinstance(listed, ArrayObject) else None
        name = str(entry(field, "/T"))
        if not isinstance(field, DictionaryObject) or name not in NAMES:
            continue
        kids = entry(field, "/Kids")
        if name != DATE or not isinstance(kids, ArrayObject):
            yield name, field
            continue
        for number in range(min(len(kids), len(DATE_PARTS))):
            part = kids[number]
            if isinstance(part, DictionaryObject) and str(entry(part, "/T")) in DATE_PARTS:
                yield f"{name}.{entry(part, '/T')}", part
