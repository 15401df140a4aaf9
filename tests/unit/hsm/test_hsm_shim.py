"""The shim of `tests/shim` itself: each fault it injects, beside the same call without it."""

import ctypes
import signal
import subprocess
import sys
import threading
import time

import pkcs11
import pytest
from hsm_shim_calls import checksum
from hsm_shim_cryptoki import CKR, FUNCTIONS
from hsm_shim_raw import LockingArguments, Raw
from hsm_shim_token import EC_LABEL, LABEL, RSA_LABEL
from hsm_world import USER_PIN
from pkcs11 import Mechanism, ObjectClass

PIN = USER_PIN.reveal()
DATA = bytes(range(32))
LIST = "import sys, pkcs11; print(len(pkcs11.lib(sys.argv[1]).get_slots()))"


def sign(session, data=DATA):
    key = session.get_key(label=EC_LABEL, object_class=ObjectClass.PRIVATE_KEY)
    return key.sign(data, mechanism=Mechanism.ECDSA)


def verifies(session, signature, data=DATA):
    key = session.get_key(label=EC_LABEL, object_class=ObjectClass.PUBLIC_KEY)
    return key.verify(data, signature, mechanism=Mechanism.ECDSA)


def child(shim, program=LIST):
    return subprocess.Popen(
        [sys.executable, "-c", program, str(shim.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def eventually(question):
    """Wait until it is so, for ten seconds at most."""
    end = time.monotonic() + 10
    while not question() and time.monotonic() < end:
        time.sleep(0.005)
    return question()


@pytest.fixture
def token(shim):
    return shim.load().get_token(token_label=LABEL)


@pytest.fixture
def session(token):
    return token.open(user_pin=PIN)


# --- without a fault ------------------------------------------------------------------------------


def test_without_faults_it_is_softhsm(shim, session):
    assert len(FUNCTIONS) == 68
    signature = sign(session)
    assert verifies(session, signature)
    assert not verifies(session, signature, DATA[::-1])
    assert {call.function for call in shim.calls()} >= {"C_Initialize", "C_Login", "C_Verify"}


def test_everything_is_counted_and_no_secret_is_written(shim, session):
    for data in (DATA, DATA, b"\0" * 32):
        sign(session, data)
    calls = shim.calls
    assert [(call.user, call.pin, call.answer) for call in calls.logins] == [(1, "right", 0)]
    assert len(calls.signatures) == 3
    assert calls.signed == {checksum(DATA): 2, checksum(b"\0" * 32): 1}
    assert {call.length for call in calls.signatures} == {32}
    assert {call.mechanism for call in calls("C_SignInit")} == {Mechanism.ECDSA}
    assert sum(call.question for call in calls("C_Sign")) == 3
    assert (calls.sessions_opened, calls.sessions_closed) == (1, 0)
    session.close()
    assert (calls.sessions_opened, calls.sessions_closed) == (1, 1)
    log = (shim.folder / "log").read_text("utf-8")
    assert PIN not in log
    assert DATA.hex() not in log
    calls.forget()
    assert calls() == ()


def test_a_wrong_pin_is_counted_and_not_written(shim, token):
    with pytest.raises(pkcs11.PinIncorrect):
        token.open(user_pin="135791")
    assert shim.calls.wrong_pins == 1
    assert "135791" not in (shim.folder / "log").read_text("utf-8")
    token.open(user_pin=PIN).close()
    assert shim.calls.wrong_pins == 1


def test_a_program_with_threads_can_initialise_it(shim):
    raw = Raw(shim.path)
    assert raw("C_Initialize", ctypes.byref(LockingArguments())) == CKR.OK
    assert raw("C_Initialize", None) == CKR.CRYPTOKI_ALREADY_INITIALIZED
    assert raw("C_Finalize", None) == CKR.OK
    assert raw("C_Finalize", None) == CKR.CRYPTOKI_NOT_INITIALIZED


def test_the_process_keeps_its_own_softhsm_configuration(shim):
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    before = getenv(b"SOFTHSM2_CONF")
    shim.load().get_slots()
    assert getenv(b"SOFTHSM2_CONF") == before


def test_a_script_too_long_to_be_read_fails_the_test_that_wrote_it(shim):
    shim.load()
    shim.without_mechanisms(*range(200))
    Raw(shim.path)("C_GetInfo", ctypes.create_string_buffer(200))
    with pytest.raises(AssertionError, match="too long"):
        shim.calls()


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CKR.FUNCTION_FAILED, pkcs11.FunctionFailed),
        (CKR.DEVICE_ERROR, pkcs11.DeviceError),
        (CKR.SESSION_HANDLE_INVALID, pkcs11.SessionHandleInvalid),
        (CKR.VENDOR, pkcs11.PKCS11Error),
    ],
)
@pytest.mark.parametrize("function", ["C_SignInit", "C_Sign", "C_FindObjects"])
def test_any_answer_of_any_function(shim, session, function, answer, error):
    with shim.fail(function, answer), pytest.raises(error):
        sign(session)
    assert len(shim.calls(function, answer=answer)) == 1
    assert not shim.calls.signed, "SoftHSM was not reached"
    assert verifies(session, sign(session))


def test_only_the_second_call(shim, session):
    with shim.fail("C_SignInit", CKR.DEVICE_ERROR, at=2):
        sign(session)
        with pytest.raises(pkcs11.DeviceError):
            sign(session)
        sign(session)


def test_the_first_two_calls_in_two_processes_together(shim):
    with shim.fault("C_GetSlotList", CKR.GENERAL_ERROR, first=1, last=2):
        for expected in (1, 1, 0):
            with child(shim) as process:
                process.communicate(timeout=30)
            assert process.returncode == expected


def test_a_call_can_fail_when_the_work_is_done(shim, session):
    with shim.fail("C_Sign", CKR.DEVICE_REMOVED, after=True), pytest.raises(pkcs11.DeviceRemoved):
        sign(session)
    assert [call.data for call in shim.calls.lost_signatures] == [checksum(DATA)]
    assert not shim.calls.signatures
    sign(session)
    assert shim.calls.signed[checksum(DATA)] == 2, "signed twice, given out once"
    assert len(shim.calls.signatures) == 1


@pytest.mark.parametrize(
    ("after", "left"), [(True, b"\0" * 64), (False, b"\xff" * 64)], ids=["after", "before"]
)
def test_a_signature_that_is_not_given_out_is_not_in_the_buffer(shim, session, after, left):
    raw = Raw(shim.path)
    key = session.get_key(label=EC_LABEL, object_class=ObjectClass.PRIVATE_KEY)
    mechanism = (ctypes.c_ulong * 3)(Mechanism.ECDSA)
    out, length = ctypes.create_string_buffer(b"\xff" * 64, 64), ctypes.c_ulong(64)
    with shim.fail("C_Sign", CKR.DEVICE_ERROR, after=after):
        assert raw("C_SignInit", session.handle, mechanism, key.handle) == CKR.OK
        sent = (session.handle, DATA, 32, out, ctypes.byref(length))
        assert raw("C_Sign", *sent) == CKR.DEVICE_ERROR
    assert out.raw == left
    assert raw("C_SignInit", session.handle, mechanism, key.handle) == CKR.OK
    assert raw("C_Sign", *sent) == CKR.OK
    assert out.raw != left


def test_a_login_can_succeed_and_fail(shim, token):
    with shim.fail("C_Login", CKR.DEVICE_ERROR, after=True), pytest.raises(pkcs11.DeviceError):
        token.open(user_pin=PIN)
    assert [(call.pin, call.answer) for call in shim.calls.logins] == [("right", CKR.DEVICE_ERROR)]
    with pytest.raises(pkcs11.UserAlreadyLoggedIn):
        token.open(user_pin=PIN)


def test_a_session_that_the_caller_was_not_given_is_not_left_open(shim, token):
    fault = shim.fail("C_OpenSession", CKR.FUNCTION_FAILED, after=True)
    with fault, pytest.raises(pkcs11.FunctionFailed):
        token.open()
    assert shim.calls.sessions_opened == 0
    setting_up = ("C_InitToken", token.slot.slot_id, b"999999", 6, b" " * 32)
    assert Raw(shim.path)(*setting_up) == CKR.PIN_INCORRECT, "only without sessions"
    token.open()
    assert shim.calls.sessions_opened == 1
    assert Raw(shim.path)(*setting_up) == 0xB6, "CKR_SESSION_EXISTS"


@pytest.mark.parametrize("function", ["C_SignUpdate", "C_SignFinal"])
def test_signing_in_parts_fails_too_and_can_begin_again(shim, session, function):
    key = session.get_key(label=RSA_LABEL, object_class=ObjectClass.PRIVATE_KEY)
    parts = ["phần một, ".encode(), "phần hai".encode()]
    with shim.fail(function, CKR.DEVICE_ERROR), pytest.raises(pkcs11.DeviceError):
        key.sign(iter(parts), mechanism=Mechanism.SHA256_RSA_PKCS)
    assert not shim.calls.signed
    key.sign(iter(parts), mechanism=Mechanism.SHA256_RSA_PKCS)
    assert shim.calls.signed == {checksum(b"".join(parts)): 1}


# --- slow, hanging, crashing ----------------------------------------------------------------------


def test_a_slow_call_is_slow(shim, session):
    begin = time.monotonic()
    sign(session)
    assert time.monotonic() - begin < 0.2
    with shim.slow("C_Sign", 0.25):
        begin = time.monotonic()
        assert verifies(session, sign(session))
        assert time.monotonic() - begin >= 0.25
    assert len(shim.calls.events("sleep", "C_Sign")) == 1


@pytest.mark.parametrize("setting", ["slow", "hang"])
def test_what_sleeps_is_woken_by_taking_the_fault_back(shim, setting):
    library = shim.load()
    found = []
    fault = shim.hang("C_GetSlotList") if setting == "hang" else shim.slow("C_GetSlotList", 20)
    thread = threading.Thread(target=lambda: found.extend(library.get_slots()), daemon=True)
    thread.start()
    assert eventually(lambda: len(shim.calls.events("hang")) + len(shim.calls.events("sleep")) > 0)
    thread.join(0.1)
    assert thread.is_alive()
    fault.remove()
    thread.join(10)
    assert not thread.is_alive()
    assert len(found) == 2


def test_a_module_that_hangs_in_another_process(shim):
    with shim.hang("C_GetSlotList"), child(shim) as process:
        assert eventually(lambda: shim.calls.events("hang", "C_GetSlotList"))
        assert process.poll() is None
        process.kill()
        process.communicate()
    assert not shim.calls("C_GetSlotList")
    with child(shim) as process:
        assert process.communicate(timeout=30)[0] == "2\n"


@pytest.mark.parametrize("function", ["C_Initialize", "C_GetSlotList"])
def test_a_module_that_crashes(shim, function):
    with shim.crash(function), child(shim) as process:
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGABRT
    assert [call.pid for call in shim.calls.events("abort", function)] == [process.pid]
    with child(shim) as process:
        assert process.communicate(timeout=30)[0] == "2\n"


def test_how_many_were_inside_at_once(shim, token):
    sessions = [token.open() for _ in range(3)]
    shim.calls.forget()
    with shim.slow("C_GenerateRandom", 0.2):
        threads = [
            threading.Thread(target=one.generate_random, args=(64,), daemon=True)
            for one in sessions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert shim.calls.most_inside == 3
    shim.calls.forget()
    sessions[0].generate_random(64)
    assert shim.calls.most_inside == 1


# --- wrong signatures -----------------------------------------------------------------------------


def test_a_signature_with_a_flipped_bit(shim, session):
    with shim.wrong_signatures(bit=100, at=2):
        good, bad = sign(session), sign(session)
    assert verifies(session, good)
    assert not verifies(session, bad)


@pytest.mark.parametrize("length", [0, 63, 80])
def test_a_signature_of_a_wrong_length(shim, session, length):
    with shim.sized_signatures(length):
        assert len(sign(session)) == length
    assert len(sign(session)) == 64


# --- two middlewares, two processes ---------------------------------------------------------------


def test_two_middlewares_show_one_token_and_have_faults_of_their_own(shim, new_shim):
    other = new_shim(beside=shim)
    one, two = (each.load().get_token(token_label=LABEL) for each in (shim, other))
    assert one.serial == two.serial
    with other.fail("C_OpenSession", CKR.DEVICE_ERROR):
        with pytest.raises(pkcs11.DeviceError):
            two.open()
        session = one.open(user_pin=PIN)
    assert not other.calls.logins
    assert verifies(session, sign(session))
    two.open(user_pin=PIN)
    other.close()
    assert verifies(session, sign(session)), "the one outlives the other"


def test_another_process_sees_faults_as_they_change_and_is_counted(shim):
    program = (
        "import sys, pkcs11\n"
        "library = pkcs11.lib(sys.argv[1])\n"
        "for line in sys.stdin:\n"
        "    try: print(len(library.get_slots()), flush=True)\n"
        "    except pkcs11.GeneralError: print('failed', flush=True)\n"
    )
    with child(shim, program) as process:

        def listed():
            print(file=process.stdin, flush=True)
            return process.stdout.readline().strip()

        assert listed() == "2"
        with shim.fail("C_GetSlotList", CKR.GENERAL_ERROR):
            assert listed() == "failed"
        assert listed() == "2"
        process.communicate(timeout=30)
    assert {call.pid for call in shim.calls()} == {process.pid}
