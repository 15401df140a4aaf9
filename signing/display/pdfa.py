"""What PDF/A-1 asks beyond its successors: whether a document is one, and a look for every field.

Spec: ISO 19005-1 §6.4 (transparency), §6.7.2 (metadata is not compressed), §6.7.11 (its words),
§6.9 (every form field has an appearance).
"""

from __future__ import annotations

import re

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NumberObject,
    StreamObject,
    pdf_name,
)
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.objects import entry

_PART_1 = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*1\s*[\"'<]")
MAX_BYTES = 4 * 1024**2
"""Of metadata that are looked at; they take some 4 KiB."""


def is_pdfa_1(root: DictionaryObject) -> bool:
    """Say whether a document catalogue's metadata claim PDF/A-1."""
    metadata = entry(root, "/Metadata")
    if not isinstance(metadata, StreamObject) or "/Filter" in metadata:
        return False
    return _PART_1.search(metadata.encoded_data[:MAX_BYTES]) is not None


def give_empty_look(annotation: DictionaryObject, writer: BasePdfFileWriter) -> None:
    """Give a field that nobody sees the appearance that PDF/A-1 wants all the same.

    It has no size, so that whatever it looks like is not drawn. A look that is there is taken
    again: where a signature locks all fields, readers take a new object that a field names for a
    change (pyHanko does), and a field for a time-stamp alone for none.

    Args:
        annotation: the field's widget, which the caller writes out.
        writer: of the document; where that is not PDF/A-1, nothing is done.
    """
    if "/AP" in annotation or not is_pdfa_1(writer.root):
        return
    look = _look_in(writer.root) or writer.add_object(_nothing())
    annotation[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): look})


def _look_in(root: DictionaryObject) -> IndirectObject | None:
    """Return the appearance of a field that is there."""
    fields = entry(entry(root, "/AcroForm"), "/Fields")
    for field in fields if isinstance(fields, ArrayObject) else ():
        looks = entry(field, "/AP")
        found = looks.raw_get("/N") if isinstance(looks, DictionaryObject) else None
        if isinstance(found, IndirectObject) and isinstance(found.get_object(), StreamObject):
            return found
    return None


def _nothing() -> StreamObject:
    entries = {
        "/Type": pdf_name("/XObject"),
        "/Subtype": pdf_name("/Form"),
        "/BBox": ArrayObject([NumberObject(0)] * 4),
        "/Resources": DictionaryObject(),
    }
    return StreamObject({pdf_name(key): value for key, value in entries.items()}, stream_data=b"")
