"""`antin agency|person|post|device`: entered, changed, put right, asked of any day."""

from __future__ import annotations

import pytest

from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.register.sql import open_register
from pki.words import Language

NUMBER = "001090000001"


@pytest.fixture
def office(antin, tmp_path):
    """A home with a province, a commune, and one person with a post and a device."""
    home = tmp_path / "home"

    def run(*words, status=0, json=True, **more):
        ran = antin("--home", home, *words, *(("--json",) if json else ()), **more)
        assert ran.status == status, ran
        return ran.json if json else ran

    run("init")
    day = ("--since", "2025-07-01")
    run("agency", "add", "T", "--name", "UBND tỉnh Mẫu", "--tier", "province", *day)
    commune = ("--name", "UBND xã Mẫu", "--tier", "commune", "--parent", "T")
    run("agency", "add", "X1", *commune, *day)
    number = ("--citizen-number", NUMBER, "--email", "Mau@Example.vn")
    run("person", "add", "NV-1", "--name", "Nguyễn Văn Mẫu", *number, *day)
    run("post", "add", "CV-1", "--person", "NV-1", "--agency", "X1", "--title", "Chủ tịch", *day)
    run("device", "add", "D1", "--model", "ePass2003", "--person", "NV-1", *day)
    run.home = home
    return run


def log_of(office) -> str:
    register = open_register(office.home / "register.sqlite")
    verify_audit(register)
    told = "\n".join(entry.content.decode() for entry in register.audit_entries())
    register.close()
    return told


def test_what_was_true_on_a_day_is_told(office):
    office("person", "change", "NV-1", "--name", "Nguyễn Thị Mẫu", "--from", "2026-01-01")
    office("person", "change", "NV-1", "--state", "retired", "--from", "2026-06-01")
    states = {
        day: office("person", "show", "NV-1", "--at", day)
        for day in ("2025-07-01", "2026-01-01", "2026-06-01")
    }
    assert [one["name"] for one in states.values()] == [
        "Nguyễn Văn Mẫu",
        "Nguyễn Thị Mẫu",
        "Nguyễn Thị Mẫu",
    ]
    assert [one["state"] for one in states.values()] == ["active", "active", "retired"]
    assert states["2026-06-01"]["since"] == "2026-06-01"
    assert [one["version"] for one in states["2026-01-01"]["history"]] == [1, 2, 3]
    refused = office("person", "show", "NV-1", "--at", "2025-06-30", status=3)
    assert refused["error"]["code"] == "pki.person_unknown"
    (listed,) = office("person", "list", "--at", "2026-02-01")["people"]
    assert (listed["state"], listed["name"]) == ("active", "Nguyễn Thị Mẫu")
    assert office("person", "list", "--at", "2025-06-30")["people"] == []


def test_a_wrong_change_is_put_right(office):
    office("person", "change", "NV-1", "--state", "died", "--from", "2026-01-01")
    refused = office("person", "change", "NV-1", "--state", "active", status=3)
    assert refused["error"]["code"] == "pki.person_move"
    right = ("--state", "active", "--since", "2025-07-01", "--correct")
    assert office("person", "change", "NV-1", *right)["changed"]
    assert office("person", "show", "NV-1", "--at", "2026-02-01")["state"] == "active"
    told = office("person", "show", "NV-1", json=False, language=Language.EN).out
    assert "state=died" in told
    assert "first entry" in told


def test_what_stands_already_is_not_entered_twice(office):
    unchanged = office("agency", "change", "X1", "--name", "UBND xã Mẫu")
    assert not unchanged["changed"]
    assert len(office("agency", "show", "X1")["history"]) == 1
    told = office("agency", "change", "X1", "--parent", "T", json=False, language=Language.EN)
    assert "nothing to change" in told.out
    again = office("agency", "add", "X1", "--name", "X", "--tier", "unit", status=3)
    assert again["error"]["code"] == "pki.entry_exists"


def test_a_field_is_emptied(office):
    assert office("agency", "change", "X1", "--clear", "parent")["parent"] is None
    wrong = office("agency", "change", "X1", "--clear", "name", status=5)
    assert wrong["error"]["code"] == "cli.bad_option"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("agency", "add", "a b", "--name", "X", "--tier", "unit"), 5, "pki.entry_code"),
        (("agency", "change", "T", "--parent", "X1"), 3, "pki.agency_cycle"),
        (("agency", "change", "X1", "--until", "2026-01-01"), 3, "pki.agency_in_use"),
        (("person", "add", "B", "--name", "B", "--since", "2025-02-29"), 5, "pki.entry_leap_day"),
        (("person", "add", "B", "--name", "B", "--since", ""), 5, "pki.entry_missing"),
        (("person", "list", "--at", ""), 5, "pki.entry_day"),
        (("person", "add", "B", "--name", "B", "--citizen-number", NUMBER), 3, "pki.person_twice"),
        (("person", "change", "none", "--name", "B"), 3, "pki.person_unknown"),
        (("post", "show", "none"), 3, "pki.post_unknown"),
        (("device", "show", "none"), 3, "pki.device_unknown"),
        (("agency", "show", "none"), 3, "pki.agency_unknown"),
        (("post", "change", "CV-1", "--person", "NV-2"), 3, "pki.post_moved"),
        (("device", "change", "D1", "--state", "suspended"), 3, "pki.device_move"),
        (("device", "change", "D1", "--agency", "X1"), 3, "pki.one_holder"),
    ],
)
def test_what_does_not_fit_is_refused(office, words, status, code):
    before = log_of(office)
    assert office(*words, status=status)["error"]["code"] == code
    assert log_of(office) == before


def test_a_device_goes_from_hand_to_hand(office):
    for state in ("active", "lost", "suspended", "returned"):
        assert office("device", "change", "D1", "--state", state)["state"] == state
    handed = ("--state", "issued", "--agency", "X1", "--clear", "person")
    office("device", "change", "D1", *handed)
    (held,) = office("device", "list", "--agency", "X1")["devices"]
    assert (held["serial"], held["state"], held["person"]) == ("D1", "issued", None)
    assert office("device", "list", "--state", "lost")["devices"] == []


def test_numbers_are_masked_and_who_asked_for_them_is_logged(office):
    shown = office("person", "show", "NV-1")
    assert (shown["citizen_number"], shown["email"]) == ("*********001", "M***@example.vn")
    assert NUMBER not in str(shown) + str(office("person", "list"))
    assert "unmask" not in log_of(office)
    assert office("person", "show", "NV-1", "--unmasked")["citizen_number"] == NUMBER
    assert office("person", "list", "--unmasked")["people"][0]["citizen_number"] == NUMBER
    told = log_of(office)
    assert told.count('"person.unmask"') == 2
    assert told.count('"actor":"account:') == told.count('"actor"')
    assert not any(word in told for word in (NUMBER, "Mẫu", "xample.vn"))


def test_lists_narrow_and_are_read_in_pages(office, monkeypatch):
    for number in range(2, 6):
        office("person", "add", f"NV-{number}", "--name", f"Lê Thị {number}")
    people = office("person", "list", "--limit", "2", "--after", "NV-1")["people"]
    assert [one["code"] for one in people] == ["NV-2", "NV-3"]
    monkeypatch.setattr("cli.registry.rows.PAGE", 2)
    assert len(office("person", "list")["people"]) == 5
    assert len(office("person", "list", "--limit", "3")["people"]) == 3
    assert len(office("person", "list", "--query", "le thi")["people"]) == 4
    assert len(office("person", "list", "--agency", "X1")["people"]) == 1
    (commune,) = office("agency", "list", "--tier", "commune")["agencies"]
    assert commune["code"] == "X1"
    assert len(office("post", "list", "--person", "NV-1", "--agency", "X1")["posts"]) == 1
    told = office("person", "list", json=False).out.splitlines()
    assert len(told) == 6
    assert told[1].split()[:3] == ["NV-1", "active", told[1].split()[2]]


def test_today_is_vietnam_s(office):
    from datetime import UTC, datetime

    late = FixedClock(datetime(2027, 12, 31, 18, tzinfo=UTC))
    added = office("person", "add", "NV-9", "--name", "Lê Chín", clock=late)
    assert added["since"] == "2028-01-01"
