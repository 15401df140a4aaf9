"""Forms before others: poppler reads them back, measures them and judges who signed; qpdf; veraPDF.

Spec: Decree 30/2020/ND-CP, Annex I (A4; margins 20, 20, 30, 15 mm; not checked against the official
text).
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.maven import made, run
from unit.signing.decree_forms import DAY, FACTS, SIGNER, rendered
from unit.signing.outgoing_world import by_agency, by_leader
from unit.signing.outgoing_world import numbered as with_number

from pki.forms.form import NUMBERS, Fill, Form, load_form
from pki.registry.values import MAX_TEXT
from signing.outgoing.number import Numbering

MARGINS = (20.0, 20.0, 30.0, 15.0)
"""Above, below, left, right, in millimetres."""
NUMBER_BAND = 8.0
"""The number of a page stands so far below the upper edge at least, within the upper margin."""
LETTERS = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"
)
DPI = 100
MM = 72 / 25.4
AFTER = ("Ghi", "Kính", "Bên")
"""Words that begin what follows a table."""


def output(*command: object) -> str:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=True).stdout


@pytest.mark.parametrize("number", NUMBERS)
def test_poppler_and_qpdf_find_the_words_the_fonts_and_no_fault(tmp_path, peer, number):
    path = tmp_path / "form.pdf"
    path.write_bytes(rendered(number, 30).data)
    assert "No syntax or stream encoding errors" in output(peer("qpdf"), "--check", path)
    text = output(peer("pdftotext"), path, "-")
    assert unicodedata.is_normalized("NFC", text)
    assert all(word in text for word in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", SIGNER[Fill.NAME]))
    fonts = output(peer("pdffonts"), path).splitlines()[2:]
    assert fonts
    assert all(re.match(r"[A-Z]{6}\+\S+ .* yes +yes +yes ", line) for line in fonts), fonts
    told = output(peer("pdfinfo"), path)
    assert re.search(r"Tagged: +yes", told)
    assert f"Mẫu số {number}: " in output(peer("pdfinfo"), "-meta", path)
    assert re.search(r"Page size: +(841\.89 x 595\.28|595\.28 x 841\.89) pts \(A4\)", told)
    assert "JavaScript:      no" in told


@pytest.mark.parametrize("number", ["01", "02"])
def test_the_margins_are_those_of_the_decree(tmp_path, peer, number):
    path = tmp_path / "form.pdf"
    path.write_bytes(rendered(number, 40).data)
    output(peer("pdftoppm"), "-r", DPI, "-gray", path, tmp_path / "page")
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) > 1
    for place, page in enumerate(pages):
        top, bottom, left, right, number_top = measure(page.read_bytes())
        assert top >= MARGINS[0] - 0.3
        assert bottom >= MARGINS[1] - 0.3
        assert MARGINS[2] - 0.4 <= left <= MARGINS[2] + 0.6
        assert MARGINS[3] - 0.4 <= right <= MARGINS[3] + 0.6
        assert (number_top is None) == (place == 0), "the first page has no number"
        assert number_top is None or number_top >= NUMBER_BAND


def measure(image: bytes) -> tuple[float, float, float, float, float | None]:
    """Return the margins of a page's picture in millimetres, and where its number begins."""
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", image)
    assert head
    wide, high = int(head[1]), int(head[2])
    rows = [image[head.end() + at * wide : head.end() + (at + 1) * wide] for at in range(high)]
    unit = DPI / 25.4
    inked = [at for at, row in enumerate(rows) if min(row) < 128]
    above = [at for at in inked if at < 19 * unit]
    body = [at for at in inked if at >= 19 * unit]
    assert body
    pixels = [[at for at, value in enumerate(rows[line]) if value < 128] for line in body]
    left, right = min(each[0] for each in pixels), max(each[-1] for each in pixels)
    number = min(above) / unit if above else None
    edges = (body[0], high - body[-1] - 1, left, wide - right - 1)
    return (*(each / unit for each in edges), number)  # type: ignore[return-value]


def test_poppler_finds_both_signatures_valid_and_the_number_in_its_place(tmp_path, peer):
    path = tmp_path / "form.pdf"
    signed = by_leader(rendered("01", 30).data)
    numbered = with_number(signed.data, Numbering("15/UBND-VP", DAY))
    path.write_bytes(by_agency(numbered.data).data)
    told = output(peer("pdfsig"), "-nocert", path)
    assert told.count("Signature is Valid.") == 2
    assert "Signature Field Name: LanhDao" in told
    assert "Signature Field Name: CoQuan" in told
    assert "- Total document signed" in told
    text = output(peer("pdftotext"), "-layout", path, "-")
    assert "Số: 15/UBND-VP" in text
    assert re.search(r"ngày +22 +tháng +11 +năm +2026", text)


@pytest.mark.long
def test_verapdf_finds_pdfa_2a_at_every_step(tmp_path, peer):
    command = made("verapdf", peer)
    expected = {}
    for number in NUMBERS:
        expected[f"{number}.pdf"] = rendered(number, 30).data
    signed = by_leader(expected["01.pdf"]).data
    numbered = with_number(signed, Numbering("15/UBND-VP", DAY)).data
    expected |= {
        "signed.pdf": signed,
        "numbered.pdf": numbered,
        "sealed.pdf": by_agency(numbered).data,
    }
    for name, data in expected.items():
        (tmp_path / name).write_bytes(data)
    done = run(command, "Conformance", str(tmp_path))
    assert not done.returncode, done.stderr
    found = sorted(done.stdout.splitlines())
    assert found == sorted(f"{name}\t2a\t" for name in expected)


words = st.text(alphabet=LETTERS + LETTERS.upper(), min_size=1, max_size=MAX_TEXT)
names = st.lists(words, min_size=1, max_size=40).map(lambda each: " ".join(each)[:MAX_TEXT].strip())


@pytest.fixture(scope="module")
def poppler(peer: Callable[[str], Path]) -> Callable[..., str]:
    """Return what reads a document by poppler, in its own process."""
    program = peer("pdftotext")

    def read(data: bytes, *options: str) -> str:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "form.pdf"
            path.write_bytes(data)
            return output(program, *options, path, "-")

    return read


@given(name=names, agency=names, title=names, number=st.sampled_from(["01", "02", "05", "07"]))
@settings(max_examples=20)
def test_no_name_leaves_its_cell_or_the_page_and_every_letter_comes_back(
    poppler, name, agency, title, number
):
    told = {Fill.NAME: name, Fill.CERTIFICATE: name, Fill.AGENCY: agency, Fill.TITLE: title}
    sides = {"signer": {Fill.NAME: name}, "signer_title": title, "agency": agency, "above": agency}
    data = rendered(number, 3, facts={**FACTS, **told}, receiver=told, **sides).data
    form = load_form(number)
    wide, high = (841.89, 595.28) if form.landscape else (595.28, 841.89)
    for page in poppler(data, "-bbox").split("<page")[1:]:
        found = list(boxes(page))
        for word, (left, top, right, bottom) in found:
            assert left >= 30 * MM - 1, word
            assert right <= wide - 15 * MM + 1, word
            assert bottom <= high - 20 * MM + 3, word
            assert top >= 20 * MM - 3 or word.isdigit(), word
        for word, (left, _, right, _) in in_table(found):
            assert not [each for each in edges(form, wide) if left + 0.5 < each < right - 0.5], word
    together = "".join(poppler(data, "-raw").split())
    shown = [name, agency.upper()] + ([] if form.is_record else [title.upper()])
    assert all("".join(each.split()) in together for each in shown)


def boxes(page: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    for told, word in re.findall(r"<word ([^>]*)>([^<]*)</word>", page):
        yield word, tuple(map(float, re.findall(r'"([\d.]+)"', told)))


def in_table(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the words of a page's table: from its first heading to what follows it."""
    begun = [at for at, (word, _) in enumerate(found) if word == "STT"]
    if not begun:
        return []
    return list(takewhile(lambda each: each[0] not in AFTER, found[begun[0] :]))


def edges(form: Form, wide: float) -> Iterator[float]:
    """Yield where the columns end."""
    columns = form.sections[-1].columns
    at, whole = 30 * MM, wide - 45 * MM
    for column in columns:
        at += whole * column.width / sum(each.width for each in columns)
        yield at
