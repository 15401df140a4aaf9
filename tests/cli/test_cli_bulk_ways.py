"""The ways of `antin cert bulk`: asked at a terminal, in processes, keys in files, full folders."""

from __future__ import annotations

import threading
from multiprocessing import Pipe

import pytest
from cli_batches import Clerk, read_rows, software_home
from cli_terminal import at_terminal

from cli.issuing import bulk_outputs, bulk_process, bulk_text, bulk_told, bulk_workers
from pki.batches import checking


@pytest.fixture
def clerk(antin, tmp_path) -> Clerk:
    folder = tmp_path / "yêu cầu"
    folder.mkdir()
    return Clerk(antin, software_home(antin, tmp_path / "home", tmp_path), folder)


def ask_many(clerk: Clerk, count: int) -> None:
    for number in range(count):
        clerk.ask(f"N{number}")
    clerk.write()


def test_it_is_asked_at_a_terminal(clerk):
    ask_many(clerk, 2)
    words = ("cert", "bulk", "--ca", "issuing", "--profile", "official", clerk.path)
    words += ("--set", "C=VN", "--set", "O=UBND xã")
    status, said, left = at_terminal(clerk.home, *words, answers=["n"])
    assert (status, left) == (3, [])
    assert "Issue 2 certificates?" in said
    assert clerk.issued() == []
    status, said, left = at_terminal(clerk.home, *words, answers=["y"])
    assert (status, left) == (0, [])
    assert "2 issued" in said
    assert len(clerk.issued()) == 2


def test_many_lines_go_to_processes(clerk, monkeypatch):
    monkeypatch.setattr(bulk_workers, "MANY_OCTETS", 0)
    monkeypatch.setattr(bulk_told, "EVERY", 2)
    monkeypatch.setattr(bulk_outputs, "AHEAD", 1)
    ask_many(clerk, checking.FIRST + 5)
    said = clerk.said("--dry-run", status=3)
    assert "and 5 more" in said.out
    assert clerk.bulk("--yes", "-o", clerk.out)["result"]["issued"] == checking.FIRST + 5
    assert len(list(clerk.out.glob("*.pem"))) == checking.FIRST + 5


def test_a_key_with_a_password_signs_here(antin, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk_workers, "MANY_OCTETS", 0)
    monkeypatch.setenv("ISSUING", "mật khẩu dài")
    folder = tmp_path / "r"
    folder.mkdir()
    home = tmp_path / "home"

    def run(*words, **more):
        words = (*words, "--pin-source", "env:ISSUING") if "create" in words else words
        return antin(*words, **more)

    software_home(run, home, tmp_path, password="mật khẩu dài".encode())
    clerk = Clerk(antin, home, folder, more=("--pin-source", "env:ISSUING"))
    ask_many(clerk, 3)
    assert clerk.bulk("--yes")["result"]["issued"] == 3


def test_what_stands_in_the_way_is_told(clerk):
    ask_many(clerk, 1)
    clerk.out.write_text("a file", encoding="utf-8")
    assert clerk.bulk("--yes", "-o", clerk.out, status=4)["error"]["code"] == (
        "pki.output_unwritable"
    )
    clerk.out.unlink()
    (serial,) = (row["serial"] for row in (clerk.bulk("--yes"), *clerk.issued())[1:])
    (clerk.out / f"{serial}.pem").mkdir(parents=True)
    told = clerk.bulk("--yes", "-o", clerk.out, status=3)
    assert [one["code"] for one in told["refused"]] == ["pki.output_exists"]
    assert read_rows(clerk.out / "report.csv")[0]["code"] == "pki.output_exists"


def test_a_file_that_is_not_there(clerk):
    for words in ((), ("--yes",)):
        assert clerk.bulk(*words, status=5)["error"]["code"] == "pki.csv_unreadable"


@pytest.mark.parametrize(
    ("code", "name"),
    [("NV-1", "NV-1.pem"), ("con", "_con.pem"), ("COM1.x", "_COM1.x.pem"), ("cons", "cons.pem")],
)
def test_a_file_is_named_as_every_system_can(code, name):
    assert bulk_outputs.file_name(code, ".pem") == name


def test_the_time_is_told_by_how_long_looking_took():
    found = checking.Findings(new=100, issued=50, bad=50)
    assert bulk_text.estimate(found, 2.0, on_token=False) == pytest.approx(2.3)
    assert bulk_text.estimate(found, 2.0, on_token=True) == pytest.approx(5.0)
    assert bulk_text.estimate(checking.Findings(), 1.0, on_token=True) == 0


def test_a_worker_ends_with_the_process_that_started_it(monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(bulk_process.os, "_exit", lambda _: ended.set())
    here, there = Pipe()
    with here:
        thread = threading.Thread(target=bulk_process._end_with, args=(here.fileno(),))
        thread.start()
        assert not ended.wait(0.2)
        there.close()
        thread.join(10)
    assert ended.is_set()
