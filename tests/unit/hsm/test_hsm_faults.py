"""What PKCS#11 answers becomes an error of our own, each with its code, in both languages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pkcs11
import pytest
from hsm_faults import CKR
from hsm_world import USER_PIN, right_pin

import hsm.generate
from hsm.cryptoki.mapping import error_for
from hsm.embedded import EmbeddedTokens
from hsm.errors import (
    DeviceFailedError,
    EmbeddedConflictError,
    FunctionFailedError,
    KeyNotProtectedError,
    MechanismUnsupportedError,
    PINLockedError,
    PINNotAcceptedError,
    SessionLostError,
    TokenNotPresentError,
    TokenRemovedError,
    TokenWriteProtectedError,
    WrongPINError,
)
from hsm.gate import Gate
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules
from hsm.objects import list_objects
from hsm.uri import KeyURI
from pki.keys import KeyType, sign_data
from pki.words import Language, hint_of, message_of

SIGNING = {
    "GENERAL_ERROR": FunctionFailedError,
    "FUNCTION_FAILED": FunctionFailedError,
    "VENDOR": FunctionFailedError,
    "DEVICE_ERROR": DeviceFailedError,
    "DEVICE_REMOVED": TokenRemovedError,
    "SESSION_HANDLE_INVALID": SessionLostError,
    "OPERATION_ACTIVE": SessionLostError,
    "TOKEN_NOT_PRESENT": TokenNotPresentError,
    "MECHANISM_INVALID": MechanismUnsupportedError,
    "PIN_INCORRECT": WrongPINError,
    "PIN_LOCKED": PINLockedError,
    "TOKEN_WRITE_PROTECTED": TokenWriteProtectedError,
}


@pytest.fixture
def uri(module, token):
    return generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P256)


@pytest.mark.parametrize(("ckr", "error"), SIGNING.items())
def test_a_failure_while_signing_is_mapped(module, uri, faults, ckr, error):
    key = open_key(uri, [module], right_pin())
    with faults.answer("C_Sign", ckr) as given, pytest.raises(error) as caught:
        sign_data(key, b"x")
    # A session that is not known signed nothing: once more after a new login, and no more.
    assert given == [ckr] * (2 if error is SessionLostError else 1)
    assert type(caught.value) is error
    assert caught.value.facts["token"] == uri.token
    for language in Language:
        assert message_of(caught.value, language)
        assert hint_of(caught.value, language)
    again = open_key(uri, [module], right_pin())
    assert sign_data(again, b"x")


def test_every_return_value_is_tried():
    assert {*SIGNING} < {*CKR}


@pytest.mark.parametrize("ckr", ["DEVICE_REMOVED", "SESSION_HANDLE_INVALID", "OPERATION_ACTIVE"])
def test_a_lost_session_is_not_kept(module, token, uri, faults, ckr):
    key = open_key(uri, [module], right_pin())
    with faults.answer("C_Sign", ckr), pytest.raises((TokenRemovedError, SessionLostError)):
        sign_data(key, b"x")
    assert not module.logged_in(token)


def test_a_device_fault_keeps_the_login(module, token, uri, faults):
    key = open_key(uri, [module], right_pin())
    with faults.answer("C_Sign", "DEVICE_ERROR"), pytest.raises(DeviceFailedError):
        sign_data(key, b"x")
    assert module.logged_in(token)
    assert sign_data(key, b"x")


def test_what_broke_a_search_is_told_and_not_that_its_session_is_gone(module, uri, faults):
    (token,) = (found for found in module.tokens() if found.serial == uri.serial)
    with (
        faults.answer("C_CloseSession", "SESSION_HANDLE_INVALID"),
        faults.answer("C_GetAttributeValue", "DEVICE_ERROR"),
        pytest.raises(DeviceFailedError),
    ):
        list_objects(module, token)
    assert list_objects(module, token)


def test_a_slot_without_a_token_is_passed_over(module, token, faults):
    with faults.answer("C_GetTokenInfo", "TOKEN_NOT_RECOGNIZED"):
        assert module.tokens() == ()
        with pytest.raises(TokenNotPresentError):
            module.refresh(token)
    assert token in module.tokens()


def test_another_token_in_the_slot_is_noticed(module, token):
    with pytest.raises(TokenRemovedError):
        module.refresh(replace(token, serial="0000"))
    with pytest.raises(TokenNotPresentError):
        module.refresh(replace(token, slot_id=99999))


@pytest.mark.parametrize(
    ("ckr", "error"),
    [("GENERAL_ERROR", FunctionFailedError), ("SESSION_HANDLE_INVALID", SessionLostError)],
)
def test_a_module_that_cannot_list_its_slots(module, faults, ckr, error):
    with faults.answer("C_GetSlotList", ckr), pytest.raises(error) as caught:
        module.tokens()
    assert caught.value.facts["token"] == module.path.name


def ask_at_once(module):
    def ask(_number):
        with pytest.raises(FunctionFailedError):
            module.tokens()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(32)))


def test_threads_enter_the_module_one_by_one(module, faults):
    with faults.crowd("C_GetSlotList") as inside:
        ask_at_once(module)
    assert inside == [1] * 32


def test_without_its_lock_they_would_not(module, faults, monkeypatch):
    """And SoftHSM 2.6, initialised without locking, then crashes, hangs or fails."""
    monkeypatch.setattr(module, "_gate", Gate(lanes=8, limits=None))
    with faults.crowd("C_GetSlotList") as inside:
        ask_at_once(module)
    assert max(inside) > 1


def test_a_key_the_token_does_not_protect_is_destroyed(module, token, monkeypatch):
    asked = dict(hsm.generate.PRIVATE_TEMPLATE)
    generate = hsm.generate._generate

    def careless(session, key_type, key_id, label):
        monkeypatch.setitem(hsm.generate.PRIVATE_TEMPLATE, pkcs11.Attribute.EXTRACTABLE, True)
        made = generate(session, key_type, key_id, label)
        monkeypatch.setitem(hsm.generate.PRIVATE_TEMPLATE, pkcs11.Attribute.EXTRACTABLE, False)
        return made

    monkeypatch.setattr("hsm.generate._generate", careless)
    with pytest.raises(KeyNotProtectedError) as caught:
        generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P256)
    assert caught.value.facts["attributes"] == ("EXTRACTABLE", "NEVER_EXTRACTABLE")
    assert list_objects(module, token) == ()
    assert asked == hsm.generate.PRIVATE_TEMPLATE


def test_a_key_the_token_protects_stays(module, token, uri):
    assert [item.id for item in list_objects(module, token)] == [uri.id, uri.id]


def test_a_token_that_makes_no_such_keys(module, token, faults):
    with (
        faults.answer("C_GenerateKeyPair", "MECHANISM_INVALID"),
        pytest.raises(MechanismUnsupportedError) as caught,
    ):
        generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P384)
    assert caught.value.facts["mechanism"] == "ec-p384"


@pytest.mark.parametrize(
    ("ckr", "error"),
    [
        ("PIN_INCORRECT", WrongPINError),
        ("PIN_LEN_RANGE", PINNotAcceptedError),
        ("DEVICE_ERROR", FunctionFailedError),
    ],
)
def test_setting_a_token_up_can_fail(new_token, faults, ckr, error):
    with faults.answer("C_InitToken", ckr), pytest.raises(error):
        new_token()
    assert new_token().serial


def test_no_free_slot(new_token, faults):
    with faults.answer("C_GetTokenInfo", "TOKEN_NOT_PRESENT"), pytest.raises(TokenNotPresentError):
        new_token()


def test_unknown_errors_keep_their_name():
    error = error_for(pkcs11.HostMemory(), token="chip")  # noqa: S106  a label
    assert error.facts == {"token": "chip", "reason": "HostMemory"}


def test_a_closed_module_says_so(embedded, module, uri, tmp_path):
    key = open_key(uri, [module], right_pin())
    elsewhere = EmbeddedTokens(tmp_path / "nơi khác")
    with pytest.raises(EmbeddedConflictError):
        elsewhere.module()
    close_modules()
    with pytest.raises(SessionLostError):
        sign_data(key, b"x")
    assert elsewhere.module().tokens() == ()
    close_modules()
    opened = open_key(KeyURI.parse(str(uri)), [embedded.module()], right_pin())
    assert sign_data(opened, b"x")
