"""What a person at a real terminal is asked, and what is done with the answer."""

import pytest
from cli_terminal import at_terminal


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


@pytest.mark.parametrize(("answer", "status", "state"), [("n", 3, "issued"), ("y", 0, "revoked")])
def test_revoking_asks_a_person(demo_home, official, antin, answer, status, state):
    serial = official["serial"]
    ended, said, left = at_terminal(
        demo_home, "cert", "revoke", serial, "--reason", "superseded", answers=[answer]
    )
    assert (ended, left) == (status, []), said
    assert "Nguyễn Văn Mẫu" in said
    assert antin("--home", demo_home, "cert", "show", serial, "--json").json["status"] == state
