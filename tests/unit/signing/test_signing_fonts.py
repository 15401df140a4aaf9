"""The font: found where the system keeps it, taken only with every glyph, cut down to embed."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from signing.display.fonts import (
    FONT_VARIABLE,
    VIETNAMESE,
    characters_of,
    cut_font,
    find_font,
    system_folders,
)
from signing.display.letters import normalise
from signing.errors.display import FontMissingError


@pytest.fixture(scope="module")
def font() -> Path:
    return find_font()


def test_a_font_with_vietnamese_letters_is_found(font):
    assert set("Nguyễn") | set(VIETNAMESE) <= characters_of(font)


def test_times_new_roman_comes_before_its_equals(font, tmp_path):
    for name in ("LiberationSerif-Regular.ttf", "TIMES.TTF"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        shutil.copy(font, tmp_path / "deep" / name)
    assert find_font("Nguyễn", environment={}, folders=[tmp_path]).name == "TIMES.TTF"


def test_the_font_named_in_the_environment_comes_first(font, tmp_path):
    own = tmp_path / "house.ttf"
    shutil.copy(font, own)
    assert find_font("Nguyễn", environment={FONT_VARIABLE: str(own)}) == own


def test_no_font_is_an_error_that_names_the_letters(tmp_path):
    with pytest.raises(FontMissingError) as caught:
        find_font("Nguyễn", environment={}, folders=[tmp_path])
    assert caught.value.facts["missing"] == "Ngnuyễ"


def test_a_font_without_one_glyph_is_not_taken(font, tmp_path):
    poor = tmp_path / "times.ttf"
    poor.write_bytes(cut_font(font, frozenset("Nguyn")))
    with pytest.raises(FontMissingError) as caught:
        find_font("Nguyễn", environment={}, folders=[tmp_path])
    assert caught.value.facts["missing"] == "ễ"
    assert find_font("Nguy", environment={}, folders=[tmp_path]) == poor


def test_a_file_that_is_no_font_is_passed_over(tmp_path):
    (tmp_path / "times.ttf").write_bytes(b"not a font")
    assert characters_of(tmp_path / "times.ttf") == frozenset()
    assert characters_of(tmp_path / "absent.ttf") == frozenset()


def test_decomposed_text_is_composed_before_it_is_looked_up(font):
    decomposed = "Nguye\u0302\u0303n"
    assert normalise(decomposed) == "Nguyễn"
    assert find_font(decomposed) == font


def test_the_font_is_cut_down_to_the_letters(font):
    with TTFont(BytesIO(cut_font(font, frozenset("Nguyễn")))) as cut:
        assert {chr(code) for code in cut.getBestCmap()} == set("Nguyễn")
    assert cut_font(font, frozenset("Nguyễn")) == cut_font(font, frozenset("Nguyễn"))


def test_a_font_with_other_outlines_than_truetype_is_passed_over(font, tmp_path):
    with TTFont(font) as other:
        del other["glyf"], other["loca"]
        other.save(tmp_path / "times.ttf")
    assert characters_of(tmp_path / "times.ttf") == frozenset()


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("win32", {"WINDIR": "D:/Win", "LOCALAPPDATA": "D:/me"}, "D:/Win/Fonts"),
        ("win32", {}, "C:/Windows/Fonts"),
        ("darwin", {}, "/Library/Fonts"),
        ("linux", {}, "/usr/share/fonts"),
    ],
)
def test_each_system_has_its_folders(platform, environment, expected):
    assert Path(expected) in system_folders(platform, environment, Path("/home/x"))


def test_windows_per_user_fonts_are_looked_at_too():
    folders = system_folders("win32", {"LOCALAPPDATA": "D:/me"}, Path("/home/x"))
    assert Path("D:/me/Microsoft/Windows/Fonts") in folders
