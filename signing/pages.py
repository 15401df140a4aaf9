"""The pages of a document as `signing.display.resolve` asks for them, read through pyHanko."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, Reference
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from signing.display.placement import read_box
from signing.display.resolve import Pages, SignedField
from signing.objects import entry
from verify.password import Password


def pages_of(writer: IncrementalPdfFileWriter, password: Password | None = None) -> Pages:
    """Return the pages of the document that `writer` appends to.

    Args:
        writer: of the document.
        password: that it was opened with; whoever reads the text opens it again.
    """
    count = int(writer.root["/Pages"]["/Count"])

    @cache
    def references() -> tuple[Reference, ...]:
        return tuple(page_references(writer))

    def page(index: int) -> DictionaryObject:
        # pyHanko's own look-up reads every page before the one asked for, each time anew: good for
        # the first, and for trees that do not hold what they say.
        if index > 0 and len(references()) == count:
            found = references()[index].get_object()
        else:
            found = writer.find_page_for_modification(index)[0].get_object()
        assert isinstance(found, DictionaryObject)  # noqa: S101  its entries were looked at
        return found

    return Pages(
        document=lambda: writer.prev.stream,
        password=password,
        count=count,
        page=page,
        signed_fields=lambda: tuple(signed_fields(writer.prev, references())),
    )


def signed_fields(reader: PdfFileReader, pages: tuple[Reference, ...]) -> Iterator[SignedField]:
    """Yield the signatures that are seen on these pages of a document."""
    for name, value, reference in enumerate_sig_fields(reader, filled_status=True):
        if str(entry(value, "/Type")) == "/DocTimeStamp":
            continue
        for widget in _widgets(reference):
            box = read_box(entry(widget, "/Rect"))
            if box is None or box[2] <= box[0] or box[3] <= box[1]:
                continue
            index = _page_index(pages, widget)
            if index is not None:
                yield SignedField(name, index, box)


def _widgets(field: IndirectObject) -> tuple[IndirectObject, ...]:
    """Return the references of a field's widgets; most fields are their own."""
    kids = entry(field, "/Kids")
    each = list.__iter__(kids) if isinstance(kids, ArrayObject) else ()
    return tuple(one for one in each if isinstance(one, IndirectObject)) or (field,)


def _page_index(pages: tuple[Reference, ...], widget: IndirectObject) -> int | None:
    """Return the index of the page that has a widget, looked for from the end.

    A widget's own /P may be left out or wrong, so it is only where to look first.
    """
    named = _page_named(widget)
    if named is not None and named in pages and _has(named, widget):
        return pages.index(named)
    for index in range(len(pages) - 1, -1, -1):
        if _has(pages[index], widget):
            return index
    return None


def _page_named(widget: IndirectObject) -> Reference | None:
    holder = widget.get_object()
    page = holder.raw_get("/P") if isinstance(holder, DictionaryObject) and "/P" in holder else None
    return page.reference if isinstance(page, IndirectObject) else None


def _has(page: Reference, widget: IndirectObject) -> bool:
    annotations = entry(page.get_object(), "/Annots")
    each = list.__iter__(annotations) if isinstance(annotations, ArrayObject) else ()
    return any(
        isinstance(one, IndirectObject) and one.reference == widget.reference for one in each
    )


def page_references(handler: PdfFileReader | IncrementalPdfFileWriter) -> Iterator[Reference]:
    """Return the pages in their order, told from the tree's nodes as pyHanko does."""
    left = [handler.root.raw_get("/Pages")]
    seen: set[Reference] = set()
    while left:
        node = left.pop()
        if not isinstance(node, IndirectObject) or node.reference in seen:
            continue
        seen.add(node.reference)
        kids = entry(node, "/Kids")
        match str(entry(node, "/Type")):
            case "/Page":
                yield node.reference
            case "/Pages" if isinstance(kids, ArrayObject):
                left += reversed(list(list.__iter__(kids)))
