"""Display profiles: each mistake a finding of its own; the words they make of a certificate."""

from __future__ import annotations

import datetime as dt

import pytest
from unit.signing.signing_world import NOW, Issuer, build_certificate, make_key, name

from pki.words import Language, message_of
from signing.display.block import build_label, build_lines
from signing.display.profile import (
    MAX_BYTES,
    find_mistakes,
    known_displays,
    load_display,
    parse_display,
    read_display,
)
from signing.display.tables import CornerPlace, Ink, PersonPlace, SignerPlace
from signing.errors.display import (
    DisplayMalformedError,
    DisplayUnknownError,
    DisplayWordMissingError,
)
from signing.errors.files import FileUnreadableError
from verify.errors import TooLargeError

TEXT = load_display("text")
TOP_RIGHT = ("annex", "copy-sao-y", "copy-sao-luc", "copy-trich-sao", "digitised", "archive-copy")
SOUND = """
name = "own"
visible = true
[text]
lines = ["{name}"]
[place]
by = "corner"
"""


def certificate(common_name: str, **more: str):
    key = make_key()
    issuer = Issuer(build_certificate(name("x"), key, None, ()), key)
    return issuer.issue(name(common_name, **more), key)


def test_there_is_a_profile_for_each_rule():
    assert set(known_displays()) == {"none", "text", "person", "agency", *TOP_RIGHT}


@pytest.mark.parametrize("profile", known_displays())
def test_a_profile_of_ours_is_sound_and_says_what_it_is_for(profile):
    loaded = load_display(profile)
    assert loaded.name == profile
    assert loaded.about[Language.VI]
    assert loaded.about[Language.EN]
    assert loaded.clause or profile in ("none", "text")


def test_a_person_signs_in_blue_between_title_and_name_without_words():
    person = load_display("person")
    assert person.image is not None
    assert person.image.ink is Ink.BLUE
    assert isinstance(person.place, SignerPlace)
    assert person.lines == ()


def test_a_seal_is_red_and_of_its_real_size_over_a_third_of_the_person():
    agency = load_display("agency")
    assert agency.image is not None
    assert agency.image.ink is Ink.RED
    assert agency.image.exact
    assert isinstance(agency.place, PersonPlace)
    assert agency.place.share == pytest.approx(1 / 3, abs=0.001)
    assert agency.lines == ()


@pytest.mark.parametrize("profile", TOP_RIGHT)
def test_the_others_stand_top_right_of_the_first_page_in_black_10_pt_without_an_image(profile):
    loaded = load_display(profile)
    assert loaded.image is None
    assert isinstance(loaded.place, CornerPlace)
    assert (loaded.place.page, loaded.place.corner) == (1, "top-right")
    assert loaded.text is not None
    assert loaded.text.exact
    assert (loaded.text.font_size_pt, loaded.text.color) == (10.0, (0.0, 0.0, 0.0))


def test_an_unknown_profile_is_refused_and_the_known_ones_named(tmp_path):
    (tmp_path / "so-nn.toml").write_text(SOUND, "utf-8")
    with pytest.raises(DisplayUnknownError) as caught:
        load_display("agency-of-dreams", folder=tmp_path)
    assert caught.value.facts["known"] == (*known_displays(), "so-nn")
    with pytest.raises(DisplayUnknownError):
        load_display(str(tmp_path / "absent.toml"))


def test_a_profile_of_ones_own_is_read_from_a_file_or_a_folder(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(SOUND, "utf-8")
    assert load_display(str(own)).lines == ("{name}",)
    assert load_display("own", folder=tmp_path).lines == ("{name}",)
    with pytest.raises(DisplayUnknownError):
        load_display("own", folder=tmp_path / "absent")


def test_a_profile_of_ones_own_does_not_take_the_place_of_ours(tmp_path):
    (tmp_path / "person.toml").write_text(SOUND, "utf-8")
    assert load_display("person", folder=tmp_path) == load_display("person")


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    with pytest.raises(FileUnreadableError):
        read_display(tmp_path / "absent.toml")
    (tmp_path / "long.toml").write_text("#" * (MAX_BYTES + 1), "utf-8")
    with pytest.raises(TooLargeError):
        read_display(tmp_path / "long.toml")


CORNER = '[place]\nby = "corner"\n'
WORDS = '[text]\nlines = ["{name}"]\n'
HEAD = 'name = "x"\nvisible = true\n'
MISTAKES = {
    "toml": ("name = 1 2\n", [("1:10", "not_toml")]),
    "empty": ("", [("name", "missing"), ("visible", "missing")]),
    "unknown key": (f"{HEAD}colour = 1\n{WORDS}{CORNER}", [("colour", "unknown_key")]),
    "unknown key below": (f"{HEAD}{WORDS}bold = true\n{CORNER}", [("text.bold", "unknown_key")]),
    "negative": (f"{HEAD}{WORDS}width_mm = -1\n{CORNER}", [("text.width_mm", "value")]),
    "not finite": (f"{HEAD}{WORDS}width_mm = inf\n{CORNER}", [("text.width_mm", "value")]),
    "name": (f'name = "Ủy ban"\nvisible = true\n{WORDS}{CORNER}', [("name", "value")]),
    "unknown word": (
        f'{HEAD}[text]\nlines = ["{{pin}}"]\n{CORNER}',
        [("text.lines.0", "word_unknown")],
    ),
    "unclosed": (f'{HEAD}[text]\nlines = ["a", "{{name"]\n{CORNER}', [("text.lines.1", "braces")]),
    "attribute": (
        f'{HEAD}[text]\nlines = ["{{name.__class__}}"]\n{CORNER}',
        [("text.lines.0", "word_unknown")],
    ),
    "bomb": (
        f'{HEAD}[text]\nlines = ["{{name:>999999999}}"]\n{CORNER}',
        [("text.lines.0", "braces")],
    ),
    "conversion": (f'{HEAD}[text]\nlines = ["{{name!r}}"]\n{CORNER}', [("text.lines.0", "braces")]),
    "label": (f'{HEAD}label = "{{pin}}"\n{WORDS}{CORNER}', [("label", "word_unknown")]),
    "no line": (f"{HEAD}[text]\nlines = []\n{CORNER}", [("text.lines", "value")]),
    "required": (
        f'{HEAD}{WORDS}required = ["number"]\n{CORNER}',
        [("text.required", "word_not_shown")],
    ),
    "nothing": (f"{HEAD}{CORNER}", [("visible", "shows_nothing")]),
    "no place": (f"{HEAD}{WORDS}", [("place", "missing")]),
    "hidden": (f'name = "x"\nvisible = false\n{WORDS}', [("visible", "hidden_but_shows")]),
    "no rule": (f"{HEAD}{WORDS}[place]\npage = 1\n", [("place.by", "missing")]),
    "no such rule": (f'{HEAD}{WORDS}[place]\nby = "moon"\n', [("place.by", "not_one_of")]),
    "no such corner": (
        f'{HEAD}{WORDS}{CORNER}corner = "middle"\n',
        [("place.corner", "not_one_of")],
    ),
    "key of another rule": (
        f"{HEAD}{WORDS}{CORNER}share = 0.3\n",
        [("place.share", "unknown_key")],
    ),
    "ink": (
        f'{HEAD}[image]\nink = "green"\nwidth_mm = 1\nheight_mm = 1\n{CORNER}',
        [("image.ink", "not_one_of")],
    ),
    "several at once": (
        f'{HEAD}[text]\nlines = ["{{a}}", "{{b"]\nrequired = ["time"]\n',
        [
            ("place", "missing"),
            ("text.lines.0", "word_unknown"),
            ("text.lines.1", "braces"),
            ("text.required", "word_not_shown"),
        ],
    ),
    "several values": (
        f"{HEAD}[image]\nwidth_mm = 0\nheight_mm = 501\n{CORNER}margin_x_mm = -1\n",
        [("image.width_mm", "value"), ("image.height_mm", "value"), ("place.margin_x_mm", "value")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_is_a_finding_of_its_own(text, expected):
    found = [(one.place, one.code.removeprefix("signing.display.")) for one in find_mistakes(text)]
    assert found == expected
    with pytest.raises(DisplayMalformedError) as caught:
        parse_display(text, "own.toml")
    for language in Language:
        told = message_of(caught.value, language)
        assert all(place in told for place, _ in expected)


def test_a_sound_profile_has_no_mistakes():
    assert find_mistakes(SOUND) == ()
    assert parse_display(SOUND, "own.toml").lines == ("{name}",)


def test_the_block_names_signer_post_body_and_time_in_vietnam():
    lines = build_lines(
        TEXT, certificate("Nguyễn Văn Đức", title="Chủ tịch", organization="UBND"), NOW
    )
    assert lines == (
        "Ký bởi: Nguyễn Văn Đức",
        "Chức vụ: Chủ tịch",
        "Cơ quan: UBND",
        "Thời gian ký: 2026-11-21T21:00:00+07:00",
    )


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("annex", ("12/QĐ-UBND", "2026-11-21T21:00:00+07:00")),
        ("copy-sao-y", ("Sao y", "UBND xã Hòa Bình", "2026-11-21T21:00:00+07:00")),
        ("copy-sao-luc", ("Sao lục", "UBND xã Hòa Bình", "2026-11-21T21:00:00+07:00")),
        ("copy-trich-sao", ("Trích sao", "UBND xã Hòa Bình", "2026-11-21T21:00:00+07:00")),
        ("digitised", ("UBND xã Hòa Bình", "2026-11-21T21:00:00+07:00")),
        ("archive-copy", ("BẢN SAO",)),
        ("person", ()),
    ],
)
def test_each_rule_has_its_words(profile, expected):
    agency = certificate("UBND xã Hòa Bình", organization="UBND tỉnh Mẫu")
    assert build_lines(load_display(profile), agency, NOW, number="12/QĐ-UBND") == expected


def test_an_annex_without_its_number_is_not_signed():
    with pytest.raises(DisplayWordMissingError) as caught:
        build_lines(load_display("annex"), certificate("UBND"), NOW)
    assert "số và ký hiệu" in message_of(caught.value, Language.VI)
    assert "number" in message_of(caught.value, Language.EN)


def test_a_screen_reader_is_told_whose_signature_it_is():
    agency = certificate("UBND xã Hòa Bình")
    assert build_label(load_display("agency"), agency, NOW) == (
        "Dấu, chữ ký số của UBND xã Hòa Bình"
    )


def test_a_line_whose_value_is_missing_is_left_out():
    lines = build_lines(TEXT, certificate("Văn thư"), NOW + dt.timedelta(microseconds=5))
    assert lines == ("Ký bởi: Văn thư", "Thời gian ký: 2026-11-21T21:00:00+07:00")


def test_control_and_bidirectional_characters_in_a_name_are_made_visible():
    lines = build_lines(TEXT, certificate("A\u202eB"), NOW)
    assert lines[0] == "Ký bởi: A\N{REPLACEMENT CHARACTER}B"


def test_a_decomposed_name_is_shown_composed():
    assert build_lines(TEXT, certificate("Nguye\u0302\u0303n"), NOW)[0] == "Ký bởi: Nguyễn"
