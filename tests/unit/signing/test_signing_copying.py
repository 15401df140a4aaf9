"""Copies: what they are made of, by whom, what they carry, and what is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from io import BytesIO

import pytest
from cryptography.x509 import ReasonFlags
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from unit.signing.copying_world import (
    PAPER,
    SAO_LUC,
    SAO_Y,
    SHUT,
    copied,
    copyist,
    extract,
    long_original,
    original,
    reader_of,
    sao_y,
    scan,
    sign,
)
from unit.signing.encrypted_documents import KINDS, USER, encrypt, owner_of
from unit.signing.outgoing_world import (
    AGENCY,
    WORLD,
    by_agency,
    by_leader,
    issue_agency,
    numbered,
    prepared,
)
from unit.signing.signing_pages import letter
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf

from pki.clock import FixedClock
from signing.copying import source
from signing.copying.copyist import Copyist
from signing.copying.draft import CopyWish
from signing.display.page_text import READER
from signing.display.placement import Placement
from signing.display.profile import load_display, parse_display
from signing.errors.copying import (
    CopyForbiddenError,
    CopyNeedsAgencyError,
    CopyNoRoomError,
    CopyOfCopyError,
    CopyOfOriginalError,
    CopyPageMissingError,
    CopyPagesNeededError,
    CopyPaperSignedError,
    CopySourceChangedError,
    CopySourceInvalidError,
    CopySourceKindError,
    CopySourceUndecidedError,
    CopySourceUnsignedError,
    CopyWholeError,
    CopyWithoutPersonError,
    CopyWithoutSealError,
)
from signing.errors.documents import DocumentUnsupportedError
from signing.ledger import Ledger
from signing.options import Level, SigningOptions
from signing.sign import sign_document
from verify.document import verify_document
from verify.errors import EncryptedPDFError, WrongPasswordError
from verify.facts import Kind
from verify.indication import Indication
from verify.password import Password
from verify.pdf.copied import CopyKind, SourceForm, find_source, read_copy_record
from verify.pdf.document import count_pages, open_pdf
from verify.policy import default_policy

LIMITS = default_policy().limits
UNSEEN = {"display": load_display("none")}


def opened(data: bytes):
    return open_pdf(data, name="sao.pdf", limits=LIMITS)


def record_in(data: bytes) -> dict:
    piece = reader_of(data).root["/PieceInfo"]["/Antin"]["/Private"]
    return json.loads(piece.data)


def words_of(data: bytes) -> str:
    """Return what the copy's own signature shows."""
    fields = reader_of(data).root["/AcroForm"]["/Fields"]
    return str(fields[0]["/TU"])


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LTA])
def test_a_full_copy_holds_and_brings_what_it_is_a_copy_of(level):
    made = copied(original(), level=level, tsa_url=TSA_URL)
    data = made.signed.data
    report = verify_document(data, policy=default_policy(), trust=WORLD.trust, at=NOW)
    if level is Level.B_LTA:  # stands by itself; of the other the status has to be had
        assert report.indication is Indication.TOTAL_PASSED
    assert made.signed.report.indication is Indication.TOTAL_PASSED
    (seal, *_) = made.signed.report.signatures
    assert (seal.kind, seal.level) == (Kind.SEAL, level.value)
    assert find_source(opened(data)) == original()
    told = record_in(data)
    assert told["schema"] == "antin.copy-record/1"
    assert (told["kind"], told["pages"]) == ("sao-y", [1])
    assert told["made_at"] == "2026-11-21T21:00:00+07:00"
    assert told["source"]["sha256"] == hashlib.sha256(original()).hexdigest()
    assert told["source"]["form"] == "original"
    assert told["source"]["name"] == "qđ 15.pdf"
    assert told["source"]["indication"] == "TOTAL-PASSED"
    assert [each["kind"] for each in told["source"]["signatures"]] == ["signature", "seal"]
    assert words_of(data).startswith("Sao y: ")
    assert made.warnings == ()


def test_nothing_of_the_originals_form_is_in_the_copy_and_it_is_locked():
    fields = reader_of(sao_y()).root["/AcroForm"]["/Fields"]
    assert [str(fields[index]["/FT"]) for index in range(len(fields))] == ["/Sig"]
    with pytest.raises(Exception, match="document_locked"):
        sign(sao_y(), SigningOptions(**UNSEEN))


def test_a_copys_copy_is_made_of_a_full_copy_alone():
    made = copied(sao_y(), SAO_LUC)
    assert (made.source.form, made.source.told) == (SourceForm.COPY, "found")
    data = made.signed.data
    assert read_copy_record(opened(data)).kind is CopyKind.SAO_LUC
    assert find_source(opened(data)) == sao_y()
    with pytest.raises(CopyOfOriginalError):
        copied(original(), SAO_LUC)
    for wish in (SAO_LUC, SAO_Y, extract((1, 1))):
        with pytest.raises(CopyOfCopyError):
            copied(data, wish)
    short = copied(long_original(), extract((1, 1))).signed.data
    with pytest.raises(CopyOfCopyError):
        copied(short, SAO_LUC)


def test_an_extract_has_the_pages_that_were_named_and_not_the_document():
    made = copied(long_original(), extract((3, 4), (1, 1), (3, 3), number="12/TrS-UBND"))
    data = made.signed.data
    assert made.draft.pages == (1, 3, 4)
    assert int(reader_of(data).root["/Pages"]["/Count"]) == 3
    assert find_source(opened(data)) is None
    assert b"/EmbeddedFile" not in data
    told = record_in(data)
    assert (told["pages"], told["number"]) == ([1, 3, 4], "12/TrS-UBND")
    assert told["source"]["pages"] == 4
    assert made.warnings == ()


def test_who_extracts_is_told_of_head_and_signatures_that_are_left_out():
    made = copied(long_original(), extract((2, 2)))
    (told,) = made.warnings
    assert told.code == "signing.copy_leaves_out"
    assert told.facts["pages"] == "1, 4"


def test_pages_belong_to_an_extract():
    with pytest.raises(CopyPagesNeededError):
        copied(long_original(), CopyWish(CopyKind.TRICH_SAO))
    with pytest.raises(CopyWholeError) as caught:
        copied(long_original(), CopyWish(CopyKind.SAO_Y, pages=((1, 2),)))
    assert "3.10" in caught.value.facts["article"]
    with pytest.raises(CopyPageMissingError) as missing:
        copied(long_original(), extract((4, 5)))
    assert missing.value.facts == {"page": 5, "pages": 4}


@cache
def by_person_alone() -> bytes:
    return sign(make_pdf(), SigningOptions(**UNSEEN))


@cache
def by_agency_alone() -> bytes:
    alone = parse_display('name = "x"\nvisible = false\nlabel = "x"\nagency_alone = true', "x")
    return sign(make_pdf(), SigningOptions(display=alone), AGENCY)


@pytest.mark.parametrize(
    ("data", "error", "article"),
    [
        (make_pdf, CopySourceUnsignedError, "Art. 5.1"),
        (by_person_alone, CopyWithoutSealError, "Art. 5.1"),
        (by_agency_alone, CopyWithoutPersonError, "Art. 3.8"),
    ],
)
@pytest.mark.parametrize("wish", [SAO_Y, extract((1, 1))])
def test_an_original_has_a_persons_and_an_agencys_signature(data, error, article, wish):
    document = data()
    before = WORLD.key_openings
    with pytest.raises(error) as caught:
        copied(document, wish)
    assert article in caught.value.facts["article"]
    assert WORLD.key_openings == before, "no PIN is asked for"


def test_a_seal_before_the_person_issues_nothing():
    later = sign(by_agency_alone(), SigningOptions(**UNSEEN))
    with pytest.raises(CopyWithoutSealError):
        copied(later)


def test_what_was_changed_is_not_copied():
    broken = original().replace(b"(", b"[", 1)
    changed = bytearray(original())
    at = original().index(b"/BaseFont")
    changed[at + 1] ^= 1
    assert broken != original()
    with pytest.raises(CopySourceInvalidError) as caught:
        copied(bytes(changed))
    assert caught.value.facts["findings"]
    assert "Art. 5.1" in caught.value.facts["article"]


def test_an_original_whose_signer_is_revoked_is_not_copied():
    world = World()
    data, agency = in_world(world)
    world.revoked[world.certificate.serial_number] = (NOW, ReasonFlags.key_compromise)
    with pytest.raises((CopySourceInvalidError, CopySourceUndecidedError)):
        copied(data, world=world, certificate=agency)


def in_world(world: World) -> tuple[bytes, object]:
    """Return an original of another world, and the certificate of its agency."""
    agency = issue_agency(world)
    signed = sign(make_pdf(), SigningOptions(**UNSEEN), world=world)
    return sign(signed, SigningOptions(**UNSEEN), agency, world), agency


def test_what_cannot_be_decided_is_not_valid_unless_somebody_takes_it_on():
    world = World()
    data, agency = in_world(world)
    world.broken.update({"ocsp", "crl"})
    with pytest.raises(CopySourceUndecidedError) as caught:
        copied(data, world=world, certificate=agency)
    assert caught.value.facts["findings"] == ("revocation.none",)
    made = copied(data, replace(SAO_Y, accept_unknown=True), world=world, certificate=agency)
    assert len(made.source.undecided) == 2
    assert [each.code for each in made.warnings][-1] == "signing.copy_status_unknown"
    told = record_in(made.signed.data)["source"]
    assert told["status_unknown"] == list(made.source.undecided)
    assert told["indication"] == "INDETERMINATE"


def test_taking_an_unknown_status_on_takes_nothing_else_on():
    world = World()
    data, agency = in_world(world)
    world.clock = FixedClock(world.certificate.not_valid_after_utc.replace(year=2040))
    wish = replace(SAO_Y, accept_unknown=True)
    with pytest.raises((CopySourceUndecidedError, CopySourceInvalidError)):
        copied(data, wish, world=world, certificate=agency)


def test_without_the_judgement_a_changed_document_would_be_copied(monkeypatch):
    changed = bytearray(original())
    changed[original().index(b"/BaseFont") + 1] ^= 1
    monkeypatch.setattr(source, "_undecided", lambda *_, **__: ())
    assert copied(bytes(changed)).signed.data


def test_what_was_filled_in_after_the_seal_is_not_copied_though_it_was_permitted():
    alone = parse_display('name = "x"\nvisible = false\nlabel = "x"\nagency_alone = true', "x")
    sealed = sign(by_leader(prepared()).data, SigningOptions(display=alone), AGENCY)
    assert copied(sealed).signed.data
    with pytest.raises(CopySourceChangedError) as caught:
        copied(numbered(sealed).data)
    assert caught.value.facts["changes"] == "form-filling"


def test_only_an_agency_copies():
    with pytest.raises(CopyNeedsAgencyError) as caught:
        copyist(certificate=WORLD.certificate)
    assert "Art. 25" in caught.value.facts["article"]
    assert isinstance(copyist(certificate=AGENCY), Copyist)


def test_paper_is_vouched_for_and_nothing_is_judged():
    made = copied(scan(2), PAPER, name="scan.pdf")
    told = record_in(made.signed.data)["source"]
    assert (told["form"], told["told"]) == ("paper", "said")
    assert "indication" not in told
    assert find_source(opened(made.signed.data)) is None, "its pages are the scan"
    with pytest.raises(CopyPaperSignedError):
        copied(original(), PAPER)
    part = copied(scan(3), extract((2, 3), said=SourceForm.PAPER))
    assert part.draft.pages == (2, 3)
    lower = copied(scan(), replace(SAO_LUC, said=SourceForm.PAPER))
    assert lower.source.report is None


def test_a_copy_of_another_program_is_taken_when_it_is_said():
    said = replace(SAO_LUC, said=SourceForm.COPY)
    with pytest.raises(CopySourceKindError):
        copied(by_agency_alone(), SAO_LUC)
    made = copied(by_agency_alone(), said)
    assert (made.source.form, made.source.told) == (SourceForm.COPY, "said")
    assert record_in(made.signed.data)["source"]["told"] == "said"
    with pytest.raises(CopyOfOriginalError):
        copied(original(), said)
    with pytest.raises(CopyOfOriginalError):
        copied(by_agency_alone(), replace(SAO_LUC, said=SourceForm.ORIGINAL))
    with pytest.raises(CopyOfCopyError):
        copied(original(), replace(SAO_Y, said=SourceForm.COPY))


def test_a_record_that_nobody_understands_counts_for_nothing():
    writer = IncrementalPdfFileWriter(BytesIO(make_pdf()))
    writer.root[pdf_name("/PieceInfo")] = pdf_string("x")
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert copied(out.getvalue(), PAPER).signed.data


def test_the_words_of_a_second_copy_stand_beside_the_first_ones():
    lower = reader_of(copied(sao_y(), SAO_LUC).signed.data)
    first = reader_of(sao_y())
    here = lower.root["/AcroForm"]["/Fields"][0]["/Rect"]
    there = first.root["/AcroForm"]["/Fields"][0]["/Rect"]
    assert float(here[2]) < float(there[0])
    assert float(here[1]) == pytest.approx(float(there[1]), abs=0.5)


def test_where_there_is_no_room_beside_it_a_place_can_be_said():
    narrow = load_display("copy-sao-luc")
    wide = narrow.model_copy(update={"text": narrow.text.model_copy(update={"width_mm": 120.0})})
    with pytest.raises(CopyNoRoomError):
        copied(sao_y(), SAO_LUC, display=wide)
    placed = Placement(page=1, corner_mm=(20.0, 30.0))
    assert copied(sao_y(), SAO_LUC, display=wide, placement=placed).signed.data


def test_on_the_left_words_give_way_to_the_right():
    profile = load_display("copy-sao-y")
    left = profile.model_copy(
        update={"place": profile.place.model_copy(update={"corner": "top-left"})}
    )
    first = copied(original(), display=left).signed.data
    lower = load_display("copy-sao-luc").model_copy(update={"place": left.place})
    second = copied(first, SAO_LUC, display=lower).signed.data
    boxes = [reader_of(data).root["/AcroForm"]["/Fields"][0]["/Rect"] for data in (first, second)]
    assert float(boxes[1][0]) > float(boxes[0][2])


def test_a_display_of_ones_own_may_stand_anywhere_and_show_the_number():
    text = """
name = "own"
visible = true
label = "Sao y: {name}"
agency_alone = true
[text]
lines = ["Sao y số {number}", "{name}"]
required = ["number"]
width_mm = 80.0
[place]
by = "corner"
page = -1
corner = "bottom-right"
"""
    own = parse_display(text, "own")
    wish = replace(SAO_Y, number="12/SY-UBND")
    made = copied(original(), wish, display=own, number="12/SY-UBND")
    assert record_in(made.signed.data)["number"] == "12/SY-UBND"


def encrypted_original(peer, tmp_path, kind: str, *permissions: str) -> bytes:
    """Return a decision that was encrypted before anybody signed it."""
    data = encrypt(peer, tmp_path, letter(pages=2), kind, *permissions)
    person = SigningOptions(display=load_display("none"))
    seal = SigningOptions(display=load_display("none"), lock=SHUT)
    for options, certificate in ((person, None), (seal, AGENCY)):
        data = sign_document(
            data, signer=WORLD.signer(certificate), options=options, services=opening(USER)
        ).data
    return data


def opening(password: str | None):
    given = None if password is None else Password(password)
    return replace(WORLD.services(), password=given)


def copied_with(password: str | None, data: bytes, wish: CopyWish = SAO_Y):
    options = SigningOptions(display=load_display(f"copy-{wish.kind.value}"), lock=SHUT)
    return Copyist(WORLD.signer(AGENCY), options, opening(password)).copy(data, wish)


@pytest.mark.parametrize("kind", KINDS)
def test_an_encrypted_original_is_copied_with_its_password(peer, tmp_path, kind):
    data = encrypted_original(peer, tmp_path, kind)
    made = copied_with(USER, data)
    assert made.signed.report.indication is Indication.TOTAL_PASSED
    assert made.warnings[-1].code == "signing.copy_open"
    copy = reader_of(made.signed.data)
    assert not copy.encrypted
    limits = WORLD.policy.limits
    pdf = open_pdf(made.signed.data, name="a.pdf", limits=limits)
    assert find_source(pdf) == data, "as it came"
    of_original = open_pdf(data, name="a.pdf", limits=limits, password=Password(USER))
    pages, looks = READER.look(made.signed.data)
    assert pages == count_pages(of_original) == 2
    assert looks[1] == READER.look(data, password=Password(USER))[1][1]
    with pytest.raises(EncryptedPDFError):
        copied_with(None, data)
    with pytest.raises(WrongPasswordError):
        copied_with("khac", data)


@pytest.mark.parametrize("password", [USER, owner_of("aes-256")])
def test_whether_its_author_permits_copying_is_respected(peer, tmp_path, password):
    data = encrypted_original(peer, tmp_path, "aes-256", "--extract=n")
    if password == USER:
        with pytest.raises(CopyForbiddenError):
            copied_with(password, data)
    else:
        assert copied_with(password, data).signed.report.passed


def test_a_document_that_anybody_may_open_is_copied_without_a_password():
    writer = copy_into_new_writer(reader_of(make_pdf()))
    writer.encrypt("owner", "")
    out = BytesIO()
    writer.write(out)
    assert copied(out.getvalue(), PAPER).warnings[-1].code == "signing.copy_open"


def test_a_page_tree_that_lies_is_refused(corpora):
    lying = corpora / "pyhanko" / "pdf" / "page-tree-direct-kid.pdf"
    with pytest.raises(DocumentUnsupportedError) as caught:
        copied(lying.read_bytes(), PAPER)
    assert caught.value.facts["reason"] == "page tree"


def test_evidence_about_the_original_is_kept_before_the_copys(tmp_path):
    ledger = Ledger(tmp_path / "evidence", FixedClock(NOW))
    options = SigningOptions(display=load_display("copy-sao-y"))
    services = replace(WORLD.services(), records=ledger)
    stamped = {"level": Level.B_LTA, "tsa_url": TSA_URL}
    data = by_agency(numbered(by_leader(prepared()).data).data, **stamped).data
    made = Copyist(WORLD.signer(AGENCY), options, services).copy(data, SAO_Y)
    kept = [ledger.read(line.id) for line in ledger.lines()]
    assert [each["occasion"] for each in kept] == ["judged", "judged", "signed"]
    digests = [hashlib.sha256(each).hexdigest() for each in (data, made.signed.data)]
    assert [each["document_sha256"] for each in kept] == [digests[0], digests[0], digests[1]]


def test_an_original_with_an_open_field_is_copied_without_it():
    writer = IncrementalPdfFileWriter(BytesIO(letter()))
    append_signature_field(writer, SigFieldSpec("Empty", box=(10, 10, 60, 40)))
    out = BytesIO()
    writer.write(out)
    signed = sign(out.getvalue(), SigningOptions(**UNSEEN))
    made = copied(sign(signed, SigningOptions(**UNSEEN), AGENCY))
    assert made.signed.report.indication is Indication.TOTAL_PASSED


def test_initials_in_a_prepared_document_do_not_stand_for_the_leader():
    alone = parse_display('name = "x"\nvisible = false\nlabel = "x"\nagency_alone = true', "x")
    initials = sign(prepared(), SigningOptions(**UNSEEN))
    with pytest.raises(CopyWithoutPersonError):
        copied(sign(initials, SigningOptions(display=alone), AGENCY))


def test_a_document_on_its_way_out_is_no_original_yet():
    with pytest.raises(CopyWithoutSealError):
        copied(numbered(by_leader(prepared()).data).data)
