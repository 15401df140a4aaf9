"""The PIN: asked last, tried once, never tried again when it was wrong."""

from __future__ import annotations

import ast
import traceback
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pkcs11
import pytest
from hsm_faults import COUNT_LOW, FINAL_TRY, LOCKED
from hsm_world import USER_PIN, CountingPinSource, certify, right_pin

import hsm
from hsm.cryptoki.pin_rules import wrong_pin
from hsm.errors import (
    PINExpiredError,
    PINFinalTryError,
    PINLockedError,
    PINNotAcceptedError,
    PINNotSetError,
    SessionLostError,
    TokenNotFoundError,
    WrongPINError,
    WrongPINFinalTryError,
    WrongPINLockedError,
)
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.login import login, logout
from hsm.module import Module
from hsm.pin import GivenPinSource, Pin
from hsm.tokens import PINState
from hsm.uri import KeyURI
from pki.keys import KeyType, sign_data

WRONG = Pin("135791")


@pytest.fixture
def made(module, token):
    """A fresh token with one key, nobody logged in."""
    uri = generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P256)
    logout(module, token)
    return uri


def test_a_wrong_pin_is_one_try_and_the_token_says_so(module, token, made, faults):
    source = CountingPinSource(WRONG)
    with faults.counted("C_Login") as logins, pytest.raises(WrongPINError) as caught:
        open_key(made, [module], source)
    assert (len(logins), len(source.asked)) == (1, 1)
    assert caught.value.code == "hsm.wrong_pin"
    assert caught.value.facts == {
        "token": token.label,
        "serial": token.serial,
        "pin_flags": ("USER_PIN_COUNT_LOW",),
    }
    assert module.refresh(token).pin_state is PINState.COUNT_LOW


def test_the_right_pin_is_one_try_and_clears_the_flag(module, token, made, faults):
    with pytest.raises(WrongPINError):
        open_key(made, [module], GivenPinSource(WRONG))
    source = CountingPinSource()
    with faults.counted("C_Login") as logins:
        open_key(made, [module], source)
    assert (len(logins), len(source.asked)) == (1, 1)
    assert module.refresh(token).pin_state is PINState.NORMAL


def test_a_pin_that_was_refused_is_not_tried_again(module, made, faults):
    with faults.counted("C_Login") as logins:
        for _ in range(3):
            with pytest.raises(WrongPINError):
                open_key(made, [module], GivenPinSource(WRONG))
    assert len(logins) == 1


def test_without_that_memory_it_would_be(module, made, faults, monkeypatch):
    monkeypatch.setattr("hsm.cryptoki.pin_rules.RefusedPins.knows", lambda *_: False)
    with faults.counted("C_Login") as logins:
        for _ in range(3):
            with pytest.raises(WrongPINError):
                open_key(made, [module], GivenPinSource(WRONG))
    assert len(logins) == 3


def test_one_login_serves_many_keys(module, token, made, faults):
    other = generate_key(module, token.label, USER_PIN, label="k2", key_type=KeyType.EC_P256)
    logout(module, token)
    source = CountingPinSource()
    with faults.counted("C_Login") as logins:
        for uri in (made, other, made):
            sign_data(open_key(uri, [module], source), b"x")
    assert (len(logins), len(source.asked)) == (1, 1)


def test_nothing_is_asked_where_no_token_fits(module):
    source = CountingPinSource()
    with pytest.raises(TokenNotFoundError):
        open_key(KeyURI.parse("pkcs11:token=khong-co"), [module], source)
    assert source.asked == []


def test_a_locked_token_is_not_asked_for(module, made, faults):
    source = CountingPinSource()
    with (
        faults.flags(LOCKED | FINAL_TRY | COUNT_LOW),
        faults.counted("C_Login") as logins,
        pytest.raises(PINLockedError),
    ):
        open_key(made, [module], source, allow_final_try=True)
    assert (logins, source.asked) == ([], [])


def test_the_last_try_is_spent_only_when_told_so(module, made, faults):
    source = CountingPinSource()
    with faults.flags(FINAL_TRY | COUNT_LOW), faults.counted("C_Login") as logins:
        with pytest.raises(PINFinalTryError):
            open_key(made, [module], source)
        assert (logins, source.asked) == ([], [])
        open_key(made, [module], source, allow_final_try=True)
    assert len(logins) == len(source.asked) == 1
    assert source.asked[0].serial == made.serial


@pytest.mark.parametrize(
    ("raised", "error", "flag"),
    [
        (FINAL_TRY, WrongPINFinalTryError, "USER_PIN_FINAL_TRY"),
        (LOCKED, WrongPINLockedError, "USER_PIN_LOCKED"),
        (0, WrongPINError, "-"),
    ],
)
def test_the_flags_after_a_wrong_pin_are_told(token, raised, error, flag):
    states = {0: PINState.NORMAL, FINAL_TRY: PINState.FINAL_TRY, LOCKED: PINState.LOCKED}
    told = wrong_pin(replace(token, pin_state=states[raised]))
    assert type(told) is error
    assert told.facts["pin_flags"] == (flag,)


@pytest.mark.parametrize(
    ("ckr", "error"),
    [
        ("PIN_LOCKED", PINLockedError),
        ("PIN_EXPIRED", PINExpiredError),
        ("PIN_LEN_RANGE", PINNotAcceptedError),
        ("USER_PIN_NOT_INITIALIZED", PINNotSetError),
    ],
)
def test_only_pin_incorrect_is_called_a_wrong_pin(module, made, faults, ckr, error):
    with faults.answer("C_Login", ckr) as given, pytest.raises(error):
        open_key(made, [module], right_pin())
    assert len(given) == 1
    open_key(made, [module], right_pin())


def test_a_login_left_over_is_given_back_and_the_pin_is_tried_as_it_was_meant(
    module, token, made, faults
):
    """After the machine slept, say: whoever gave no PIN here signs nothing."""
    left_over = module.run(lambda _lane: module.slots.find(token).open(user_pin=USER_PIN.reveal()))
    with faults.counted("C_Login") as logins:
        with pytest.raises(WrongPINError):
            open_key(made, [module], GivenPinSource(WRONG))
        assert len(logins) == 2  # the first said CKR_USER_ALREADY_LOGGED_IN and cost no try
        key = open_key(made, [module], right_pin())
    assert sign_data(key, b"x")
    assert left_over.user_type == pkcs11.UserType.USER


def test_writing_needs_a_login(module, token):
    logout(module, token)  # of nothing: harmless
    with pytest.raises(SessionLostError):
        module.write(token, lambda session: session)


def test_a_login_that_came_while_the_pin_was_typed_is_kept(module, token, made, faults):
    class Slow:
        def ask(self, asked):
            login(module, asked, right_pin())
            return USER_PIN

    with faults.counted("C_Login") as logins:
        open_key(made, [module], Slow())
    assert len(logins) == 1
    assert module.logged_in(token)


def test_the_module_is_not_held_while_a_person_types(module, made):
    class Typing:
        def ask(self, _token):
            thread = Thread(target=module.tokens)
            thread.start()
            thread.join(timeout=20)
            assert not thread.is_alive()
            return USER_PIN

    open_key(made, [module], Typing())


def test_the_pin_is_in_no_traceback_not_even_with_its_locals(module, made):
    with pytest.raises(WrongPINError) as caught:
        open_key(made, [module], GivenPinSource(WRONG))
    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "Pin(***)" in text
    assert WRONG.reveal() not in text


def test_the_certificate_chooses_the_token_before_any_login(module, token, made, faults):
    """The twin of a wrong slot: two tokens, and the PIN goes to the right one."""
    key = open_key(made, [module], right_pin())
    logout(module, token)
    with faults.counted("C_Login") as logins:
        source = CountingPinSource()
        open_key(KeyURI(), [module], source, certificate=certify(key.public_key()))
    assert len(logins) == 1
    assert [asked.serial for asked in source.asked] == [token.serial]


def test_there_is_one_place_that_logs_a_user_in():
    places = [
        path.name
        for path in Path(hsm.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "user_pin" and path.name == "login.py"
    ]
    assert places == ["login.py"]


def test_a_module_is_opened_once_a_file(module):
    assert open_module(module.path) is module
    assert isinstance(module, Module)
    assert repr(module) == f"Module({str(module.path)!r})"
