"""In whose place somebody signs: what the document says, the mandate, and the paper behind it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from unit.signing.encrypted_documents import USER, encrypt
from unit.signing.outgoing_world import KY, WORLD
from unit.signing.signing_world import (
    BASE,
    NOW,
    SIGNER_NAME,
    duty,
    key_usage,
    make_key,
    make_pdf,
    pointers,
)

from signing.display.fonts import find_font
from signing.display.page_text import TextReader
from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.errors.files import FileUnreadableError
from signing.errors.mandates import (
    CapacityDiffersError,
    MandateEndedError,
    MandateMissingError,
    MandateNotYetError,
    MandatePaperError,
    MandateScopeError,
    MandateUnreadableError,
    NotOfficialDutyError,
    RedelegationError,
)
from signing.errors.placing import TextUnreadableError
from signing.ledger import Ledger
from signing.mandates.capacity import Acting, Capacity, read_acting
from signing.mandates.mandate import Mandate, read_mandate, read_mandates
from signing.options import SigningOptions
from signing.outgoing.authority import Authority
from signing.sign import sign_document
from verify.password import Password

PERSON = load_display("person")
HOLDER = "CCCD:001099000001"
DEPUTY = "Trần Thị Bình"
TEXT = f"""
capacity = "KT"
number = "02/QĐ-UBND"
grantor = "{SIGNER_NAME}"
title = "Chủ tịch"
name = "{DEPUTY}"
holder = "{HOLDER}"
since = 2026-01-01
"""
KT = ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")


@cache
def deputy() -> x509.Certificate:
    parts = {NameOID.COMMON_NAME: DEPUTY, NameOID.USER_ID: HOLDER, NameOID.TITLE: "Phó Chủ tịch"}
    return WORLD.ca.issue(
        x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()]),
        make_key(WORLD.kind),
        (key_usage("digital_signature", "content_commitment"), True),
        *pointers(f"{BASE}/crl/ca.crl", f"{BASE}/ocsp"),
        (duty("1.3.6.1.4.1.32473.68.1"), False),
    )


@cache
def letter(
    title: tuple[str, ...] = KT, number: str = "Số: 15/QĐ-UBND", name: str = DEPUTY
) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_creation_date(NOW)
    pdf.add_font("serif", fname=str(find_font()))
    pdf.add_page()
    pdf.set_font("serif", size=13)
    lines = [(200 - 6 * (len(title) - row), text) for row, text in enumerate(title, 1)]
    texts = [(25, 36, number), (100, 36, "Hòa Bình, ngày 21 tháng 11 năm 2026"), (125, 236, name)]
    for x, y, text in [*texts, *((125, y, text) for y, text in lines)]:
        pdf.set_xy(x, y)
        pdf.cell(w=60, text=text, h=6, align="C" if x == 125 else "L")
    return bytes(pdf.output())


def mandate(folder: Path, *, file: str = "kt.toml", **changed: str) -> Mandate:
    lines = dict(line.split(" = ", 1) for line in TEXT.strip().splitlines())
    lines |= changed
    path = folder / file
    path.write_text("\n".join(f"{key} = {value}" for key, value in lines.items()), "utf-8")
    return read_mandate(path)


def sign(data: bytes, *mandates: Mandate, certificate: x509.Certificate | None = None, **more):
    options = SigningOptions(**{"display": PERSON, "image": KY, "mandates": mandates, **more})
    services = WORLD.services()
    signer = WORLD.signer(certificate or deputy())
    return sign_document(data, signer=signer, options=options, services=services)


@pytest.mark.parametrize(
    ("lines", "acting"),
    [
        (("CHỦ TỊCH",), []),
        (("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), []),
        (("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), [("KT", "CHỦ TỊCH")]),
        (("TM. ỦY BAN NHÂN DÂN", "KT.CHỦ TỊCH", "PHÓ CHỦ TỊCH"), [("KT", "CHỦ TỊCH")]),
        (("TUQ. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"), [("TUQ", "CHỦ TỊCH")]),
        (
            ("TL. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"),
            [("TL", "CHỦ TỊCH"), ("KT", "CHÁNH VĂN PHÒNG")],
        ),
        (("KTV TRƯỞNG",), []),
    ],
)
def test_the_lines_above_the_name_say_in_whose_place(lines, acting):
    assert read_acting(lines) == tuple(Acting(Capacity(each), title) for each, title in acting)


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_lines_are_read(lines):
    for each in read_acting(lines):
        assert each.capacity in Capacity


def test_a_deputy_signs_by_a_mandate_that_is_kept_with_the_evidence(tmp_path):
    allowed = mandate(tmp_path)
    ledger = Ledger(tmp_path / "evidence", WORLD.clock)
    services = replace(WORLD.services(), records=ledger)
    options = SigningOptions(display=PERSON, image=KY, mandates=(allowed,))
    signer = WORLD.signer(deputy())
    done = sign_document(letter(), signer=signer, options=options, services=services)
    assert done.mandate == allowed
    assert done.warnings == ()
    (line,) = ledger.lines()
    kept = ledger.read(line.id)["mandate"]
    assert kept == allowed.summary()
    assert (kept["capacity"], kept["number"], kept["sha256"]) == (
        "KT",
        "02/QĐ-UBND",
        allowed.digest,
    )
    assert HOLDER not in str(kept)


def test_a_head_needs_none_and_nothing_is_recorded():
    done = sign(letter(("CHỦ TỊCH",), name=SIGNER_NAME), certificate=WORLD.certificate)
    assert done.mandate is None
    assert done.warnings == ()


def test_without_a_mandate_of_ones_own_nothing_is_signed_and_no_pin_asked(tmp_path):
    before = WORLD.key_openings
    others = {
        "of somebody else": {"holder": '"CCCD:001099000002"'},
        "in another place": {"title": '"Giám đốc"'},
        "another way": {"capacity": '"TL"'},
    }
    wrong = [mandate(tmp_path, file=f"{n}.toml", **each) for n, each in enumerate(others.values())]
    for given_ones in ((), *((each,) for each in wrong), tuple(wrong)):
        with pytest.raises(MandateMissingError) as refused:
            sign(letter(), *given_ones)
        assert refused.value.facts["article"] == "Decree 30/2020/ND-CP Art. 13.1"
    assert WORLD.key_openings == before
    assert sign(letter(), *wrong, mandate(tmp_path)).mandate is not None


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"since": "2026-11-22"}, MandateNotYetError),
        ({"since": "2026-11-21"}, None),
        ({"until": "2026-11-20"}, MandateEndedError),
        ({"until": "2026-11-21"}, None),
        ({"withdrawn": "2026-11-21"}, MandateEndedError),
        ({"withdrawn": "2026-11-22"}, None),
    ],
)
def test_a_mandate_holds_on_its_days_alone(tmp_path, changed, error):
    """The days are Vietnam's: it is 21:00 there."""
    allowed = mandate(tmp_path, **changed)
    if error is None:
        assert sign(letter(), allowed).mandate == allowed
    else:
        with pytest.raises(error):
            sign(letter(), allowed)
        assert sign(letter(), allowed, mandate(tmp_path, file="new.toml")).mandate is not None


def test_who_signs_by_order_may_have_a_deputy_sign(tmp_path):
    title = ("TL. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")
    inner = mandate(tmp_path, grantor='"Lê Văn Cường"', title='"Chánh Văn phòng"')
    with pytest.raises(MandateMissingError) as refused:
        sign(letter(title), inner)
    assert refused.value.facts["capacity"] == "TL"
    outer = {"capacity": '"TL"', "name": '"Lê Văn Cường"', "holder": '"CCCD:001099000003"'}
    ended = mandate(tmp_path, file="tl.toml", **outer, until="2026-10-31")
    with pytest.raises(MandateEndedError):
        sign(letter(title), inner, ended)
    other = mandate(tmp_path, file="tl.toml", **{**outer, "name": '"Ai khác"'})
    with pytest.raises(MandateMissingError):
        sign(letter(title), inner, other)
    both = inner, mandate(tmp_path, file="tl.toml", **outer)
    place = Placement(title="Phó Chánh Văn phòng")
    assert sign(letter(title), *both, placement=place).mandate == inner


def test_an_authorisation_is_not_passed_on(tmp_path):
    title = ("TUQ. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")
    allowed = mandate(tmp_path, title='"Chánh Văn phòng"')
    with pytest.raises(RedelegationError) as refused:
        sign(letter(title), allowed)
    assert refused.value.facts["article"].endswith("13.3")


@pytest.mark.parametrize(
    ("number", "error", "warned"),
    [
        ("Số: 15/QĐ-UBND", None, []),
        ("Số:              /QĐ-UBND", None, []),
        ("Số: 15/GM-UBND", MandateScopeError, []),
        ("Số: 15/UBND-VP", None, []),  # a letter
        ("15", None, ["signing.mandate_scope_unread"]),
        ("Số: 15", None, ["signing.mandate_scope_unread"]),
    ],
)
def test_an_authorisation_covers_the_kinds_it_names(tmp_path, number, error, warned):
    allowed = mandate(tmp_path, capacity='"TUQ"', until="2026-12-31", symbols='["QĐ", "CV"]')
    data = letter(("TUQ. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"), number)
    if error is not None:
        with pytest.raises(error) as refused:
            sign(data, allowed)
        assert refused.value.facts["symbol"] == "GM"
        return
    done = sign(data, allowed, placement=Placement(title="Chánh Văn phòng"))
    assert [each.code for each in done.warnings] == warned


@pytest.mark.parametrize(
    "changed",
    [
        {"capacity": '"TM"'},
        {"capacity": '"TUQ"'},
        {"capacity": '"TUQ"', "until": "2026-12-31"},
        {"capacity": '"TUQ"', "symbols": '["QĐ"]'},
        {"holder": '"nobody"'},
        {"until": "2025-12-31"},
        {"number": '""'},
        {"since": '"yesterday"'},
        {"paper": '"../paper.pdf"'},
        {"more": "1"},
        {"number": "unquoted words"},
    ],
)
def test_a_file_that_is_no_mandate_is_refused_whole(tmp_path, changed):
    with pytest.raises(MandateUnreadableError) as refused:
        mandate(tmp_path, **changed)
    assert HOLDER not in str(refused.value.facts["reason"])
    assert "nobody" not in str(refused.value.facts["reason"])
    with pytest.raises(MandateUnreadableError):
        read_mandates(tmp_path)


def test_a_folder_is_read_by_its_names(tmp_path):
    assert read_mandates(tmp_path / "nothing") == ()
    two = mandate(tmp_path, file="b.toml"), mandate(tmp_path, file="a.toml", number='"1"')
    (tmp_path / "note.txt").write_text("x", "utf-8")
    assert read_mandates(tmp_path) == two[::-1]
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MandateUnreadableError):
        read_mandates(tmp_path)


def test_the_paper_has_to_be_signed_by_who_gives_the_mandate(tmp_path):
    with pytest.raises(FileUnreadableError):
        mandate(tmp_path, paper='"paper.pdf"')

    def with_paper(data: bytes, **changed: str) -> Mandate:
        (tmp_path / "paper.pdf").write_bytes(data)
        return mandate(tmp_path, paper='"paper.pdf"', **changed)

    none = load_display("none")
    paper = sign(make_pdf(), certificate=WORLD.certificate, display=none, image=None).data
    assert sign(letter(), with_paper(paper)).mandate is not None
    broken = bytearray(paper)
    broken[broken.index(b"595.28")] ^= 1
    for data, changed in (
        (bytes(broken), {}),
        (make_pdf(), {}),
        (paper, {"grantor": '"Ai khác"'}),
    ):
        with pytest.raises(MandatePaperError):
            sign(letter(), with_paper(data, **changed))


def test_what_was_asked_must_be_what_the_document_says(tmp_path):
    allowed = mandate(tmp_path)
    assert sign(letter(), allowed, capacity=Capacity.KT).mandate == allowed
    for data, asked, found in (
        (letter(), Capacity.TL, "KT"),
        (letter(("PHÓ CHỦ TỊCH",)), Capacity.KT, "-"),
    ):
        with pytest.raises(CapacityDiffersError) as refused:
            sign(data, allowed, capacity=asked)
        assert refused.value.facts == {"asked": asked.value, "found": found}


def test_a_picture_of_text_is_signed_as_it_is_said(tmp_path):
    """What cannot be read is told: nobody is stopped for it, and nobody is vouched for."""
    allowed = mandate(tmp_path)
    look = {"display": load_display("text"), "image": None}
    assert sign(make_pdf(), allowed, capacity=Capacity.KT, **look).mandate == allowed
    with pytest.raises(MandateMissingError):
        sign(make_pdf(), capacity=Capacity.KT, **look)
    done = sign(make_pdf(), placement=Placement(1, Rectangle(100, 100, 60, 40)))
    assert [each.code for each in done.warnings] == ["signing.capacity_unread"]
    assert done.mandate is None


def test_text_that_nobody_can_read_tells_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise TextUnreadableError(reason="x")

    allowed = mandate(tmp_path, capacity='"TUQ"', until="2026-12-31", symbols='["QĐ"]')
    look = {"display": load_display("text"), "image": None}
    monkeypatch.setattr(TextReader, "find", refuse)
    done = sign(letter(), allowed, capacity=Capacity.TUQ, **look)
    assert [each.code for each in done.warnings] == ["signing.mandate_scope_unread"]


def test_other_displays_look_at_no_text():
    """Initials and plain signatures stand in nobody's place."""
    done = sign(letter(), display=load_display("text"), image=None)
    assert done.mandate is None


def test_without_the_check_a_deputy_would_sign_for_anybody(monkeypatch):
    """The mutant of the tests above."""
    monkeypatch.setattr("signing.sign.check_mandate", lambda *_: Authority())
    assert sign(letter()).mandate is None


def test_official_papers_take_a_certificate_for_official_duty(monkeypatch):
    own = WORLD.issue_signer((duty("2.5.29.32.0"), False))
    head = letter(("CHỦ TỊCH",), name=SIGNER_NAME)
    with pytest.raises(NotOfficialDutyError) as refused:
        sign(head, certificate=own)
    assert "Art. 22" in str(refused.value.facts["article"])
    assert sign(head, certificate=own, display=load_display("text"), image=None).data
    government = WORLD.issue_signer((duty("2.16.704.1.1.1.1.1"), False))
    assert sign(head, certificate=government).data
    monkeypatch.setattr("signing.sign.check_duty", lambda *_: None)
    assert sign(head, certificate=own).data


@pytest.mark.parametrize(
    "name", ["person", "agency", "annex", "copy-sao-y", "copy-sao-luc", "copy-trich-sao"]
)
def test_what_decree_30_displays_is_an_official_paper(name):
    assert load_display(name).official
    assert not load_display("text").official


def test_what_an_encrypted_document_says_is_read_too(peer, tmp_path):
    locked = encrypt(peer, tmp_path, letter())
    services = replace(WORLD.services(), password=Password(USER))
    options = SigningOptions(display=PERSON, image=KY)
    with pytest.raises(MandateMissingError):
        sign_document(locked, signer=WORLD.signer(deputy()), options=options, services=services)
