"""A ceremony that initialises a blank token: SoftHSM behind the shim stands for one in a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_shim import CKR, LABEL, OFFICER, Shim, Workshop
from cli_terminal import at_terminal
from pkcs11 import TokenFlag
from pki_ceremony_world import sample
from test_cli_ceremony import Held, short

from cli.ceremony import actions
from hsm.errors import TokenNotBlankError
from hsm.loading import close_modules, open_module
from hsm.pin import Pin
from hsm.token_setup import initialize_blank, set_first_pin
from pki.ceremony.transcript import parse_transcript
from pki.errors.register import RegisterBusyError

PIN, SO_PIN = "24681357", "80412963"
SOURCES = ("--pin-source", "env:CEREMONY_PIN", "--so-pin-source", "env:CEREMONY_SO_PIN")


def blank(text: str, serial: str | None = None) -> str:
    """Let the root's token be a blank one."""
    more = f'\nserial = "{serial}"' if serial else ""
    return text.replace("initialise = true", f"initialise = true\nblank = true{more}", 1)


@pytest.fixture
def held(antin, shim: Shim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    """A home with a reader: one token that is in use, and one that lies blank."""
    monkeypatch.setenv("CEREMONY_PIN", PIN)
    monkeypatch.setenv("CEREMONY_SO_PIN", SO_PIN)
    monkeypatch.setenv("OFFICER", OFFICER)
    held = Held(tmp_path / "held")
    held.folder.mkdir()
    made = antin("--home", held.home, "init", "--public-url", "http://pki.example.gov.vn")
    assert made.status == 0, made
    readers(held, shim.path)
    held.file.write_text(blank(short()), "utf-8")
    return held


def readers(held: Held, *modules: Path) -> None:
    path = held.home / "antin.toml"
    named = ", ".join(f"'{one}'" for one in modules)
    text = path.read_text("utf-8").split("\nmodules = ")
    rest = text[1].split("\n", 1)[1] if len(text) > 1 else ""
    whole = "\n".join((text[0], rest)).replace("[tokens]\n", f"[tokens]\nmodules = [{named}]\n")
    path.write_text(whole, "utf-8")


@pytest.fixture
def run(antin, held: Held):
    """Return what runs the ceremony."""

    def go(*more: str, sources: tuple[str, ...] = SOURCES) -> Any:
        return antin("--home", held.home, "ca", "ceremony", "run", held.file, *sources, *more)

    return go


def labels(antin, held: Held) -> set[str]:
    told = antin("--home", held.home, "token", "list", "--json").json["tokens"]
    return {one["label"] for one in told}


def untouched(antin, held: Held, shim: Shim) -> bool:
    """Say whether the token in use has its two keys, and nothing was initialised."""
    shown = antin("--home", held.home, "token", "certs", LABEL, "--json").json
    return len(shown["certificates"]) == 2 and shim.calls("C_InitToken") == ()


def test_a_ceremony_initialises_the_blank_token(antin, held: Held, shim: Shim, run):
    held.file.write_text(blank(sample()), "utf-8")
    rehearsed = run("--rehearse", sources=())
    assert rehearsed.status == 0, rehearsed
    assert shim.calls("C_InitToken") == ()
    done = run("--yes")
    assert done.status == 0, done
    assert len(shim.calls("C_InitToken")) == 1
    entry = parse_transcript(held.transcript.read_bytes()).steps[0]
    assert entry["asked"] == {"token": "root", "initialise": True, "blank": True, "serial": None}
    assert (entry["result"]["label"], entry["result"]["initialised"]) == ("root", True)
    assert set(serials(shim)) == {LABEL, "root", ""}
    checked = held.check(antin, "--rehearsal", held.rehearsal)
    assert checked.code == "pki.witness_untrusted"  # all else was checked before
    # Both PINs are the token's now.
    home = ("--home", held.home)
    unblock = ("token", "pin", "unblock", "root", "--so-pin-source", "env:CEREMONY_SO_PIN")
    assert antin(*home, *unblock, "--new-pin-source", "env:CEREMONY_PIN").status == 0
    assert antin(*home, "crl", "issue", "--ca", "root", *SOURCES[:2]).status == 0
    for path in held.folder.rglob("*"):
        if path.is_file() and "tokens" not in path.parts:
            assert PIN.encode() not in path.read_bytes(), path
            assert SO_PIN.encode() not in path.read_bytes(), path


def serials(shim: Shim) -> dict[str, str]:
    """Return the serials of the reader's tokens by their labels."""
    close_modules()
    found = {one.label: one.serial for one in open_module(shim.path).all_tokens()}
    close_modules()
    return found


def test_a_token_that_is_in_use_is_never_initialised(antin, held: Held, shim: Shim, run):
    held.file.write_text(blank(short(), serials(shim)[LABEL]), "utf-8")
    refused = run("--yes")
    assert (refused.status, refused.code) == (3, "hsm.token_not_blank")
    again = run("--yes", "--resume")
    assert again.code == "hsm.token_not_blank"
    assert untouched(antin, held, shim)


def test_a_label_that_is_taken_is_not_given_again(antin, held: Held, shim: Shim, run):
    held.file.write_text(blank(short()).replace('token = "root"', f'token = "{LABEL}"'), "utf-8")
    assert run("--yes").code == "hsm.token_exists"
    # Nor is it taken for one that this ceremony set up and did not write down: it holds keys.
    assert run("--yes", "--resume").code == "hsm.token_exists"
    assert untouched(antin, held, shim)


def test_a_label_of_the_homes_own_store_is_not_given_again(antin, held: Held, shim: Shim, run):
    assert antin("--home", held.home, "token", "init", "root", *SOURCES[:2]).status == 0
    assert run("--yes").code == "hsm.token_exists"
    assert run("--yes", "--resume").code == "hsm.token_exists"
    assert untouched(antin, held, shim)


def test_which_blank_token_is_never_guessed(
    antin, held: Held, shim: Shim, shim_workshop: Workshop, run
):
    with shim.without_spare_slot():
        assert run("--yes").code == "hsm.token_not_found"
    held.transcript.unlink()
    held.file.write_text(blank(short(), "0000"), "utf-8")
    assert run("--yes").code == "hsm.token_not_found"
    held.transcript.unlink()
    held.file.write_text(blank(short()), "utf-8")
    second = shim_workshop.shim(0, held.folder / "second", beside=shim)
    readers(held, shim.path, second.path)
    assert run("--yes").code == "hsm.token_ambiguous"
    second.close()
    readers(held, shim.path)
    assert untouched(antin, held, shim)
    assert run("--yes", "--resume").status == 0


def test_no_pin_is_tried_that_the_token_would_refuse(held: Held, shim: Shim, run, monkeypatch):
    for name in ("CEREMONY_PIN", "CEREMONY_SO_PIN"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "12")
            assert run("--yes").code == "cli.new_pin_refused"
        held.transcript.unlink()
    with shim.pin_pad(PIN):
        assert run("--yes").code == "cli.pad_init"
    assert shim.calls("C_InitToken") == ()


def test_without_a_source_a_person_is_asked(held: Held, shim: Shim):
    words = ("ca", "ceremony", "run", held.file, "--yes")
    answers = [PIN, PIN, SO_PIN, SO_PIN, PIN]  # the last for the key that is made on it
    ended, said, left = at_terminal(held.home, *words, answers=answers)
    assert (ended, left) == (0, []), said
    assert "New security officer's PIN" in said
    assert len(shim.calls("C_InitToken")) == 1


def test_what_was_begun_and_not_ended_is_ended(antin, held: Held, shim: Shim, run, monkeypatch):
    """Stopped between C_InitToken and C_InitPIN: the officer gives the PIN, nothing is erased."""
    with shim.fail("C_InitPIN", CKR.DEVICE_ERROR):
        assert run("--yes").status != 0
    assert "root" in labels(antin, held)
    with monkeypatch.context() as patch:
        patch.setenv("CEREMONY_SO_PIN", "11111111")
        assert run("--yes", "--resume").code == "cli.officer_pin"
    done = run("--yes", "--resume")
    assert done.status == 0, done
    assert len(shim.calls("C_InitToken")) == 1
    assert antin("--home", held.home, "crl", "issue", "--ca", "root", *SOURCES[:2]).status == 0


def test_what_was_done_and_not_written_down_is_found(shim: Shim, run, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise RegisterBusyError(register="-")

    with monkeypatch.context() as patch:
        patch.setattr(actions.keys, "find_place", stop)
        assert run("--yes").code == "pki.register_busy"
    assert len(shim.calls("C_InitToken")) == 1
    assert run("--yes", "--resume").status == 0
    assert len(shim.calls("C_InitToken")) == 1


def test_one_set_up_meanwhile_is_left_alone(shim: Shim):
    module = open_module(shim.path)
    seen = next(one for one in module.all_tokens() if not one.initialized)
    pins = {"user_pin": Pin(PIN), "so_pin": Pin(SO_PIN)}
    with shim.flags(TokenFlag.TOKEN_INITIALIZED), pytest.raises(TokenNotBlankError):
        initialize_blank(module, seen, "root", **pins)
    assert shim.calls("C_InitToken") == ()
    made = initialize_blank(module, seen, "root", **pins)
    with pytest.raises(TokenNotBlankError):
        set_first_pin(module, made, **pins)
    assert len(shim.calls("C_InitPIN")) == 1
