"""The pages of a document as `signing.display.resolve` asks for them, read through pyHanko."""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields

from signing.display.placement import read_box
from signing.display.resolve import Pages, SignedField
from signing.objects import entry


def pages_of(writer: IncrementalPdfFileWriter) -> Pages:
    """Return the pages of the document that `writer` appends to."""

    def page(index: int) -> DictionaryObject:
        found = writer.find_page_for_modification(index)[0].get_object()
        assert isinstance(found, DictionaryObject)  # noqa: S101  pyHanko looked at its entries
        return found

    return Pages(
        data=lambda: _bytes_of(writer),
        count=int(writer.root["/Pages"]["/Count"]),
        page=page,
        signed_fields=lambda: tuple(_signed_fields(writer)),
    )


def _bytes_of(writer: IncrementalPdfFileWriter) -> bytes:
    stream = writer.prev.stream
    stream.seek(0)
    data: bytes = stream.read()
    return data


def _signed_fields(writer: IncrementalPdfFileWriter) -> Iterator[SignedField]:
    for name, value, reference in enumerate_sig_fields(writer.prev, filled_status=True):
        if str(entry(value, "/Type")) == "/DocTimeStamp":
            continue
        for widget in _widgets(reference.get_object()):
            box = read_box(entry(widget, "/Rect"))
            index = _page_index(writer, widget)
            if box is not None and index is not None and box[2] > box[0] and box[3] > box[1]:
                yield SignedField(name, index, box)


def _widgets(field: PdfObject) -> tuple[DictionaryObject, ...]:
    kids = entry(field, "/Kids")
    each = [kids[number] for number in range(len(kids))] if isinstance(kids, ArrayObject) else []
    return tuple(one for one in each or [field] if isinstance(one, DictionaryObject))


def _page_index(writer: IncrementalPdfFileWriter, widget: DictionaryObject) -> int | None:
    """Return the index of a widget's page, looked for from the end."""
    page = widget.raw_get("/P") if "/P" in widget else None
    if not isinstance(page, IndirectObject):
        return None
    for index in range(int(writer.root["/Pages"]["/Count"]) - 1, -1, -1):
        if writer.find_page_for_modification(index)[0].reference == page.reference:
            return index
    return None
