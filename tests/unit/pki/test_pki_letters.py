"""Characters of names: what Vietnamese is written with passes, what only looks so does not."""

from __future__ import annotations

import unicodedata

import pytest

from pki.letters import foreign_character, normal


@pytest.mark.parametrize(
    "name",
    [
        "Nguyễn Thị Ánh Nguyệt",
        "ỦY BAN NHÂN DÂN XÃ ĐẮK Ơ",
        "Sở Tài nguyên và Môi trường – Phòng 1/2 (cơ sở “A”)",
        "H'Hen Niê",
        "Y Ƀă Ayŭn",
        "Kơ̆ Sĭ",  # Bahnar: a letter with a mark that has no composed form
        "Müller & Søn, Łódź",
        "O’Brien",
    ],
)
def test_names_as_they_are_written(name: str):
    assert foreign_character(normal(name)) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Nguyễn Văn А", "U+0410"),  # Cyrillic A
        ("Νguyễn", "U+039D"),  # Greek N
        ("Ｎguyễn", "U+FF2E"),  # full width
        ("𝐍guyễn", "U+1D40D"),  # mathematical
        ("Nguyễn\u200bVăn", "U+200B"),  # zero width
        ("Nguyễn\u00a0Văn", "U+00A0"),  # no-break space
        ("Nguyễn\u00adVăn", "U+00AD"),  # soft hyphen
        ("a\u202eb", "U+202E"),  # turns the direction
        ("a\tb", "U+0009"),
        ("aǀb", "U+01C0"),  # a click letter like |
        ("aɑ", "U+0251"),  # IPA alpha
        ("1\u0301", "U+0301"),  # a mark on a digit
        ("\u0301a", "U+0301"),  # a mark on nothing
        ("ả\u0323\u0302\u0304", "U+0304"),  # a tower of marks
        ("٣", "U+0663"),
        ("阮", "U+962E"),
        ("a×b", "U+00D7"),
        ("a÷b", "U+00F7"),
        ("a\x7f", "U+007F"),
        ("a‐b", "U+2010"),
        ("☃", "U+2603"),
    ],
)
def test_what_may_not_stand_in_a_name(name: str, found: str):
    assert foreign_character(name) == found


def test_every_letter_of_vietnamese_may_stand():
    tones = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY":
        for tone in tones:
            letter = unicodedata.normalize("NFC", vowel + tone)
            assert len(letter) == 1
            assert foreign_character(letter) is None
    assert foreign_character("đĐ") is None


def test_a_name_has_one_form():
    loose = unicodedata.normalize("NFD", "  Nguyễn  Thị   Ánh ")
    assert normal(loose) == "Nguyễn Thị Ánh"
    assert normal(normal(loose)) == normal(loose)
