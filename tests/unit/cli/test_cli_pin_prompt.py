"""The conversation about a PIN, without a token: what is said to whom."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.homes.home import Home
from cli.homes.keys import QUESTIONS, PINs
from cli.homes.settings import Settings
from cli.session import Session
from hsm.errors import (
    KeyPasswordWrongError,
    PINLockedError,
    PINMalformedError,
    PINSourceUnavailableError,
    WrongPINError,
    WrongPINFinalTryError,
    WrongPINLockedError,
)
from hsm.tokens import PINState, TokenInfo
from pki.words import Language

TOKEN = TokenInfo(label="thiết bị", serial="01")
WRONG = {"token": TOKEN.label, "serial": TOKEN.serial, "pin_flags": ("-",)}


@pytest.fixture
def terminal(monkeypatch):
    """Stand for a terminal where somebody types; gives the answers that are left."""
    answers: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda _question, **_how: answers.pop(0))
    return answers


def pins(tmp_path: Path, option: str | None = None, **sources: str) -> PINs:
    settings = Settings.model_validate({"pins": sources})
    return PINs(Session(Language.EN), Home(tmp_path, settings), option)


class Opening:
    """Opens after so many wrong PINs; counts how often it was tried."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [*errors]
        self.tried = 0

    def __call__(self) -> str:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)
        return "open"


@pytest.mark.parametrize("wrong", range(QUESTIONS))
@pytest.mark.usefixtures("terminal")
def test_a_person_may_mistype(tmp_path, capsys, wrong):
    opening = Opening(*[WrongPINError(**WRONG)] * wrong)
    assert pins(tmp_path).retrying(opening) == "open"
    assert opening.tried == wrong + 1
    assert capsys.readouterr().err.count("not the right PIN") == wrong


@pytest.mark.usefixtures("terminal")
def test_after_three_questions_it_ends(tmp_path):
    opening = Opening(*[WrongPINError(**WRONG)] * 9)
    with pytest.raises(WrongPINError):
        pins(tmp_path).retrying(opening)
    assert opening.tried == QUESTIONS


@pytest.mark.parametrize(
    "error",
    [
        WrongPINFinalTryError(**WRONG),
        WrongPINLockedError(**WRONG),
        PINLockedError(token=TOKEN.label, serial=TOKEN.serial),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_nobody_is_asked_again_where_it_could_lock_or_is_of_no_use(tmp_path, error):
    opening = Opening(error)
    with pytest.raises(type(error)):
        pins(tmp_path).retrying(opening)
    assert opening.tried == 1


@pytest.mark.parametrize(("source", "tries"), [("prompt", 2), ("env:X", 1), ("fd:0", 1)])
@pytest.mark.usefixtures("terminal")
def test_only_a_prompt_asks_again(tmp_path, source, tries):
    by_option = Opening(WrongPINError(**WRONG))
    by_home = Opening(WrongPINError(**WRONG))
    for opening, asked in (
        (by_option, pins(tmp_path, source)),
        (by_home, pins(tmp_path, **{TOKEN.label: source})),
    ):
        if tries == 1:
            with pytest.raises(WrongPINError):
                asked.retrying(opening)
        else:
            assert asked.retrying(opening) == "open"
        assert opening.tried == tries


@pytest.mark.usefixtures("terminal")
def test_without_a_terminal_nobody_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    opening = Opening(WrongPINError(**WRONG))
    with pytest.raises(WrongPINError):
        pins(tmp_path).retrying(opening)
    assert opening.tried == 1


@pytest.mark.parametrize(("source", "tries"), [("prompt", 2), ("env:X", 1)])
@pytest.mark.usefixtures("terminal")
def test_the_password_of_a_file_is_known_by_the_files_name(tmp_path, source, tries):
    opening = Opening(KeyPasswordWrongError(path=tmp_path / "key.p12"))
    asked = pins(tmp_path, **{"key.p12": source})
    if tries == 1:
        with pytest.raises(KeyPasswordWrongError):
            asked.retrying(opening)
    else:
        assert asked.retrying(opening) == "open"
    assert opening.tried == tries


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (PINState.NORMAL, ""),
        (PINState.COUNT_LOW, "has seen at least one wrong PIN"),
        (PINState.FINAL_TRY, "allows one more try"),
    ],
)
def test_the_flags_are_told_before_the_question(tmp_path, terminal, capsys, state, said):
    terminal += ["246810"]
    token = TokenInfo(label="thiết bị", serial="01", pin_state=state)
    assert pins(tmp_path).ask(token).reveal() == "246810"
    told = capsys.readouterr().err
    assert said in told
    assert bool(told) is bool(said)


def test_the_tokens_own_bounds_hold_a_pin_back(tmp_path, terminal, capsys):
    terminal += ["24681", "246810"]
    token = TokenInfo(label="thiết bị", serial="01", pin_bytes=range(6, 9))
    assert pins(tmp_path).ask(token).reveal() == "246810"
    assert "have 6 to 8 characters" in capsys.readouterr().err


def test_without_a_terminal_a_strange_pin_is_told_and_sent(tmp_path, terminal, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    terminal += ["tư2468", "unasked"]
    assert pins(tmp_path).ask(TOKEN).reveal() == "tư2468"
    assert terminal == ["unasked"]
    told = capsys.readouterr().err
    assert "Vietnamese letters" in told
    assert "was not sent" not in told


def test_a_pin_from_elsewhere_is_warned_of_once_a_token(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ANTIN_TEST_PIN", "12345678")
    asked = pins(tmp_path, "env:ANTIN_TEST_PIN")
    for token in (TOKEN, TOKEN, TokenInfo(label="khác", serial="02")):
        assert asked.ask(token).reveal() == "12345678"
    assert capsys.readouterr().err.count("makers hand out") == 2


def test_a_pipe_serves_every_token_of_a_run(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"246810")
    os.close(writing)
    asked = pins(tmp_path, f"fd:{reading}")
    other = TokenInfo(label="khác", serial="02")
    assert asked.ask(TOKEN) == asked.ask(other)
    os.close(reading)


def test_what_is_not_text_is_refused_without_a_trace(tmp_path, monkeypatch):
    def prompt(_question: str, **_how: object) -> str:
        return b"24\xe168".decode()

    monkeypatch.setattr(typer, "prompt", prompt)
    with pytest.raises(PINMalformedError) as caught:
        pins(tmp_path).ask(TOKEN)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_key_file_is_asked_for_by_its_path_and_doubted_by_nobody(tmp_path, terminal, capsys):
    terminal += ["mật khẩu"]
    token = TokenInfo(label="key.p12", serial="", key_file=tmp_path / "key.p12")
    assert pins(tmp_path).ask(token).reveal() == "mật khẩu"
    assert not capsys.readouterr().err


@pytest.mark.usefixtures("terminal")
def test_where_nobody_is_to_be_asked_nobody_is(tmp_path, monkeypatch):
    monkeypatch.setenv("PIN", "24681357")
    quiet = replace(pins(tmp_path), unattended=True)
    with pytest.raises(PINSourceUnavailableError):
        quiet.ask(TOKEN)
    with pytest.raises(PINSourceUnavailableError):
        quiet.announce_pad(TOKEN)
    opening = Opening(WrongPINError(**WRONG))
    with pytest.raises(WrongPINError):
        quiet.retrying(opening)
    assert opening.tried == 1
    assert replace(pins(tmp_path, "env:PIN"), unattended=True).ask(TOKEN).reveal() == "24681357"
