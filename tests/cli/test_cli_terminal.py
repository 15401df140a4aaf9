"""What a person at a real terminal is asked, and what is done with the answer."""

import os
import select
import subprocess
import sys
import time

import pytest

pty = pytest.importorskip("pty")

WAIT_SECONDS = 60


def at_terminal(home, *arguments, answers):
    """Run `antin` on a pseudo-terminal; give one answer to each question that ends in a colon."""
    master, slave = pty.openpty()
    code = "from cli.app import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--home", str(home), *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "ANTIN_LANG": "en"},
        start_new_session=True,
    )
    os.close(slave)
    said, answered, waiting = "", 0, list(answers)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                said += os.read(master, 4096).decode("utf-8", "replace")
            except OSError:  # the other side is closed
                break
            if waiting and said[answered:].rstrip().endswith(":"):
                time.sleep(0.2)  # the question is printed before the echo is switched off
                os.write(master, (waiting.pop(0) + "\n").encode())
                answered = len(said)
    os.close(master)
    return process.wait(timeout=WAIT_SECONDS), said, waiting


@pytest.fixture
def asking_home(demo_home):
    """A home that knows no PIN."""
    path = demo_home / "antin.toml"
    head, _, tail = path.read_text("utf-8").partition("[pins]")
    _, bracket, rest = tail.partition("\n[")
    path.write_text(head + bracket.lstrip("\n") + rest, "utf-8")
    return demo_home


def test_the_pin_is_asked_once_names_the_token_and_is_not_shown(asking_home, letter, tmp_path):
    pin = (asking_home / "pins" / "official").read_text()
    copies = [tmp_path / name for name in ("a.pdf", "b.pdf")]
    for copy in copies:
        copy.write_bytes(letter.read_bytes())
    status, said, left = at_terminal(asking_home, "sign", *copies, answers=[pin, "unasked"])
    assert status == 0, said
    assert said.count("PIN of the token official") == 1
    assert pin not in said
    assert left == ["unasked"], "two documents, one PIN"
    assert (tmp_path / "a-signed.pdf").exists()
    assert (tmp_path / "b-signed.pdf").exists()


def test_a_wrong_pin_at_the_prompt_is_not_asked_again(asking_home, letter, tmp_path):
    target = tmp_path / "out.pdf"
    status, said, left = at_terminal(
        asking_home, "sign", letter, "-o", target, answers=["00000000x", "unasked"]
    )
    assert status == 3, said
    assert "[hsm.wrong_pin]" in said
    assert "00000000x" not in said
    assert left == ["unasked"]
    assert not target.exists()


@pytest.mark.parametrize(("answer", "status", "state"), [("n", 3, "issued"), ("y", 0, "revoked")])
def test_revoking_asks_a_person(demo_home, official, antin, answer, status, state):
    serial = official["serial"]
    ended, said, left = at_terminal(
        demo_home, "cert", "revoke", serial, "--reason", "superseded", answers=[answer]
    )
    assert (ended, left) == (status, []), said
    assert "Nguyễn Văn Mẫu" in said
    assert antin("--home", demo_home, "cert", "show", serial, "--json").json["status"] == state
