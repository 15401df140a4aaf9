"""The PDF document of a report: pages, the tree of what stands on them, metadata.

Spec: ISO 19005-2 (level A); ISO 32000-1 §14.7, §14.8 (tagged PDF).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import IndirectObject, StreamObject, pdf_name
from pyhanko.pdf_utils.writer import PdfFileWriter

from pki.words import Language
from signing.display.embedded_font import EmbeddedFont
from signing.display.xmp import pdfa_metadata
from signing.reporting.blocks import Tone
from signing.reporting.drawing import Pen
from signing.reporting.layout import FOOT, HEIGHT, MARGIN, WIDTH, Figure, Page, Piece, Text
from verify.report import Report

Value = Any
"""What Python has for a value of PDF: dict, list, int, float, bool, a name, or the object."""
_COLOUR_SPACE = {
    "/DefaultRGB": [
        "/CalRGB",
        {
            "/WhitePoint": [0.9505, 1, 1.089],
            "/Gamma": [2.2, 2.2, 2.2],
            "/Matrix": [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505],
        },
    ]
}
"""Colours as sRGB has them, without a profile that would have to be carried along."""


class Document(PdfFileWriter):
    """A document of pages, with the tree of what stands on them."""

    def __init__(self, font: EmbeddedFont) -> None:
        super().__init__(stream_xrefs=False)  # type: ignore[no-untyped-call]  # pyHanko's
        self._pen = Pen(font)
        self._resources = self.add_object(
            as_pdf({"/Font": {"/F": font.add_to(self)}, "/ColorSpace": _COLOUR_SPACE})
        )
        self._tree = self.allocate_placeholder()
        self._elements: list[IndirectObject] = []
        self._parents: list[Value] = []

    def _update_meta(self) -> None:
        """Leave the metadata as they are: pyHanko names itself and the time in them."""

    def add(self, page: Page, number: str) -> None:
        """Put a page after those there are."""
        place = self.allocate_placeholder()
        drawn, elements = [], []
        for marked, piece in enumerate(page.pieces):
            operators = "\n".join(self._pen.draw(piece))
            drawn.append(f"/{piece.tag} <</MCID {marked}>> BDC\n{operators}\nEMC")
            elements.append(self.add_object(as_pdf(self._element(piece, place, marked))))
        foot = Text(MARGIN, FOOT, 8, number, Tone.SOFT)
        drawn.append(f"/Artifact BMC\n{self._pen.write(foot)}\nEMC")
        content = self.add_object(_stream("\n".join(drawn).encode("ascii")))
        own = {
            "/Type": "/Page",
            "/Parent": self.root.raw_get("/Pages"),
            "/MediaBox": [0, 0, WIDTH, HEIGHT],
            "/Resources": self._resources,
            "/Contents": content,
            "/StructParents": len(self._parents),
            "/Tabs": "/S",
        }
        pages = self.root["/Pages"]
        pages["/Kids"].append(self.add_object(as_pdf(own), idnum=place.idnum))
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))
        self._elements += elements
        self._parents.append(self.add_object(as_pdf(elements)))

    def _element(self, piece: Piece, page: IndirectObject, marked: int) -> dict[str, Value]:
        element: dict[str, Value] = {
            "/Type": "/StructElem",
            "/S": f"/{piece.tag}",
            "/P": self._tree,
            "/Pg": page,
            "/K": marked,
        }
        if piece.figure is not None:
            box = _box(piece.figure)
            element["/Alt"] = generic.TextStringObject(piece.figure.drawing.words)
            element["/A"] = {"/O": "/Layout", "/BBox": box, "/Placement": "/Block"}
        return element

    def written(self, title: str, language: Language, report: Report) -> bytes:
        """Return the whole document."""
        root = self.allocate_placeholder()
        whole = {"/Type": "/StructElem", "/S": "/Document", "/P": root, "/K": self._elements}
        self.add_object(as_pdf(whole), idnum=self._tree.idnum)
        parents: list[Value] = []
        for number, each in enumerate(self._parents):
            parents += [number, each]
        tree = {
            "/Type": "/StructTreeRoot",
            "/K": [self._tree],
            "/ParentTree": self.add_object(as_pdf({"/Nums": parents})),
            "/ParentTreeNextKey": len(self._parents),
        }
        self.add_object(as_pdf(tree), idnum=root.idnum)
        for key, value in {
            "/StructTreeRoot": root,
            "/MarkInfo": {"/Marked": True},
            "/Lang": generic.TextStringObject(language.value),
            "/ViewerPreferences": {"/DisplayDocTitle": True},
            "/Metadata": self.add_object(_metadata(title, language, report)),
        }.items():
            self.root[pdf_name(key)] = as_pdf(value)
        self._document_id = _document_id(report, language)
        output = BytesIO()
        self.write(output)  # type: ignore[no-untyped-call]  # pyHanko's
        return output.getvalue()


def as_pdf(value: Value) -> generic.PdfObject:
    """Return a value of Python as one of PDF; a text that begins with `/` is a name."""
    if isinstance(value, dict):
        return generic.DictionaryObject({pdf_name(key): as_pdf(value[key]) for key in value})
    if isinstance(value, list):
        return generic.ArrayObject(as_pdf(each) for each in value)
    if isinstance(value, generic.PdfObject):
        return value
    return _SIMPLE[type(value)](value)


_SIMPLE: dict[type, Callable[[Value], generic.PdfObject]] = {
    bool: generic.BooleanObject,
    int: generic.NumberObject,
    float: generic.FloatObject,
    str: pdf_name,
}


def _stream(data: bytes) -> StreamObject:
    packed = zlib.compress(data, 9)
    return StreamObject({pdf_name("/Filter"): pdf_name("/FlateDecode")}, encoded_data=packed)


def _box(figure: Figure) -> list[float]:
    height = figure.drawing.timeline.height * figure.scale
    return [figure.x, figure.y - height, figure.x + figure.width, figure.y]


def _document_id(report: Report, language: Language) -> generic.ArrayObject:
    told = f"{report.sha256} {report.judged_at.isoformat()} {report.policy} {language}"
    own = generic.ByteStringObject(hashlib.sha256(told.encode()).digest()[:16])
    return generic.ArrayObject([own, own])


def _metadata(title: str, language: Language, report: Report) -> StreamObject:
    entries = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
    data = pdfa_metadata(title, language.value, report.judged_at)
    return StreamObject(entries, encoded_data=data)
