"""The signature field: an empty one that is there, or a new one, and the look it gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from signing.display.appearance import LookStyle
from signing.display.block import build_label
from signing.display.look import Look, prepare_look
from signing.display.placement import PageGeometry, read_box, read_geometry
from signing.display.resolve import resized, resolve_place
from signing.document import FieldPlan, find_empty_field, fresh_field_name, hostile_document
from signing.objects import entry
from signing.options import SigningOptions
from signing.pages import pages_of
from signing.permissions import lock_spec
from verify.password import Password


def plan_field(
    writer: IncrementalPdfFileWriter,
    options: SigningOptions,
    certificate: x509.Certificate,
    at: datetime,
    *,
    password: Password | None = None,
) -> FieldPlan:
    """Return the field that `options` ask for; nothing is written yet.

    Args:
        writer: of the document.
        options: what is asked for.
        certificate: the signer's.
        at: the claimed time.
        password: that the document was opened with.

    Raises:
        FieldTakenError: the field named is signed.
        FieldNotSignatureError: the field named is of another kind.
        FontMissingError: no font here has the letters needed.
        InvalidInputError, RefusedError: see `prepare_look` and `resolve_place`.
    """
    name = options.field_name or fresh_field_name(writer)
    field = find_empty_field(writer, name) if options.field_name else None
    fresh = options.field_name is None
    profile = resized(options.display, options.placement)
    if not profile.visible:
        new = SigFieldSpec(name, **_lock(options)) if field is None else None
        return FieldPlan(name, new, NoOpStampStyle(), field, fresh=fresh)
    look = prepare_look(profile, certificate, at, image=options.image, number=options.number)
    if field is not None:
        with hostile_document():
            style = _style(look, _geometry_of(field), read_box(entry(_widget(field), "/Rect")))
        return FieldPlan(name, None, style, field)
    with hostile_document():
        spot = resolve_place(pages_of(writer, password), options.placement, look, certificate)
    box = spot.geometry.to_user_space(spot.rectangle)
    spec = SigFieldSpec(
        name,
        on_page=spot.index,
        box=box,  # type: ignore[arg-type]  # takes floats
        readable_field_name=build_label(profile, certificate, at, number=options.number),
        **_lock(options),
    )
    return FieldPlan(name, spec, _style(look, spot.geometry, box), fresh=fresh)


def _lock(options: SigningOptions) -> dict[str, Any]:
    """Return the lock dictionary a new field gets, for readers that look there (/Lock)."""
    if options.lock is None:
        return {}
    permission = options.lock.permission
    return {
        "field_mdp_spec": lock_spec(options.lock),
        "doc_mdp_update_value": MDPPerm(int(permission)) if permission else None,
    }


def _style(
    look: Look, geometry: PageGeometry, box: tuple[float, float, float, float] | None
) -> BaseStampStyle:
    left, bottom, right, top = box or (0.0, 0.0, 0.0, 0.0)
    return LookStyle(
        look=look,
        size=(right - left, top - bottom),
        rotate=geometry.rotate,
        units_per_point=1 / geometry.user_unit,
    )


def _geometry_of(field: IndirectObject) -> PageGeometry:
    """Return how the page of an existing field is seen; upright where the field names no page."""
    page = entry(_widget(field), "/P")
    return read_geometry(page if isinstance(page, DictionaryObject) else DictionaryObject())


def _widget(field: IndirectObject) -> PdfObject:
    """Return the field's first widget, which often is the field itself."""
    kids = entry(field, "/Kids")
    return kids[0] if isinstance(kids, ArrayObject) and kids else field
