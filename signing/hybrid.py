"""Documents with two cross-references, as Word writes them: a table, and a stream beside it.

Programs of PDF 1.4 read the table alone; all others read the stream too and find objects there
that the table hides. What is appended is named by a table, which both kinds read. So both see the
same signed document if they saw the same one before, and that is looked at here:

1. no object is one thing by the table and another by the stream;
2. nothing that is shown (pages, notes, form) lies in a hidden object. Word hides the structure
   for screen readers, which old programs do without.

Spec: ISO 32000-2 §7.5.8.4 (compatibility with applications that do not support compressed
reference streams).
"""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, Reference
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSection, XRefSectionData

from signing.errors.documents import HybridDiffersError, HybridHidesError
from verify.guard import PDFValue
from verify.pdf.document import OpenPDF

_NOT_SHOWN = frozenset({"/StructTreeRoot", "/Metadata", "/PieceInfo", "/SpiderInfo", "/DSS"})
"""Keys that lead to nothing on a page."""

Place = int | ObjStreamRef
"""An offset, or a place in an object stream."""


def check_hybrid(pdf: OpenPDF) -> None:
    """Check that old and new programs see the same document; others than hybrid ones pass.

    Raises:
        HybridDiffersError: they see an object differently.
        HybridHidesError: old ones do not see something that is shown.
    """
    if not pdf.reader.xrefs.hybrid_xrefs_present:
        return
    old, new = _by_tables(pdf.sections), _by_streams(pdf.sections)
    for number, place in old.items():
        if new.get(number, place) != place:
            raise HybridDiffersError(name=pdf.name, object=number)
    hidden = new.keys() - old.keys()
    found = _shown_of(pdf, hidden)
    if found is not None:
        raise HybridHidesError(name=pdf.name, object=found)


def _by_tables(sections: Iterable[XRefSection]) -> dict[int, Place]:
    """Return where objects are for whoever reads no streams beside tables."""
    places: dict[int, Place] = {}
    for section in sections:
        _note(places, section.xref_data)
    return places


def _by_streams(sections: Iterable[XRefSection]) -> dict[int, Place]:
    """Return where they are for whoever takes a stream's word before its table's.

    The standard has the table first; where the two agree it does not matter.
    """
    places: dict[int, Place] = {}
    for section in sections:
        _note(places, section.xref_data)
        if section.xref_data.hybrid is not None:
            _note(places, section.xref_data.hybrid.xref_data, freeing=False)
    return places


def _note(places: dict[int, Place], data: XRefSectionData, *, freeing: bool = True) -> None:
    for number in data.freed if freeing else ():
        places.pop(number, None)
    places.update({number: offset for number, (_, offset) in data.standard_xrefs.items()})
    places.update(data.xrefs_in_objstm.items())


def _shown_of(pdf: OpenPDF, hidden: frozenset[int] | set[int]) -> int | None:
    """Return the number of a hidden object that something shown leads to; None without one."""
    pending: list[PDFValue] = [pdf.reader.trailer.raw_get("/Root")]
    seen: set[Reference] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, IndirectObject):
            if value.reference in seen:
                continue
            seen.add(value.reference)
            if value.idnum in hidden:
                return value.idnum
            value = value.get_object()
        if isinstance(value, DictionaryObject):
            pending += (each for key, each in dict.items(value) if key not in _NOT_SHOWN)
        elif isinstance(value, ArrayObject):
            pending += list.__iter__(value)
    return None
