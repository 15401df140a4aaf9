"""The tutorial, line by line as it stands on its page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_drill import Drill, page
from cli_runs import run_antin, serving

TOKENS = ("officer", "clerk", "approver", "binh", "binh-2", "nga", "loc")


@pytest.fixture
def home(demo_home: Path, letter: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home, as the folder of work, with PINs for the tokens to come and a letter to sign."""
    monkeypatch.chdir(demo_home)
    for name in TOKENS:
        pin = demo_home / "pins" / name
        pin.write_text("48151623", "utf-8")
        pin.chmod(0o600)
    shutil.copy(letter, demo_home / "letter.pdf")
    for folder in ("requests", "merger"):
        (demo_home / folder).mkdir()
    return demo_home


def newest_serial(home: Path, name: str) -> str:
    """Return the serial of who was certified last by that name."""
    found = run_antin("--home", home, "cert", "list", "--query", name, "--json").json
    return str(found["certificates"][-1]["serial"])


def status(home: Path, serial: str) -> str:
    return str(run_antin("--home", home, "cert", "status", serial, "--json").json["status"])


def test_a_career_and_a_merger_go_as_the_page_says(home: Path):
    drill = Drill(page("tutorial.md"), home, {}, {})
    words = drill.words
    drill.until("antin sign letter.pdf")
    with serving(home):
        drill.until("antin cert hold")
        words["FIRST-SERIAL"] = newest_serial(home, "Bình")
        drill.until("antin request review")
        (held,) = run_antin("--home", home, "request", "list", "--json").json["requests"]
        words["HOLD-REQUEST"] = held["request"]
        assert status(home, words["FIRST-SERIAL"]) == "held"
        drill.until("antin device add TOKEN-0101")
        assert status(home, words["FIRST-SERIAL"]) == "revoked"
        drill.until("antin request submit renew")
        words["SECOND-SERIAL"] = newest_serial(home, "Bình")
        assert words["SECOND-SERIAL"] != words["FIRST-SERIAL"]
        drill.until("antin request submit change")
        words["RENEWED-SERIAL"] = newest_serial(home, "Bình")
        drill.until("antin event record retirement")
        assert status(home, words["RENEWED-SERIAL"]) == "revoked"
        words["LAST-SERIAL"] = newest_serial(home, "Bình")
        drill.until("antin request approve RETIRE-REQUEST")
        (asked,) = run_antin("--home", home, "request", "list", "--json").json["requests"]
        assert (asked["kind"], asked["serial"]) == ("revoke", words["LAST-SERIAL"])
        words["RETIRE-REQUEST"] = asked["request"]
        drill.until(None)
    for which in ("FIRST", "SECOND", "RENEWED", "LAST"):
        assert status(home, words[f"{which}-SERIAL"]) == "revoked"
    letters = [one.read_text("utf-8") for one in (home / "notices").rglob("*.eml")]
    assert any("binh@example.gov.vn" in one for one in letters)
    for event in ("E-100", "E-101"):
        told = run_antin("--home", home, "event", "show", event, "--json").json
        assert told["proposals"]
        assert all(one["done"] for one in told["proposals"]), told
