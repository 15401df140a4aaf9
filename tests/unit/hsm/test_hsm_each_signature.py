"""Keys that want a PIN at every signature, and PIN pads."""

from __future__ import annotations

import time

import pytest
from hsm_failing import EC, QUICK, RSA, key_of, opened, token_of
from hsm_shim_calls import CKU_CONTEXT_SPECIFIC, CKU_USER
from hsm_shim_token import LABEL
from hsm_world import SO_PIN, USER_PIN, CountingPinSource

from hsm.errors import (
    PINCancelledError,
    PINFinalTryError,
    PINLockedError,
    TokenTimeoutError,
    WrongPINError,
    WrongPINFinalTryError,
)
from hsm.login import change_pin, login, logout, unblock_pin
from hsm.pin import Pin
from pki.keys import sign_data, verifies

PIN = USER_PIN.reveal()
NEW = Pin("864209")


@pytest.fixture
def module(shim):
    return opened(shim.path)


@pytest.fixture
def source():
    return CountingPinSource()


def signs(key, data=b"x", *, pss=False):
    return verifies(key.public_key(), sign_data(key, data, pss=pss), data, pss=pss)


def users(shim):
    return [call.user for call in shim.calls.logins]


@pytest.mark.parametrize("uri", [EC, RSA])
def test_a_key_that_wants_it_gets_a_pin_for_each_signature(shim, module, source, uri):
    shim.always_authenticate()
    key = key_of(module, source, uri)
    for number in range(3):
        assert signs(key, bytes([number]))
    assert users(shim) == [CKU_USER] + [CKU_CONTEXT_SPECIFIC] * 3
    assert len(source.asked) == 4


def test_an_ordinary_key_asks_once(shim, module, source):
    key = key_of(module, source)
    for number in range(3):
        assert signs(key, bytes([number]))
    assert users(shim) == [CKU_USER]
    assert len(source.asked) == 1


def test_one_pin_for_a_batch_where_the_person_said_so(shim, module, source):
    shim.always_authenticate()
    key = key_of(module, source, one_pin=True)
    for number in range(3):
        assert signs(key, bytes([number]))
    assert users(shim) == [CKU_USER] + [CKU_CONTEXT_SPECIFIC] * 3
    assert len(source.asked) == 1


class Answers:
    """Gives these PINs, one a question."""

    def __init__(self, *pins):
        self.pins = list(pins)

    def ask(self, _token):
        return self.pins.pop(0)


def test_a_wrong_pin_for_one_signature_is_one_try_and_the_next_question_goes_on(shim, module):
    shim.always_authenticate()
    shim.tries(user=3)
    key = key_of(module, Answers(USER_PIN, Pin("111111"), Pin("111111"), USER_PIN))
    with pytest.raises(WrongPINError) as caught:
        sign_data(key, b"x")
    assert caught.value.facts["pin_flags"] == ("USER_PIN_COUNT_LOW",)
    with pytest.raises(WrongPINError):  # the same again: the token is not asked
        sign_data(key, b"x")
    assert (shim.calls.wrong_pins, len(shim.calls.signatures)) == (1, 0)
    assert signs(key)


def test_a_kept_pin_that_turned_wrong_is_forgotten(shim, module):
    shim.always_authenticate()
    source = Answers(USER_PIN, NEW)
    key = key_of(module, source, one_pin=True)
    assert signs(key)
    change_pin(module, token_of(module), Answers(USER_PIN), lambda _token: NEW)
    with pytest.raises(WrongPINError):
        sign_data(key, b"x")
    assert signs(key)
    assert source.pins == []


def test_the_last_try_is_not_spent_on_a_signature(shim, module, source):
    shim.always_authenticate()
    key = key_of(module, source)
    asked = len(source.asked)
    with shim.flags(0x20000), pytest.raises(PINFinalTryError):
        sign_data(key, b"x")
    assert len(source.asked) == asked


def test_a_pin_pad_is_announced_and_no_pin_is_asked_for(shim, module, source):
    shim.pin_pad(PIN)
    assert token_of(module).protected_path
    key = key_of(module, source)
    assert signs(key)
    assert source.asked == []
    assert [token.label for token in source.announced] == [LABEL]


@pytest.mark.parametrize("uri", [EC, RSA])
def test_a_pin_pad_for_each_signature(shim, module, source, uri):
    shim.always_authenticate()
    shim.pin_pad(PIN)
    key = key_of(module, source, uri)
    assert signs(key)
    assert signs(key, b"y", pss=uri is RSA)
    assert users(shim) == [CKU_USER, CKU_CONTEXT_SPECIFIC, CKU_CONTEXT_SPECIFIC]
    assert (len(source.announced), source.asked) == (3, [])


def test_cancel_at_the_pad_is_no_wrong_pin(shim, module, source):
    with shim.pin_pad(cancel=True), pytest.raises(PINCancelledError):
        key_of(module, source)
    assert shim.calls.wrong_pins == 0
    assert not module.logged_in(token_of(module))
    shim.always_authenticate()
    with shim.pin_pad(PIN):
        key = key_of(module, source)
    with shim.pin_pad(cancel=True), pytest.raises(PINCancelledError):
        sign_data(key, b"x")
    with shim.pin_pad(PIN):
        assert signs(key)


def test_a_wrong_pin_at_the_pad_says_what_is_left(shim, module, source):
    shim.tries(user=2)
    with shim.pin_pad("111111"), pytest.raises(WrongPINFinalTryError):
        key_of(module, source)
    assert shim.calls.wrong_pins == 1
    with shim.pin_pad(PIN), pytest.raises(PINFinalTryError):
        key_of(module, source)
    assert len(source.announced) == 1


def test_a_person_who_takes_too_long_at_the_pad(shim, source):
    module = opened(shim.path, limits=QUICK)
    with shim.pin_pad(PIN, delay=5), pytest.raises(TokenTimeoutError):
        key_of(module, source)
    time.sleep(0.3)
    with shim.pin_pad(PIN, delay=0.6):
        assert signs(key_of(module, source))


def test_a_changed_pin_is_the_only_one_from_then_on(shim, module, source):
    token = token_of(module)
    key = key_of(module, source)
    shim.calls.forget()
    change_pin(module, token, Answers(USER_PIN), lambda _token: NEW)
    assert shim.calls.wrong_pins == 0
    logout(module, token)
    with pytest.raises(WrongPINError):
        sign_data(key, b"x")
    login(module, token, Answers(NEW))
    assert signs(key)


def test_a_wrong_old_pin_is_one_try_and_changes_nothing(shim, module):
    token = token_of(module)
    for _ in range(2):
        with pytest.raises(WrongPINError):
            change_pin(module, token, Answers(Pin("111111")), lambda _token: NEW)
    assert shim.calls.wrong_pins == 1
    login(module, token, Answers(USER_PIN))


def test_a_pin_is_changed_on_the_pad(shim, module, source):
    token = token_of(module)
    with shim.pin_pad(PIN, fresh=NEW.reveal()):
        change_pin(module, token_of(module), source, lambda _token: pytest.fail("asked for"))
    assert len(source.announced) == 1
    with shim.pin_pad("111111", fresh="777777"), pytest.raises(WrongPINError):
        change_pin(module, token_of(module), source, lambda _token: pytest.fail("asked for"))
    login(module, token, Answers(NEW))


def test_a_locked_token_is_unblocked_by_the_officer_and_keeps_its_keys(shim, module, source):
    shim.tries(user=2, so=3)
    token = token_of(module)
    for pin in ("111111", "222222"):
        with pytest.raises(WrongPINError):
            login(module, token, Answers(Pin(pin)), allow_final_try=True)
    with pytest.raises(PINLockedError):
        login(module, token, source)
    assert source.asked == []
    with pytest.raises(WrongPINError) as caught:
        unblock_pin(module, token, Answers(Pin("00000000")), lambda _token: NEW)
    assert caught.value.facts["pin_flags"] == ("SO_PIN_COUNT_LOW",)
    unblock_pin(module, token, Answers(SO_PIN), lambda _token: NEW)
    assert signs(key_of(module, Answers(NEW)))


def test_a_pin_refused_before_is_tried_after_the_officer_gave_it(module):
    token = token_of(module)
    with pytest.raises(WrongPINError):
        login(module, token, Answers(NEW))
    unblock_pin(module, token, Answers(SO_PIN), lambda _token: NEW)
    login(module, token, Answers(NEW))
    assert module.logged_in(token)


def test_the_officers_last_try_is_not_spent(shim, module):
    with shim.flags(0x200000), pytest.raises(PINFinalTryError):
        unblock_pin(module, token_of(module), Answers(), lambda _token: NEW)
    with shim.flags(0x400000), pytest.raises(PINLockedError):
        unblock_pin(module, token_of(module), Answers(), lambda _token: NEW)
    assert shim.calls.logins == ()


def test_the_officers_pin_is_typed_on_the_pad(shim, module, source):
    with shim.pin_pad(PIN, so=SO_PIN.reveal(), fresh=NEW.reveal()):
        unblock_pin(module, token_of(module), source, lambda _token: pytest.fail("asked for"))
    assert len(source.announced) == 1
    login(module, token_of(module), Answers(NEW))
