"""Flat pages: what was seen of a document, as plain content of a new one.

A page takes its drawing, its fonts and pictures, its boxes, its turn and its unit along. What lay
on it (signatures, filled fields, stamps) is drawn where it was seen. Forms, links, actions,
scripts, attached files, bookmarks and tags are left behind; layers stay as they were shown.

Spec: ISO 32000-2 §7.7.3.3 (pages), §8.10 (form XObjects), §8.11 (optional content).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NumberObject,
    PdfObject,
    StreamObject,
    pdf_name,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter

from signing.copying.importer import Importer
from signing.copying.marks import Box, Mark, find_marks
from signing.copying.resources import pruned
from signing.display.placement import inherited, read_box
from signing.errors.documents import DocumentUnsupportedError
from signing.objects import entry

INHERITED = ("/MediaBox", "/CropBox", "/Rotate")
OWN = ("/UserUnit", "/Group", "/BleedBox", "/TrimBox", "/ArtBox")


@dataclass(frozen=True, slots=True)
class FlatPages:
    """A new document that lacks nothing but its metadata."""

    writer: PdfFileWriter
    marks: tuple[Box, ...]
    """What lay on the first page, in its own coordinates."""


def flatten(
    reader: PdfFileReader, pages: Iterable[tuple[int, DictionaryObject]], *, extract: bool
) -> FlatPages:
    """Return a new document of these pages.

    Args:
        reader: the document they are in.
        pages: which, in their order, with their numbers from 1.
        extract: bring nothing along that only other pages draw.

    Raises:
        CopyUnshownError: something lies on a page that each program draws in its own way.
        DocumentUnsupportedError: a form of another kind is shown in place of the pages.
    """
    form = entry(reader.root, "/AcroForm")
    if entry(form, "/XFA") is not None:
        raise DocumentUnsupportedError(reason="XFA form")
    writer = PdfFileWriter()
    writer.ensure_output_version(reader.input_version)
    work = _Flattening(writer, Importer(writer, extract=extract), extract=extract)
    first: tuple[Mark, ...] | None = None
    for number, page in pages:
        marks = tuple(find_marks(page, number=number))
        first = marks if first is None else first
        work.add(work.page(page, marks))
    work.bring_catalogue(reader.root)
    return FlatPages(writer, tuple(mark.box for mark in first or ()))


class _Flattening:
    """The making of one document."""

    def __init__(self, writer: PdfFileWriter, importer: Importer, *, extract: bool) -> None:
        self._writer = writer
        self._importer = importer
        self._extract = extract

    def add(self, page: DictionaryObject) -> None:
        """Put a page after those there are.

        pyHanko's `insert_page` walks through all of them each time: 2,000 pages took 7 seconds.
        """
        tree = self._writer.root["/Pages"]
        page[pdf_name("/Parent")] = self._writer.root.raw_get("/Pages")
        tree["/Kids"].append(self._writer.add_object(page))
        tree[pdf_name("/Count")] = NumberObject(len(tree["/Kids"]))

    def page(self, page: DictionaryObject, marks: tuple[Mark, ...]) -> DictionaryObject:
        """Return a page of the new document."""
        flat = DictionaryObject({pdf_name("/Type"): pdf_name("/Page")})
        for key in INHERITED:
            self._put(flat, key, inherited(page, key))
        for key in OWN:
            self._put(flat, key, entry(page, key))
        contents = tuple(_contents(page))
        for part in contents:  # what cannot be decoded looks different in every program
            _ = part.data
        brought = self._importer.bring(self._resources(page, contents))
        if marks:
            self._draw(flat, contents, brought, marks)
            return flat
        flat[pdf_name("/Resources")] = brought
        flat[pdf_name("/Contents")] = ArrayObject(
            self._writer.add_object(self._importer.bring(each)) for each in contents
        )
        return flat

    def _resources(self, page: DictionaryObject, contents: tuple[StreamObject, ...]) -> PdfObject:
        """Return a page's resources: the reference to them where they are all wanted."""
        found = inherited(page, "/Resources", follow=False)
        named = found.get_object() if isinstance(found, IndirectObject) else found
        if not isinstance(named, DictionaryObject):
            return DictionaryObject()
        return pruned(named, contents) if self._extract else found or named

    def bring_catalogue(self, root: DictionaryObject) -> None:
        """Bring along what the pages need to look as they did, and the language."""
        target = self._writer.root
        self._put(target, "/Lang", entry(root, "/Lang"))
        self._put(target, "/OutputIntents", entry(root, "/OutputIntents"))
        layers = self._layers(entry(root, "/OCProperties"))
        if layers is not None:
            target[pdf_name("/OCProperties")] = layers

    def _put(self, holder: DictionaryObject, key: str, value: PdfObject | None) -> None:
        if value is not None:
            holder[pdf_name(key)] = self._importer.bring(value)

    def _draw(
        self,
        flat: DictionaryObject,
        contents: tuple[StreamObject, ...],
        resources: PdfObject,
        marks: tuple[Mark, ...],
    ) -> None:
        """Draw a page and what lay on it, each for itself: none changes how the next is drawn."""
        drawings = DictionaryObject({pdf_name("/Page"): self._as_form(flat, contents, resources)})
        layers = DictionaryObject()
        operators = ["/Page Do"]
        for number, mark in enumerate(marks):
            drawings[pdf_name(f"/Mark{number}")] = self._form_of(mark.appearance)
            placed = " ".join(f"{each:.6f}" for each in mark.matrix)
            drawn = f"q {placed} cm /Mark{number} Do Q"
            if mark.layer is not None:
                layers[pdf_name(f"/Layer{number}")] = self._importer.bring(mark.layer)
                drawn = f"/OC /Layer{number} BDC {drawn} EMC"
            operators.append(drawn)
        found = DictionaryObject({pdf_name("/XObject"): drawings})
        if layers:
            found[pdf_name("/Properties")] = layers
        flat[pdf_name("/Resources")] = found
        content = StreamObject(stream_data="\n".join(operators).encode("ascii"))
        flat[pdf_name("/Contents")] = self._writer.add_object(content)

    def _as_form(
        self,
        flat: DictionaryObject,
        contents: tuple[StreamObject, ...],
        resources: PdfObject,
    ) -> IndirectObject:
        # One stream stays as it is encoded; several are one drawing only when they are joined.
        if len(contents) == 1:
            form = self._importer.bring(contents[0])
        else:
            form = StreamObject(stream_data=b"\n".join(each.data for each in contents))
            form.compress()
        assert isinstance(form, StreamObject)  # noqa: S101  as it was
        box = read_box(entry(flat, "/MediaBox")) or (0.0, 0.0, 612.0, 792.0)
        form[pdf_name("/Type")] = pdf_name("/XObject")
        form[pdf_name("/Subtype")] = pdf_name("/Form")
        form[pdf_name("/BBox")] = ArrayObject(FloatObject(each) for each in box)
        form[pdf_name("/Resources")] = resources
        return self._writer.add_object(form)

    def _form_of(self, appearance: PdfObject) -> IndirectObject:
        """Return an appearance as a form; many programs leave out that it is one."""
        brought = self._importer.bring(appearance)
        assert isinstance(brought, IndirectObject)  # noqa: S101  every stream is one
        form = brought.get_object()
        if isinstance(form, StreamObject):
            form[pdf_name("/Type")] = pdf_name("/XObject")
            form[pdf_name("/Subtype")] = pdf_name("/Form")
        return brought

    def _layers(self, properties: PdfObject | None) -> DictionaryObject | None:
        """Return how the layers are shown that the pages brought along."""
        groups = ArrayObject(self._brought(entry(properties, "/OCGs")))
        if not groups:
            return None
        shown = entry(properties, "/D")
        default = DictionaryObject()
        for key in ("/ON", "/OFF"):
            default[pdf_name(key)] = ArrayObject(self._brought(entry(shown, key)))
        for key in ("/BaseState", "/Intent"):
            self._put(default, key, entry(shown, key))
        return DictionaryObject({pdf_name("/OCGs"): groups, pdf_name("/D"): default})

    def _brought(self, listed: PdfObject | None) -> Iterator[IndirectObject]:
        for each in list.__iter__(listed) if isinstance(listed, ArrayObject) else ():
            found = self._importer.found(each)
            if found is not None:
                yield found


def _contents(page: DictionaryObject) -> Iterator[StreamObject]:
    """Yield the streams of a page's drawing."""
    found = entry(page, "/Contents")
    if isinstance(found, StreamObject):
        yield found
    elif isinstance(found, ArrayObject):
        for index in range(len(found)):
            part = found[index]
            if isinstance(part, StreamObject):
                yield part
