"""The signature fields of a document, for choosing one to sign in.

Numbered in the order of the form, signed ones too, so that a number stays the same while others
are signed.

Spec: ISO 32000-2 §12.7.5.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject

from signing.display.placement import read_geometry
from signing.document import hostile_document
from signing.errors.fields import FieldNumberError
from signing.objects import entry
from verify.password import Password
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import Field, find_fields
from verify.policy import Limits


@dataclass(frozen=True, slots=True)
class SignatureFieldInfo:
    """One signature field."""

    number: int
    """From 1."""
    name: str
    signed: bool
    page: int | None
    """From 1; None where it is on no page, or on one that is not found."""
    size_mm: tuple[float, float] | None
    """Width and height; None for an invisible field."""
    label: str | None
    """What it is called for people (/TU)."""
    locks: str | None
    """Which fields a signature here locks: All, Include or Exclude."""
    has_seed_values: bool


def list_fields(
    data: bytes, *, name: str, limits: Limits, password: Password | None = None
) -> tuple[SignatureFieldInfo, ...]:
    """Return the signature fields of a document, signed and empty.

    Raises:
        InvalidInputError: it is no document that can be read (`verify.errors`).
    """
    return fields_of(open_pdf(data, name=name, limits=limits, password=password))


def fields_of(pdf: OpenPDF) -> tuple[SignatureFieldInfo, ...]:
    """Return the signature fields of a document that is open already."""
    with hostile_document():
        found = [field for field in find_fields(pdf.reader) if field.type == "/Sig"]
        pages = _pages(pdf) if found else {}
        return tuple(_describe(number, field, pages) for number, field in enumerate(found, 1))


def field_by_number(fields: tuple[SignatureFieldInfo, ...], number: int) -> str:
    """Return the name of the field with that number.

    Raises:
        FieldNumberError: there is none.
    """
    for field in fields:
        if field.number == number:
            return field.name
    raise FieldNumberError(number=number, fields=len(fields))


def _describe(number: int, field: Field, pages: dict[int, int]) -> SignatureFieldInfo:
    widget = _widget(field.dictionary)
    lock = entry(field.dictionary, "/Lock")
    label = entry(field.dictionary, "/TU")
    return SignatureFieldInfo(
        number=number,
        name=field.name,
        signed=entry(field.dictionary, "/V") is not None,
        page=_page_of(widget, pages),
        size_mm=_size_of(widget),
        label=None if label is None else str(label),
        locks=None if lock is None else str(entry(lock, "/Action")).lstrip("/"),
        has_seed_values="/SV" in field.dictionary,
    )


def _widget(field: DictionaryObject) -> DictionaryObject:
    kids = entry(field, "/Kids")
    first = kids[0] if isinstance(kids, ArrayObject) and kids else field
    return first if isinstance(first, DictionaryObject) else field


def _pages(pdf: OpenPDF) -> dict[int, int]:
    """Return page numbers by the object numbers of annotations and of the pages themselves."""
    found: dict[int, int] = {}
    pending = [pdf.reader.root.raw_get("/Pages")]
    seen: set[int] = set()
    number = 0
    while pending:
        node = pending.pop()
        if node.idnum in seen:
            continue
        seen.add(node.idnum)
        kids = entry(node, "/Kids")
        if isinstance(kids, ArrayObject):
            pending += reversed(list(list.__iter__(kids)))
            continue
        number += 1
        found[node.idnum] = number
        annotations = entry(node, "/Annots")
        members = list.__iter__(annotations) if isinstance(annotations, ArrayObject) else ()
        found.update({each.idnum: number for each in members if hasattr(each, "idnum")})
    return found


def _page_of(widget: DictionaryObject, pages: dict[int, int]) -> int | None:
    page = dict.get(widget, "/P")
    known = pages.get(page.idnum) if page is not None and hasattr(page, "idnum") else None
    return known or pages.get(getattr(widget.container_ref, "idnum", 0))


def _size_of(widget: DictionaryObject) -> tuple[float, float] | None:
    rectangle = entry(widget, "/Rect")
    if not isinstance(rectangle, ArrayObject) or len(rectangle) != 4:
        return None
    left, bottom, right, top = (float(rectangle[index]) for index in range(4))
    page = entry(widget, "/P")
    geometry = read_geometry(page if isinstance(page, DictionaryObject) else DictionaryObject())
    width, height = (
        round(abs(side) / geometry.units_per_mm, 1) for side in (right - left, top - bottom)
    )
    turned = geometry.rotate in (90, 270)
    return ((height, width) if turned else (width, height)) if width and height else None
