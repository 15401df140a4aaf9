"""Text fields of a form, and what they show: real text in an embedded font, made without a viewer.

An appearance made here is what every reader shows; nothing is left to a viewer's own making
(/NeedAppearances), which would change the document under the signatures.

Spec: ISO 32000-2 §12.7.4.3 (variable text), §12.7.5.3 (text fields), §12.5.5 (appearance streams).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NumberObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.display.appearance import TURNS
from signing.display.embedded_font import EmbeddedFont
from signing.display.fonts import VIETNAMESE, embed_font, find_font
from signing.display.letters import normalise
from signing.display.pdfa import give_empty_look
from signing.display.placement import PageGeometry, read_box
from signing.errors.outgoing import ValueTooWideError
from signing.objects import entry
from signing.outgoing.blanks import LINE_HEIGHT

FONT = "/AntinSerif"
"""What the font is called in the form's resources and in appearances."""
DESCENT = 0.216
"""Descender of Times New Roman and its equals, in font sizes."""
LEAST_SHRINKING = 0.8
"""Text is made so much smaller before it is refused."""
DEFAULT_SIZE = 13.0
PRINT = 4
"""Annotation flag: shown on paper."""
READ_ONLY = 1
_BASE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/-.,() "


@dataclass(frozen=True, slots=True)
class TextField:
    """A field to be made."""

    name: str
    """Partial name."""
    label: str
    """For people and screen readers (/TU)."""
    page: int
    """Index from 0."""
    box: tuple[float, float, float, float]
    """In the page's own coordinates."""
    size_pt: float = DEFAULT_SIZE
    centred: bool = False
    covers: bool = False
    """Covers the dots that stand there."""
    limit: int | None = None


def add_field_font(writer: IncrementalPdfFileWriter, form: DictionaryObject) -> None:
    """Put the font into the form's resources, under the name that the fields use.

    Raises:
        FontMissingError: no font here has the letters.
    """
    letters = frozenset(_BASE + VIETNAMESE)
    reference = embed_font(find_font("".join(sorted(letters))), letters).add_to(writer)
    resources = _made(form, "/DR")
    _made(resources, "/Font")[pdf_name(FONT)] = reference
    if "/NeedAppearances" in form:
        del form["/NeedAppearances"]
    writer.update_container(form)
    for holder in (resources, resources["/Font"]):
        if holder.container_ref is not None:
            writer.update_container(holder)


def _made(holder: DictionaryObject, key: str) -> DictionaryObject:
    found = entry(holder, key)
    if isinstance(found, DictionaryObject):
        return found
    made = holder[pdf_name(key)] = DictionaryObject()
    made.container_ref = holder.container_ref
    return made


def add_text_field(
    writer: IncrementalPdfFileWriter, field: TextField, geometry: PageGeometry
) -> IndirectObject:
    """Put an empty text field on a page and return the reference to it; listing it is left."""
    page = writer.find_page_for_modification(field.page)[0]
    look: dict[str, generic.PdfObject] = {"/R": NumberObject(geometry.rotate)}
    if field.covers:
        look["/BG"] = ArrayObject([NumberObject(1)])
    entries: dict[str, generic.PdfObject] = {
        **_base(field.name, field.label),
        "/F": NumberObject(PRINT),
        "/Rect": ArrayObject(FloatObject(round(side, 3)) for side in field.box),
        "/P": page,
        "/DA": pdf_string(f"{FONT} {field.size_pt:g} Tf 0 g"),
        "/Q": NumberObject(1 if field.centred else 0),
        "/MK": _dictionary(look),
    }
    if field.limit is not None:
        entries["/MaxLen"] = NumberObject(field.limit)
    holder = _dictionary(entries)
    drawn = draw_value(writer, holder, "", geometry)
    holder[pdf_name("/AP")] = _dictionary({"/N": drawn})
    reference: IndirectObject = writer.add_object(holder)
    writer.register_annotation(page, reference)
    return reference


def add_printed_field(writer: IncrementalPdfFileWriter, name: str, value: str) -> IndirectObject:
    """Add a field that nobody sees or fills: it keeps what the page has in print."""
    page = writer.find_page_for_modification(0)[0]
    entries = {
        **_base(name, value),
        "/F": NumberObject(PRINT),
        "/Rect": ArrayObject([NumberObject(0)] * 4),
        "/P": page,
        "/Ff": NumberObject(READ_ONLY),
        "/DA": pdf_string(f"{FONT} {DEFAULT_SIZE:g} Tf 0 g"),
        "/V": pdf_string(value),
        "/AS": pdf_name("/N"),  # see `fill_text_field`
    }
    field = _dictionary(entries)
    give_empty_look(field, writer)
    reference: IndirectObject = writer.add_object(field)
    writer.register_annotation(page, reference)
    return reference


def fill_text_field(
    writer: IncrementalPdfFileWriter, field: DictionaryObject, text: str, geometry: PageGeometry
) -> None:
    """Give a field its value and the appearance that shows it.

    Raises:
        ValueTooWideError: the text does not fit, though made a little smaller.
        FontMissingError: no font here has its letters.
    """
    value = normalise(text)
    drawn = draw_value(writer, field, value, geometry)
    field[pdf_name("/V")] = pdf_string(value)
    field[pdf_name("/AP")] = _dictionary({"/N": drawn})
    # pyHanko takes the appearance of a locked field for changed after any later time-stamp, unless
    # the field has a state; where /N is a stream the state means nothing (ISO 32000-2 table 166).
    field[pdf_name("/AS")] = pdf_name("/N")
    writer.update_container(field)


def draw_value(
    writer: IncrementalPdfFileWriter, field: DictionaryObject, text: str, geometry: PageGeometry
) -> IndirectObject:
    """Return the appearance of a field with that text; nothing is drawn for none.

    Raises:
        ValueTooWideError: the text does not fit, though made a little smaller.
    """
    left, bottom, right, top = read_box(entry(field, "/Rect")) or (0.0, 0.0, 0.0, 0.0)
    wide, high = right - left, top - bottom
    if geometry.rotate in (90, 270):
        wide, high = high, wide
    unit = 1 / geometry.user_unit
    resources = DictionaryObject()
    operators = [b"/Tx BMC q %g 0 0 %g 0 0 cm" % (unit, unit)]
    if entry(entry(field, "/MK"), "/BG") is not None and text:
        operators.append(b"1 g 0 0 %.3f %.3f re f 0 g" % (wide / unit, high / unit))
    if text:
        font = embed_font(find_font(text), frozenset(text))
        fonts = _dictionary({FONT: font.add_to(writer)})
        resources[pdf_name("/Font")] = fonts
        operators.append(_words(text, font, field, (wide / unit, high / unit)))
    operators.append(b"Q EMC")
    drawing = generic.StreamObject(stream_data=b"\n".join(operators))
    drawing.update(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): ArrayObject(FloatObject(each) for each in (0.0, 0.0, wide, high)),
            pdf_name("/Matrix"): ArrayObject(
                NumberObject(each) for each in (*TURNS[geometry.rotate], 0, 0)
            ),
            pdf_name("/Resources"): resources,
        }
    )
    reference: IndirectObject = writer.add_object(drawing)
    return reference


def _words(
    text: str, font: EmbeddedFont, field: DictionaryObject, room: tuple[float, float]
) -> bytes:
    """Return the operators that write a line of text; lengths in points."""
    width, height = room
    asked = _size_of(field)
    needed = font.width(text)
    size = min(asked, width / needed, height / LINE_HEIGHT * 1.02)
    if size < LEAST_SHRINKING * asked:
        raise ValueTooWideError(
            value=text,
            width_mm=f"{width / 72 * 25.4:.1f}",
            needed_mm=f"{needed * asked / 72 * 25.4:.1f}",
        )
    alignment: object = entry(field, "/Q")
    centred = alignment == 1
    left = (width - needed * size) / 2 if centred else min(1.0, width - needed * size)
    base = (height - LINE_HEIGHT * size) / 2 + DESCENT * size
    return b"/Span <</Lang (vi)>> BDC BT 0 g %s %.3f Tf 1 0 0 1 %.3f %.3f Tm %s Tj ET EMC" % (
        FONT.encode(),
        size,
        max(left, 0.0),
        base,
        font.encode(text),
    )


_SIZE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) Tf")


def _size_of(field: DictionaryObject) -> float:
    found = _SIZE.search(str(entry(field, "/DA"))[:200])
    return min(max(float(found[1]), 4.0), 72.0) if found else DEFAULT_SIZE


def _base(name: str, label: str) -> dict[str, generic.PdfObject]:
    return {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/Widget"),
        "/FT": pdf_name("/Tx"),
        "/T": pdf_string(name),
        "/TU": pdf_string(label),
    }


def _dictionary(entries: dict[str, generic.PdfObject]) -> DictionaryObject:
    return DictionaryObject({pdf_name(key): value for key, value in entries.items()})
