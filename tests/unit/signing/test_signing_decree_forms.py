"""Forms as documents: the fields where offices sign, pages that break, words that stay inside."""

from __future__ import annotations

import shutil
import tracemalloc
import unicodedata
from datetime import date, timedelta
from io import BytesIO

import pypdfium2
import pytest
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.decree_forms import AGENCY, DAY, FACTS, filled, rendered
from unit.signing.outgoing_world import by_agency, by_leader
from unit.signing.outgoing_world import numbered as with_number
from unit.signing.signing_world import NOW, TSA_URL

from pki.forms.filled import Part, Place
from pki.forms.form import NUMBERS, Fill, Section
from signing.display.breaking import balanced, broken
from signing.display.colour import rgb_profile
from signing.display.fonts import FONT_VARIABLE, cut_font, embed_font, find_font
from signing.errors.display import FontMissingError
from signing.fields import list_fields
from signing.forms.body import BODY, put_part
from signing.forms.faces import BASE, Face, find_faces
from signing.forms.pages import Pages, Style
from signing.forms.render import render_form
from signing.options import Level
from signing.outgoing.number import Numbering
from verify.indication import Indication
from verify.policy import default_policy

LIMITS = default_policy().limits


def words(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    told = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return told


def kids(element: DictionaryObject) -> list[DictionaryObject]:
    return [each.get_object() for each in list.__iter__(element["/K"])]


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("number", NUMBERS)
def test_the_words_are_those_of_the_form_composed_and_in_their_order(number):
    text = "\n".join(words(rendered(number).data))
    assert unicodedata.is_normalized("NFC", text)
    assert "Độc lập - Tự do - Hạnh phúc" in text
    assert AGENCY.upper() in flat(text)
    form = filled(number).form
    assert (form.subject.upper() if form.is_record else f"V/v {form.subject}") in flat(text)
    assert text.index("CỘNG HÒA XÃ HỘI") < text.index("1. ") < text.index("Nguyễn Văn Đức")
    for column in (each for part in form.sections for each in part.columns):
        assert column.title.replace(" ", "") in "".join(text.split())


@pytest.mark.parametrize("number", NUMBERS)
def test_the_fields_are_empty_and_have_their_names_and_sizes(number):
    made = rendered(number)
    listed = list_fields(made.data, name="f.pdf", limits=LIMITS)
    record = number == "07"
    assert [each.name for each in listed] == (
        ["BenNhan", "BenGiao"] if record else ["LanhDao", "CoQuan"]
    )
    assert {each.page for each in listed} == {made.pages}
    assert [each.size_mm for each in listed] == [
        (45.0, 25.0),
        (45.0, 25.0) if record else (36.0, 36.0),
    ]
    assert not any(each.signed for each in listed)
    assert all(each.label for each in listed)
    assert made.fields[:2] == ("SoVanBan", "NgayBanHanh.Ngay")


def test_the_leader_signs_the_clerk_numbers_the_agency_seals():
    signed = by_leader(rendered("01").data, level=Level.B_LT, tsa_url=TSA_URL)
    assert [each.field for each in signed.report.signatures] == ["LanhDao"]
    numbered = with_number(signed.data, Numbering("15/UBND-VP", DAY))
    assert numbered.values == {
        "SoVanBan": "15/UBND-VP",
        "NgayBanHanh.Ngay": "22",
        "NgayBanHanh.Thang": "11",
        "NgayBanHanh.Nam": "2026",
    }
    sealed = by_agency(numbered.data, level=Level.B_LT, tsa_url=TSA_URL)
    assert sealed.report.indication is Indication.TOTAL_PASSED
    assert [each.field for each in sealed.report.signatures] == ["LanhDao", "CoQuan"]


def test_number_and_day_that_are_known_are_printed_and_no_field():
    made = rendered("02", symbol="15/UBND-VP", day=date(2026, 2, 3), place="Hòa Bình")
    assert made.fields == ("LanhDao", "CoQuan")
    text = flat(words(made.data)[0])
    assert "Số: 15/UBND-VP" in text
    assert "Hòa Bình, ngày 03 tháng 02 năm 2026" in text
    assert rendered("02", day=date(2026, 11, 3)).fields == ("LanhDao", "CoQuan")
    assert rendered("02", symbol="15/UBND-VP").fields == ("LanhDao", "CoQuan")


def test_the_same_form_at_the_same_time_is_the_same_octets():
    assert rendered("05").data == rendered("05").data
    later = render_form(filled("05"), made=NOW + timedelta(seconds=1)).data
    assert later != rendered("05").data
    ids = {PdfFileReader(BytesIO(data)).trailer["/ID"][0] for data in (rendered("05").data, later)}
    assert len(ids) == 2


def test_a_thousand_lines_are_pages_each_with_the_heading():
    made = rendered("01", 1000)
    told = words(made.data)
    assert len(told) == made.pages > 50
    rows = [page for page in told if "000090000001" in page]
    assert all("Số định danh cá nhân" in flat(page) for page in rows)
    assert sum(page.count("000090000001") for page in told) == 1000
    numbered = [flat(page) for page in told[1:]]
    assert all(page.startswith(f"{at} ") for at, page in enumerate(numbered, 2))
    assert "Kính đề nghị" in told[-1]


def test_a_row_that_is_higher_than_a_page_goes_on_at_the_next():
    long = {**FACTS, Fill.REASON: " ".join(["nghỉ hưu"] * 200), Fill.CERTIFICATE: "M" * 300}
    made = rendered("05", 1, facts=long)
    told = words(made.data)
    assert made.pages > 2
    assert sum(page.count("nghỉ") for page in told) == 200
    assert sum(page.count("M") for page in told) >= 300


def test_long_words_of_the_head_are_broken_into_lines():
    name = " ".join(["Ủy ban nhân dân xã Hòa Bình"] * 7)
    made = rendered("02", agency=name, above="Sở " + "Nội vụ " * 25, place="Thành phố " * 8)
    assert name.upper() in flat(words(made.data)[0])
    assert "ngày" in words(made.data)[0]
    signer = {Fill.NAME: "Nguyễn " * 28}
    assert rendered("02", signer=signer, signer_title="Giám đốc " * 20).pages == 2


def test_words_that_are_longer_than_a_page_go_on_at_the_next():
    pages = Pages(find_faces(""), landscape=True)
    node = pages.document.open("P", pages.document.tree)
    pages.write(node, "từ " * 6000, Style(), pages.whole)
    assert pages.count == 4
    assert len(node.kids) == 4


def test_a_place_with_no_room_behind_its_word_goes_on_below():
    pages = Pages(find_faces(""), landscape=False)
    line = tuple(Place("Địa chỉ tiếp nhận của cơ quan", None) for _ in range(7))
    top = pages.y
    put_part(pages, Part(Section("1."), "1.", (line,), ()))
    assert top - pages.y > 4 * BODY.leading


def test_who_signs_is_left_open_where_nobody_is_named():
    text = flat("".join(words(rendered("02", signer={}, signer_title=None).data)))
    assert "NGƯỜI ĐỨNG ĐẦU CƠ QUAN, TỔ CHỨC QUẢN LÝ TRỰC TIẾP" in text
    assert "(Ký, đóng dấu và ghi rõ họ tên)" in text
    assert "(Ký, ghi rõ họ tên)" in "".join(words(rendered("07", signer={}).data))


def test_every_mark_is_of_an_element_and_every_field_is_told_of():
    reader = PdfFileReader(BytesIO(rendered("04", 60).data))
    root = reader.root
    assert root["/Lang"] == "vi-VN"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    nums = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    keys = [nums[at] for at in range(0, len(nums), 2)]
    assert keys == list(range(len(keys)))
    document = root["/StructTreeRoot"]["/K"][0]
    children = kids(document)
    tags = [child["/S"] for child in children]
    assert {"/H1", "/H2", "/P", "/Table", "/Form"} <= set(tags)
    head, body = kids(children[tags.index("/Table")])
    assert [each["/S"] for each in (head, body)] == ["/THead", "/TBody"]
    assert [len(row["/K"]) for row in kids(head)] == [7, 2], "two columns stand under one heading"
    assert len(body["/K"]) == 60
    assert {len(row["/K"]) for row in kids(body)} == {8}
    forms = [child for child in children if child["/S"] == "/Form"]
    assert all(each["/Alt"] for each in forms)
    assert len(forms) == 6


def test_a_letter_that_no_font_has_is_an_error():
    with pytest.raises(FontMissingError) as caught:
        rendered("01", facts={**FACTS, Fill.NAME: "Nguyễn \ue000"})
    assert caught.value.facts["missing"] == "\ue000"


def test_without_the_other_faces_the_upright_one_says_all(monkeypatch, tmp_path):
    alone = tmp_path / "LiberationSerif-Regular.ttf"
    shutil.copy(find_font(), alone)
    (tmp_path / "LiberationSerif-Bold.ttf").write_bytes(cut_font(alone, frozenset("Nguyn")))
    monkeypatch.setenv(FONT_VARIABLE, str(alone))
    faces = find_faces("")
    assert len({faces[face].name for face in Face}) == 1
    assert "Độc lập" in words(rendered("01").data)[0]
    other = tmp_path / "own.ttf"
    shutil.copy(alone, other)
    monkeypatch.setenv(FONT_VARIABLE, str(other))
    assert len({each.name for each in find_faces("").values()}) == 1


def test_a_long_word_is_parted_behind_a_joint_first():
    font = embed_font(find_font(), frozenset(BASE))
    assert list(broken(font, "Province/District", 60, 10)) == ["Province/", "District"]
    parts = list(broken(font, "M" * 10, 30, 10))
    assert "".join(parts) == "M" * 10
    assert all(font.width(part) * 10 <= 30 for part in parts)
    assert list(broken(font, "", 30, 10)) == [""]


def test_centred_lines_are_about_as_long_as_each_other_and_no_more():
    font = embed_font(find_font(), frozenset(BASE))
    text = "one two three four five six seven"
    lines = list(broken(font, text, 110, 10))
    even = balanced(font, text, 110, 10)
    assert len(even) == len(lines) > 1
    assert " ".join(even) == text
    lengths = [[font.width(line) for line in each] for each in (lines, even)]
    assert max(lengths[1]) <= max(lengths[0])
    assert min(lengths[1]) > min(lengths[0])
    assert balanced(font, "one", 110, 10) == ["one"]
    assert "".join(balanced(font, "M" * 30, 50, 10)) == "M" * 30


def test_a_line_takes_little_memory():
    rendered("01", 1)
    peaks = []
    for lines in (100, 600):
        tracemalloc.start()
        rendered("01", lines)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 500 < 16_000, "octets a line, the document's own included"


def test_the_colour_profile_is_as_long_as_it_says():
    profile = rgb_profile()
    assert int.from_bytes(profile[:4], "big") == len(profile)
    assert profile[36:40] == b"acsp"
    count = int.from_bytes(profile[128:132], "big")
    for at in range(132, 132 + 12 * count, 12):
        start = int.from_bytes(profile[at + 4 : at + 8], "big")
        length = int.from_bytes(profile[at + 8 : at + 12], "big")
        assert start % 4 == 0
        assert start + length <= len(profile)
