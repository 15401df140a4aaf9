"""`antin token doctor`: one page that says whether signing works, why not, and what to do."""

import json
import os
import stat
from datetime import timedelta

import pytest
from cli_shim import CKR, LABEL, configure
from hsm_probe_shims import Shims
from pkcs11 import TokenFlag

from pki.clock import FixedClock, SystemClock
from pki.words import Language

LANGUAGES = list(Language)
BEGINNINGS = {Language.VI: ("Có thể ký: ", "Chưa ký được: "), Language.EN: ("A document", "No doc")}


@pytest.fixture(scope="module")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("hỏng"))


@pytest.fixture
def ask(antin):
    """Return what runs `antin token doctor` on a home."""
    return lambda home, *words, **more: antin("--home", home, "token", "doctor", *words, **more)


def codes(ran):
    return [one["code"] for one in ran.json["findings"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_home_that_can_sign_says_so_first(ask, demo_home, language):
    ran = ask(demo_home, language=language)
    assert ran.status == 0, ran
    assert ran.out.startswith(BEGINNINGS[language][0])
    assert "Nguyễn Văn Mẫu (official)" in ran.out.splitlines()[0]
    assert "CCCD" not in ran.out


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_token_says_why_and_what_to_do(ask, shim, shim_home, language):
    with shim.flags(TokenFlag.USER_PIN_LOCKED, token=LABEL):
        ran = ask(shim_home, language=language)
    assert ran.status == 4
    first = ran.out.splitlines()[0]
    assert first.startswith(BEGINNINGS[language][1])
    assert LABEL in first
    assert any(form in " ".join(ran.out.split()) for form in ("Mẫu 06", "Form 06"))
    assert "[hsm.doctor.pin_locked]" in ran.out
    # What to do comes before what is technical.
    assert ran.out.index("hsm.doctor.pin_locked") < ran.out.index(str(shim.path))
    assert shim.calls.logins == ()


def test_the_languages_tell_the_same(ask, shim, shim_home):
    with shim.flags(TokenFlag.USER_PIN_FINAL_TRY, token=LABEL):
        told = [ask(shim_home, "--json", language=language).json for language in LANGUAGES]
    shapes = [
        [(one["severity"], one["code"], sorted(one)) for one in each["findings"]] for each in told
    ]
    assert shapes[0] == shapes[1]
    assert told[0]["summary"] != told[1]["summary"]
    assert sorted(told[0]) == sorted(told[1])


def test_the_json_tells_tokens_modules_and_service(ask, shim, shim_home):
    ran = ask(shim_home, "--json", clock=FixedClock(_in_force()))
    # Its certificates say nothing of what they are for.
    assert (ran.status, ran.json["can_sign"]) == (4, False)
    assert "hsm.doctor.no_certificate" in codes(ran)
    assert ran.json["schema"] == "antin.token.doctor/1"
    token = next(one for one in ran.json["tokens"] if one["label"] == LABEL)
    assert (token["pin"], token["initialized"], token["used"]) == ("normal", True, True)
    assert {one["key"] for one in token["certificates"]} == {"seen"}
    module = next(one for one in ran.json["modules"] if one["path"] == str(shim.path))
    assert (module["state"], module["origin"], module["error"]) == ("usable", "configured", None)
    assert ran.json["service"] in {"running", "stopped", "unknown"}


def test_a_broken_module_is_told_beside_a_token_that_signs(ask, shim, shims, tmp_path):
    crash = shims.build(initialize="abort()")
    ran = ask(
        configure(tmp_path / "two", crash, shim.path), "--json", clock=FixedClock(_in_force())
    )
    assert "hsm.module_crashed" in codes(ran)
    assert LABEL in [one["label"] for one in ran.json["tokens"]]
    page = ask(tmp_path / "two", clock=FixedClock(_in_force()))
    assert "crashed, C_Initialize, signal 6 (SIGABRT)" in " ".join(page.out.split())


def test_a_token_that_fails_is_told(ask, shim, shim_home):
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR, token=LABEL):
        ran = ask(shim_home, "--json")
    assert (ran.status, "hsm.device_failed" in codes(ran)) == (4, True)
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR, token=LABEL):
        assert "cannot be read" in ask(shim_home).out


def test_an_expired_certificate_is_shown_so(ask, demo_home):
    late = FixedClock(SystemClock().now() + timedelta(days=365 * 6))
    ran = ask(demo_home, clock=late)
    assert (ran.status, "EXPIRED" in ran.out) == (4, True)
    early = FixedClock(SystemClock().now() - timedelta(days=30))
    assert "not valid yet" in ask(demo_home, clock=early).out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [20, 60, 100, 300])
def test_the_page_fits_the_terminal(ask, shim, shim_home, monkeypatch, width, language):
    monkeypatch.setenv("COLUMNS", str(width))
    with shim.flags(TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.WRITE_PROTECTED, token=LABEL):
        ran = ask(shim_home, language=language)
    room = min(max(width, 40), 110)
    # A path is one word and stays whole: it is to be copied.
    too_long = [line for line in ran.out.splitlines() if len(line) > room and "/" not in line]
    assert too_long == []


def test_in_a_pipe_it_is_a_page_wide(ask, demo_home, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = ask(demo_home).out.splitlines()
    assert 60 < max(len(line) for line in lines) <= 100


@pytest.mark.parametrize("name", ["report.txt", "report.json"])
def test_the_report_names_nobody(ask, demo_home, official, tmp_path, name):
    path = tmp_path / name
    ran = ask(demo_home, "--report", path)
    assert (ran.status, str(path) in ran.err) == (0, True)
    text = path.read_text("utf-8")
    listed = ask(demo_home, "--json").json
    for token in listed["tokens"]:
        assert token["serial"] not in text
        assert token["label"] not in text
        for one in token["certificates"]:
            assert one["serial"] not in text
            assert (one["sha256"][:16] in text, one["sha256"] in text) == (True, False)
    assert official["common_name"] not in text
    assert str(demo_home) not in text or not str(demo_home).startswith("/home")
    assert "Antin Demo Issuing CA" in text
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if name.endswith(".json"):
        report = json.loads(text)
        assert (report["schema"], report["can_sign"]) == ("antin.token.doctor.report/1", True)


def test_a_report_is_not_written_over_another_file(ask, demo_home, tmp_path):
    path = tmp_path / "report.txt"
    path.write_text("mine")
    ran = ask(demo_home, "--report", path)
    assert (ran.status, ran.code) == (3, "pki.output_exists")
    assert path.read_text() == "mine"


def test_a_machine_without_anything_says_what_is_missing(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "none.conf"))
    ran = ask(tmp_path / "empty", "--json")
    assert (ran.status, ran.json["can_sign"]) == (4, False)
    assert ran.json["findings"][0]["severity"] in {"error", "warning"}
    assert ran.json["summary"].startswith("No document can be signed yet")


def test_a_home_without_softhsm_says_so(ask, demo_home, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTIN_SOFTHSM_MODULE", str(tmp_path / "missing.so"))
    ran = ask(demo_home, "--json")
    assert (ran.status, codes(ran)[0]) == (4, "hsm.softhsm_missing")


def test_a_token_that_the_home_passes_over_is_told(ask, shim, tmp_path):
    """It is found on the machine, and `search = false` keeps the home from it."""
    home = configure(tmp_path / "office")
    modules = tmp_path / "config" / "pkcs11" / "modules"
    modules.mkdir(parents=True)
    (modules / "card.module").write_text(f"module: {shim.path}\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        ran = ask(home, "--json")
        (home / "antin.toml").write_text("[tokens]\nsearch = true\n")
        searched = ask(home, "--json", clock=FixedClock(_in_force()))
    assert (ran.status, "hsm.doctor.not_searched" in codes(ran)) == (4, True)
    assert "hsm.doctor.not_searched" not in codes(searched)
    assert LABEL in [one["label"] for one in searched.json["tokens"] if one["used"]]


def test_the_general_doctor_tells_shortly_what_this_one_does(antin, shim, shim_home, demo_home):
    def tokens(home):
        checks = antin("--home", home, "doctor", "--json").json["checks"]
        return next(one for one in checks if one["check"] == "tokens")

    assert "official (normal)" in tokens(demo_home)["seen"]
    with shim.flags(TokenFlag.USER_PIN_LOCKED, token=LABEL):
        ill = tokens(shim_home)
    assert (ill["ok"], ill["error"]["code"]) == (False, "cli.token_trouble")
    assert LABEL in ill["error"]["message"]


def _in_force():
    """Return a time at which the certificates of the failing module's token are valid."""
    from hsm_world import NOW

    return NOW + timedelta(days=1)
