"""On which page a signature's field stands, and where on it.

A page shows what its /Annots list, whatever a field says of its page: a field that no page lists
is seen nowhere.

Spec: ISO 32000-2 §12.5.2 (annotation dictionaries), §7.7.3 (page tree).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    Reference,
    StreamObject,
)

from verify.display.matrix import Box, Matrix, box_of, into, is_sound, times
from verify.display.shown import matrix_in
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.geometry import PageGeometry, Rectangle, read_box, read_geometry
from verify.pdf.values import look_up, read_from

MOST_PAGES = 2000
MOST_ANNOTATIONS = 2000
_HIDDEN, _NO_VIEW = 2, 32
_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Placed:
    """A field as it is seen."""

    page: int
    """Index from 0."""
    pages: int
    """How many there are."""
    width_mm: float
    """Of the page as seen."""
    height_mm: float
    box: Rectangle
    form: StreamObject
    matrix: Matrix
    """From the form's own coordinates to millimetres as seen."""


class PageIndex:
    """Which page lists which annotation; read once for all signatures of a document."""

    def __init__(self, pdf: OpenPDF) -> None:
        self.pages: list[DictionaryObject] = []
        self._at: dict[Reference, int] = {}
        with foreign("pages"):
            self._walk(pdf.reader.root.raw_get("/Pages"), set(), 0)
            for index, page in enumerate(self.pages):
                for reference in _references(look_up(page, "/Annots")):
                    self._at.setdefault(reference, index)

    def of(self, reference: Reference) -> int | None:
        """Return the index of the first page that lists an annotation."""
        return self._at.get(reference)

    def _walk(self, node: PDFValue, seen: set[Reference], depth: int) -> None:
        if len(self.pages) >= MOST_PAGES or depth > _DEPTH:
            return
        if isinstance(node, IndirectObject):
            if node.reference in seen:
                return
            seen.add(node.reference)
        dictionary = node.get_object()
        if not isinstance(dictionary, DictionaryObject):
            return
        kids = look_up(dictionary, "/Kids")
        if not isinstance(kids, ArrayObject):
            self.pages.append(dictionary)
            return
        for kid in list.__iter__(kids):
            self._walk(kid, seen, depth + 1)


def find_place(field: DictionaryObject, index: PageIndex) -> Placed | None:
    """Return where a signature field is seen; None where it is not.

    Raises:
        MalformedObjectError: its widget or its page cannot be read.
    """
    with foreign("widget"):
        for widget, reference in _widgets(field):
            page = index.of(reference)
            if page is None or int(look_up(widget, "/F", 0)) & (_HIDDEN | _NO_VIEW):
                continue
            form = _appearance(widget)
            box = read_box(look_up(widget, "/Rect"))
            if form is None or box is None:
                continue
            placed = _placed(form, box, read_geometry(index.pages[page]))
            if placed is not None:
                geometry, matrix = placed
                return Placed(
                    page,
                    len(index.pages),
                    geometry.width_mm,
                    geometry.height_mm,
                    geometry.to_seen(box),
                    form,
                    matrix,
                )
    return None


def _placed(
    form: StreamObject, box: Box, geometry: PageGeometry
) -> tuple[PageGeometry, Matrix] | None:
    own = read_box(look_up(form, "/BBox"))
    if own is None or not is_sound(*box, *geometry.box) or not 0.01 <= geometry.user_unit <= 1000:
        return None
    matrix = matrix_in(look_up(form, "/Matrix"))
    fitted = into(box_of(own, matrix), box)
    if fitted is None or box[2] <= box[0] or box[3] <= box[1]:
        return None
    return geometry, times(times(matrix, fitted), seen_from(geometry))


def seen_from(geometry: PageGeometry) -> Matrix:
    """Return what makes a page's own coordinates millimetres as seen, from the top left corner."""
    x0, y0, x1, y1 = geometry.box
    scale = geometry.units_per_mm
    turned: Matrix
    match geometry.rotate:
        case 90:
            turned = (0.0, 1.0, 1.0, 0.0, -y0, -x0)
        case 180:
            turned = (-1.0, 0.0, 0.0, 1.0, x1, -y0)
        case 270:
            turned = (0.0, -1.0, -1.0, 0.0, y1, x1)
        case _:
            turned = (1.0, 0.0, 0.0, -1.0, -x0, y1)
    return times(turned, (1 / scale, 0.0, 0.0, 1 / scale, 0.0, 0.0))


def _widgets(field: DictionaryObject) -> list[tuple[DictionaryObject, Reference]]:
    """Return the field itself where it is its own widget, else its widgets."""
    kids = look_up(field, "/Kids")
    if not isinstance(kids, ArrayObject):
        return [(field, read_from(field))]
    found: list[tuple[DictionaryObject, Reference]] = []
    for kid in list(list.__iter__(kids))[:MOST_ANNOTATIONS]:
        widget = kid.get_object()
        if isinstance(widget, DictionaryObject) and isinstance(kid, IndirectObject):
            found.append((widget, kid.reference))
    return found


def _appearance(widget: DictionaryObject) -> StreamObject | None:
    looks = look_up(widget, "/AP")
    normal = look_up(looks, "/N") if isinstance(looks, DictionaryObject) else None
    if isinstance(normal, DictionaryObject) and not isinstance(normal, StreamObject):
        normal = look_up(normal, str(look_up(widget, "/AS", "/Off")))
    return normal if isinstance(normal, StreamObject) else None


def _references(annotations: object) -> list[Reference]:
    if not isinstance(annotations, ArrayObject):
        return []
    listed = list(list.__iter__(annotations))[:MOST_ANNOTATIONS]
    return [each.reference for each in listed if isinstance(each, IndirectObject)]
