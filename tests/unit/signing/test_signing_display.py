"""Display profiles and the words they make of a certificate."""

from __future__ import annotations

import datetime as dt

import pytest
from unit.signing.signing_world import NOW, Issuer, build_certificate, make_key, name

from signing.display.block import build_lines
from signing.display.profile import known_displays, load_display
from signing.errors import DisplayMalformedError, DisplayUnknownError

PERSON = load_display("person")


def certificate(common_name: str, **more: str):
    key = make_key()
    issuer = Issuer(build_certificate(name("x"), key, None, ()), key)
    return issuer.issue(name(common_name, **more), key)


def test_both_profiles_load():
    assert known_displays() == ("none", "person")
    assert load_display("person").visible
    assert not load_display("none").visible


def test_an_unknown_profile_is_refused_and_the_known_ones_named():
    with pytest.raises(DisplayUnknownError) as caught:
        load_display("agency-of-dreams")
    assert caught.value.facts["known"] == ("none", "person")


def test_a_profile_of_ones_own_is_read_from_a_file(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('name = "own"\nvisible = true\nlines = ["{name}"]\n', "utf-8")
    assert load_display(str(own)).lines == ("{name}",)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        'name = "x"\n',
        'name = "x"\nvisible = true\ncolour = 1\n',
        'name = "x"\nvisible = true\nwidth_mm = -1\n',
        'name = "x"\nvisible = true\nlines = ["{pin}"]\n',
        'name = "x"\nvisible = true\nlines = ["{name"]\n',
        'name = "x"\nvisible = true\nlines = ["{name.__class__}"]\n',
    ],
    ids=["toml", "missing", "unknown", "negative", "unknown word", "unclosed", "attribute"],
)
def test_a_malformed_profile_is_refused(tmp_path, text):
    own = tmp_path / "own.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(DisplayMalformedError):
        load_display(str(own))


def test_the_block_names_signer_post_body_and_time_in_vietnam():
    lines = build_lines(
        PERSON, certificate("Nguyễn Văn Đức", title="Chủ tịch", organization="UBND"), NOW
    )
    assert lines == (
        "Ký bởi: Nguyễn Văn Đức",
        "Chức vụ: Chủ tịch",
        "Cơ quan: UBND",
        "Thời gian ký: 2026-11-21T21:00:00+07:00",
    )


def test_a_line_whose_value_is_missing_is_left_out():
    lines = build_lines(PERSON, certificate("Văn thư"), NOW + dt.timedelta(microseconds=5))
    assert lines == ("Ký bởi: Văn thư", "Thời gian ký: 2026-11-21T21:00:00+07:00")


def test_control_and_bidirectional_characters_in_a_name_are_made_visible():
    lines = build_lines(PERSON, certificate("A\u202eB"), NOW)
    assert lines[0] == "Ký bởi: A\N{REPLACEMENT CHARACTER}B"


def test_a_decomposed_name_is_shown_composed():
    assert build_lines(PERSON, certificate("Nguye\u0302\u0303n"), NOW)[0] == "Ký bởi: Nguyễn"
