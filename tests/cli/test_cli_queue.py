"""`antin sign --later` and what becomes of the document: by hand, by upkeep, beside serving."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import timedelta

import pytest
from cli_runs import serving

from cli.homes.home import get_home
from cli.session import Session
from cli.upkeep.raising import Raising, RaisingThread
from pki.clock import FixedClock, SystemClock
from pki.words import Language
from signing.queue import Queue

LATER = ("--level", "B-LTA", "--later")


@pytest.fixture
def waiting(antin, demo_home, letter, tmp_path):
    """A home whose services are down, and a document that went out all the same."""
    path = tmp_path / "out.pdf"
    ran = antin("--home", demo_home, "sign", letter, "-o", path, *LATER, "--json")
    assert ran.status == 0, ran
    assert (ran.json["level"], ran.json["queued"] is not None) == ("B-B", True)
    return demo_home, path, ran.json["queued"]


def level_of(antin, home, path):
    return antin("--home", home, "verify", path, "--json").json["signatures"][0]["level"]


def test_it_goes_out_at_once_and_is_raised_when_the_services_are_back(antin, waiting):
    home, path, entry = waiting
    listed = antin("--home", home, "queue", "list", "--json").json
    assert [one["id"] for one in listed["queue"]] == [entry]
    down = antin("--home", home, "extend", "--queue", "--json")
    assert (down.status, down.json["queue"][0]["state"]) == (4, "later")
    assert down.json["queue"][0]["error"]["code"] == "signing.tsa_unavailable"
    shown = antin("--home", home, "queue", "list").out
    assert "signing.tsa_unavailable" in shown
    _leave_it_to_me(home)
    with serving(home):
        early = antin("--home", home, "extend", "--queue", "--json").json["queue"]
        assert [one["state"] for one in early] == ["waiting"]
        _forget_the_pause(home)
        done = antin("--home", home, "extend", "--queue", "--json")
        assert (done.status, done.json["queue"][0]["state"]) == (0, "done")
        assert level_of(antin, home, path) == "B-LTA"
    assert antin("--home", home, "queue", "list").out.strip() == "nothing waits to be raised"


def _leave_it_to_me(home):
    """Let `antin serve` do nothing by itself."""
    toml = home / "antin.toml"
    text = toml.read_text("utf-8").replace("automatic = true", "automatic = false")
    assert "automatic = false" in text
    toml.write_text(text, "utf-8")


def _forget_the_pause(home):
    """Let the next attempt be due now."""
    for path in (home / "queue").glob("*.json"):
        found = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(found | {"next_at": None}), "utf-8")


def test_upkeep_raises_it(antin, waiting):
    home, path, _ = waiting
    shown = antin("--home", home, "upkeep", "--json").json["tasks"]
    assert [one["task"] for one in shown if one["state"] == "due"][-1] == "raise"
    _leave_it_to_me(home)
    with serving(home):
        ran = antin("--home", home, "upkeep", "--yes", "--json")
        assert [one["state"] for one in ran.json["tasks"] if one["task"] == "raise"] == ["done"]
        assert level_of(antin, home, path) == "B-LTA"


def test_serving_raises_it_by_itself(antin, waiting):
    home, path, _ = waiting
    with serving(home):
        deadline = time.monotonic() + 30
        while list((home / "queue").glob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert level_of(antin, home, path) == "B-LTA"


def test_serving_ends_at_once_while_a_service_keeps_it_waiting(waiting):
    """A time-stamp service that takes minutes does not keep `antin serve` from ending."""
    home, path, _ = waiting
    before = path.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        toml = home / "antin.toml"
        text = toml.read_text("utf-8")
        text = re.sub(
            r"timestamp_urls = \[.*\]", f'timestamp_urls = ["http://{address}/tsa"]', text
        )
        text = re.sub(r"allow = \[", f'allow = ["{address}", ', text)
        toml.write_text(text, "utf-8")
        with serving(home):
            connection, _ = silent.accept()
            started = time.monotonic()
        taken = time.monotonic() - started
        connection.close()
    assert taken < 15
    assert path.read_bytes() == before
    assert len(list((home / "queue").glob("*.json"))) == 1, "it waits still"


def test_a_home_may_queue_only_what_the_services_keep_waiting(antin, demo_home, letter, tmp_path):
    toml = demo_home / "antin.toml"
    text = toml.read_text("utf-8").replace('later = "never"', 'later = "when-away"')
    toml.write_text(text, "utf-8")
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    ran = antin("--home", demo_home, "sign", letter, "-o", first, "--level", "B-T", "--json")
    assert (ran.status, ran.json["level"], ran.json["queued"] is None) == (0, "B-B", False)
    with serving(demo_home):
        ran = antin("--home", demo_home, "sign", letter, "-o", second, "--level", "B-T", "--json")
        assert (ran.status, ran.json["level"], ran.json["queued"]) == (0, "B-T", None)
    ran = antin("--home", demo_home, "sign", letter, "-o", tmp_path / "3.pdf", "--json")
    assert "queued" not in ran.json, "at B-B nothing is to come"


def test_alarms_before_it_is_too_late(antin, waiting):
    home, _, _ = waiting
    codes = {one["code"] for one in antin("--home", home, "upkeep", "--json").json["alarms"]}
    assert not any(code.startswith("signing.queue") for code in codes)
    late = FixedClock(SystemClock().now() + timedelta(days=2))
    found = antin("--home", home, "upkeep", "--json", clock=late).json["alarms"]
    assert "signing.queue.waits_long" in {one["code"] for one in found}
    certificate = FixedClock(SystemClock().now() + timedelta(days=5 * 365 - 3))
    ran = antin("--home", home, "upkeep", "--check", "--json", clock=certificate)
    assert ran.status == 3
    errors = {one["code"] for one in ran.json["alarms"] if one["severity"] == "error"}
    assert "signing.queue.certificate_ends" in errors
    doctor = antin("--home", home, "doctor", "--json", clock=certificate).json
    (check,) = [one for one in doctor["checks"] if one["check"] == "upkeep"]
    assert not check["ok"]


def test_a_document_that_is_gone_is_told_of_and_can_be_forgotten(antin, waiting):
    home, path, entry = waiting
    path.unlink()
    ran = antin("--home", home, "extend", "--queue", "--json")
    assert ran.status == 4
    assert ran.json["queue"][0]["error"]["code"] == "signing.document_gone"
    shown = antin("--home", home, "queue", "forget", entry, "--json")
    assert (shown.status, shown.json["would_forget"]) == (3, [entry])
    done = antin("--home", home, "queue", "forget", entry, "--yes", "--json")
    assert (done.status, done.json["forgotten"]) == (0, [entry])
    unknown = antin("--home", home, "queue", "forget", entry, "--yes")
    assert (unknown.status, unknown.code) == (3, "cli.unknown_name")


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("sign", "LETTER", "--later"), (5, "cli.bad_option")),
        (("extend",), (5, "cli.bad_option")),
        (("extend", "LETTER", "--queue"), (5, "cli.bad_option")),
    ],
)
def test_odd_options_are_refused(antin, demo_home, letter, arguments, refusal):
    given = [letter if one == "LETTER" else one for one in arguments]
    ran = antin("--home", demo_home, *given)
    assert (ran.status, ran.code) == refusal


def test_the_queue_in_words(antin, waiting):
    home, path, _ = waiting
    assert "would be forgotten" in antin("--home", home, "queue", "forget", waiting[2]).out
    down = antin("--home", home, "extend", "--queue")
    assert "could not be raised yet" in down.out
    assert "signing.tsa_unavailable" in down.out
    assert "waits until" in antin("--home", home, "extend", "--queue").out
    path.unlink()
    for entry in (home / "queue").glob("*.json"):
        entry.unlink()
    assert "nothing waits" in antin("--home", home, "extend", "--queue").out


def test_a_queue_in_other_hands_is_told_of_beside_serving(waiting):
    home, _, _ = waiting
    told = []
    raising = Raising(Session(Language.EN, home=home), get_home(home, None))
    thread = RaisingThread(raising, tell=told.append)
    with Queue(home / "queue").locked():
        thread.round()
    assert [alarm.code for alarm in told] == ["pki.upkeep.failed"]
    thread.round()
    assert len(told) == 1
    thread.stop()


def test_without_a_home_nothing_is_queued(antin, letter, tmp_path):
    ran = antin(
        *("--home", tmp_path / "none", "sign", letter, "-o", tmp_path / "o.pdf", *LATER),
        *("--tsa", "http://127.0.0.1:9/tsa"),
    )
    assert (ran.status, ran.code) == (3, "cli.no_home")
    ran = antin("--home", tmp_path / "none", "queue", "list")
    assert (ran.status, ran.code) == (3, "cli.no_home")


def test_both_languages_tell_what_waits(antin, waiting):
    home, path, _ = waiting
    for language, word in ((Language.VI, "số lần thử"), (Language.EN, "attempts")):
        said = antin("--home", home, "queue", "list", language=language).out
        assert word in said
        assert path.name in said
