"""Requests, approvals and roles as people type them."""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cli_office import Desk, open_desk
from cli_runs import Antin
from cryptography import x509

from pki.clock import FixedClock, SystemClock
from pki.register.sql import open_register

OWN = '[requests]\nholidays = "holidays.toml"\n'


@pytest.fixture
def desk(antin: Antin, demo_home: Path, tmp_path: Path) -> Desk:
    return open_desk(antin, demo_home, tmp_path)


def test_a_request_goes_its_way(desk: Desk):
    asked = desk.ask_new("Nguyễn Văn A", "--person", "CB-1", "--agency", "XA-01")
    number = asked["request"]
    assert (asked["state"], asked["approvals"]) == ("submitted", {"given": 0, "needed": 1})
    (row,) = desk("request", "list")["requests"]
    assert (row["request"], row["person"], row["overdue"]) == (number, "CB-1", False)
    refused = desk("request", "run", number, *desk.by("officer"), status=3)
    assert refused["error"]["code"] == "pki.approvals_missing"
    approved = desk("request", "approve", number, *desk.by("approver"), "--expires-in", "2d")
    assert approved["approvals"] == {"given": 1, "needed": 1}
    output = desk.folder / "a.crt"
    done = desk("request", "run", number, *desk.by("officer"), "-o", output)
    assert (done["state"], done["crl_number"]) == ("done", None)
    certificate = x509.load_pem_x509_certificate(output.read_bytes())
    again = desk("request", "run", number, *desk.by("officer"))
    assert again["pem"] == output.read_text("ascii")
    told = desk("request", "show", number)
    assert [step["state"] for step in told["steps"]] == ["submitted", "running", "done"]
    assert told["given"][0]["person"] == "approver"
    assert desk("request", "list")["requests"] == []
    assert len(desk("request", "list", "--all", "--kind", "new")["requests"]) == 1
    record = desk("cert", "show", f"{certificate.serial_number:x}")
    assert record["status"] == "issued"
    assert number in desk.said("request", "show", number).out


def test_whoever_approves_reads_all_that_is_approved(desk: Desk):
    """Every name and value of the document whose hash is signed is told, in words."""
    serial = f"{x509.load_pem_x509_certificate(desk.crt('clerk').read_bytes()).serial_number:x}"
    names = ("--set", "C=VN", "--set", "O=UBND xã", "--set", "CN=Lê B")
    cases = (
        desk.ask_new("Nguyễn Văn A"),
        desk(
            "request", "submit", "change", serial, "--csr", desk.csr("b"), *names, *desk.by("clerk")
        ),
        desk("request", "submit", "renew", serial, *desk.by("clerk")),
        desk(
            *("request", "submit", "revoke", serial, "--reason", "keyCompromise"),
            *("--invalidity-date", "2026-01-02", *desk.by("clerk")),
        ),
        desk("request", "submit", "recover", "--device", "TK-1", *desk.by("clerk")),
    )
    for case in cases:
        told = desk("request", "show", case["request"])
        for language in ("vi", "en"):
            said = desk.said("request", "show", case["request"], "--lang", language).out
            lines = said.splitlines()
            assert "cli." not in said
            for name, value in told["content"]["deed"].items():
                for one in shown_of(name, value):
                    assert any(line.endswith(one) for line in lines), (name, one, said)


def shown_of(name: str, value: object) -> list[str]:
    """Return what is to be read of one name of a deed."""
    if value in (None, False, "-") or name in {"renewal", "revokes_replaced", "change"}:
        return []
    if name == "subject":
        return [f"{short}={text}" for short, text in value]  # type: ignore[attr-defined]
    if name == "key":
        return [sha256(b64decode(str(value))).hexdigest()]
    if name == "invalidity_date":
        return ["02/01/2026 07:00:00 +0700"]
    return [str(value)]


def test_what_takes_an_approval_is_not_done_directly(desk: Desk):
    names = ("--set", "C=VN", "--set", "O=UBND", "--set", "CN=Lê Thị B")
    issue = ("cert", "issue", "--ca", "issuing", "--profile", "official")
    refused = desk(*issue, "--csr", desk.csr("b"), *names, status=3)
    assert refused["error"]["code"] == "pki.approval_needed"
    serial = f"{x509.load_pem_x509_certificate(desk.crt('clerk').read_bytes()).serial_number:x}"
    for words in (("renew", serial), ("revoke", serial, "--reason", "superseded", "-y")):
        refused = desk("cert", *words, status=3)
        assert refused["error"]["code"] == "pki.approval_needed"


def test_every_kind_of_request(desk: Desk):
    number = desk.ask_new("c")["request"]
    desk("request", "approve", number, *desk.by("approver"))
    pem = desk("request", "run", number, *desk.by("officer"))["pem"]
    serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"

    def carry_out(*words: object) -> dict[str, object]:
        number = desk("request", "submit", *words, *desk.by("clerk"))["request"]
        desk("request", "approve", number, *desk.by("approver"))
        return desk("request", "run", number, *desk.by("officer"))

    renewed = str(carry_out("renew", serial)["pem"])
    again = str(carry_out("renew", serial, "--csr", desk.csr("c2"))["pem"])
    assert renewed != again
    assert carry_out("hold", serial)["crl_number"]
    assert carry_out("release", serial)["crl_number"]
    names = ("--set", "C=VN", "--set", "O=UBND xã", "--set", "CN=c")
    changed = carry_out("change", serial, "--csr", desk.csr("c3"), *names)
    assert changed["crl_number"]
    assert desk("cert", "show", serial)["status"] == "revoked"
    other = f"{x509.load_pem_x509_certificate(renewed.encode()).serial_number:x}"
    revoke = ("revoke", other, "--reason", "keyCompromise", "--invalidity-date", "2026-01-02")
    assert carry_out(*revoke)["crl_number"]
    assert carry_out("recover", "--device", "TB-7", "--person", "CB-1")["pem"] is None


def test_a_locked_device_goes_through_its_states(desk: Desk):
    desk("person", "add", "NV-1", "--name", "Lê Thị Hai", "--since", "2026-01-01")
    desk("device", "add", "D1", "--model", "M", "--person", "NV-1", "--since", "2026-01-01")
    ask = ("request", "submit", "recover", "--device", "D1", "--request-id", "R-1")
    refused = desk(*ask, *desk.by("clerk"), status=3)
    assert refused["error"]["code"] == "pki.request_device_state"
    desk("device", "change", "D1", "--state", "active", "--from", "2026-01-01")
    desk(*ask, *desk.by("clerk"))
    assert desk(*ask, *desk.by("clerk"))["request"] == "R-1"
    assert desk("device", "show", "D1")["state"] == "pin-recovery-asked"
    desk("request", "approve", "R-1", *desk.by("approver"))
    desk("request", "run", "R-1", *desk.by("officer"))
    history = desk("device", "show", "D1")["history"]
    told = ["issued", "active", "pin-recovery-asked", "active"]
    assert [one["state"] for one in history] == told


def test_whom_a_request_names_is_looked_up_and_what_is_issued_hangs_there(desk: Desk):
    """A PIN file that is not there is not opened: who is named is looked up first."""
    day = ("--since", "2026-01-01")
    desk("agency", "add", "X1", "--name", "UBND xã Mẫu", "--tier", "commune", *day)
    desk("person", "add", "NV-1", "--name", "Lê Thị Hai", *day)
    desk("post", "add", "CV-1", "--person", "NV-1", "--agency", "X1", "--title", "Văn thư", *day)
    whole = ("--person", "NV-1", "--post", "CV-1", "--agency", "X1")
    number = desk.ask_new("c", *whole)["request"]
    desk("request", "approve", number, *desk.by("approver"))
    pem = desk("request", "run", number, *desk.by("officer"))["pem"]
    serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
    assert desk("post", "show", "CV-1")["certificates"] == [f"issuing:{serial}"]

    renewal = desk("request", "submit", "renew", serial, *desk.by("clerk"))["request"]
    told = desk("request", "show", renewal)
    assert (told["person"], told["post"], told["agency"]) == ("NV-1", "CV-1", None)
    desk("request", "approve", renewal, *desk.by("approver"))
    pem = desk("request", "run", renewal, *desk.by("officer"))["pem"]
    renewed = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
    assert sorted(desk("person", "show", "NV-1")["certificates"]) == sorted(
        f"issuing:{one}" for one in (serial, renewed)
    )

    again = desk("request", "submit", "renew", renewed, *desk.by("clerk"))["request"]
    desk("request", "approve", again, *desk.by("approver"))
    desk("person", "change", "NV-1", "--state", "retired")
    nobody = ("--key", "file:none.pem")
    refused = desk("request", "run", again, *nobody, status=3)
    assert refused["error"]["code"] == "pki.request_person_gone"
    ask = ("request", "submit", "renew", renewed)
    assert desk(*ask, *nobody, status=3)["error"]["code"] == "pki.request_person_gone"
    unknown = desk(*ask, "--person", "NV-2", *nobody, status=3)
    assert unknown["error"]["code"] == "pki.person_unknown"


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("new", "--ca", "issuing", "--profile", "official"), "--csr"),
        (("renew",), "SERIAL"),
        (("revoke", "01"), "--reason"),
        (("hold", "01", "--reason", "superseded"), "--reason"),
        (("recover",), "--device"),
        (("release", "01", "--set", "CN=x"), "--set"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_options_go_with_the_kind(desk: Desk, words: tuple[str, ...], option: str):
    refused = desk("request", "submit", *words, *desk.by("clerk"), status=5)
    assert refused["error"]["code"] == "cli.bad_option"
    assert option in refused["error"]["message"]


def test_who_may_not_is_refused_before_anything_is_done(desk: Desk):
    number = desk.ask_new("d")["request"]
    for words, who in (("approve", "clerk"), ("reject", "officer"), ("run", "approver")):
        refused = desk("request", words, number, *desk.by(who), status=3)
        assert refused["error"]["code"] == "pki.right_missing"
    assert desk("request", "reject", number, *desk.by("approver"))["state"] == "rejected"
    other = desk.ask_new("e")["request"]
    assert desk("request", "withdraw", other, *desk.by("clerk"))["state"] == "withdrawn"
    refused = desk("request", "approve", other, *desk.by("approver"), status=3)
    assert refused["error"]["code"] == "pki.request_withdrawn"
    assert desk("request", "show", "none", status=5)["error"]["code"] == "pki.request_unknown"


def test_personal_numbers_are_masked(desk: Desk):
    asked = desk.ask_new("f", "--set", "UID=CCCD:001099000001", "--set", "E=a.b@xa.gov.vn")
    number = asked["request"]
    masked = json.dumps(desk("request", "show", number))
    assert "001099000001" not in masked
    assert "CCCD:********0001" in masked
    assert "a***@xa.gov.vn" in masked
    whole = desk("request", "show", number, "--unmasked", *desk.by("approver"))
    assert "001099000001" in json.dumps(whole)
    (clerk,) = (row for row in desk("role", "list")["roles"] if row["role"] == "clerk")
    desk("role", "end", clerk["grant"], *desk.by("officer"))
    desk("role", "grant", "auditor", desk.crt("clerk"), "--person", "clerk", *desk.by("officer"))
    refused = desk("request", "show", number, "--unmasked", *desk.by("clerk"), status=3)
    assert refused["error"]["code"] == "pki.right_missing"


def test_numbers_of_the_registry_are_shown_to_whom_a_role_allows_it(desk: Desk):
    number, file = "001090000001", desk.folder / "people.csv"
    told = ("--name", "Lê Thị Hai", "--citizen-number", number, "--since", "2026-01-01")
    desk("person", "add", "NV-1", *told)
    commands: tuple[tuple[object, ...], ...] = (
        ("person", "show", "NV-1", "--unmasked"),
        ("person", "list", "--unmasked"),
        ("person", "export", "-o", file, "--unmasked"),
    )
    desk("role", "grant", "auditor", desk.crt("clerk"), "--person", "aud", *desk.by("officer"))
    for role in desk("role", "list")["roles"]:
        if role["role"] == "clerk":
            desk("role", "end", role["grant"], *desk.by("officer"))
    before = seen(desk)
    for words in commands:
        refused = desk(*words, *desk.by("clerk"), status=3)  # an auditor by now
        assert refused["error"]["code"] == "pki.right_missing"
        assert number not in json.dumps(refused)
        other = desk(*words, status=3)  # whoever signs documents here has no role
        assert other["error"]["code"] == "pki.right_missing"
    assert not file.exists()
    assert seen(desk) == before
    for words in commands:
        shown = desk(*words, *desk.by("approver"))
        assert number in json.dumps(shown) + (file.read_text("utf-8") if file.exists() else "")
    assert [one["actor"] for one in seen(desk)] == ["person:approver"] * 3
    facts = [set(one["facts"].items()) for one in seen(desk)]
    assert ("person", "NV-1") in facts[0]
    assert [("command", "list") in facts[1], ("command", "export") in facts[2]] == [True, True]
    assert number not in json.dumps(seen(desk))


def seen(desk: Desk) -> list[dict[str, Any]]:
    register = open_register(desk.home / "register.sqlite")
    log = [json.loads(entry.content) for entry in register.audit_entries()]
    register.close()
    return [one for one in log if one["action"] == "person.unmask"]


def test_roles_are_granted_and_ended(desk: Desk):
    roles = {row["role"]: row for row in desk("role", "list")["roles"]}
    assert set(roles) == {"officer", "clerk", "approver"}
    first = ("role", "grant", "officer", desk.crt("clerk"), "--person", "clerk")
    refused = desk(*first, *desk.by("clerk"), status=3)
    assert refused["error"]["code"] == "pki.right_missing"
    ended = desk("role", "end", roles["clerk"]["grant"], *desk.by("officer"))
    assert ended["person"] == "clerk"
    assert "clerk" not in {row["role"] for row in desk("role", "list")["roles"]}
    assert len(desk("role", "list", "--all")["roles"]) == 3
    term = ("--since", "2026-01-01", "--until", "2025-01-01")
    refused = desk(*first, *term, *desk.by("officer"), status=5)
    assert refused["error"]["code"] == "pki.role_term"
    assert "approver" in desk.said("role", "list").out


def test_a_hold_at_night_waits_to_be_looked_at(desk: Desk):
    number = desk.ask_new("g")["request"]
    desk("request", "approve", number, *desk.by("approver"))
    pem = desk("request", "run", number, *desk.by("officer"))["pem"]
    serial = f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"
    desk("cert", "hold", serial, "-y")
    (row,) = desk("request", "list")["requests"]
    assert (row["state"], row["serial"]) == ("unreviewed", serial)
    told = desk.said("doctor").out
    assert row["request"] in told
    desk("request", "review", row["request"], *desk.by("approver"))
    assert desk("request", "list")["requests"] == []


def test_what_is_overdue_stands_out(antin: Antin, demo_home: Path, tmp_path: Path):
    clock = FixedClock(SystemClock().now() + timedelta(seconds=5))
    desk = open_desk(antin, demo_home, tmp_path, clock)
    desk.ask_new("h")
    assert desk("request", "list", "--overdue")["requests"] == []
    clock.advance(timedelta(days=20))
    (row,) = desk("request", "list", "--overdue")["requests"]
    assert row["overdue"] is True
    ran = desk.said("request", "list", "--lang", "en")
    assert "OVERDUE" in ran.out


def test_own_holidays_count(desk: Desk):
    settings = desk.home / "antin.toml"
    calendar = desk.home / "holidays.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("[requests]\n", OWN), "utf-8")
    refused = desk("request", "list", status=5)
    assert refused["error"]["code"] == "pki.holidays_invalid"
    calendar.write_text("[2031]\noff = [2031-01-01]\n", "utf-8")
    assert desk("request", "list")["requests"] == []
    settings.write_text(text.replace("official = 1", "ocsp = 1"), "utf-8")
    assert desk("request", "list", status=5)["error"]["code"] == "cli.bad_configuration"


def test_the_page_is_as_it_is_written(
    antin: Antin, demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Every command of docs/requests.md, in its order; the hold of the night between them."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(antin, demo_home, tmp_path)
    for name in ("officer", "clerk", "approver"):
        desk.hire(name)
    desk.csr("a")
    desk.ask_approvals()
    page = (Path(__file__).parents[2] / "docs" / "requests.md").read_text("utf-8")
    words = {name.upper(): f"file:{tmp_path / name}.pem" for name in ("officer", "clerk")}
    words["APPROVER"] = f"file:{tmp_path / 'approver'}.pem"
    ran = 0
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            told = shlex.split(line.removeprefix("$ antin "))
            if "--kind" in told:
                serial = x509.load_pem_x509_certificate(Path("a.crt").read_bytes()).serial_number
                desk("cert", "hold", f"{serial:x}", "-y")
                (held,) = desk("request", "list", "--kind", "hold")["requests"]
                words["REVIEWED"] = held["request"]
            desk(*(words.get(word, word) for word in told))
            ran += 1
    assert ran == 11
    assert desk("request", "list")["requests"] == []
