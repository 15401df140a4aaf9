"""The signature field: an empty one that is there, or a new one, and the look it gets."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from pki.names import common_name
from signing.display.appearance import TextBlockStyle
from signing.display.block import build_lines
from signing.display.placement import (
    PageGeometry,
    choose_rectangle,
    page_index,
    read_geometry,
)
from signing.document import FieldPlan, find_empty_field, fresh_field_name, hostile_document
from signing.fonts import find_font, prepare_font
from signing.objects import entry
from signing.options import SigningOptions


def plan_field(
    writer: IncrementalPdfFileWriter,
    options: SigningOptions,
    certificate: x509.Certificate,
    at: datetime,
) -> FieldPlan:
    """Return the field that `options` ask for; nothing is written yet.

    Raises:
        FieldTakenError: the field named is signed.
        FieldNotSignatureError: the field named is of another kind.
        PageNotFoundError: no such page.
        OutsidePageError: the rectangle does not lie on the page.
        FontMissingError: no font here has the letters needed.
    """
    name = options.field_name or fresh_field_name(writer)
    field = find_empty_field(writer, name) if options.field_name else None
    if field is not None:
        with hostile_document():
            geometry = _geometry_of(field)
        return FieldPlan(name, None, _style(options, certificate, at, geometry), field)
    fresh = options.field_name is None
    if not options.display.visible:
        return FieldPlan(name, SigFieldSpec(name), NoOpStampStyle(), fresh=fresh)
    with hostile_document():
        pages = int(writer.root["/Pages"]["/Count"])
        index = page_index(options.placement, pages)
        geometry = read_geometry(writer.find_page_for_modification(index)[0].get_object())
    rectangle = choose_rectangle(options.placement, options.display, geometry)
    spec = SigFieldSpec(
        name,
        on_page=index,
        box=geometry.to_user_space(rectangle),  # type: ignore[arg-type]  # pyHanko rounds floats
        readable_field_name=f"Chữ ký số của {common_name(certificate.subject)}",
    )
    return FieldPlan(name, spec, _style(options, certificate, at, geometry), fresh=fresh)


def _style(
    options: SigningOptions, certificate: x509.Certificate, at: datetime, geometry: PageGeometry
) -> BaseStampStyle:
    profile = options.display
    if not profile.visible:
        return NoOpStampStyle()
    lines = build_lines(profile, certificate, at)
    text = "\n".join(lines)
    return TextBlockStyle(
        lines=lines,
        font=prepare_font(find_font(text), text),
        font_size_pt=profile.font_size_pt,
        color=profile.color,
        rotate=geometry.rotate,
        units_per_point=1 / geometry.user_unit,
    )


def _geometry_of(field: IndirectObject) -> PageGeometry:
    """Return how the page of an existing field is seen; upright where the field names no page."""
    kids = entry(field, "/Kids")
    widget = kids[0] if isinstance(kids, ArrayObject) and kids else field
    page = entry(widget, "/P")
    return read_geometry(page if isinstance(page, DictionaryObject) else DictionaryObject())
