"""Prepared, signed by the leader, numbered, sealed: every step, and every step out of order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from cryptography.x509 import ReasonFlags
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from unit.signing.outgoing_world import (
    LEADER,
    PLACES,
    WISH,
    WORLD,
    by_agency,
    by_leader,
    draft,
    numbered,
    prepared,
)
from unit.signing.signing_pages import letter
from unit.signing.signing_world import NOW, TSA_URL, duty, make_pdf

from pki.errors.tree import PKIError
from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.errors.documents import ExistingSignatureBrokenError
from signing.errors.mandates import NotOfficialDutyError
from signing.errors.outgoing import (
    AgencyBeforePersonError,
    AgencyFieldError,
    BlankTooSmallError,
    DateDiffersError,
    DatePlaceNotFoundError,
    NotNumberedError,
    NotPreparedError,
    NumberAfterSealError,
    NumberedAlreadyError,
    NumberLockedError,
    NumberMalformedError,
    NumberPlaceNotFoundError,
    NumberPrintedError,
    PersonNotSignedYetError,
    PersonSignatureInvalidError,
    PreparedAlreadyError,
    PrepareSignedError,
    ValueTooWideError,
)
from signing.errors.placing import OutsidePageError, PlaceAmbiguousError, SignerNameNotFoundError
from signing.fields import list_fields
from signing.options import FieldLock, Level, LockAction, SigningOptions, UnknownStatus
from signing.outgoing import order
from signing.outgoing import prepare as outgoing
from signing.outgoing.number import Numbering
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from signing.outgoing.words import number_words, whole_date
from signing.sign import sign_document
from verify.document import verify_document
from verify.facts import Changes, Kind
from verify.indication import Indication
from verify.policy import default_policy

LIMITS = default_policy().limits


def prepare(data: bytes, places: OutgoingPlaces = PLACES):
    return prepare_document(data, places, name="qd.pdf", limits=LIMITS)


def judged(data: bytes):
    return verify_document(data, policy=default_policy(), trust=WORLD.trust, at=NOW)


def refilled(data: bytes, name: str, value: str) -> bytes:
    """Return the document with a field's value changed, as any editor would."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    fields = writer.root["/AcroForm"]["/Fields"]
    for field in (fields[index] for index in range(len(fields))):
        if field["/T"] == name:
            field["/V"] = pdf_string(value)
            writer.update_container(field)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LTA])
def test_leader_number_seal_and_every_signature_holds(level):
    more = {"level": level, "tsa_url": TSA_URL}
    signed = by_leader(prepared(), **more)
    assert signed.field_name == "LanhDao"
    done = numbered(signed.data)
    assert done.values == {"SoVanBan": "15", "NgayBanHanh.Ngay": "02", "NgayBanHanh.Thang": "11"}
    assert done.data.startswith(signed.data)
    sealed = by_agency(done.data, **more)
    assert sealed.field_name == "CoQuan"
    assert sealed.data.startswith(done.data)
    found = {each.field: each for each in sealed.report.signatures if each.kind != Kind.TIMESTAMP}
    assert found["CoQuan"].indication is Indication.TOTAL_PASSED
    assert found["CoQuan"].kind is Kind.SEAL
    assert found["CoQuan"].changes_after is Changes.NONE
    assert found["LanhDao"].changes_after is Changes.FORM_FILLING
    for signature in sealed.report.signatures:
        codes = {each.code for each in signature.findings}
        assert not codes & {"integrity.changed_after_signing", "integrity.change_not_permitted"}
    if level is Level.B_LTA:
        assert sealed.report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("name", ["SoVanBan", "NgayBanHanh"])
def test_a_change_after_the_seal_is_found(name):
    whole = OutgoingPlaces(LEADER, date=Placement(page=1, rectangle=Rectangle(120, 45, 70, 6)))
    sealed = by_agency(numbered(by_leader(prepare(draft(), whole).data).data).data).data
    assert judged(sealed).indication is not Indication.TOTAL_FAILED
    assert judged(refilled(sealed, name, "99")).indication is Indication.TOTAL_FAILED


def test_without_the_lock_a_change_after_the_seal_would_pass(monkeypatch):
    """The mutant: the agency's field locks nothing."""
    put_in = outgoing._Work._signature

    def loose(self, name, page, place, _lock):
        lock = (FieldMDPSpec(FieldMDPAction.INCLUDE, []), MDPPerm.FILL_FORMS)
        put_in(self, name, page, place, lock)

    monkeypatch.setattr(outgoing._Work, "_signature", loose)
    sealed = by_agency(numbered(by_leader(prepare(draft()).data).data).data).data
    assert judged(refilled(sealed, "SoVanBan", "99")).indication is not Indication.TOTAL_FAILED


def test_fields_have_names_labels_and_locks():
    fields = {each.name: each for each in list_fields(prepared(), name="a", limits=LIMITS)}
    assert set(fields) == {"LanhDao", "CoQuan"}
    assert fields["CoQuan"].locks == "All"
    assert fields["CoQuan"].label == "Dấu, chữ ký số của cơ quan, tổ chức"
    assert fields["LanhDao"].label == "Chữ ký số của người có thẩm quyền"
    assert fields["LanhDao"].locks == "Include"
    assert fields["CoQuan"].size_mm == (36.0, 36.0)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_fields_stand_where_the_page_is_blank_however_it_is_turned(rotate):
    found = {each.name: each.rectangle for each in prepare(draft(rotate=rotate)).fields}
    assert found["SoVanBan"].left_mm == pytest.approx(32.1, abs=0.5)
    assert found["SoVanBan"].top_mm == pytest.approx(36.3, abs=0.5)
    assert found["NgayBanHanh.Ngay"].left_mm == pytest.approx(129.9, abs=0.5)
    leader, agency = found["LanhDao"], found["CoQuan"]
    assert 206 < leader.top_mm < 236
    assert agency.right_mm == pytest.approx(leader.left_mm + leader.width_mm / 3, abs=0.1)
    done = numbered(by_leader(prepared(rotate=rotate)).data)
    assert by_agency(done.data).field_name == "CoQuan"


@pytest.mark.parametrize(
    ("number", "day", "wish", "values"),
    [
        ("Số:..........", "Hòa Bình, ngày 02 tháng 11 năm 2026", "5/QĐ-UBND", ["05/QĐ-UBND"]),
        ("Số: ……/QĐ", "ngày …… tháng …… năm 20……", "7a", ["07a", "02", "11", "26"]),
        ("Số:", "ngày ..... tháng 11 năm", "15/BC-CAT", ["15/BC-CAT", "02", "2026"]),
    ],
)
def test_what_is_blank_is_filled_and_what_is_printed_is_held_against(number, day, wish, values):
    data = prepare(draft(number, day)).data
    done = numbered(data, Numbering(wish, WISH.date, without_leader=True))
    assert list(done.values.values()) == values


def test_another_date_than_the_printed_one_is_refused():
    data = prepare(draft(day="ngày 02 tháng 11 năm 2026")).data
    with pytest.raises(DateDiffersError):
        numbered(data, Numbering("15", date(2026, 11, 3), without_leader=True))
    assert numbered(data, Numbering("15", date(2026, 11, 2), without_leader=True)).values


@pytest.mark.parametrize(
    ("number", "day", "error"),
    [
        ("Số: 15/QĐ-UBND", "ngày ..... tháng ..... năm 2026", NumberPrintedError),
        ("So:", "ngày ..... tháng ..... năm 2026", NumberPlaceNotFoundError),
        ("Số: ......", "tháng 11", DatePlaceNotFoundError),
        ("Số:/QĐ-UBND", "ngày ..... tháng ..... năm 2026", BlankTooSmallError),
        ("Số: ......", "ngày tháng năm 2026", BlankTooSmallError),
        (
            "Số: ......",
            "ngày .... tháng .... năm ..., ngày .... tháng .... năm ...",
            PlaceAmbiguousError,
        ),
    ],
)
def test_a_page_without_one_clear_blank_is_refused_and_the_place_can_be_said(number, day, error):
    with pytest.raises(error):
        prepare(draft(number, day))
    said = OutgoingPlaces(
        LEADER,
        number=Placement(page=1, rectangle=Rectangle(32, 45, 40, 6)),
        date=Placement(page=1, rectangle=Rectangle(120, 45, 70, 6)),
    )
    data = prepare(draft(number, day), said).data
    done = numbered(data, replace(WISH, without_leader=True))
    assert done.values["NgayBanHanh"] == "ngày 02 tháng 11 năm 2026"


def test_places_that_are_not_in_the_document_are_refused():
    with pytest.raises(SignerNameNotFoundError):
        prepare(draft(), OutgoingPlaces(Placement(name="Trần Thị Bình")))
    with pytest.raises(OutsidePageError):
        prepare(draft(), replace(PLACES, agency=Placement(page=1, corner_mm=(200.0, 200.0))))
    placed = prepare(draft(), OutgoingPlaces(Placement(page=1, corner_mm=(100.0, 200.0))))
    assert placed.fields[-2].rectangle == Rectangle(100.0, 200.0, 45.0, 25.0)


def test_only_a_document_that_nobody_signed_is_prepared_and_once():
    with pytest.raises(PreparedAlreadyError):
        prepare(prepared())
    with pytest.raises(PrepareSignedError):
        prepare(by_leader(draft()).data)
    assert prepare(draft()).fields


def test_the_number_comes_after_the_leader_before_the_agency_and_once():
    with pytest.raises(NotPreparedError):
        numbered(draft())
    with pytest.raises(PersonNotSignedYetError):
        numbered(prepared())
    assert numbered(prepared(), replace(WISH, without_leader=True)).values
    signed = by_leader(prepared()).data
    done = numbered(signed)
    with pytest.raises(NumberedAlreadyError):
        numbered(done.data)
    with pytest.raises(NumberAfterSealError):
        numbered(by_agency(done.data).data)


def test_a_lock_of_the_leaders_refuses_the_number():
    lock = FieldLock(LockAction.ALL, ())
    with pytest.raises(NumberLockedError) as refused:
        numbered(by_leader(prepared(), lock=lock).data)
    assert refused.value.facts["by"] == "LanhDao"


def test_a_leaders_signature_that_does_not_hold_refuses_number_and_seal():
    signed = by_leader(prepared()).data
    done = numbered(signed).data
    WORLD.revoked[WORLD.certificate.serial_number] = (NOW, ReasonFlags.key_compromise)
    try:
        with pytest.raises(PersonSignatureInvalidError):
            numbered(signed)
        with pytest.raises(PersonSignatureInvalidError):
            by_agency(done)
    finally:
        WORLD.revoked.clear()
    spot = signed.index(b"/Contents <") + 300
    flipped = (
        signed[:spot] + (b"0" if signed[spot : spot + 1] != b"0" else b"1") + signed[spot + 1 :]
    )
    with pytest.raises((PersonSignatureInvalidError, ExistingSignatureBrokenError)):
        numbered(flipped)
    assert by_agency(done).field_name == "CoQuan"


def test_a_status_that_nobody_tells_is_taken_unless_it_is_asked_for():
    signed = by_leader(prepared()).data
    WORLD.broken.update({"ocsp", "crl"})
    try:
        assert numbered(signed).values
        with pytest.raises(PersonSignatureInvalidError):
            numbered(signed, replace(WISH, require_status=True))
    finally:
        WORLD.broken.clear()


def test_the_agency_never_signs_before_the_person(monkeypatch):
    with pytest.raises(AgencyBeforePersonError) as refused:
        by_agency(draft(), placement=Placement(page=1, corner_mm=(60.0, 200.0)))
    assert "Art. 32.2d" in str(refused.value.facts["article"])
    with pytest.raises(AgencyBeforePersonError):
        by_agency(numbered(prepared(), replace(WISH, without_leader=True)).data)
    monkeypatch.setattr(order, "is_seal", lambda *_: False)  # the mutant
    assert by_agency(draft(), placement=Placement(page=1, corner_mm=(60.0, 200.0))).data


def test_a_citizens_signature_does_not_stand_for_the_leaders(monkeypatch):
    citizen = WORLD.signer(WORLD.issue_signer((duty("1.2.3.4"), False)))
    plain = SigningOptions(display=load_display("none"))
    services = WORLD.services()
    data = sign_document(letter(), signer=citizen, options=plain, services=services).data
    place = Placement(1, Rectangle(20, 20, 40, 40))
    with pytest.raises(NotOfficialDutyError):
        by_agency(data, placement=place)
    both = sign_document(data, signer=WORLD.signer(), options=plain, services=services).data
    assert by_agency(both, placement=place).data
    monkeypatch.setattr(order, "is_for_duty", lambda *_: True)
    assert by_agency(data, placement=place).data


def test_initials_of_somebody_else_do_not_stand_for_the_leader():
    text = {"display": load_display("text"), "image": None}
    initialled = by_leader(prepared(), **text)
    assert initialled.field_name == "Signature1"
    done = numbered(initialled.data, replace(WISH, without_leader=True))
    with pytest.raises(AgencyBeforePersonError):
        by_agency(done.data)
    assert by_agency(by_leader(done.data).data).field_name == "CoQuan"


def test_the_agency_does_not_lock_an_empty_number():
    signed = by_leader(prepared()).data
    with pytest.raises(NotNumberedError):
        by_agency(signed)
    assert by_agency(numbered(signed).data).data


@pytest.mark.parametrize(
    "elsewhere",
    [{"field_name": "Khac"}, {"placement": Placement(page=1, corner_mm=(60.0, 200.0))}],
)
def test_the_agency_signs_where_it_locks_and_nowhere_else(elsewhere):
    done = numbered(by_leader(prepared()).data)
    with pytest.raises(AgencyFieldError) as refused:
        by_agency(done.data, **elsewhere)
    assert refused.value.facts == {"field": "CoQuan"}
    assert by_agency(done.data).field_name == "CoQuan"


def test_a_document_with_its_number_in_print_goes_leader_then_agency():
    data = letter()
    sealed = by_agency(by_leader(data).data)
    assert [each.kind for each in sealed.report.signatures] == [Kind.SIGNATURE, Kind.SEAL]
    strict = {"unknown_status": UnknownStatus.REFUSE}
    assert by_agency(by_leader(data, **strict).data, **strict).data
    assert by_agency(by_leader(data).data, allow_broken_signatures=True).data


@pytest.mark.parametrize("name", ["copy-sao-y", "annex", "digitised", "archive-copy"])
def test_what_the_agency_signs_alone_needs_nobody_before(name):
    wish = {"display": load_display(name), "image": None, "number": "15/QĐ-UBND"}
    assert by_agency(make_pdf(), **wish).data
    assert by_agency(prepared(), **wish).field_name == "Signature1"


def test_a_field_that_was_asked_for_is_kept():
    signed = by_leader(prepared(), field_name="LanhDao")
    assert signed.field_name == "LanhDao"
    done = numbered(signed.data)
    assert by_agency(done.data, field_name="CoQuan").field_name == "CoQuan"


@pytest.mark.parametrize(
    ("number", "printed", "words"),
    [
        ("5", True, "05"),
        ("15", True, "15"),
        ("1234", False, "1234"),
        ("5/QĐ-UBND", False, "05/QĐ-UBND"),
        ("12a", True, "12a"),
        (" 3/2026/TTr-SNV ", False, "03/2026/TTr-SNV"),
    ],
)
def test_numbers_are_written_as_the_decree_has_them(number, printed, words):
    assert number_words(number, symbol_printed=printed) == words


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        ("", False),
        ("QĐ", False),
        ("15/QĐ", True),
        ("1" * 7, False),
        ("1/" * 40, False),
        ("15/<b>", False),
    ],
)
def test_what_is_no_number_is_refused(number, printed):
    with pytest.raises(NumberMalformedError):
        number_words(number, symbol_printed=printed)


def test_days_and_months_have_their_noughts():
    assert whole_date(date(2026, 2, 9)) == "ngày 09 tháng 02 năm 2026"
    assert whole_date(date(2026, 3, 19)) == "ngày 19 tháng 3 năm 2026"


def test_a_number_too_wide_for_its_field_is_refused():
    narrow = OutgoingPlaces(LEADER, number=Placement(page=1, rectangle=Rectangle(32, 45, 8, 6)))
    data = prepare(draft(), narrow).data
    with pytest.raises(ValueTooWideError):
        numbered(data, Numbering("15/QĐ-UBND", WISH.date, without_leader=True))
    assert numbered(data, Numbering("15", WISH.date, without_leader=True)).values


def test_no_refusal_is_a_foreign_exception():
    for data in (b"", b"%PDF-1.7", draft()[:2000]):
        for step in (prepare, numbered):
            with pytest.raises(PKIError):
                step(data)
