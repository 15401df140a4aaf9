"""`antin event record|list|show`: what befalls an official, and what is handed in for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cli_office import Desk, open_desk
from cli_runs import Antin
from cryptography import x509

from pki.clock import FixedClock, SystemClock
from pki.register.sql import open_register
from pki.words import VIETNAM, Language

SINCE = ("--since", "2025-07-01")


@pytest.fixture
def desk(antin: Antin, demo_home: Path, tmp_path: Path) -> Desk:
    """A desk, two communes, an official with a certificate on a token."""
    clock = FixedClock(SystemClock().now() + timedelta(seconds=5))
    desk = open_desk(antin, demo_home, tmp_path, clock)
    for code in ("X1", "X2"):
        desk("agency", "add", code, "--name", f"UBND xã {code}", "--tier", "commune", *SINCE)
    desk("person", "add", "NV-1", "--name", "Lê Thị Hai", *SINCE)
    post = ("--person", "NV-1", "--agency", "X1", "--title", "Chủ tịch")
    desk("post", "add", "CV-1", *post, *SINCE)
    desk("device", "add", "D1", "--model", "M", "--person", "NV-1", *SINCE)
    hire(desk, "NV-1", "--post", "CV-1", "--device", "D1")
    return desk


def hire(desk: Desk, person: str, *more: str) -> str:
    """Have a certificate issued on request, and say on whom it hangs; return its serial."""
    assert desk.clock
    desk.clock.advance(timedelta(seconds=2))
    number = desk.ask_new("Lê Thị Hai", "--person", person)["request"]
    desk("request", "approve", number, *desk.by("approver"))
    pem = desk("request", "run", number, *desk.by("officer"))["pem"]
    serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
    desk("cert", "assign", serial, "--person", person, *more)
    desk.clock.advance(timedelta(seconds=2))
    return serial


def today(desk: Desk, days: int = 0) -> str:
    assert desk.clock
    return str(desk.clock.now().astimezone(VIETNAM).date() + timedelta(days=days))


def test_who_retires_is_told_what_to_revoke(desk: Desk):
    told = desk("event", "record", "retirement", "--person", "NV-1", "--day", today(desk))
    assert (told["recorded"], told["changed"], told["submitted"]) == (True, 2, [])
    (one,) = told["proposals"]
    assert (one["asks"], one["reason"], one["article"], one["own"]) == (
        *("revoke", "cessationOfOperation"),
        *("17", True),
    )
    assert (one["post"], one["device"], one["done"], one["request"]) == ("CV-1", "D1", False, None)
    assert desk("person", "show", "NV-1")["state"] == "retired"
    assert desk("post", "show", "CV-1")["until"] == today(desk, -1)
    again = desk("event", "record", "retirement", "--person", "NV-1", "--day", today(desk))
    assert (again["event"], again["recorded"], again["changed"]) == (told["event"], False, 0)
    (row,) = desk("event", "list")["events"]
    assert (row["event"], row["proposals"], row["done"]) == (told["event"], 1, 0)
    words = desk.said("event", "show", told["event"], "--lang", "en").out
    assert "Art. 17" in words
    assert "[to do]" in words
    words = desk.said("event", "show", told["event"], "--lang", "vi").out
    assert "Điều 17 Nghị định 68/2024/NĐ-CP" in words


def test_what_is_handed_in_goes_its_way_and_nothing_is_handed_in_twice(desk: Desk):
    lost = ("event", "record", "loss", "--device", "D1", "--day", today(desk), "--submit")
    told = desk(*lost, *desk.by("clerk"))
    assert len(told["submitted"]) == 2
    assert [(one["asks"], one["request_state"]) for one in told["proposals"]] == [
        ("hold", "submitted"),
        ("revoke", "submitted"),
        ("reissue", None),
    ]
    assert desk(*lost, *desk.by("clerk"))["submitted"] == []
    listed = {row["request"]: row for row in desk("request", "list")["requests"]}
    assert set(told["submitted"]) <= set(listed)
    assert {listed[one]["device"] for one in told["submitted"]} == {"D1"}
    for number in told["submitted"]:
        desk("request", "approve", number, *desk.by("approver"))
        desk("request", "run", number, *desk.by("officer"))
    shown = desk("event", "show", told["event"])["proposals"]
    assert [one["done"] for one in shown] == [True, True, False]
    assert "keyCompromise" in str(desk("cert", "show", shown[0]["serial"]))
    assert [row["done"] for row in desk("event", "list", "--open")["events"]] == [2]
    hire(desk, "NV-1")
    assert desk("event", "list", "--open")["events"] == []
    assert desk(*lost, *desk.by("clerk"))["submitted"] == []
    said = desk.said(*lost, *desk.by("clerk"), "--lang", "en").out
    assert "was recorded before" in said
    assert "handed in as" in said


def test_nothing_is_handed_in_before_the_day(desk: Desk):
    words = ("event", "record", "leaving", "--person", "NV-1", "--day", today(desk, 3), "--submit")
    refused = desk(*words, *desk.by("clerk"), status=3)
    assert refused["error"]["code"] == "pki.event_not_yet"
    (row,) = desk("event", "list", "--person", "NV-1", "--kind", "leaving")["events"]
    assert row["done"] == 0
    assert desk.clock
    desk.clock.advance(timedelta(days=3))
    said = desk.said(*words, *desk.by("clerk"), "--lang", "en").out
    assert "Requests handed in: 1." in said


def test_who_may_not_submit_hands_nothing_in(desk: Desk):
    words = ("event", "record", "death", "--person", "NV-1", "--day", today(desk), "--submit")
    refused = desk(*words, *desk.by("approver"), status=3)
    assert refused["error"]["code"] == "pki.right_missing"
    assert len(desk("event", "list")["events"]) == 1
    assert len(desk(*words, *desk.by("clerk"))["submitted"]) == 1


def test_a_merger_moves_posts_and_asks_for_new_certificates(desk: Desk):
    told = desk("event", "record", "merger", "--agency", "X1", "--into", "X2", "--day", today(desk))
    assert desk("post", "show", "CV-1-X2")["agency"] == "X2"
    assert desk("agency", "show", "X1")["successor"] == "X2"
    assert {one["asks"] for one in told["proposals"]} == {"revoke", "reissue"}
    text = desk.said("event", "list", "--agency", "X1", "--lang", "en").out
    assert "merger of an agency" in text


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("retirement", "--person", "none", "--day", "2026-01-01"), 3, "pki.person_unknown"),
        (("retirement", "--person", "NV-1", "--day", "2026-02-29"), 5, "pki.entry_leap_day"),
        (("retirement", "--person", "NV-1", "--day", "01/02/2026"), 5, "pki.entry_day_turned"),
        (("retirement", "--day", "2026-01-01"), 5, "pki.event_field"),
        (("loss", "--person", "NV-1", "--day", "2026-01-01"), 5, "pki.event_field"),
        (("merger", "--agency", "X1", "--day", "2026-01-01"), 5, "pki.event_field"),
        (("post-change", "--post", "CV-1", "--day", "2025-07-01"), 3, "pki.event_before_post"),
        (("loss", "--device", "none", "--day", "2026-01-01"), 3, "pki.device_unknown"),
        (
            ("loss", "--device", "D1", "--day", "2026-01-01", "--event-id", "a b"),
            5,
            "pki.entry_code",
        ),
        (
            ("merger", "--agency", "X1", "--into", "X1", "--day", "2026-01-01"),
            3,
            "pki.agency_successor",
        ),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_no_trace(
    desk: Desk, words: tuple[str, ...], status: int, code: str
):
    refused = desk("event", "record", *words, status=status)
    assert refused["error"]["code"] == code
    assert desk("event", "list")["events"] == []
    assert desk("person", "show", "NV-1")["state"] == "active"


def test_an_id_is_one_event_s(desk: Desk):
    named = ("--event-id", "SK-1", "--day", today(desk))
    told = desk("event", "record", "damage", "--device", "D1", *named)
    assert told["event"] == "SK-1"
    refused = desk("event", "record", "death", "--person", "NV-1", *named, status=3)
    assert refused["error"]["code"] == "pki.event_changed"
    assert desk("event", "show", "none", status=5)["error"]["code"] == "pki.event_unknown"


def test_an_event_without_certificates_says_so(antin: Antin, tmp_path: Path):
    home = tmp_path / "home"

    def run(*words: str) -> str:
        ran = antin("--home", home, *words, language=Language.EN)
        assert ran.status == 0, ran
        return str(ran.out)

    run("init")
    assert run("event", "list") == "nothing\n"
    run("person", "add", "NV-1", "--name", "Lê Thị Hai", *SINCE)
    told = run("event", "record", "death", "--person", "NV-1", "--day", "2026-01-01")
    assert "nothing is proposed" in told
    register = open_register(home / "register.sqlite")
    log = "".join(entry.content.decode() for entry in register.audit_entries())
    register.close()
    assert '"event.record"' in log
    assert "Hai" not in log
