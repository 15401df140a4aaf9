"""Forms: static XFA is signed as it is, dynamic is not, and no field's value is touched."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from unit.signing.odd_documents import Assembled, plain, plain_objects, stream
from unit.signing.signing_world import World

from pki.errors.tree import PKIError
from signing.display.profile import load_display
from signing.errors.documents import DynamicFormError
from signing.options import SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import find_fields
from verify.policy import default_policy

NONE = SigningOptions(display=load_display("none"))
STATIC = b"<template xmlns='http://www.xfa.org/schema/xfa-template/3.3/'/>"
DYNAMIC = b"<config><present><pdf><xdp/></pdf></present><acrobat><acrobat7><dynamicRender>"
REQUIRED, FORBIDDEN = (
    DYNAMIC + each + b"</dynamicRender></acrobat7></acrobat></config>"
    for each in (b"required", b"forbidden")
)


@cache
def world() -> World:
    return World()


def sign(data: bytes) -> SignedDocument:
    return sign_document(data, signer=world().signer(), options=NONE, services=world().services())


def form(entries: bytes, root: bytes = b"", packet: bytes = STATIC) -> bytes:
    """Return a document with a form of one text field, filled in."""
    objects = plain_objects()
    objects[1] = objects[1][:-2] + root + b"/AcroForm<</Fields[7 0 R]%s>>>>" % entries
    objects[3] = objects[3][:-2] + b"/Annots[7 0 R]>>"
    objects[7] = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(So)/V(12)/Rect[9 9 99 30]/P 3 0 R>>"
    objects[8] = stream(packet)
    made = Assembled(objects)
    made.table()
    return made.data


XFA = {"stream": b"/XFA 8 0 R", "packets": b"/XFA[(config) 8 0 R (template) 8 0 R]"}


@pytest.mark.parametrize("entries", XFA.values(), ids=XFA)
@pytest.mark.parametrize("packet", [STATIC, FORBIDDEN])
def test_a_static_form_is_signed_as_it_is(entries, packet):
    signed = sign(form(entries, packet=packet))
    assert signed.report.indication is Indication.TOTAL_PASSED
    assert [each.code for each in signed.warnings] == ["signing.xfa_kept"]
    pdf = open_pdf(signed.data, name="a.pdf", limits=default_policy().limits)
    assert "/XFA" in pdf.reader.root["/AcroForm"]


@pytest.mark.parametrize(
    "data",
    [
        form(XFA["stream"], b"/NeedsRendering true"),
        form(XFA["stream"], packet=REQUIRED),
        form(XFA["packets"], packet=REQUIRED),
    ],
    ids=["catalogue", "stream", "packet"],
)
def test_a_dynamic_form_has_no_pages_to_sign(data):
    opened = world().key_openings
    with pytest.raises(DynamicFormError) as caught:
        sign(data)
    assert caught.value.facts == {"name": "document.pdf"}
    assert world().key_openings == opened


def test_looks_that_are_drawn_anew_are_told():
    assert [each.code for each in sign(form(b"/NeedAppearances true")).warnings] == [
        "signing.looks_redrawn"
    ]
    for data in (form(b"/NeedAppearances false"), form(b"", b"/NeedsRendering false"), plain()):
        assert sign(data).warnings == ()


def values(pdf: OpenPDF) -> dict[str, str]:
    return {
        each.name: repr(each.dictionary.get("/V"))
        for each in find_fields(pdf.reader)
        if each.type != "/Sig"
    }


def test_no_value_of_a_field_is_changed(corpora: Path):
    limits, seen = default_policy().limits, 0
    for path in sorted((corpora / "pyhanko" / "pdf").glob("*form*.pdf")) + sorted(
        (corpora / "pdf-signed-misc").rglob("*f1040*.pdf")
    ):
        try:
            before = open_pdf(path.read_bytes(), name=path.name, limits=limits)
            had = values(before)
            after = open_pdf(sign(path.read_bytes()).data, name=path.name, limits=limits)
        except PKIError:
            continue
        assert values(after) == had
        seen += bool(had)
    assert seen >= 3
