"""Plans as people type them: from a file, of a quarter, approved as one, carried out once."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_office import Desk, open_desk
from cli_runs import Antin
from cryptography import x509

from pki.register.sql import open_register


@pytest.fixture
def desk(antin: Antin, demo_home: Path, tmp_path: Path) -> Desk:
    return open_desk(antin, demo_home, tmp_path)


def serial(desk: Desk, name: str) -> str:
    return f"{x509.load_pem_x509_certificate(desk.crt(name).read_bytes()).serial_number:x}"


def sheet(desk: Desk, *rows: str, head: str = "kind;serial;csr;agency;reason;c;o;cn") -> Path:
    path = desk.folder / "plan.csv"
    path.write_text("\n".join(("﻿" + head, *rows)) + "\n", encoding="utf-8")
    return path


def made(desk: Desk, *rows: str, more: tuple[object, ...] = (), status: int = 0) -> dict[str, Any]:
    given = ("--from", sheet(desk, *rows), "--csr-dir", desk.folder, "--ca", "issuing")
    words = (*given, "--profile", "official", *more, *desk.by("clerk"))
    return desk("plan", "create", *words, status=status)


def test_a_plan_goes_its_way(desk: Desk):
    for name in ("a", "b", "c"):
        desk.csr(name)
    rows = (
        "new;;a.csr;XA-01;;VN;UBND xã;Lê A",
        f"change;{serial(desk, 'clerk')};b.csr;XA-02;;;;",
        f"hold;{serial(desk, 'approver')};;XA-02;;;;",
    )
    told = made(desk, *rows, more=("--dry-run",))
    assert (told["plan"], told["lines"], told["faults"]) == (None, 3, [])
    assert told["kinds"] == {"new": 1, "change": 1, "hold": 1}
    assert told["agencies"] == {"XA-01": 1, "XA-02": 2}
    assert (told["crl"], told["token_hours"]) == ({"entries": 2, "octets": 98}, 0.2)
    assert desk("plan", "list", "--all")["plans"] == []
    plan = made(desk, *rows[:2], more=("--id", "P-1", "--title", "Cấp lại"))["plan"]
    assert plan == "P-1"
    refused = desk("plan", "run", plan, *desk.by("officer"), status=3)
    assert refused["error"]["code"] == "pki.approvals_missing"
    alone = desk("request", "run", plan, *desk.by("officer"), status=3)
    assert alone["error"]["code"] == "pki.plan_alone"
    assert desk("plan", "approve", plan, *desk.by("approver"))["approvals"]["given"] == 1
    ran = desk("plan", "run", plan, *desk.by("officer"))
    assert (ran["state"], ran["lines"], ran["ended"]) == ("done", 2, 2)
    done = {"done": 1, "refused": {}, "left": 0}
    assert ran["agencies"] == {"XA-01": done, "XA-02": done}
    assert desk("plan", "report", plan)["agencies"] == ran["agencies"]
    assert desk("cert", "show", serial(desk, "clerk"))["status"] == "revoked"
    (row,) = desk("plan", "list", "--all")["plans"]
    assert (row["title"], row["ended"]) == ("Cấp lại", 2)
    assert "Cấp lại" in desk.said("plan", "show", plan).out
    assert plan in desk.said("plan", "list", "--all").out
    assert "XA-01" in desk.said("plan", "report", plan).out


FAULTS = (
    ("renewed;1;;;;;;", "pki.plan_field"),
    ("renew;;;;;;;", "pki.entry_missing"),
    ("renew;zz;;;;;;", "pki.certificate_not_found"),
    ("renew;12345678;;;;;;", "pki.certificate_not_found"),
    ("new;;;XA-01;;VN;UBND;A", "pki.entry_missing"),
    ("new;;../a.csr;XA-01;;VN;UBND;A", "pki.batch_file_name"),
    ("new;;none.csr;XA-01;;VN;UBND;A", "pki.batch_file"),
    ("new;;bad.csr;XA-01;;VN;UBND;A", "pki.malformed_request"),
    ("new;;a.csr;XA-01;;;;", "pki.entry_missing"),
    ("new;;a.csr;x y;;VN;UBND;A", "pki.entry_code"),
    ("revoke;{serial};;;;;;", "pki.entry_missing"),
    ("revoke;{serial};;;no such;;;", "pki.revocation_reason"),
    ("hold;{serial};;;", "pki.csv_cells"),
    ('hold;"{serial};;;', "pki.csv_line"),
)


def test_every_bad_line_is_named_and_nothing_is_planned(desk: Desk):
    desk.csr("a")
    (desk.folder / "bad.csr").write_bytes(b"-----BEGIN")
    number = serial(desk, "approver")
    rows = [row.replace("{serial}", number) for row, _ in FAULTS]
    told = made(desk, "new;;a.csr;XA-01;;VN;UBND xã;Lê A", *rows, status=3)
    assert told["plan"] is None
    found = [(one["line"], one["code"]) for one in told["faults"]]
    assert found == [(line, code) for line, (_, code) in enumerate(FAULTS, 3)]
    with closing(open_register(desk.home / "register.sqlite")) as register:
        assert (register.plans.headless(), register.plans.count("P-1")) == ([], 0)


def test_what_is_faulty_is_left_out_where_it_is_said(desk: Desk):
    desk.csr("a")
    rows = ("new;;a.csr;XA-01;;VN;UBND xã;Lê A", "new;;none.csr;XA-01;;VN;UBND xã;Lê B")
    told = made(desk, *rows, more=("--skip-bad",))
    assert (told["lines"], told["faulty"]) == (1, 1)


def test_all_that_expire_are_renewed_and_what_cannot_be_is_told(desk: Desk):
    desk("cert", "hold", serial(desk, "approver"), "--yes")
    told = desk("plan", "create", "--renew-until", "2099-01-01", "--dry-run")
    assert told["kinds"] == {"renew": told["lines"]}
    assert told["lines"] >= 2
    assert "pki.renew_held" in {one["code"] for one in told["faults"]}
    assert desk("plan", "create", "--quarter", "--dry-run")["lines"] == 0


def test_a_plan_is_made_of_one_thing(desk: Desk):
    told = desk("plan", "create", "--dry-run", status=5)
    assert told["error"]["code"] == "cli.bad_option"
    told = desk("plan", "show", "P-9", status=5)
    assert told["error"]["code"] == "pki.request_unknown"
    assert json.dumps(told)
