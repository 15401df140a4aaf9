"""Validation evidence inside a document: the DSS dictionary.

Each item remembers since which revision it is there: a later document time-stamp proves that it
existed. VRI entries only point at items the DSS lists, so they are not needed.

Spec: EN 319 142-1 §5.4.2 (Document Security Store).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, IndirectObject, StreamObject

from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF


@dataclass(frozen=True, slots=True)
class Stored:
    """One item of the store."""

    der: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class Store:
    """What the document brings with it."""

    certificates: tuple[Stored, ...] = ()
    crls: tuple[Stored, ...] = ()
    ocsp_responses: tuple[Stored, ...] = ()


def read_store(pdf: OpenPDF) -> Store:
    """Return the document's evidence; an item that cannot be read is left out."""
    try:
        with foreign("DSS"):
            dictionary = pdf.reader.root["/DSS"]
    except MalformedObjectError:
        return Store()
    return Store(
        tuple(_items(pdf, dictionary, "/Certs")),
        tuple(_items(pdf, dictionary, "/CRLs")),
        tuple(_items(pdf, dictionary, "/OCSPs")),
    )


def _items(pdf: OpenPDF, dictionary: PDFValue, key: str) -> Iterator[Stored]:
    try:
        with foreign("DSS"):
            array = dictionary[key]
    except MalformedObjectError:
        return
    for raw in list.__iter__(array) if isinstance(array, ArrayObject) else ():
        try:
            with foreign("DSS"):
                stored = _read(pdf, raw)
        except MalformedObjectError:
            continue
        if stored is not None:
            yield stored


def _read(pdf: OpenPDF, raw: PDFValue) -> Stored | None:
    stream = raw.get_object()
    if not isinstance(raw, IndirectObject) or not isinstance(stream, StreamObject):
        return None
    return Stored(stream.data, pdf.reader.xrefs.get_last_change(raw.reference))
