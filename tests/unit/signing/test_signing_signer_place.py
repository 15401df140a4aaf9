"""The room between title and name: lines put together from letters, and which of them they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signing.display.fold import fold
from signing.display.lines import Line, build_lines_of
from signing.display.page_text import Letter
from signing.display.placement import PageGeometry, Rectangle
from signing.display.signer_place import find_rooms, is_name

A4 = PageGeometry((0.0, 0.0, 595.0, 842.0), 0, 1.0)
NAME = "Nguyễn Văn Đức"


def line(text: str, left: float, top: float, *, width: float = 40, height: float = 5) -> Line:
    return Line(text, Rectangle(left, top, width, height))


def letters(text: str, x: float, y: float, *, step: float = 6.0, size: float = 12.0):
    """Return the letters of a line as PDFium tells them: spaces are left out."""
    for number, each in enumerate(text):
        if each != " ":
            left = x + number * step
            yield Letter(each, (left, y, left + step, y + size))


FOOT = (
    line("Nơi nhận:", 30, 200),
    line("TM. ỦY BAN NHÂN DÂN", 120, 195),
    line("CHỦ TỊCH", 130, 201),
    line(NAME, 125, 240),
)


def test_the_room_is_between_the_title_and_the_name():
    (room,) = find_rooms([(2, FOOT)], NAME, "Chủ tịch").rooms
    assert (room.page, room.top_mm, room.bottom_mm) == (2, 206, 240)
    assert room.middle_mm == 147.5
    box = room.centred(45, 25)
    assert (box.left_mm, box.top_mm) == (125, 210.5)


@pytest.mark.parametrize(
    "title",
    [
        "Chủ tịch",
        "CHỦ TỊCH",
        "",
        "Chủ tịch Ủy ban nhân dân xã Hòa Bình",  # the page says less than the certificate
        unicodedata.normalize("NFD", "chủ  tịch"),
    ],
)
def test_the_title_is_the_certificates_or_any(title):
    assert find_rooms([(0, FOOT)], NAME, title).rooms


@pytest.mark.parametrize("title", ["Giám đốc", "Phó Chủ tịch", "Chánh Văn phòng"])
def test_another_title_is_not_taken(title):
    assert find_rooms([(0, FOOT)], NAME, title).rooms == ()
    assert find_rooms([(0, FOOT)], NAME, title).names == 1


@pytest.mark.parametrize(
    ("title", "fits"),
    [
        ("Phó Chủ tịch", True),
        ("Phó Chủ tịch Ủy ban nhân dân xã", True),
        ("Chủ tịch", False),  # in whose place the deputy signs
        ("Ủy ban nhân dân", False),
    ],
)
def test_each_line_of_a_title_is_looked_at(title, fits):
    foot = (
        line("TM. ỦY BAN NHÂN DÂN", 120, 189),
        line("KT. CHỦ TỊCH", 130, 195),
        line("PHÓ CHỦ TỊCH", 130, 201),
        line(NAME, 125, 240),
    )
    assert bool(find_rooms([(0, foot)], NAME, title).rooms) is fits


@pytest.mark.parametrize(
    ("title", "fits"),
    [
        ("Giám đốc Trung tâm Công nghệ thông tin", True),
        ("Giám đốc Trung tâm", True),
        ("Phó Giám đốc Trung tâm", False),
        ("Công nghệ thông tin", True),
    ],
)
def test_a_long_title_takes_several_lines(title, fits):
    foot = (
        line("GIÁM ĐỐC TRUNG TÂM", 120, 195),
        line("CÔNG NGHỆ THÔNG TIN", 120, 201),
        line(NAME, 125, 240),
    )
    assert bool(find_rooms([(0, foot)], NAME, title).rooms) is fits


def test_who_acts_in_a_post_has_its_title():
    foot = (line("Q. CHỦ TỊCH", 130, 201), line(NAME, 125, 240))
    assert find_rooms([(0, foot)], NAME, "Chủ tịch").rooms


def test_a_title_far_above_belongs_to_something_else():
    foot = (line("CHỦ TỊCH", 130, 150), line("(đóng dấu)", 130, 201), line(NAME, 125, 240))
    assert not find_rooms([(0, foot)], NAME, "Chủ tịch").rooms
    assert find_rooms([(0, foot)], NAME, "").rooms


@pytest.mark.parametrize(
    "text",
    [NAME, f"TS. {NAME}", f"Thiếu tướng {NAME}", "NGUYỄN VĂN ĐỨC", "NguyễnVănĐức", f"{NAME}."],
)
def test_a_name_may_have_a_rank_before_it(text):
    assert is_name(text, NAME)


@pytest.mark.parametrize(
    "text",
    [
        f"Điều 1. Bổ nhiệm và giao nhiệm vụ cho ông {NAME}",
        f"{NAME}, Chủ tịch",
        f"Người ký: {NAME}",
        f"Trần Thị Bình, {NAME}",
        "Nguyễn Văn",
        f"Lê{NAME}",
        f"Lê {NAME}",  # somebody else
        "TS.",
        "",
    ],
)
def test_a_sentence_with_the_name_is_not_the_name(text):
    assert not is_name(text, NAME)


def test_old_and_new_places_of_tone_marks_are_one_name():
    assert is_name("Trần Thị Hoà", "Trần Thị Hòa")
    assert is_name("Lê Thuý", "Lê Thúy")
    assert not is_name("Trần Thị Hoa", "Trần Thị Hòa")
    assert not is_name("Trần Thị Hóa", "Trần Thị Hòa")


@pytest.mark.parametrize("room", [2.0, 7.9, 91.0])
def test_lines_of_a_paragraph_and_far_away_lines_leave_no_room(room):
    foot = (line("CHỦ TỊCH", 130, 100), line(NAME, 125, 105 + room))
    assert not find_rooms([(0, foot)], NAME, "Chủ tịch").rooms


def test_another_column_is_not_above():
    foot = (line("CHỦ TỊCH", 20, 201), line(NAME, 125, 240))
    seen = find_rooms([(0, foot)], NAME, "Chủ tịch")
    assert (seen.rooms, seen.names) == ((), 1)


def test_two_places_are_both_told():
    other = (line("CHỦ TỊCH", 30, 100), line(NAME, 25, 140))
    assert len(find_rooms([(0, (*other, *FOOT))], NAME, "Chủ tịch").rooms) == 2
    assert len(find_rooms([(1, FOOT), (0, other)], NAME, "Chủ tịch").rooms) == 2


def test_letters_become_words_and_columns():
    page = [*letters("Nơi nhận:", 50, 300), *letters("CHỦ TỊCH", 350, 300)]
    page += letters(NAME, 330, 200)
    told = [each.text for each in build_lines_of(reversed(page), A4)]
    assert told == ["Nơi nhận:", "CHỦ TỊCH", NAME]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_lines_are_read_as_they_are_seen(rotate):
    turned = PageGeometry(A4.box, rotate, 1.0)
    page = [*letters("CHỦ TỊCH", 350, 300), *letters(NAME, 330, 200)]
    seen = [A4.to_seen(letter.box) for letter in page]
    boxes = [turned.to_user_space(box) for box in seen]
    again = [Letter(letter.text, box) for letter, box in zip(page, boxes, strict=True)]
    upright, as_turned = build_lines_of(page, A4), build_lines_of(again, turned)
    assert [each.text for each in as_turned] == [each.text for each in upright]
    for one, other in zip(upright, as_turned, strict=True):
        assert other.box.left_mm == pytest.approx(one.box.left_mm)
        assert other.box.top_mm == pytest.approx(one.box.top_mm)


def test_letters_drawn_twice_to_look_bold_are_one():
    once = list(letters("CHỦ TỊCH", 350, 300))
    twice = [*once, *(Letter(each.text, tuple(s + 0.4 for s in each.box)) for each in once)]
    assert [each.text for each in build_lines_of(twice, A4)] == ["CHỦ TỊCH"]


def test_marks_belong_to_the_letter_they_were_drawn_on():
    page = []
    for each in letters("Đưc", 100, 100):
        page.append(each)
        if each.text == "ư":
            left, foot, right, head = each.box
            page.append(Letter("\u0301", (left - 4, foot, right - 9, head)))
    assert [each.text for each in build_lines_of(page, A4)] == ["Đức"]


def test_letters_without_height_are_nothing():
    assert build_lines_of([Letter("x", (1, 1, 2, 1)), Letter("\u0301", (1, 1, 2, 2))], A4) == ()


@given(
    st.lists(
        st.builds(
            Letter,
            st.text(min_size=1, max_size=2),
            st.tuples(*[st.floats(-1e7, 1e7)] * 4),
        ),
        max_size=40,
    )
)
def test_whatever_letters_there_are_a_page_has_lines(page):
    lines = build_lines_of(page, A4)
    find_rooms([(0, lines)], "a", "b")
    kept = sum(len(each.text.replace(" ", "")) for each in lines)
    assert kept <= sum(len(unicodedata.normalize("NFC", each.text)) for each in page)


@given(st.text(), st.text())
@example("ÀE\u031c", "")
def test_texts_are_compared_without_regard_to_how_they_were_typed(one, other):
    assert fold(f"{one} {other}") == fold(f"  {one}\t{other} ")
    assert fold(unicodedata.normalize("NFD", one)) == fold(unicodedata.normalize("NFC", one))
    assert " " not in fold(one)
    assert fold(fold(one)) == fold(one)
