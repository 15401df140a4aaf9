"""The shim of `tests/shim` itself: tries that run out, PIN pads, a login for each signature."""

import ctypes
import subprocess
import sys
import time

import pkcs11
import pytest
from hsm_shim_cryptoki import CKR
from hsm_shim_raw import Raw
from hsm_shim_token import EC_LABEL, LABEL, RSA_LABEL
from hsm_world import SO_PIN, USER_PIN
from pkcs11 import PROTECTED_AUTH, Attribute, Mechanism, ObjectClass, TokenFlag

PIN, OFFICER = USER_PIN.reveal(), SO_PIN.reveal()
WRONG = "999999"
DATA = bytes(range(32))
LOW, FINAL, LOCKED = (
    TokenFlag.USER_PIN_COUNT_LOW,
    TokenFlag.USER_PIN_FINAL_TRY,
    TokenFlag.USER_PIN_LOCKED,
)
SO_ALL = TokenFlag.SO_PIN_COUNT_LOW | TokenFlag.SO_PIN_FINAL_TRY | TokenFlag.SO_PIN_LOCKED


@pytest.fixture
def token(shim):
    return shim.load().get_token(token_label=LABEL)


def key_of(session, label=EC_LABEL):
    return session.get_key(label=label, object_class=ObjectClass.PRIVATE_KEY)


def sign(session, pin=None):
    return key_of(session).sign(DATA, mechanism=Mechanism.ECDSA, pin=pin)


def flags(token):
    return token.slot.get_token().flags & (LOW | FINAL | LOCKED | SO_ALL)


def fail_login(token, times=1, **pin):
    """For writing, as python-pkcs11 leaves the session open, and no officer beside readers."""
    for _ in range(times):
        with pytest.raises(pkcs11.PinIncorrect):
            token.open(rw=True, **(pin or {"user_pin": WRONG}))


# --- tries ----------------------------------------------------------------------------------------


def test_tries_run_out_and_lock_the_token(shim, token):
    shim.tries(user=4)
    seen = [flags(token)]
    for _ in range(4):
        fail_login(token)
        seen.append(flags(token))
    assert seen == [0, LOW, LOW, LOW | FINAL, LOW | LOCKED]
    for pin in (PIN, WRONG):
        with pytest.raises(pkcs11.PinLocked):
            token.open(user_pin=pin)
    assert [call.pin for call in shim.calls.logins] == ["wrong"] * 4 + ["locked"] * 2
    assert shim.calls.wrong_pins == 4


def test_without_a_counter_softhsm_never_locks(shim, token):
    fail_login(token, 12)
    token.open(user_pin=PIN)
    assert shim.wrong_in_a_row(LABEL) == 0


def test_the_right_pin_begins_the_count_anew(shim, token):
    shim.tries(user=3)
    fail_login(token, 2)
    assert shim.wrong_in_a_row(LABEL) == 2
    token.open(user_pin=PIN).close()
    assert (flags(token), shim.wrong_in_a_row(LABEL)) == (0, 0)
    fail_login(token, 2)
    assert flags(token) == LOW | FINAL
    shim.forget_tries()
    assert flags(token) == 0


def test_the_count_is_shared_with_other_processes_and_middlewares(shim, new_shim, token):
    shim.tries(user=3)
    program = (
        "import sys, pkcs11\n"
        "token = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2])\n"
        "try: token.open(user_pin='0')\n"
        "except pkcs11.PinIncorrect: print('wrong')"
    )
    command = [sys.executable, "-c", program, str(shim.path), LABEL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "wrong\n"
    other = new_shim(beside=shim)
    fail_login(other.load().get_token(token_label=LABEL))
    assert flags(token) == LOW | FINAL
    fail_login(token)
    assert flags(token) == LOW | LOCKED


def test_the_officer_unblocks(shim, token):
    shim.tries(user=2, so=5)
    fail_login(token, 2)
    assert flags(token) == LOW | LOCKED
    with token.open(rw=True, so_pin=OFFICER) as session:
        session.init_pin("112233")
    assert flags(token) == 0
    token.open(user_pin="112233")


def test_the_officers_tries_run_out_too(shim, token):
    shim.tries(so=2)
    fail_login(token, so_pin=WRONG)
    assert flags(token) == TokenFlag.SO_PIN_COUNT_LOW | TokenFlag.SO_PIN_FINAL_TRY
    fail_login(token, so_pin=WRONG)
    assert flags(token) == TokenFlag.SO_PIN_COUNT_LOW | TokenFlag.SO_PIN_LOCKED
    assert shim.wrong_in_a_row(LABEL, so=True) == 2
    with pytest.raises(pkcs11.PinLocked):
        token.open(rw=True, so_pin=OFFICER)
    token.open(user_pin=PIN)


def test_changing_the_pin_spends_tries(shim, token):
    shim.tries(user=3)
    session = token.open(rw=True, user_pin=PIN)
    with pytest.raises(pkcs11.PinIncorrect):
        session.set_pin(WRONG, "112233")
    assert flags(token) == LOW
    session.set_pin(PIN, "112233")
    assert flags(token) == 0
    session.close()
    token.open(user_pin="112233")


def test_setting_a_token_up_again_spends_the_officers_tries(shim, token):
    raw, slot = Raw(shim.path), token.slot.slot_id
    label = "Thẻ mới".encode().ljust(32)
    shim.tries(user=3, so=3)
    fail_login(token)
    assert raw("C_CloseAllSessions", slot) == CKR.OK
    assert raw("C_InitToken", slot, WRONG.encode(), 6, label) == CKR.PIN_INCORRECT
    assert flags(token) == LOW | TokenFlag.SO_PIN_COUNT_LOW
    assert raw("C_InitToken", slot, OFFICER.encode(), len(OFFICER), label) == CKR.OK
    assert flags(token) == 0


# --- a login for each signature -------------------------------------------------------------------


def test_a_key_that_wants_a_login_for_each_signature(shim, token):
    session = token.open(user_pin=PIN)
    assert not key_of(session)[Attribute.ALWAYS_AUTHENTICATE]
    sign(session)
    with shim.always_authenticate():
        assert key_of(session)[Attribute.ALWAYS_AUTHENTICATE]
        with pytest.raises(pkcs11.UserNotLoggedIn):
            sign(session)
        for _ in range(2):
            assert len(sign(session, PIN)) == 64
        with pytest.raises(pkcs11.UserNotLoggedIn):
            sign(session)
    assert [call.user for call in shim.calls.logins] == [1, 2, 2]
    assert len(shim.calls.signatures) == 3
    assert len(sign(session)) == 64


def test_a_wrong_pin_for_a_signature_spends_a_try(shim, token):
    """A session for each try: python-pkcs11 cannot end a signature in SoftHSM."""
    shim.tries(user=2)
    session = token.open(user_pin=PIN)
    with shim.always_authenticate():
        with pytest.raises(pkcs11.PinIncorrect):
            sign(session, WRONG)
        assert flags(token) == LOW | FINAL
        sign(token.open(), PIN)
        assert flags(token) == 0
        for _ in range(2):
            with pytest.raises(pkcs11.PinIncorrect):
                sign(token.open(), WRONG)
        with pytest.raises(pkcs11.PinLocked):
            sign(token.open(), PIN)
    assert shim.calls.wrong_pins == 3
    assert len(shim.calls.signed) == 1


def test_signing_in_parts_wants_the_login_too(shim, token):
    session = token.open(user_pin=PIN)
    key = key_of(session, RSA_LABEL)
    with shim.always_authenticate():
        with pytest.raises(pkcs11.UserNotLoggedIn):
            key.sign(iter([DATA]), mechanism=Mechanism.SHA256_RSA_PKCS)
        assert key.sign(iter([DATA]), mechanism=Mechanism.SHA256_RSA_PKCS, pin=PIN)
    assert len(shim.calls.signed) == 1


def test_a_key_that_was_made_so_is_softhsms_own_affair(shim, token):
    session = token.open(rw=True, user_pin=PIN)
    _public, key = session.generate_keypair(
        pkcs11.KeyType.RSA, 1024, private_template={Attribute.ALWAYS_AUTHENTICATE: True}
    )
    with pytest.raises(pkcs11.UserNotLoggedIn):
        key.sign(DATA, mechanism=Mechanism.RSA_PKCS)
    assert key.sign(DATA, mechanism=Mechanism.RSA_PKCS, pin=PIN)
    with pytest.raises(pkcs11.PinIncorrect):
        key.sign(DATA, mechanism=Mechanism.RSA_PKCS, pin=WRONG)
    assert shim.wrong_in_a_row(LABEL) == 1


# --- PIN pads -------------------------------------------------------------------------------------


def on_pad(token, **more):
    """Log in by the PIN pad; python-pkcs11 looks at the flags that it read before."""
    return token.slot.get_token().open(**(more or {"user_pin": PROTECTED_AUTH}))


def test_a_pin_is_typed_at_the_pad(shim, token):
    with shim.pin_pad(PIN, delay=0.2):
        begin = time.monotonic()
        session = on_pad(token)
        assert time.monotonic() - begin >= 0.2
        assert len(sign(session)) == 64
        session.close()
        with pytest.raises(pkcs11.ArgumentsBad):
            token.open(user_pin=PIN)
    assert not token.slot.get_token().flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH
    token.open(user_pin=PIN)
    assert [call.pin for call in shim.calls.logins] == ["right", "unchecked", "right"]


def test_a_wrong_pin_at_the_pad_spends_a_try_and_cancelling_does_not(shim, token):
    shim.tries(user=3)
    with shim.pin_pad(PIN, cancel=True), pytest.raises(pkcs11.FunctionCancelled):
        on_pad(token)
    assert flags(token) == 0
    with shim.pin_pad(WRONG), pytest.raises(pkcs11.PinIncorrect):
        on_pad(token)
    assert flags(token) == LOW
    with shim.pin_pad(PIN):
        on_pad(token)
    assert flags(token) == 0


def test_the_officer_types_at_the_pad_and_gives_a_new_pin_there(shim, token):
    raw = Raw(shim.path)
    with shim.pin_pad(so=OFFICER, fresh="112233"):
        session = on_pad(token, rw=True, so_pin=PROTECTED_AUTH)
        assert raw("C_InitPIN", session.handle, None, 0) == CKR.OK
        session.close()
    with shim.pin_pad("112233", fresh=PIN):
        session = on_pad(token, rw=True, user_pin=PROTECTED_AUTH)
        assert raw("C_SetPIN", session.handle, None, 0, None, 0) == CKR.OK
        session.close()
    token.open(user_pin=PIN)


def test_a_login_for_each_signature_at_the_pad(shim, token):
    raw = Raw(shim.path)
    mechanism = (ctypes.c_ulong * 3)(Mechanism.ECDSA)
    out, length = ctypes.create_string_buffer(64), ctypes.c_ulong(64)
    shim.always_authenticate()

    def sign_raw(session):
        assert raw("C_SignInit", session.handle, mechanism, key_of(session).handle) == CKR.OK
        assert raw("C_Login", session.handle, 2, None, 0) == CKR.OK
        return raw("C_Sign", session.handle, DATA, 32, out, ctypes.byref(length))

    with shim.pin_pad(PIN):
        session = on_pad(token)
        assert sign_raw(session) == CKR.OK
        assert sign_raw(session) == CKR.OK
    assert [call.user for call in shim.calls.logins] == [1, 2, 2]
