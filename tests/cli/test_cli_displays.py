"""`antin display` and the displays of `antin sign`: own files, images, places, refusals."""

from __future__ import annotations

import pytest
from unit.signing.signing_pages import handwriting, letter, seal
from unit.signing.signing_world import make_pdf

OWN = """
name = "own"
visible = true
[about]
vi = "Mẫu riêng"
en = "Our own"
[text]
lines = ["Ký: {name}"]
[place]
by = "corner"
"""


@pytest.fixture
def desk(demo_home, tmp_path):
    """A home with a display of its own, and a desk with a document and images on it."""
    (demo_home / "displays").mkdir()
    (demo_home / "displays" / "own.toml").write_text(OWN, "utf-8")
    (tmp_path / "letter.pdf").write_bytes(letter(name="Nguyễn Văn Mẫu"))
    (tmp_path / "ky.png").write_bytes(handwriting())
    (tmp_path / "dau.png").write_bytes(seal())
    (tmp_path / "opaque.png").write_bytes(handwriting(ground=255))
    (tmp_path / "ky.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(60))
    return demo_home


@pytest.fixture
def sign(antin, desk, tmp_path):
    def run(*options: object, document: str = "letter.pdf", output: str = "out.pdf"):
        target = tmp_path / output
        target.unlink(missing_ok=True)
        command = ("--home", desk, "sign", tmp_path / document, "-o", target)
        ran = antin(*command, *options, "--json")
        assert target.exists() == (ran.status == 0)
        return ran

    return run


def code_of(ran) -> str:
    return str(ran.json["error"]["code"])


def test_displays_are_listed_with_the_homes_own(antin, desk):
    listed = antin("--home", desk, "display", "list", "--json").json["displays"]
    names = [one["name"] for one in listed]
    assert {"person", "agency", "annex", "copy-sao-y"} < set(names)
    assert names[-1] == "own"
    assert "Decree 30/2020" in next(one["clause"] for one in listed if one["name"] == "person")
    assert "Mẫu riêng" in antin("--home", desk, "--lang", "vi", "display", "list").out
    assert "Our own" in antin("--home", desk, "--lang", "en", "display", "list").out


def test_displays_are_listed_where_there_is_no_home(antin, tmp_path):
    ran = antin("--home", tmp_path / "none", "display", "list")
    assert ran.status == 0
    assert "agency" in ran.out


def test_a_display_is_shown(antin, desk):
    shown = antin("--home", desk, "display", "show", "agency", "--json").json["display"]
    assert shown["image"]["ink"] == "red"
    assert antin("--home", desk, "display", "show", "own").out.strip() == OWN.strip()
    unknown = antin("--home", desk, "display", "show", "moon", "--json")
    assert (unknown.status, code_of(unknown)) == (5, "signing.display_unknown")


def test_every_mistake_of_a_file_is_told_at_once_in_both_languages(antin, desk, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(OWN.replace("{name}", "{pin}") + "page = 7\nshare = 1\n", "utf-8")
    ran = antin("display", "check", bad, "--json")
    assert ran.status == 5
    found = [(one["place"], one["code"]) for one in ran.json["findings"]]
    assert found == [
        ("place.page", "signing.display.value"),
        ("place.share", "signing.display.unknown_key"),
    ]
    assert "no such key" in antin("--lang", "en", "display", "check", bad).out
    assert "không có khóa này" in antin("--lang", "vi", "display", "check", bad).out
    good = antin("--lang", "en", "display", "check", desk / "displays" / "own.toml")
    assert (good.status, "is sound" in good.out) == (0, True)
    assert antin("display", "check", tmp_path / "absent.toml").status == 5


def test_a_person_and_then_the_agency_sign_by_their_rules(sign, antin, desk, tmp_path):
    person = ("--display", "person", "--image", tmp_path / "ky.png")
    assert sign(*person, output="person.pdf").status == 0
    sealed = ("--display", "agency", "--image", tmp_path / "dau.png")
    ran = sign(*sealed, document="person.pdf", output="both.pdf")
    assert ran.status == 0
    judged = antin("--home", desk, "verify", tmp_path / "both.pdf", "--offline", "--json").json
    assert len(judged["signatures"]) == 2
    assert all(one["changes_after"] == "none" for one in judged["signatures"])


def test_the_homes_own_image_is_used_where_a_display_shows_one(sign, desk, tmp_path):
    assert code_of(sign("--display", "person")) == "signing.image_needed"
    settings = desk / "antin.toml"
    text = settings.read_text("utf-8")
    assert "[signing]\n" in text
    image = f"[signing]\nimage = '{tmp_path / 'ky.png'}'\n"
    settings.write_text(text.replace("[signing]\n", image), "utf-8")
    assert sign("--display", "person").status == 0
    assert sign("--display", "annex", "--number", "12/QĐ-UBND").status == 0
    assert sign().status == 0


def test_a_display_of_ones_own(sign, desk):
    assert sign("--display", "own").status == 0
    assert sign("--display", desk / "displays" / "own.toml").status == 0
    (desk / "displays" / "own.toml").write_text("name = 1", "utf-8")
    assert code_of(sign("--display", "own")) == "signing.display_malformed"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--display", "person", "--image", "opaque.png"), "signing.image_opaque"),
        (("--display", "person", "--image", "ky.jpg"), "signing.image_not_png"),
        (("--display", "person", "--image", "dau.png"), "signing.image_wrong_ink"),
        (("--display", "person", "--image", "absent.png"), "signing.unreadable"),
        (("--display", "agency", "--image", "dau.png"), "signing.person_not_signed"),
        (("--display", "copy-sao-y", "--image", "dau.png"), "signing.image_not_shown"),
        (("--display", "annex"), "signing.display_word_missing"),
        (("--place", "page=9,x=1,y=1"), "signing.page_not_found"),
        (("--place", "page=1,x=205mm,y=1mm"), "signing.outside_page"),
        (("--place", "somewhere"), "cli.bad_option"),
        (("--place", "field=A", "--field", "B"), "cli.bad_option"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_own_name_and_nothing_written(
    sign, tmp_path, options, code
):
    named = [tmp_path / one if str(one).endswith(("png", "jpg")) else one for one in options]
    ran = sign(*named)
    assert code_of(ran) == code
    assert ran.json["error"]["hint"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (letter(name="Trần Thị Bình"), "signing.signer_name_not_found"),
        (letter(name="Nguyễn Văn Mẫu", room_mm=4), "signing.title_not_found"),
        (letter(name="Nguyễn Văn Mẫu", times=2), "signing.place_ambiguous"),
        (make_pdf(), "signing.signer_name_not_found"),
    ],
)
def test_a_place_that_cannot_be_found_is_told_and_can_be_said(sign, tmp_path, document, code):
    (tmp_path / "letter.pdf").write_bytes(document)
    person = ("--display", "person", "--image", tmp_path / "ky.png")
    assert code_of(sign(*person)) == code
    assert sign(*person, "--place", "page=1,x=120mm,y=210mm").status == 0
    assert sign(*person, "--place", "1,120,210,40,20").status == 0
