"""What is said of a PIN's text before it costs a try; nothing of the PIN is said with it."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.pin import Pin
from hsm.pin_text import PINDoubt, doubts_about

LETTER, FULL, OTHER = PINDoubt.VIETNAMESE_LETTER, PINDoubt.FULL_WIDTH, PINDoubt.OTHER_SCRIPT
HIDDEN, EDGE, LENGTH = PINDoubt.INVISIBLE, PINDoubt.EDGE_SPACE, PINDoubt.LENGTH
CAPS, DEFAULT = PINDoubt.CAPS_LOCK, PINDoubt.DEFAULT

SIGNS = string.ascii_letters + string.digits + string.punctuation
PLAIN = st.text(alphabet=SIGNS, min_size=1, max_size=32)
TONES = "\u0300\u0301\u0303\u0309\u0323"
MARKED = "ăâđêôơưĂÂĐÊÔƠƯ" + "".join(
    unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in TONES
)


def doubts(text: str, pin_bytes: range | None = None) -> tuple[PINDoubt, ...]:
    return doubts_about(Pin(text), pin_bytes)


@pytest.mark.parametrize(
    ("typed", "came"),
    [
        ("tuw2468", "tư2468"),  # Telex
        ("ddoi2468", "đoi2468"),
        ("as2468", "á2468"),
        ("tu72468", "tư2468"),  # VNI: digits turn into marks
        ("d9246", "đ246"),
        ("a1357", "á357"),
        ("Aa2468", "Â2468"),
        ("yf2468", "ỳ2468"),
    ],
)
def test_what_telex_and_vni_make_is_seen_and_what_was_typed_is_not_accused(typed, came):
    assert doubts(came) == (LETTER,)
    assert doubts(unicodedata.normalize("NFD", came)) == (LETTER,)
    assert doubts(typed) == ()


@pytest.mark.parametrize("char", MARKED)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_vietnamese_letter_is_one_in_either_form(char, form):
    assert LETTER in doubts(unicodedata.normalize(form, f"x{char}2y"))


def test_the_digits_of_windows_own_vietnamese_keyboard_are_vietnamese():
    assert doubts("ăâêô\u0300\u0309\u0303\u0301\u0323đ") == (LETTER,)
    assert doubts("\u0300\u0309\u0303\u0301") == (LETTER,), "5678 gives the tone marks alone"
    assert doubts("pin₫2468") == (LETTER,)


@pytest.mark.parametrize(
    "text", ["pñn2468", "nin\u03032468", "çok2468", "grün2468", "пин2468", "密2468"]
)
def test_other_scripts_are_not_called_vietnamese(text):
    assert doubts(text) == (OTHER,)


@pytest.mark.parametrize("text", ["２４６8", "ａbc246", "24\u300068", "！2468"])
def test_full_width_is_seen(text):
    assert doubts(text) == (FULL,)


@pytest.mark.parametrize(
    "char",
    [
        "\u200b",  # zero-width space
        "\u200d",  # zero-width joiner
        "\u00a0",  # no-break space
        "\u2009",  # thin space
        "\u00ad",  # soft hyphen
        "\ufeff",  # byte order mark
        "\u202e",  # right-to-left override
        "\u2066",  # isolate
        "\u2028",  # line separator
        "\ufe0f",  # variation selector
        "\U000e0101",  # the others of them
        "\u034f",  # combining grapheme joiner
        "\u3164",  # Hangul filler
        "\t",
        "\r",  # half of a line break of Windows
        "\x1b",  # what an arrow key begins with
        "\x7f",
    ],
)
def test_what_has_no_glyph_is_seen(char):
    assert doubts(f"24{char}68x") == (HIDDEN,)


@pytest.mark.parametrize("text", [" 2468x", "2468x ", "  2468x  "])
def test_a_space_at_the_edge_is_seen_and_one_inside_is_not(text):
    assert doubts(text) == (EDGE,)
    assert doubts("24 68x") == ()


def test_the_length_is_the_tokens_and_counts_bytes():
    assert doubts("24680x", range(6, 9)) == ()
    assert doubts("24680xyz", range(6, 9)) == ()
    assert doubts("2468x", range(6, 9)) == (LENGTH,)
    assert doubts("24680xyz9", range(6, 9)) == (LENGTH,)
    assert doubts("ư2468xyz", range(6, 9)) == (LETTER, LENGTH), "8 letters, 9 bytes"


@pytest.mark.parametrize("said", [None, range(0)])
def test_a_token_that_does_not_say_its_lengths_raises_no_doubt(said):
    assert doubts("2x", said) == ()


def test_capitals_alone_are_advice():
    assert doubts("TU2468") == (CAPS,)
    assert doubts("Tu2468") == ()
    assert doubts("T24680") == (), "one letter is how many people write a PIN"
    assert doubts("24680") == ()
    assert not CAPS.retype


@pytest.mark.parametrize(
    "text",
    [
        *("12345678", "123456", "1234567890", "648219", "1234", "0000", "00000000"),
        *("11111111", "88888888", "87654321", "654321", "012345"),
    ],
)
def test_well_known_pins_are_advice(text):
    assert doubts(text) == (DEFAULT,)
    assert not DEFAULT.retype


@pytest.mark.parametrize("text", ["12345687", "246810", "1235", "aaaa", "abcd", "111", "64821"])
def test_what_only_resembles_them_is_not_accused(text):
    assert doubts(text) == ()


def test_a_full_width_default_is_full_width():
    assert doubts("１２３４５６") == (FULL,)


@given(PLAIN)
def test_plain_signs_never_hold_a_pin_back(text):
    assert not any(doubt.retype for doubt in doubts(text))


@given(PLAIN, st.sampled_from("ưđộ１\u200bжа\u0301"), st.integers(0, 32))
def test_one_strange_character_anywhere_holds_it_back(text, char, place):
    place = min(place, len(text))
    assert any(doubt.retype for doubt in doubts(text[:place] + char + text[place:]))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(0, 64))
def test_any_text_has_an_answer_and_only_once_each(text, shortest):
    found = doubts(text, range(shortest, shortest + 8))
    assert len(found) == len(set(found))
    assert list(found) == sorted(found, key=list(PINDoubt).index)
    assert any(doubt.retype for doubt in found) or text.isascii()


def test_a_doubt_does_not_carry_the_pin():
    found = doubts("mậtkhẩu５ ")
    assert {LETTER, FULL, EDGE} == set(found)
    for doubt in found:
        for piece in ("mậtkhẩu", "mật", "５", "9"):
            assert piece not in f"{doubt!r} {doubt} {doubt.name}"
