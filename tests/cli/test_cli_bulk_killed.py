"""`antin cert bulk` killed at several points: run again, it comes to the end it would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_batches import Clerk, read_rows, software_home
from cryptography import x509
from pki_postgres import PostgresServer

LINES = 18
KILLED = Path(__file__).with_name("bulk_killed.py")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    yield made
    made.remove()


@pytest.fixture(params=["token", "sqlite", "postgresql"])
def clerk(request, antin, tmp_path) -> Clerk:
    folder = tmp_path / "yêu cầu"
    folder.mkdir()
    if request.param == "token":
        home = request.getfixturevalue("demo_home")
    elif request.param == "sqlite":
        home = software_home(antin, tmp_path / "home", tmp_path)
    else:
        url = request.getfixturevalue("server").new_database()
        home = software_home(antin, tmp_path / "home", tmp_path, "--register", url)
    return Clerk(antin, home, folder)


POINTS = {"token": (1, 6, 25), "sqlite": (2, 7, 14), "postgresql": (3, 12, 5)}


def end(clerk: Clerk, number: int, at: int) -> int:
    words = ["--home", clerk.home, "cert", "bulk", "--ca", "issuing", "--profile", "official"]
    words += [clerk.path, "--set", "C=VN", "--set", "O=UBND xã", "--yes", "-o", clerk.out]
    done = subprocess.run(
        [sys.executable, KILLED, str(int(number)), str(at), *map(str, words)],
        capture_output=True,
        check=False,
        timeout=120,  # a process that it left would hold its output open
        env=os.environ | {"ANTIN_LANG": "en"},
    )
    assert done.returncode != 0, done
    return done.returncode


def test_killed_three_times_it_has_the_same_end(clerk, request):
    clerk.hire("NV-1", "NV-2")
    clerk.ask("Một", person="NV-1", post="P-NV-1")
    clerk.ask("Hai", person="NV-2", agency="X2")
    for number in range(2, LINES):
        clerk.ask(f"N{number}")
    clerk.write()
    for at in POINTS[request.node.callspec.params["clerk"]]:
        assert end(clerk, signal.SIGKILL, at) == -signal.SIGKILL
    done = clerk.bulk("--yes", "--resume", "-o", clerk.out)
    result = done["result"]
    assert result["issued"] + result["issued_before"] == LINES
    assert (result["refused"], result["fault"], result["left"]) == (0, 0, 0)

    report = read_rows(clerk.out / "report.csv")
    assert [row["line"] for row in report] == [str(line) for line in range(2, LINES + 2)]
    for row, asked in zip(report, clerk.rows, strict=True):
        pem = clerk.out / f"{row['person'] or row['serial']}.pem"
        certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        request_pem = (clerk.folder / asked["csr"]).read_bytes()
        assert certificate.public_key() == x509.load_pem_x509_csr(request_pem).public_key()
        assert asked["CN"] in certificate.subject.rfc4514_string()
        assert certificate.serial_number == int(row["serial"], 16)
    assert len(list(clerk.out.glob("*.pem"))) == LINES
    issued = {row["serial"] for row in clerk.issued()}
    assert issued == {row["serial"] for row in report}
    assert {row["status"] for row in clerk.issued()} == {"issued"}
    for code, row in (("NV-1", report[0]), ("NV-2", report[1])):
        shown = clerk.run("person", "show", code, "--json").json
        assert shown["certificates"] == [f"issuing:{row['serial']}"]
    assert clerk.run("ca", "recover", "--json").json["given_up"] == []
    clerk.run("audit", "verify")
    assert clerk.bulk("--yes", "-o", clerk.out)["result"]["issued_before"] == LINES


@pytest.mark.parametrize("clerk", ["token", "sqlite"], indirect=True)
def test_interrupted_from_the_keyboard_it_tells_what_is_done(clerk):
    for number in range(LINES):
        clerk.ask(f"N{number}")
    clerk.write()
    end(clerk, signal.SIGINT, 6)
    report = read_rows(clerk.out / "report.csv")
    assert [row["line"] for row in report] == [str(line) for line in range(2, LINES + 2)]
    told = {row["serial"] for row in report if row["outcome"] == "issued"}
    assert told <= {row["serial"] for row in clerk.issued()}
    assert "left" in {row["outcome"] for row in report}
    assert list(clerk.out.glob(".*")) == []
    done = clerk.bulk("--yes", "--resume", "-o", clerk.out)["result"]
    assert done["issued"] + done["issued_before"] == LINES
    assert len(list(clerk.out.glob("*.pem"))) == LINES
