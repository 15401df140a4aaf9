"""What lies on a page beside its own drawing: signatures, filled fields, stamps, notes.

Each has a drawing of its own, an appearance stream, which a flat page draws where it was seen.

Spec: ISO 32000-2 §12.5.3 (flags), §12.5.5 (appearance streams, algorithm for placing them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    PdfObject,
    StreamObject,
)

from signing.display.placement import inherited, read_box
from signing.errors.copying import CopyUnshownError
from signing.objects import entry

Box = tuple[float, float, float, float]
HIDDEN = 2
NO_VIEW = 32
FRAME = ("/BC", "/BG", "/CA")
"""Border, ground and caption of a field."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotation that is seen."""

    appearance: PdfObject
    """The reference to its drawing."""
    matrix: tuple[float, float, float, float, float, float]
    """Places the drawing on the page."""
    layer: PdfObject | None
    """The optional content it belongs to."""
    box: Box
    """Where it is seen, in the page's own coordinates."""


def find_marks(page: DictionaryObject, *, number: int) -> Iterator[Mark]:
    """Yield what is seen on a page beside its own drawing, the lowest first.

    Args:
        page: the page.
        number: of the page, from 1; for messages.

    Raises:
        CopyUnshownError: something is seen that has no drawing: each program makes its own.
    """
    annotations = entry(page, "/Annots")
    count = len(annotations) if isinstance(annotations, ArrayObject) else 0
    for index in range(count):
        annotation = annotations[index] if isinstance(annotations, ArrayObject) else None
        box = read_box(entry(annotation, "/Rect"))
        if not isinstance(annotation, DictionaryObject) or box is None or not _is_seen(annotation):
            continue
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        appearance = _appearance(annotation)
        if appearance is not None:
            yield from _mark(annotation, appearance, box)
        elif _is_drawn_by_readers(annotation):
            raise CopyUnshownError(page=number, kind=str(entry(annotation, "/Subtype"))[:40])


def _is_seen(annotation: DictionaryObject) -> bool:
    flags = entry(annotation, "/F")
    number = int(flags) if isinstance(flags, NumberObject) else 0
    return not number & (HIDDEN | NO_VIEW) and str(entry(annotation, "/Subtype")) != "/Popup"


def _appearance(annotation: DictionaryObject) -> PdfObject | None:
    """Return the reference to the stream that is shown; None where there is none."""
    looks = entry(annotation, "/AP")
    normal = entry(looks, "/N")
    holder, key = looks, "/N"
    if not isinstance(normal, StreamObject):
        holder, key = normal, str(entry(annotation, "/AS"))
    if not isinstance(holder, DictionaryObject) or not isinstance(entry(holder, key), StreamObject):
        return None
    found: PdfObject = holder.raw_get(key)
    return found


def _is_drawn_by_readers(annotation: DictionaryObject) -> bool:
    """Say whether programs make a drawing of their own for an annotation that brings none."""
    match str(entry(annotation, "/Subtype")):
        case "/Link":  # its frame is for the screen, and leads nowhere in a copy
            return False
        case "/Widget":
            kind = str(inherited(annotation, "/FT"))
            framed = any(entry(entry(annotation, "/MK"), key) is not None for key in FRAME)
            if kind == "/Sig" or entry(entry(annotation, "/AP"), "/N") is not None:
                return False
            value = inherited(annotation, "/V")
            return framed or (kind in ("/Tx", "/Ch") and value is not None and str(value) != "")
        case _:
            return True


def _mark(annotation: DictionaryObject, appearance: PdfObject, box: Box) -> Iterator[Mark]:
    seen = _transformed(appearance.get_object())
    if seen is None or seen[2] <= seen[0] or seen[3] <= seen[1]:
        return
    across = (box[2] - box[0]) / (seen[2] - seen[0])
    up = (box[3] - box[1]) / (seen[3] - seen[1])
    matrix = (across, 0.0, 0.0, up, box[0] - seen[0] * across, box[1] - seen[1] * up)
    layer = annotation.raw_get("/OC") if "/OC" in annotation else None
    yield Mark(appearance, matrix, layer, box)


def _transformed(form: object) -> Box | None:
    """Return the box around a drawing's own box as its matrix turns it."""
    box = read_box(entry(form, "/BBox"))
    if box is None:
        return None
    a, b, c, d, e, f = _matrix(form)
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _matrix(form: object) -> tuple[float, float, float, float, float, float]:
    found = entry(form, "/Matrix")
    if not isinstance(found, ArrayObject) or len(found) != 6:
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    a, b, c, d, e, f = (float(each) for each in found)
    return (a, b, c, d, e, f)
