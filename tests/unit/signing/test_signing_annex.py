"""The main document of an annex: issued, and its number read as it is seen."""

from __future__ import annotations

import hashlib
from io import BytesIO

import pytest
from fpdf import FPDF
from pyhanko.pdf_utils.writer import copy_into_new_writer
from unit.signing.copying_world import original, reader_of, sao_y, sign
from unit.signing.outgoing_world import (
    AGENCY,
    DAY,
    WORLD,
    by_agency,
    by_leader,
    draft,
    issue_agency,
    numbered,
    prepared,
)
from unit.signing.signing_world import NOW, World, make_pdf

from signing.annex import read_main
from signing.display.fonts import find_font
from signing.display.profile import load_display
from signing.errors.outgoing import (
    AnnexMainRefusedError,
    AnnexNumberDiffersError,
    AnnexNumberUnreadError,
    NumberMalformedError,
)
from signing.options import SigningOptions
from signing.outgoing.number import Numbering
from verify.errors import EncryptedPDFError

UNSEEN = SigningOptions(display=load_display("none"))


def issued(data: bytes) -> bytes:
    return sign(sign(data, UNSEEN), UNSEEN, AGENCY)


def main_of(data: bytes, number: str | None = None, *, world: World = WORLD, **more):
    return read_main(data, services=world.services(), number=number, name="qd.pdf", **more)


def page(*lines: tuple[float, float, str]) -> bytes:
    """Return a page with words at places in millimetres."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(NOW)
    pdf.add_font("serif", fname=str(find_font()))
    pdf.add_page()
    pdf.set_font("serif", size=13)
    for x, y, text in lines:
        pdf.set_xy(x, y)
        pdf.cell(text=text, h=6)
    return bytes(pdf.output())


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_number_that_was_filled_in_is_read_with_the_printed_symbol(rotate):
    main = main_of(original(rotate=rotate))
    assert main.number == "15/QĐ-UBND"
    digest = hashlib.sha256(original(rotate=rotate)).hexdigest()
    assert main.sha256 == digest
    assert main.reason == f"Văn bản kèm theo văn bản số 15/QĐ-UBND (SHA-256: {digest})"


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (((25, 36, "Số: 7/2026/NQ-HĐND"), (100, 36, "Hòa Bình, ngày 02")), "07/2026/NQ-HĐND"),
        (((25, 36, "Số: 112a/BC-STC&KH"),), "112a/BC-STC&KH"),
        (
            ((25, 36, "Số:   15    /QĐ-UBND"), (30, 60, "Căn cứ Nghị định số 30/2020/NĐ-CP")),
            "15/QĐ-UBND",
        ),
    ],
)
def test_a_printed_number_is_read(lines, number):
    assert main_of(issued(page(*lines))).number == number


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ((25, 36, "Số: 15/QĐ-UBND"), (25, 60, "Số: 16/QĐ-UBND")),
        ((25, 36, "Số: 15/QĐ-UBND Hòa Bình"),),
        ((25, 36, "Số: 15"),),
        ((25, 36, "số: 15/QĐ-UBND"),),
        ((25, 36, "Theo Số: 15/QĐ-UBND"),),
        ((25, 250, "Số: 15/QĐ-UBND"),),
    ],
)
def test_a_number_that_is_not_plain_has_to_be_said(lines):
    data = issued(page(*lines))
    with pytest.raises(AnnexNumberUnreadError):
        main_of(data)
    assert main_of(data, "5/QĐ-UBND").number == "05/QĐ-UBND"


def test_another_number_than_the_main_documents_is_refused():
    assert main_of(original(), "15/QĐ-UBND").number == "15/QĐ-UBND"
    with pytest.raises(AnnexNumberDiffersError) as caught:
        main_of(original(), "16/QĐ-UBND")
    assert caught.value.facts == {"number": "16/QĐ-UBND", "found": "15/QĐ-UBND"}
    with pytest.raises(NumberMalformedError):
        main_of(original(), "mười lăm")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (make_pdf, "signing.copy_source_unsigned"),
        (lambda: numbered(by_leader(prepared()).data).data, "signing.copy_without_seal"),
        (sao_y, "signing.copy_of_copy"),
    ],
)
def test_what_was_not_issued_has_no_annexes(data, why):
    with pytest.raises(AnnexMainRefusedError) as caught:
        main_of(data())
    assert caught.value.facts["reason"].id == why


def test_an_unknown_status_is_taken_as_the_caller_says():
    world = World()
    agency = issue_agency(world)
    signed = sign(draft(number="Số: 3/QĐ-UBND"), UNSEEN, world=world)
    data = sign(signed, UNSEEN, agency, world)
    world.broken.update({"ocsp", "crl"})
    assert main_of(data, world=world, accept_unknown=True).number == "03/QĐ-UBND"
    with pytest.raises(AnnexMainRefusedError):
        main_of(data, world=world)


def test_an_encrypted_main_document_is_refused():
    writer = copy_into_new_writer(reader_of(make_pdf()))
    writer.encrypt("owner", "")
    out = BytesIO()
    writer.write(out)
    with pytest.raises(EncryptedPDFError):
        main_of(out.getvalue())


def test_a_number_of_one_digit_is_read_with_its_nought():
    data = numbered(by_leader(prepared()).data, Numbering("5", DAY)).data
    assert main_of(by_agency(data).data).number == "05/QĐ-UBND"
