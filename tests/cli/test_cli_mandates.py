"""`antin mandate` and `antin sign --as`, `--mandate`: signing in somebody's place."""

from __future__ import annotations

import pytest
from unit.signing.signing_pages import handwriting, letter

NUMBER = "CCCD:000000000001"
TEXT = f"""
capacity = "KT"
number = "02/QĐ-UBND"
grantor = "Lê Văn Cường"
title = "Chủ tịch"
name = "Nguyễn Văn Mẫu"
holder = "{NUMBER}"
since = 2020-01-01
"""
ENDED = TEXT.replace("02/QĐ", "01/QĐ") + "until = 2020-12-31\n"
LATER = TEXT.replace("02/QĐ", "03/QĐ").replace("2020-01-01", "2099-01-01")


@pytest.fixture
def sign(antin, demo_home, tmp_path):
    """A letter that the demo's official signs for the chairman."""
    title = ("KT. CHỦ TỊCH", "CHỦ TỊCH")
    (tmp_path / "letter.pdf").write_bytes(letter(title=title, name="Nguyễn Văn Mẫu"))
    (tmp_path / "ky.png").write_bytes(handwriting())

    def run(*options: object, json=True):
        target = tmp_path / "out.pdf"
        target.unlink(missing_ok=True)
        person = ("--display", "person", "--image", tmp_path / "ky.png")
        words = ("sign", tmp_path / "letter.pdf", "-o", target, *person, *options)
        ran = antin("--home", demo_home, *words, *(("--json",) if json else ()))
        assert target.exists() == (ran.status == 0), ran
        return ran

    return run


def test_a_mandate_of_the_homes_or_one_that_is_named_lets_a_deputy_sign(sign, demo_home, tmp_path):
    refused = sign()
    assert (refused.status, refused.code) == (3, "signing.mandate_missing")
    assert "13.1" in refused.json["error"]["message"]
    named = tmp_path / "kt.toml"
    named.write_text(TEXT, "utf-8")
    assert sign("--mandate", named).json["mandate"]["number"] == "02/QĐ-UBND"
    folder = demo_home / "mandates"
    folder.mkdir()
    (folder / "ended.toml").write_text(ENDED, "utf-8")
    assert sign().code == "signing.mandate_ended"
    (folder / "kt.toml").write_text(TEXT, "utf-8")
    told = sign("--as", "KT", json=False)
    assert "KT. Chủ tịch" in told.out
    assert "02/QĐ-UBND" in told.out
    assert NUMBER not in told.out
    assert sign("--as", "TL").code == "signing.capacity_differs"
    assert sign("--as", "PP").code == "cli.bad_option"
    (folder / "kt.toml").write_text("capacity = 1", "utf-8")
    assert sign().code == "signing.mandate_unreadable"


def test_mandates_are_listed_with_their_standing(antin, demo_home):
    def listed(*options):
        return antin("--home", demo_home, "--lang", "en", "mandate", "list", *options)

    assert "no mandates" in listed().out
    folder = demo_home / "mandates"
    folder.mkdir()
    for name, text in (("a", ENDED), ("b", TEXT), ("c", LATER)):
        (folder / f"{name}.toml").write_text(text, "utf-8")
    states = [(one["number"], one["state"]) for one in listed("--json").json["mandates"]]
    assert states == [
        ("01/QĐ-UBND", "ended"),
        ("02/QĐ-UBND", "in-force"),
        ("03/QĐ-UBND", "not-yet"),
    ]
    assert "not yet in force" in listed().out
    assert NUMBER not in listed("--json").out


def test_a_mandate_is_checked(antin, tmp_path):
    file = tmp_path / "kt.toml"
    file.write_text(TEXT + 'symbols = ["QĐ"]\n', "utf-8")
    said = antin("mandate", "check", file, "--json").json["mandate"]
    assert (said["capacity"], said["symbols"], said["until"]) == ("KT", ["QĐ"], None)
    assert "02/QĐ-UBND" in antin("mandate", "check", file).out
    file.write_text(TEXT.replace('"KT"', '"TUQ"'), "utf-8")
    refused = antin("mandate", "check", file, "--json")
    assert (refused.status, refused.code) == (5, "signing.mandate_unreadable")
    assert "until" in refused.json["error"]["message"]
