"""Brings what a page draws from one document into another, and nothing that acts.

Pages, annotations, actions, files, structure and what programs keep for themselves stay behind,
wherever a dictionary refers to them: an extract holds nothing of the pages left out, a copy does
nothing when it is opened. Streams are taken as they are encoded.

Spec: ISO 32000-2 §7.8.3 (resources), §12.6.4 (actions).
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NullObject,
    PdfObject,
    Reference,
    StreamObject,
    pdf_name,
)
from pyhanko.pdf_utils.writer import PdfFileWriter

from signing.copying.resources import pruned
from signing.errors.documents import DocumentUnsupportedError
from signing.objects import entry


def _names(words: str) -> frozenset[str]:
    return frozenset(f"/{word}" for word in words.split())


STAYS_BEHIND = _names("""
    Action Annot Catalog DocTimeStamp EmbeddedFile F Filespec Metadata ObjStm Outlines Page
    Pages Rendition Sig SigFieldLock SigRef StructElem StructTreeRoot XRef
""")
"""Values of /Type."""
ACTS = _names("""
    GoTo GoTo3DView GoToDp GoToE GoToR Hide ImportData JavaScript Launch Movie Named
    Rendition ResetForm RichMediaExecute SetOCGState Sound SubmitForm Thread Trans URI
""")
"""Values of /S of an action."""
NOT_DRAWN = _names("""
    A AA AF Alternates DestOutputProfileRef F FDecodeParms FFilter Length Metadata OPI
    PieceInfo Ref StructParent StructParents
""")
"""Entries of streams and of dictionaries with a type; maps of resources have names of any kind."""


def _may_be_latin_1(name: str) -> bool:
    """Say whether a name could stand in the file in another encoding than it would be written in.

    pyHanko reads what is not UTF-8 as Latin-1 and writes all as UTF-8: the drawing that names a
    resource by the octets of before would not find it.
    """
    return not name.isascii() and all(letter <= "\xff" for letter in name)


class Importer:
    """Copies objects of one document into a new one; what two pages share is copied once."""

    def __init__(self, writer: PdfFileWriter, *, extract: bool) -> None:
        self._writer = writer
        self._extract = extract
        self._known: dict[Reference, IndirectObject] = {}
        self._waiting: list[tuple[Reference, IndirectObject]] = []

    def bring(self, value: PdfObject) -> PdfObject:
        """Return the value as an object of the new document, with all it refers to."""
        brought = self._copy(value)
        while self._waiting:
            source, target = self._waiting.pop()
            copied = self._copy(source.get_object())
            self._writer.add_object(copied, idnum=target.idnum)
        return brought

    def found(self, value: PdfObject) -> IndirectObject | None:
        """Return what a reference became, where it was brought along; None where it was not."""
        if not isinstance(value, IndirectObject):
            return None
        return self._known.get(value.reference)

    def _copy(self, value: PdfObject) -> PdfObject:
        if isinstance(value, IndirectObject):
            return self._reference(value.reference)
        if isinstance(value, DictionaryObject):
            return self._dictionary(value)
        if isinstance(value, ArrayObject):
            return ArrayObject(self._copy(each) for each in list.__iter__(value))
        return value

    def _reference(self, reference: Reference) -> IndirectObject:
        known = self._known.get(reference)
        if known is None:
            known = self._known[reference] = self._writer.allocate_placeholder()
            self._waiting.append((reference, known))
        return known

    def _dictionary(self, value: DictionaryObject) -> PdfObject:
        if str(entry(value, "/Type")) in STAYS_BEHIND or str(entry(value, "/S")) in ACTS:
            return NullObject()
        if any(_may_be_latin_1(key) for key in value):
            raise DocumentUnsupportedError(reason="a name that may not be UTF-8")
        stream = isinstance(value, StreamObject)
        if stream and str(entry(value, "/Subtype")) == "/PS":  # a program for printers
            return NullObject()
        left_out = NOT_DRAWN if stream or "/Type" in value else frozenset[str]()
        if stream and self._extract:
            left_out |= {"/Resources"}  # what it draws of them follows
        copied = {key: self._copy(each) for key, each in value.items() if key not in left_out}
        if isinstance(value, StreamObject):
            own = entry(value, "/Resources")
            if self._extract and isinstance(own, DictionaryObject):
                copied[pdf_name("/Resources")] = self._copy(pruned(own, (value,)))
            return StreamObject(copied, encoded_data=value.encoded_data)
        return DictionaryObject(copied)
