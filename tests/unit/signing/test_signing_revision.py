"""Revisions: fields new and old, what the page shows, what the signature dictionary says."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.fields import append_signature_field as append_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from unit.signing.signing_world import NOW, PyHankoSigner, World, change_page, make_key, make_pdf

from signing.coroutine import finish
from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.errors.documents import CertifiedError, DocumentLockedError, DocumentUnsupportedError
from signing.errors.fields import FieldNotSignatureError, FieldTakenError
from signing.errors.placing import OutsidePageError, PageNotFoundError
from signing.options import SigningOptions
from signing.revision import SignatureRequest, prepare_signature
from signing.signer import KeySigner
from verify.errors import BrokenPDFError

NONE = SigningOptions(display=load_display("none"))


def request(world: World, options: SigningOptions = NONE) -> SignatureRequest:
    return SignatureRequest(KeySigner(world.signer()), options, NOW, None, "cv.pdf")


def sign(data: bytes, options: SigningOptions = NONE, world: World | None = None) -> bytes:
    return prepare_signature(data, request(world or World(), options)).complete().output.getvalue()


def fields_of(data: bytes) -> dict[str, generic.DictionaryObject]:
    form = PdfFileReader(BytesIO(data)).root["/AcroForm"]
    return {str(each.get_object()["/T"]): each.get_object() for each in form["/Fields"]}


def with_field(data: bytes, name: str, box=(100, 100, 300, 160), **more: object) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    append_field(writer, SigFieldSpec(name, box=box, **more))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def certified(data: bytes, permission: MDPPerm) -> bytes:
    """Return the document as pyHanko itself certifies it."""
    metadata = PdfSignatureMetadata("Cert", certify=True, docmdp_permissions=permission)
    writer = IncrementalPdfFileWriter(BytesIO(data))
    world = World()
    signer = PdfSigner(metadata, PyHankoSigner(world.certificate, (), make_key(world.kind)))
    return finish(signer.async_sign_pdf(writer)).getvalue()


def test_the_document_before_is_kept_to_the_byte():
    data = make_pdf()
    assert sign(data).startswith(data)


def test_the_signature_dictionary_is_that_of_pades():
    value = fields_of(sign(make_pdf(), replace(NONE, reason="Phê duyệt", location="Hòa Bình")))[
        "Signature1"
    ]["/V"]
    assert value["/SubFilter"] == "/ETSI.CAdES.detached"
    assert value["/M"] == "D:20261121210000+07'00'"
    assert value["/Reason"] == "Phê duyệt"
    assert value["/Location"] == "Hòa Bình"
    assert "/ContactInfo" not in value


def test_the_key_is_not_opened_by_preparing():
    world = World()
    prepared = prepare_signature(make_pdf(), request(world))
    assert world.key_openings == 0
    prepared.complete()
    assert world.key_openings == 1


def test_fresh_fields_get_fresh_names():
    once = sign(make_pdf())
    assert list(fields_of(sign(once))) == ["Signature1", "Signature2"]


def test_a_name_given_is_the_new_fields_name():
    assert list(fields_of(sign(make_pdf(), replace(NONE, field_name="LanhDao")))) == ["LanhDao"]


def test_a_visible_field_has_an_alternate_name_and_a_place():
    place = Placement(1, Rectangle(10, 20, 80, 25))
    field = fields_of(sign(make_pdf(2), SigningOptions(placement=place)))["Signature1"]
    assert field["/TU"] == "Chữ ký số của Nguyễn Văn Đức"
    left, bottom, right, top = (float(each) * 25.4 / 72 for each in field["/Rect"])
    assert (left, right - left, top - bottom) == pytest.approx((10, 80, 25), abs=0.01)
    assert 297 - top == pytest.approx(20, abs=0.1)


def test_an_invisible_field_has_no_appearance_and_no_size():
    field = fields_of(sign(make_pdf()))["Signature1"]
    assert [float(each) for each in field["/Rect"]] == [0, 0, 0, 0]


def test_an_empty_field_is_filled_where_it_stands():
    data = with_field(make_pdf(), "Seal")
    field = fields_of(sign(data, SigningOptions(field_name="Seal")))["Seal"]
    assert [float(each) for each in field["/Rect"]] == [100, 100, 300, 160]
    assert field["/AP"]["/N"]["/BBox"] == [0, 0, 200, 60]


def test_an_empty_field_on_a_turned_page_is_drawn_upright():
    data = with_field(change_page(make_pdf(), Rotate=90), "Seal", box=(100, 100, 160, 300))
    form = fields_of(sign(data, SigningOptions(field_name="Seal")))["Seal"]["/AP"]["/N"]
    assert form["/BBox"] == [0, 0, 200, 60]
    assert form["/Matrix"] == [0, 1, -1, 0, 0, 0]


def test_an_empty_field_with_a_widget_of_its_own_is_filled():
    data = with_field(make_pdf(), "Seal", combine_annotation=False)
    field = fields_of(sign(data, SigningOptions(field_name="Seal")))["Seal"]
    assert field["/Kids"][0]["/AP"]["/N"]["/BBox"] == [0, 0, 200, 60]


def test_a_visible_empty_field_stays_empty_with_the_display_none():
    data = with_field(make_pdf(), "Seal")
    before = fields_of(data)["Seal"].raw_get("/AP") if "/AP" in fields_of(data)["Seal"] else None
    after = fields_of(sign(data, replace(NONE, field_name="Seal")))["Seal"]
    assert ("/AP" in after) == (before is not None)


def test_a_field_that_is_signed_is_not_signed_again():
    with pytest.raises(FieldTakenError) as caught:
        sign(sign(make_pdf()), replace(NONE, field_name="Signature1"))
    assert caught.value.facts == {"field": "Signature1"}


def with_text_field(data: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    field = generic.DictionaryObject(
        {
            generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
            generic.pdf_name("/T"): generic.pdf_string("So"),
        }
    )
    fields = generic.ArrayObject([writer.add_object(field)])
    writer.root["/AcroForm"] = generic.DictionaryObject({generic.pdf_name("/Fields"): fields})
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_text_field_takes_no_signature():
    data = with_text_field(make_pdf())
    with pytest.raises(FieldNotSignatureError) as caught:
        sign(data, replace(NONE, field_name="So"))
    assert caught.value.facts == {"field": "So"}
    assert list(fields_of(sign(data))) == ["So", "Signature1"]


@pytest.mark.parametrize("page", [0, 3, -3])
def test_a_page_that_is_not_there(page):
    with pytest.raises(PageNotFoundError):
        sign(make_pdf(2), SigningOptions(placement=Placement(page)))


def test_a_place_off_the_page():
    with pytest.raises(OutsidePageError):
        sign(make_pdf(), SigningOptions(placement=Placement(1, Rectangle(200, 10, 80, 20))))


def test_a_document_certified_against_all_changes_is_locked():
    with pytest.raises(DocumentLockedError) as caught:
        sign(certified(make_pdf(), MDPPerm.NO_CHANGES))
    assert caught.value.facts == {"field": "Cert"}


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certified_document_takes_no_new_field_on_a_page(permission):
    """Measured: such a field breaks the certification, an invisible or an old one does not."""
    data = certified(with_field(make_pdf(), "Seal"), permission)
    with pytest.raises(CertifiedError) as caught:
        sign(data, SigningOptions())
    assert caught.value.facts == {"field": "Cert"}
    assert "Signature1" in fields_of(sign(data))
    assert "/V" in fields_of(sign(data, SigningOptions(field_name="Seal")))["Seal"]


def test_usage_rights_lock_nothing():
    data = certified(make_pdf(), MDPPerm.FILL_FORMS).replace(b"/DocMDP", b"/UR3   ")
    assert "Signature1" in fields_of(sign(data, SigningOptions()))


@pytest.mark.parametrize(
    ("spec", "locked"),
    [
        (FieldMDPSpec(FieldMDPAction.ALL), True),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["Seal"]), True),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["So"]), False),
        (FieldMDPSpec(FieldMDPAction.EXCLUDE, ["Seal"]), False),
    ],
)
def test_a_field_that_an_earlier_signature_locks_is_not_signed(spec, locked):
    data = with_field(with_field(make_pdf(), "Leader", field_mdp_spec=spec), "Seal")
    signed = sign(data, replace(NONE, field_name="Leader"))
    seal = replace(NONE, field_name="Seal")
    if locked:
        with pytest.raises(DocumentLockedError) as caught:
            sign(signed, seal)
        assert caught.value.facts == {"field": "Leader"}
    else:
        assert "/V" in fields_of(sign(signed, seal))["Seal"]


def test_a_lock_with_no_changes_on_an_approval_signature_locks_all():
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, ["So"])
    data = with_field(
        make_pdf(), "Seal", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES
    )
    with pytest.raises(DocumentLockedError):
        sign(sign(data, replace(NONE, field_name="Seal")))


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n", make_pdf()[:-200], make_pdf().replace(b"/Pages", b"/Pagez")]
)
def test_a_document_pyhanko_cannot_append_to_is_refused_in_our_words(data):
    with pytest.raises((DocumentUnsupportedError, BrokenPDFError)) as caught:
        sign(data, SigningOptions())
    assert caught.value.facts["reason"]


def test_a_form_without_a_list_of_fields_gets_one():
    data = sign(make_pdf())
    writer = IncrementalPdfFileWriter(BytesIO(make_pdf()))
    writer.root[generic.pdf_name("/AcroForm")] = writer.add_object(generic.DictionaryObject())
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert list(fields_of(sign(out.getvalue()))) == list(fields_of(data)) == ["Signature1"]


@pytest.mark.parametrize("name", ["Seal", "Sê-al", "S(e)al", "Signature1"])
def test_a_fresh_name_is_none_that_a_field_has_however_it_is_spelled(name):
    data = with_field(make_pdf(), name, box=None)
    made = [each for each in fields_of(sign(data)) if each != name]
    assert made == ["Signature2" if name == "Signature1" else "Signature1"]


def test_the_font_is_embedded_as_a_subset():
    data = sign(make_pdf(), SigningOptions())
    assert re.search(rb"/FontName /[A-Z]{6}\+", data) or b"/ObjStm" in data
    assert len(data) - len(make_pdf()) < 40_000


@pytest.mark.parametrize(("height_mm", "smaller"), [(22, False), (8, True)])
def test_letters_are_made_smaller_only_where_the_box_is_too_low(height_mm, smaller):
    place = Placement(1, Rectangle(10, 10, 80, height_mm))
    form = fields_of(sign(make_pdf(), SigningOptions(placement=place)))["Signature1"]["/AP"]["/N"]
    size = float(re.search(rb"/F1 ([\d.]+) Tf", form.data)[1])
    assert (size < 10) is smaller
