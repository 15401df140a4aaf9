"""The copy before it is signed: flat pages, the record, and the document that was copied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.writer import copy_into_new_writer

from signing.copying.flat import FlatPages, flatten
from signing.copying.record import name_of, put_record, put_source, record_of
from signing.copying.source import JudgedSource
from signing.display.placement import PageGeometry, Rectangle, read_geometry
from signing.document import hostile_document
from signing.errors.copying import (
    CopyForbiddenError,
    CopyPageMissingError,
    CopyPagesNeededError,
    CopyWholeError,
)
from signing.errors.documents import DocumentUnsupportedError
from signing.pages import page_references, signed_fields
from verify.pdf.copied import CopyKind, SourceForm
from verify.pdf.document import OpenPDF
from verify.pdf.reader import Reader

WORDS = {
    CopyKind.SAO_Y: "Sao y",
    CopyKind.SAO_LUC: "Sao lục",
    CopyKind.TRICH_SAO: "Trích sao",
}
ARTICLE_WHOLE = "Decree 30/2020/ND-CP Art. 3.10, 3.11"

PageRange = tuple[int, int]
"""First and last page, from 1."""


@dataclass(frozen=True, slots=True)
class CopyWish:
    """What copy is asked for."""

    kind: CopyKind
    said: SourceForm | None = None
    """What the document is, as whoever copies says."""
    pages: tuple[PageRange, ...] = ()
    """Of an extract."""
    number: str | None = None
    """Number and symbol of the copy."""
    accept_unknown: bool = False
    """Take a document too where nothing but a certificate's status is wanting."""


@dataclass(frozen=True, slots=True)
class CopyDraft:
    """A copy that nobody has signed yet."""

    data: bytes
    source_sha256: str
    pages: tuple[int, ...]
    """Of the document, from 1."""
    left_out: tuple[int, ...]
    """Pages with the document's head or somebody's signature that are not copied."""
    geometry: PageGeometry
    """Of the first page."""
    marks: tuple[Rectangle, ...]
    """What lies on the first page beside its own drawing, as it is seen."""
    opened: str | None = None
    """The name of the document, where that is encrypted: the copy is not."""


def check_pages_wish(wish: CopyWish) -> None:
    """Check that an extract says its pages, and no other copy does.

    Raises:
        CopyPagesNeededError: an extract does not.
        CopyWholeError: another copy does.
    """
    if wish.kind is CopyKind.TRICH_SAO and not wish.pages:
        raise CopyPagesNeededError
    if wish.kind is not CopyKind.TRICH_SAO and wish.pages:
        raise CopyWholeError(article=ARTICLE_WHOLE)


def draft_copy(pdf: OpenPDF, wish: CopyWish, source: JudgedSource, *, at: datetime) -> CopyDraft:
    """Return a new document with the pages of another that was judged.

    Args:
        pdf: the document to be copied.
        wish: what copy.
        source: the verdict on the document.
        at: when the copy is made.

    Raises:
        CopyPageMissingError: a page is asked for that there is not.
        CopyUnshownError: something on a page looks different in every program.
        CopyForbiddenError: it is encrypted, and its author permits no copying.
        DocumentUnsupportedError: its pages cannot be read.
    """
    if pdf.access is not None and not pdf.access.may_extract:
        raise CopyForbiddenError(name=pdf.name)
    extract = wish.kind is CopyKind.TRICH_SAO
    with hostile_document():
        reader = pdf.reader if pdf.access is None else _in_the_open(pdf)
        pages = page_objects(reader)
        references = tuple(page_references(reader))
        signed = {field.page + 1 for field in signed_fields(reader, references)}
        numbers = _numbers(wish, len(pages))
        chosen = tuple((number, pages[number - 1]) for number in numbers)
        flat = flatten(reader, chosen, extract=extract)
        geometry = read_geometry(chosen[0][1])
    digest = hashlib.sha256(pdf.data).hexdigest()
    document = {"name": name_of(pdf.name), "sha256": digest, "pages": len(pages)}
    record = record_of(wish.kind, source, document, pages=numbers, number=wish.number, at=at)
    put_record(flat.writer, record, at)
    if not extract and source.form is not SourceForm.PAPER:
        put_source(flat.writer, bytes(pdf.data), pdf.name)
    return CopyDraft(
        data=_written(flat, wish, pdf.name, at),
        source_sha256=digest,
        pages=numbers,
        left_out=tuple(sorted({1, *signed} - set(numbers))),
        geometry=geometry,
        marks=tuple(geometry.to_seen(box) for box in flat.marks),
        opened=None if pdf.access is None else pdf.name,
    )


def _in_the_open(pdf: OpenPDF) -> Reader:
    """Return a reader of the same objects, which are not encrypted."""
    output = BytesIO()
    copy_into_new_writer(pdf.reader).write(output)
    return Reader(output.getvalue(), strict=True)


def page_objects(reader: Reader) -> tuple[DictionaryObject, ...]:
    """Return the pages of a document, at least one.

    Raises:
        DocumentUnsupportedError: there are not as many as the document says.
    """
    found = tuple(each.get_object() for each in page_references(reader))
    pages = tuple(each for each in found if isinstance(each, DictionaryObject))
    if not pages or len(pages) != int(reader.root["/Pages"]["/Count"]):
        raise DocumentUnsupportedError(reason="page tree")
    return pages


def _numbers(wish: CopyWish, count: int) -> tuple[int, ...]:
    """Return the pages that are copied, each once, in the document's order."""
    for _, last in wish.pages:
        if last > count:
            raise CopyPageMissingError(page=last, pages=count)
    if not wish.pages:
        return tuple(range(1, count + 1))
    return tuple(sorted({one for first, last in wish.pages for one in range(first, last + 1)}))


def _written(flat: FlatPages, wish: CopyWish, name: str, at: datetime) -> bytes:
    meta = flat.writer.document_meta
    meta.title = f"{WORDS[wish.kind]}: {name_of(name)}"
    meta.created = meta.last_modified = at
    output = BytesIO()
    with hostile_document():
        flat.writer.write(output)
    return output.getvalue()
