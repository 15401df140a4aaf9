"""`antin plan create merge|move`: two communes become a third, a department moves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_office import Desk, open_desk
from cli_runs import Antin
from cryptography import x509
from cryptography.x509.oid import NameOID

from pki.clock import FixedClock, SystemClock
from pki.words import VIETNAM

SINCE = ("--since", "2025-07-01")


@pytest.fixture
def desk(antin: Antin, demo_home: Path, tmp_path: Path) -> Desk:
    """A desk, three communes, an official with a certificate in each of the first two."""
    clock = FixedClock(SystemClock().now() + timedelta(seconds=5))
    desk = open_desk(antin, demo_home, tmp_path, clock)
    desk("agency", "add", "T", "--name", "UBND tỉnh", "--tier", "province", *SINCE)
    for code in "ABC":
        named = ("--name", f"UBND xã {code}", "--tier", "commune", "--parent", "T")
        desk("agency", "add", code, *named, *SINCE)
    for code, place in (("NV-1", "A"), ("NV-2", "B")):
        desk("person", "add", code, "--name", "Lê Thị Hai", *SINCE)
        post = ("--person", code, "--agency", place, "--title", "Chủ tịch")
        desk("post", "add", f"CV-{code}", *post, *SINCE)
        hire(desk, code, place)
    clock.advance(timedelta(seconds=2))
    (tmp_path / "csrs").mkdir()
    return desk


def hire(desk: Desk, code: str, place: str) -> None:
    words = ("--set", f"OU=UBND xã {place}", "--person", code, "--post", f"CV-{code}")
    number = desk.ask_new(code, *words)["request"]
    desk("request", "approve", number, *desk.by("approver"))
    desk("request", "run", number, *desk.by("officer"), "-o", desk.crt(code))


def serial(desk: Desk, name: str) -> str:
    return f"{x509.load_pem_x509_certificate(desk.crt(name).read_bytes()).serial_number:x}"


def today(desk: Desk, days: int = 0) -> str:
    assert desk.clock
    return str(desk.clock.now().astimezone(VIETNAM).date() + timedelta(days=days))


def give_key(desk: Desk, *names: str) -> None:
    """Put a request for a key into the folder."""
    for name in names:
        desk.csr(f"new-{name}").rename(desk.folder / "csrs" / f"{name}.csr")


def create(desk: Desk, *more: object, day: int = 0, status: int = 0) -> dict[str, Any]:
    both = ("--from", "A", "--from", "B", "--into", "C", "--on", today(desk, day))
    folder = ("--csr-dir", desk.folder / "csrs")
    return desk("plan", "create", "merge", *both, *folder, *more, *desk.by("clerk"), status=status)


def test_two_communes_become_a_third(desk: Desk):
    give_key(desk, "NV-1")
    told = create(desk, status=3)
    ((about, code),) = [(one["about"], one["code"]) for one in told["faults"]]
    assert (about, code, told["plan"]) == ("NV-2", "pki.csr_missing", None)
    give_key(desk, "NV-2")
    tried = create(desk, "--dry-run")
    assert (tried["lines"], tried["kinds"], tried["agencies"]) == (2, {"change": 2}, {"C": 2})
    assert desk("agency", "show", "A")["successor"] is None
    plan = create(desk, "--id", "P-1")["plan"]
    assert desk("plan", "show", plan)["annex"]["from"] == ["A", "B"]
    elsewhere = create(desk, status=3)
    assert elsewhere["error"]["code"] == "pki.regroup_elsewhere"
    desk("plan", "approve", plan, *desk.by("approver"))
    ran = desk("plan", "run", plan, *desk.by("officer"))
    assert (ran["state"], ran["agencies"]["C"]["done"]) == ("done", 2)
    for code in "AB":
        shown = desk("agency", "show", code)
        assert (shown["successor"], shown["until"]) == ("C", today(desk, -1))
    for code in ("NV-1", "NV-2"):
        old = serial(desk, code)
        assert "affiliationChanged" in str(desk("cert", "show", old))
        hanging = desk("post", "show", f"CV-{code}-C")["certificates"]
        ((issuer, _, new),) = [one.partition(":") for one in hanging]
        assert issuer == "issuing"
        pem = desk("cert", "export", new)["pem"]
        subject = x509.load_pem_x509_certificate(pem.encode()).subject
        (unit,) = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        assert unit.value == "UBND xã C"
    events = desk("event", "list", "--kind", "merger")["events"]
    assert {one["agency"] for one in events} == {"A", "B"}
    assert [one["done"] for one in events] == [one["proposals"] for one in events]
    again = desk("plan", "run", plan, *desk.by("officer"))
    assert again["agencies"] == ran["agencies"]


def test_nothing_is_done_before_the_day(desk: Desk):
    give_key(desk, "NV-1", "NV-2")
    plan = create(desk, day=2)["plan"]
    desk("plan", "approve", plan, *desk.by("approver"))
    refused = desk("plan", "run", plan, *desk.by("officer"), status=3)
    assert refused["error"]["code"] == "pki.regroup_not_yet"
    assert desk("plan", "show", plan)["state"] == "submitted"
    assert desk("agency", "show", "A")["successor"] is None
    assert desk.clock
    desk.clock.advance(timedelta(days=2))
    assert desk("plan", "run", plan, *desk.by("officer"))["state"] == "done"


def test_a_registry_that_changed_since_is_not_merged_as_it_was_approved(desk: Desk):
    give_key(desk, "NV-1", "NV-2")
    plan = create(desk)["plan"]
    desk("plan", "approve", plan, *desk.by("approver"))
    desk("person", "add", "NV-3", "--name", "Lê Văn Ba", *SINCE)
    desk("post", "add", "CV-3", "--person", "NV-3", "--agency", "A", "--title", "Văn thư", *SINCE)
    refused = desk("plan", "run", plan, *desk.by("officer"), status=3)
    assert refused["error"]["code"] == "pki.regroup_changed"
    assert desk("agency", "show", "A")["successor"] is None
    assert desk("plan", "show", plan)["state"] == "submitted"


def test_who_would_come_from_two_places_is_named(desk: Desk):
    give_key(desk, "NV-1", "NV-2")
    post = ("--person", "NV-1", "--agency", "B", "--title", "Bí thư")
    desk("post", "add", "CV-9", *post, *SINCE)
    told = create(desk, status=3)
    ((about, code, line),) = [(one["about"], one["code"], one["line"]) for one in told["faults"]]
    assert (about, code, line) == ("NV-1", "pki.merged_twice", 1)


def test_a_part_of_an_agency_moves(desk: Desk):
    desk("post", "change", "CV-NV-1", "--unit", "Phòng Văn hóa", "--from", "2025-07-01")
    give_key(desk, "NV-1")
    where = ("--from", "A", "--unit", "Phòng Văn hóa", "--into", "B", "--on", today(desk))
    folder = ("--csr-dir", desk.folder / "csrs", "--set", "L=Xã B")
    told = desk("plan", "create", "move", *where, *folder, *desk.by("clerk"))
    desk("plan", "approve", told["plan"], *desk.by("approver"))
    assert desk("plan", "run", told["plan"], *desk.by("officer"))["state"] == "done"
    assert desk("post", "show", "CV-NV-1-B")["unit"] == "Phòng Văn hóa"
    assert desk("agency", "show", "A")["until"] is None


MERGE = ("merge", "--from", "A", "--into", "C", "--on", "2026-01-01", "--csr-dir", ".")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (MERGE[:-2], "cli.bad_option"),
        (MERGE[:-4], "cli.bad_option"),
        (("merge", "--into", "C", "--on", "2026-01-01"), "cli.bad_option"),
        (("merge", "--from", "A", "--on", "2026-01-01"), "cli.bad_option"),
        (("move", "--from", "A", "--from", "B", *MERGE[3:]), "pki.regroup_agencies"),
        (("--quarter", "--into", "C"), "cli.bad_option"),
        (("--from", "a.csv", "--from", "b.csv"), "cli.bad_option"),
        ((*MERGE, "--quarter"), "cli.bad_option"),
        ((*MERGE, "--ca", "issuing"), "cli.bad_option"),
        ((*MERGE, "--unit", "Phòng"), "cli.bad_option"),
        ((*MERGE, "--set", "CN=Người khác"), "cli.bad_option"),
        ((*MERGE, "--set", "L"), "cli.bad_option"),
        ((*MERGE[:6], "2026-02-29", *MERGE[7:]), "pki.entry_leap_day"),
        ((*MERGE, "--from", "A"), "pki.regroup_agencies"),
        ((*MERGE[:4], "none", *MERGE[5:]), "pki.agency_unknown"),
        ((*MERGE[:-1], "none-such"), "cli.unreadable"),
    ],
)
def test_what_is_wrong_is_refused(desk: Desk, words: tuple[str, ...], code: str):
    said = desk.antin and desk.antin(  # which status it is depends on the kind of error
        *("--home", desk.home, "plan", "create", *words, "--dry-run", "--json"), clock=desk.clock
    )
    assert said
    assert said.status in {2, 3, 5}
    assert said.json["error"]["code"] == code
