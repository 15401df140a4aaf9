"""A token that comes and goes: reconnect and go on, or stop clearly; no signature twice."""

from __future__ import annotations

import pytest
from hsm_failing import EC, RSA, key_of, opened, token_of
from hsm_shim_calls import checksum
from hsm_shim_cryptoki import CKR
from hsm_shim_token import LABEL
from hsm_world import USER_PIN, CountingPinSource
from pkcs11 import Attribute

from hsm.errors import (
    DeviceFailedError,
    FunctionFailedError,
    PINFinalTryError,
    PINSourceUnavailableError,
    SessionLostError,
    SignatureWrongError,
    TokenNotPresentError,
    TokenRemovedError,
    WrongPINError,
)
from hsm.login import logout
from hsm.pin import GivenPinSource, Pin
from pki.keys import sign_data, verifies


@pytest.fixture
def module(shim):
    return opened(shim.path)


@pytest.fixture
def source():
    return CountingPinSource()


def signs(key, data=b"x"):
    return verifies(key.public_key(), sign_data(key, data), data)


@pytest.mark.parametrize("uri", [EC, RSA])
def test_sessions_that_died_in_sleep_are_opened_again_with_one_more_login(
    shim, module, source, uri
):
    key = key_of(module, source, uri)
    assert signs(key)
    shim.calls.forget()
    shim.sessions_die(LABEL)
    assert signs(key, b"after sleep")
    assert (len(shim.calls.logins), len(source.asked)) == (1, 2)
    assert len(shim.calls.signatures) == 1
    assert signs(key, b"and on")
    assert len(shim.calls.logins) == 1


@pytest.mark.parametrize(
    "answer",
    [
        CKR.SESSION_HANDLE_INVALID,
        CKR.SESSION_CLOSED,
        CKR.USER_NOT_LOGGED_IN,
        CKR.OPERATION_NOT_INITIALIZED,
    ],
)
def test_what_says_that_nothing_was_signed_is_tried_once_more(shim, module, source, answer):
    key = key_of(module, source)
    with shim.fail("C_Sign", answer, at=1):
        assert signs(key, b"once")
    assert shim.calls.signed[checksum_of_digest(b"once")] == 1
    assert len(source.asked) == 2


def checksum_of_digest(data):
    import hashlib

    return checksum(hashlib.sha256(data).digest())


def test_a_session_lost_for_good_stops_after_the_second_time(shim, module, source):
    key = key_of(module, source)
    shim.calls.forget()
    with shim.fail("C_SignInit", CKR.SESSION_HANDLE_INVALID), pytest.raises(SessionLostError):
        sign_data(key, b"x")
    assert len(shim.calls("C_SignInit")) == 2
    assert shim.calls.signed.total() == 0
    assert signs(key)


def test_a_key_handle_that_is_stale_is_found_again_without_a_login(shim, module, source):
    key = key_of(module, source)
    shim.calls.forget()
    with shim.fail("C_SignInit", CKR.KEY_HANDLE_INVALID, at=1):
        assert signs(key)
    assert shim.calls.logins == ()
    assert len(source.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CKR.DEVICE_REMOVED, TokenRemovedError),
        (CKR.DEVICE_ERROR, DeviceFailedError),
        (CKR.FUNCTION_FAILED, FunctionFailedError),
    ],
)
def test_where_the_token_may_have_signed_nothing_is_asked_again(
    shim, module, source, answer, error
):
    key = key_of(module, source)
    with shim.fail("C_Sign", answer, at=1, after=True), pytest.raises(error):
        sign_data(key, b"perhaps")
    assert shim.calls.signed[checksum_of_digest(b"perhaps")] == 1
    assert shim.calls.signatures == ()
    assert signs(key, b"next")


def test_a_token_pulled_out_in_a_signature_stops_and_goes_on_when_it_is_back(shim, module, source):
    key = key_of(module, source)
    with shim.pulled_during("C_Sign"):
        with pytest.raises(TokenRemovedError):
            sign_data(key, b"x")
        with pytest.raises(TokenNotPresentError):
            sign_data(key, b"x")
    assert len(source.asked) == 1
    shim.insert()
    assert signs(key, b"back")
    assert len(source.asked) == 2


def test_a_token_that_comes_back_without_rights_asks_for_the_pin_and_takes_no_other(shim, module):
    class Once:
        asked = 0

        def ask(self, _token):
            self.asked += 1
            return USER_PIN if self.asked == 1 else Pin("999999")

    source = Once()
    key = key_of(module, source)
    with shim.pulled_out(LABEL):
        pass
    with pytest.raises(TokenRemovedError):  # a clear stop: it may have signed
        sign_data(key, b"x")
    with pytest.raises(WrongPINError):
        sign_data(key, b"x")
    assert (source.asked, shim.calls.wrong_pins) == (2, 1)
    with pytest.raises(WrongPINError):  # the same wrong PIN again: it is not tried again
        sign_data(key, b"x")
    assert shim.calls.wrong_pins == 1


def test_reconnecting_spends_no_last_try(shim, module, source):
    key = key_of(module, source)
    shim.sessions_die(LABEL)
    with shim.flags(0x20000), pytest.raises(PINFinalTryError):
        sign_data(key, b"x")
    assert len(source.asked) == 1
    assert signs(key)


def test_a_source_that_has_no_pin_any_more_is_a_clear_stop(shim, module):
    class Spent:
        given = False

        def ask(self, _token):
            if self.given:
                raise PINSourceUnavailableError(source="fd:3")
            self.given = True
            return USER_PIN

    key = key_of(module, Spent())
    logout(module, token_of(module))
    with pytest.raises(PINSourceUnavailableError):
        sign_data(key, b"x")
    assert len(shim.calls.logins) == 1


def test_a_module_that_shows_a_token_only_after_a_new_start_is_started_again(shim, module, source):
    """Seen with several makers' modules: the slot list of the first C_Initialize stays."""
    key = key_of(module, source)
    shim.sessions_die(LABEL)
    logout(module, token_of(module))
    shim.calls.forget()
    absent = shim.pulled_out(LABEL)
    with pytest.raises(TokenNotPresentError):
        sign_data(key, b"x")
    assert len(shim.calls("C_Finalize")) == len(shim.calls("C_Initialize")) == 1
    absent.remove()
    assert signs(key)


def test_another_token_in_the_slot_is_not_logged_in_to(shim, module, source):
    key = key_of(module, source)
    logout(module, token_of(module))
    with shim.presented(LABEL, serial="0123456789abcdef"), pytest.raises(TokenNotPresentError):
        sign_data(key, b"x")
    assert len(source.asked) == 1
    assert signs(key)


def test_a_signature_that_does_not_verify_is_not_handed_out(shim, module):
    key = key_of(module)
    for uri in (EC, RSA):
        key = key_of(module, uri=uri)
        with shim.wrong_signatures(), pytest.raises(SignatureWrongError):
            sign_data(key, b"x")
        with shim.sized_signatures(8), pytest.raises(SignatureWrongError):
            sign_data(key, b"x")
        assert signs(key)


def test_a_key_that_does_not_say_that_it_signs_is_not_used(shim, module):
    with shim.hidden(Attribute.SIGN), pytest.raises(FunctionFailedError) as caught:
        key_of(module)
    assert caught.value.facts["reason"] == "CKA_SIGN"
    assert signs(key_of(module))


def test_a_wrong_pin_leaves_no_session_behind(shim, module):
    """python-pkcs11 leaves one open at each, and an officer can then not log in."""
    for pin in ("1111111", "2222222"):
        with pytest.raises(WrongPINError):
            key_of(module, GivenPinSource(Pin(pin)))
    assert len(shim.calls("C_CloseAllSessions")) >= 2
    assert signs(key_of(module))
