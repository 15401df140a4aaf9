"""Copies judged by programs nobody here wrote, and looked at beside what they are copies of."""

from __future__ import annotations

import subprocess
import unicodedata
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from unit.signing.copying_world import (
    PAPER,
    SAO_LUC,
    annotated,
    boxed,
    copied,
    extract,
    long_original,
    original,
    sao_y,
    scan,
)
from unit.signing.outgoing_world import WORLD
from unit.signing.signing_pages import letter
from unit.signing.signing_world import NOW, TSA_URL, change_page
from unit.signing.test_signing_flat_pages import flat, layered, pdf_name, with_pictures

from signing._asn1 import to_asn1
from signing.coroutine import finish
from signing.options import Level

COPIES = {
    "sao-y": sao_y,
    "sao-y-lta": lambda: copied(original(), level=Level.B_LTA, tsa_url=TSA_URL).signed.data,
    "sao-luc": lambda: copied(sao_y(), SAO_LUC).signed.data,
    "trich-sao": lambda: copied(long_original(), extract((1, 1), (4, 4))).signed.data,
    "paper": lambda: copied(scan(2), PAPER).signed.data,
}


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_valid_to_programs_nobody_here_wrote(peer, tmp_path, kind):
    data = COPIES[kind]()
    path = tmp_path / "copy.pdf"
    path.write_bytes(data)
    told = run(peer("pdfsig"), "-nocert", path)
    assert "Signature is Valid." in told.stdout
    assert "Total document signed" in told.stdout or kind.endswith("lta")
    assert run(peer("qpdf"), "--check", path).returncode == 0
    context = ValidationContext(
        trust_roots=[to_asn1(WORLD.root.certificate)],
        other_certs=[to_asn1(WORLD.ca.certificate)],
        moment=NOW,
        allow_fetching=False,
    )
    (seal,) = PdfFileReader(BytesIO(data)).embedded_regular_signatures
    judged = finish(async_validate_pdf_signature(seal, context, ts_validation_context=context))
    assert judged.intact
    assert judged.valid
    assert judged.bottom_line


def test_the_document_comes_out_of_its_copy_as_it_went_in(peer, tmp_path):
    path = tmp_path / "copy.pdf"
    path.write_bytes(sao_y())
    told = run(peer("qpdf"), "--list-attachments", path)
    assert "qđ 15.pdf" in unicodedata.normalize("NFC", told.stdout)
    name = told.stdout.split(" -> ")[0].strip()
    shown = subprocess.run(
        [peer("qpdf"), f"--show-attachment={name}", path], capture_output=True, check=True
    )
    assert shown.stdout == original()


def test_the_words_of_the_copy_and_of_the_document_can_be_read(peer, tmp_path):
    path = tmp_path / "copy.pdf"
    path.write_bytes(sao_y())
    text = run(peer("pdftotext"), "-layout", path, "-").stdout
    words = " ".join(unicodedata.normalize("NFC", text).split())
    assert words.startswith("Sao y Ủy ban nhân dân xã Hòa Bình 2026-11-21T21:00:00+07:00")
    assert "Số: 15 /QĐ-UBND" in words
    assert "ngày 02 tháng 11 năm 2026" in words


@pytest.fixture
def seen(peer, tmp_path):
    def pages_of(data: bytes, *options: object) -> list[Image.Image]:
        folder = Path(tmp_path / f"{len(list(tmp_path.iterdir()))}")
        folder.mkdir()
        (folder / "a.pdf").write_bytes(data)
        command = ("-r", 72, "-png", *options, folder / "a.pdf", folder / "page")
        ran = run(peer("pdftoppm"), *command)
        assert ran.returncode == 0
        assert "rror" not in ran.stderr
        return [Image.open(each).convert("RGB") for each in sorted(folder.glob("*.png"))]

    return pages_of


def same(first: Image.Image, second: Image.Image) -> bool:
    """Say whether two pages look alike; smoothing may differ by a shade."""
    if first.size != second.size:
        return False
    return max(high for _, high in ImageChops.difference(first, second).getextrema()) <= 40


def without_words(page: Image.Image) -> Image.Image:
    """Return a page without what stands in its top margin."""
    page.paste((255, 255, 255), (0, 0, page.width, round(18 / 25.4 * 72)))
    return page


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_copy_looks_like_the_original_but_for_its_words(seen, rotate):
    data = original(rotate=rotate)
    (before,) = seen(data)
    (after,) = seen(copied(data).signed.data)
    assert not same(before, after), "the words of the copy are there"
    assert same(without_words(before), without_words(after))


def test_pages_of_an_extract_look_like_those_they_were_taken_from(seen):
    before = seen(long_original())
    after = seen(copied(long_original(), extract((2, 2), (4, 4))).signed.data)
    assert len(after) == 2
    assert same(without_words(before[1]), without_words(after[0]))
    assert same(before[3], after[1])


STAMP = {"Subtype": pdf_name("/Stamp"), "look": "1 0 0", "Rect": boxed(100, 300, 180, 320)}
ODD = {
    "turned": change_page(letter(pages=2), Rotate=270),
    "cropped": change_page(letter(), CropBox=[100.0, 50.0, 400.0, 700.0]),
    "large units": change_page(letter(), UserUnit=2),
    "stamped": annotated(letter(), STAMP),
    "stamped and turned": annotated(change_page(letter(), Rotate=90), STAMP),
    "a stamp drawn turned": annotated(letter(), {**STAMP, "matrix": boxed(0, 2, -3, 0, 7, 9)}),
    "layers": layered(letter()),
    "shared pictures": with_pictures(letter(pages=2)),
}


@pytest.mark.parametrize("extracted", [False, True])
@pytest.mark.parametrize("odd", ODD)
def test_flat_pages_look_as_they_did(seen, odd, extracted):
    before, after = (
        seen(data, "-cropbox") for data in (ODD[odd], flat(ODD[odd], extract=extracted))
    )
    assert len(before) == len(after)
    assert all(same(one, other) for one, other in zip(before, after, strict=True))


def test_a_stamp_that_is_left_out_would_be_seen(seen):
    (with_stamp,), (without,) = seen(ODD["stamped"]), seen(letter())
    assert not same(with_stamp, without)
