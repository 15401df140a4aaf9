"""`antin sign` over many documents: one login, a journal, a summary, and what interrupts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_terminal import PROGRAM, at_terminal

from signing.batch.journal import NAME, open_journal
from signing.queue import Queue

QUESTION = "PIN of the token official"
COPIES = 5
WAIT_SECONDS = 60


@pytest.fixture
def folder(letter, tmp_path):
    """Copies of the letter that differ, so that none is taken for another."""
    made = tmp_path / "in"
    made.mkdir()
    for number in range(COPIES):
        (made / f"{number}.pdf").write_bytes(letter.read_bytes() + b"\n" * number)
    return made


@pytest.fixture
def out(tmp_path):
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.fixture
def sign(antin, folder, out):
    """Return what signs the folder and tells each line, the summary last."""

    def go(home, *options, status=0):
        words = ("sign", folder, "-o", out, "--level", "B-B", "--display", "none", "--json-lines")
        ran = antin("--home", home, *words, *options)
        assert ran.status == status, ran
        return [json.loads(line) for line in ran.out.splitlines()]

    return go


def outputs(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.pdf")}


def states(lines) -> list[str]:
    return [line["state"] for line in lines[:-1]]


def assert_each_signed_once(folder: Path, out: Path, before: dict[str, bytes]) -> None:
    """Check that every document has one output with one signature, and none was made anew."""
    after = outputs(out)
    assert len(after) == COPIES
    assert before.items() <= after.items()
    for source in folder.iterdir():
        data = after[f"{source.stem}-signed.pdf"]
        assert data.startswith(source.read_bytes())
        assert data.count(b"/ByteRange") == 1
    assert {path.name for path in out.iterdir() if path.suffix == ".part"} == set()


# How it is told


def test_causes_are_counted_and_the_rest_is_done(demo_home, folder, sign, antin, out):
    for name in ("bad1.pdf", "bad2.pdf"):
        (folder / name).write_bytes(b"no document")
    (folder / "empty.pdf").write_bytes(b"")
    end = sign(demo_home, status=5)[-1]["summary"]
    assert (end["documents"], end["signed"], end["failed"]) == (COPIES + 3, COPIES, 3)
    causes = {one["code"]: one["count"] for one in end["causes"]}
    assert causes == {"verify.not_a_pdf": 2, "verify.pdf_empty": 1}
    assert all(one["hint"] for one in end["causes"])
    assert (end["not_begun"], end["stopped_by"]) == (0, None)
    again = ("--home", demo_home, "sign", folder, "-o", out, "--resume")
    words = antin(*again)
    assert "failed: 3" in words.err
    assert "2 documents: [verify.not_a_pdf]" in words.err
    assert "--resume" in words.err
    whole = antin(*again, "--json").json
    assert whole["summary"]["already"] == COPIES
    assert len(whole["documents"]) == COPIES + 3


def test_what_is_the_same_of_all_is_said_once(antin, demo_home, folder, out, sign):
    words = ("sign", folder, "-o", out, "--level", "B-B", "--display", "none")
    ran = antin("--home", demo_home, "--lang", "en", *words)  # whose service is not started
    assert ran.status == 0, ran
    assert ran.out.count("signed at level B-B") == COPIES
    of_the_signer = [line for line in ran.out.splitlines() if "could not be checked" in line]
    assert len(of_the_signer) == len(set(of_the_signer)) > 0
    assert all(line.endswith(": Connection refused") for line in of_the_signer)
    for path in out.iterdir():
        path.unlink()
    *told, _ = sign(demo_home)
    assert len(told) == COPIES
    for each in told:
        codes = [warned["code"] for warned in each["warnings"]]
        assert codes.count("signing.status_unchecked") == len(of_the_signer)


def test_progress_is_shown_at_a_terminal_and_nothing_of_it_in_a_pipe(demo_home, folder, out, antin):
    words = ("sign", folder, "-o", out, "--level", "B-B", "--display", "none")
    status, said, _ = at_terminal(demo_home, *words, answers=[])
    assert status == 0, said
    assert f"{COPIES}/{COPIES}" in said
    assert f"signed: {COPIES}" in said
    piped = antin("--home", demo_home, *words, "--overwrite")
    assert piped.status == 0
    assert "\x1b" not in piped.out + piped.err
    assert f"/{COPIES}" not in piped.err
    _, said, _ = at_terminal(demo_home, "verify", out, "--offline", answers=[])
    assert f"{COPIES}/{COPIES}" in said
    piped = antin("--home", demo_home, "verify", out, "--offline")
    assert f"/{COPIES}" not in piped.err


# Going on


def test_going_on_signs_what_is_left_and_asks_nobody_where_nothing_is(demo_home, folder, out, sign):
    last = folder / f"{COPIES - 1}.pdf"
    held = last.rename(folder / "held")
    assert states(sign(demo_home)) == ["signed"] * (COPIES - 1)
    before = outputs(out)
    held.rename(last)
    assert states(sign(demo_home, "--resume")) == ["already"] * (COPIES - 1) + ["signed"]
    nowhere = ("--pin-source", f"file:{folder / 'no-pin'}")
    assert states(sign(demo_home, "--resume", *nowhere)) == ["already"] * COPIES
    assert_each_signed_once(folder, out, before)


def test_without_being_told_to_go_on_what_is_there_is_refused(demo_home, out, sign):
    sign(demo_home)
    before = outputs(out)
    end = sign(demo_home, status=3)[-1]["summary"]
    assert [one["code"] for one in end["causes"]] == ["pki.output_exists"]
    assert outputs(out) == before


def test_signed_copies_beside_their_documents_are_not_documents(antin, demo_home, folder):
    words = ("--home", demo_home, "sign", folder, "--level", "B-B")
    assert antin(*words).status == 0
    names = {path.name for path in folder.glob("*.pdf")}
    assert len(names) == 2 * COPIES
    assert antin(*words, "--resume").status == 0
    assert {path.name for path in folder.glob("*.pdf")} == names


def test_a_changed_input_and_a_missing_output_are_each_told(demo_home, folder, out, sign):
    sign(demo_home)
    changed = folder / "0.pdf"
    changed.write_bytes(changed.read_bytes() + b"\n")
    (out / "1-signed.pdf").unlink()
    end = sign(demo_home, "--resume", status=3)[-1]["summary"]
    codes = {one["code"] for one in end["causes"]}
    assert codes == {"signing.input_changed", "signing.output_gone"}
    assert not (out / "1-signed.pdf").exists()


def test_going_on_needs_one_folder_of_outputs(antin, demo_home, letter, tmp_path):
    places = [tmp_path / name for name in ("a", "b")]
    for place in places:
        place.mkdir()
        shutil.copy(letter, place)
    words = ("sign", *(place / letter.name for place in places), "--resume")
    ran = antin("--home", demo_home, *words)
    assert (ran.status, ran.code) == (5, "cli.bad_option")
    without = antin("--home", demo_home, *words[:-1], "--level", "B-B")
    assert without.status == 0, "and signs without a journal"
    assert not [path for place in places for path in place.glob(".antin*")]


def test_a_second_process_is_refused_and_does_nothing(antin, demo_home, folder, out, sign):
    with open_journal(out):
        ran = antin("--home", demo_home, "sign", folder, "-o", out, "--json")
    assert (ran.status, ran.code) == (4, "signing.batch_busy")
    assert outputs(out) == {}
    sign(demo_home)


def test_a_journal_that_cannot_be_read_signs_nothing(antin, demo_home, folder, out):
    (out / NAME).write_bytes(b"scribbled\n")
    ran = antin("--home", demo_home, "sign", folder, "-o", out)
    assert (ran.status, ran.code) == (5, "signing.journal_unreadable")
    assert outputs(out) == {}


# Workers


def test_workers_sign_with_one_question_and_one_login_each(shim_only, shim, folder, out):
    pin = (shim_only / "pins" / "official").read_text()
    words = ("sign", folder, "-o", out, "--level", "B-B", "--workers", "2")
    status, said, left = at_terminal(shim_only, *words, "--pin-source", "prompt", answers=[pin] * 3)
    assert status == 0, said
    assert (said.count(QUESTION), len(left)) == (1, 2)
    assert [call.pin for call in shim.calls.logins] == ["right"] * 2
    assert_each_signed_once(folder, out, {})


def test_a_wrong_pin_is_tried_by_one_worker_alone(shim_only, shim, sign, out, monkeypatch):
    monkeypatch.setenv("WRONG", "00000000x")
    lines = sign(shim_only, "--workers", "2", "--pin-source", "env:WRONG", status=3)
    assert lines[-1]["summary"]["stopped_by"] == "hsm.wrong_pin"
    assert states(lines) == ["failed"] + ["not-begun"] * (COPIES - 1)
    assert shim.calls.wrong_pins == 1
    assert outputs(out) == {}


def test_workers_give_documents_out_to_be_raised_later(demo_home, folder, out, sign):
    lines = sign(demo_home, "--workers", "2", "--level", "B-T", "--later")
    ids = [line["queued"] for line in lines[:-1]]
    assert sorted(ids) == sorted(Queue(demo_home / "queue").ids())
    assert len(ids) == COPIES
    assert_each_signed_once(folder, out, {})


def test_a_key_in_a_file_has_one_process(antin, demo_home, folder, out):
    key = demo_home / "key.pem"
    words = ("sign", folder, "-o", out, "--key", f"file:{key}", "--workers", "2")
    cert = next(demo_home.rglob("*.pem"))
    ran = antin("--home", demo_home, *words, "--cert", cert)
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_workers_check_the_signer_before_the_pin(antin, demo_home, folder, out):
    from datetime import timedelta

    from pki.clock import FixedClock, SystemClock

    later = FixedClock(SystemClock().now() + timedelta(days=6 * 365))
    words = ("sign", folder, "-o", out, "--workers", "2", "--pin-source", "file:/nowhere")
    ran = antin("--home", demo_home, *words, "--json", clock=later)
    assert ran.status == 3
    assert ran.json["summary"]["stopped_by"] == "signing.certificate_expired"


def test_workers_judge_before_the_pin(antin, demo_home, folder, out):
    """No document can be signed, so nobody is asked for anything."""
    for path in folder.iterdir():
        path.write_bytes(b"%PDF-1.7 no more than that")
    words = ("sign", folder, "-o", out, "--workers", "2", "--pin-source", "file:/nowhere")
    ran = antin("--home", demo_home, *words, "--json")
    assert {each["error"]["code"] for each in ran.json["documents"]} == {"verify.pdf_broken"}
    assert ran.status == 5


# What interrupts


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_token_pulled_out_stops_the_batch_and_the_rest_is_signed_later(
    shim_only, shim, folder, out, sign, workers
):
    shim.pulled_during("C_Sign", at=3)
    options = ("--workers", workers)
    lines = sign(shim_only, *options, status=4)
    end = lines[-1]["summary"]
    assert end["stopped_by"].startswith("hsm.")
    assert 0 < end["signed"] < COPIES
    before = outputs(out)
    assert len(before) == end["signed"]
    shim.insert()
    lines = sign(shim_only, *options, "--resume")
    assert states(lines).count("already") == end["signed"]
    assert_each_signed_once(folder, out, before)


def test_a_worker_that_dies_loses_one_document_which_is_signed_later(
    shim_only, shim, folder, out, sign
):
    shim.crash("C_Sign", at=2)
    lines = sign(shim_only, "--workers", "2", status=4)
    causes = lines[-1]["summary"]["causes"]
    assert [(one["code"], one["count"]) for one in causes] == [("hsm.worker_lost", 1)]
    before = outputs(out)
    assert len(before) == COPIES - 1
    sign(shim_only, "--workers", "2", "--resume")
    assert_each_signed_once(folder, out, before)


def test_when_no_worker_is_left_the_rest_is_not_begun(shim_only, shim, folder, out, sign):
    shim.crash("C_Sign")
    end = sign(shim_only, "--workers", "2", status=4)[-1]["summary"]
    assert end["stopped_by"] == "hsm.workers_gone"
    assert (end["failed"], end["not_begun"]) == (2, COPIES - 2)
    shim.clear()
    sign(shim_only, "--resume")
    assert_each_signed_once(folder, out, {})


LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""Ctrl-C reaches the program, whatever the tests were started from."""


def begin(home: Path, folder: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    words = ("sign", folder, "-o", out, "--level", "B-B", "--display", "none", *options)
    return subprocess.Popen(
        [sys.executable, "-c", LISTENING + PROGRAM, "--home", str(home), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ANTIN_LANG": "en"},
    )


def wait_for(out: Path, number: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while len(outputs(out)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("workers", "number"),
    [(workers, number) for workers in "12" for number in (signal.SIGINT, signal.SIGKILL)],
)
def test_interrupted_or_killed_it_goes_on_where_it_was(  # noqa: PLR0917  fixtures
    shim_only, shim, folder, out, sign, workers, number
):
    with shim.slow("C_Sign", 0.3):
        process = begin(shim_only, folder, out, "--workers", workers)
        wait_for(out, 2)
        process.send_signal(number)
        _, said = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode != 0
    assert number == signal.SIGKILL or "interrupted" in said
    before = outputs(out)
    assert 2 <= len(before) < COPIES
    with open_journal(out):
        pass  # it is free at once; workers of a process that was killed end by themselves
    sign(shim_only, "--resume", "--workers", workers)
    assert_each_signed_once(folder, out, before)


def test_a_disk_that_is_full_stops_it_and_with_room_it_goes_on(own_mounts, demo_home, folder, out):
    """A real one, mounted where the process alone sees it."""
    words = f"--home {demo_home} sign {folder} -o {out} --level B-B --display none --json-lines"
    program = f"{sys.executable} -c '{PROGRAM}' {words}"
    script = f"""
        mount -t tmpfs -o size=100k none {out}
        {program}; echo "status $?"; ls -A {out}
        mount -o remount,size=4m {out}
        {program} --resume; echo "status $?"; ls -A {out}
    """
    ran = subprocess.run(
        [*own_mounts, "sh", "-c", script], capture_output=True, text=True, check=False
    )
    said = ran.stdout.splitlines()
    ends = [json.loads(line)["summary"] for line in said if '"summary"' in line]
    assert [line for line in said if line.startswith("status")] == ["status 4", "status 0"], ran
    assert ends[0]["stopped_by"] == "pki.disk_full"
    assert 0 < ends[0]["signed"] < COPIES
    assert ends[1]["signed"] + ends[1]["already"] == COPIES
    assert ends[1]["already"] == ends[0]["signed"]
    assert not [line for line in said if line.endswith(".part")]
