"""One module for several threads: a pool of sessions, one login, and what one thread loses."""

from __future__ import annotations

import itertools
import threading
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hsm_failing import EC, RSA, key_of, token_of
from hsm_shim_cryptoki import CKR
from hsm_shim_token import LABEL
from hsm_world import USER_PIN, CountingPinSource, eventually, right_pin

from hsm.errors import (
    FunctionFailedError,
    ModuleUnusableError,
    SessionLostError,
    TokenTimeoutError,
    WrongPINError,
)
from hsm.gate import Limits
from hsm.loading import open_module
from hsm.login import change_pin, logout
from hsm.objects import list_objects
from hsm.pin import GivenPinSource, Pin
from pki.errors.tree import PKIError, UnavailableError
from pki.keys import sign_data, verifies

THREADS = 8


@pytest.fixture(params=["supervised", "inline"])
def limits(request):
    return Limits() if request.param == "supervised" else None


def in_threads(work, number=THREADS):
    """Run `work(0)`, `work(1)`, … at the same time; return, or raise, what they do."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def error_of(work):
    """Return the error of ours that the work ends in, or None."""
    try:
        work()
    except PKIError as error:
        return error
    return None


def sign_many(key, times, *, name="document"):
    """Let every thread sign so often; each signature is verified once more here."""
    public_key = key.public_key()

    def work(thread):
        for number in range(times):
            data = f"{name} {thread}.{number}".encode()
            assert verifies(public_key, sign_data(key, data), data)
        return times

    return sum(in_threads(work))


@pytest.mark.parametrize("uri", [EC, RSA])
@pytest.mark.parametrize("sessions", [1, 4])
def test_as_many_calls_at_a_time_as_sessions(shim, limits, sessions, uri):
    module = open_module(shim.path, limits=limits, sessions=sessions)
    source = CountingPinSource()
    key = key_of(module, source, uri)
    shim.slow("C_Sign", 0.01)
    assert sign_many(key, 6) == 6 * THREADS
    at_once = max(call.inside for call in shim.calls("C_Sign"))
    assert at_once == 1 if sessions == 1 else 1 < at_once <= sessions
    assert shim.calls.most_inside <= sessions
    assert len(shim.calls.logins) == len(source.asked) == 1
    used = {call.session for call in shim.calls("C_Sign")}
    assert len(used) == sessions
    assert max(shim.calls.signed.values()) == 1


def test_several_sessions_are_faster_than_one(new_shim):
    """Of a token that takes its time, as an HSM on the network does."""
    seconds = {}
    for sessions in (1, 4):
        shim = new_shim()
        key = key_of(open_module(shim.path, sessions=sessions), CountingPinSource())
        shim.slow("C_Sign", 0.02)
        start = time.perf_counter()
        sign_many(key, 4)
        seconds[sessions] = time.perf_counter() - start
    assert seconds[4] < seconds[1] / 2


def test_a_session_lost_in_one_thread_is_the_others_no_trouble(shim, limits):
    module = open_module(shim.path, limits=limits, sessions=4)
    source = CountingPinSource()
    key = key_of(module, source)
    shim.slow("C_Sign", 0.003)
    shim.fail("C_Sign", CKR.SESSION_HANDLE_INVALID, at=37)
    assert sign_many(key, 20) == 20 * THREADS
    assert len(shim.calls.logins) == len(source.asked) == 2


@pytest.mark.parametrize("sessions", [1, 4])
def test_a_login_lost_in_secret_is_noticed_where_no_key_shows(shim, limits, sessions):
    """A new session finds no private key then, which is not the same as having none."""
    module = open_module(shim.path, limits=limits, sessions=sessions)
    source = CountingPinSource()
    key = key_of(module, source)
    with shim.fail("C_SignInit", CKR.GENERAL_ERROR), pytest.raises(FunctionFailedError):
        sign_data(key, b"the lane's session is dropped")
    shim.sessions_die()
    assert verifies(key.public_key(), sign_data(key, b"x"), b"x")
    assert len(shim.calls.logins) == len(source.asked) == 2


def test_sessions_that_all_die_cost_one_login(shim, limits):
    module = open_module(shim.path, limits=limits, sessions=4)
    source = CountingPinSource()
    key = key_of(module, source)
    shim.slow("C_Sign", 0.002)
    stop = threading.Event()
    deaths = []

    def work(thread):
        number = 0
        while not stop.is_set():
            number += 1
            data = b"%d.%d" % (thread, number)
            assert verifies(key.public_key(), sign_data(key, data), data)
        return number

    def die(_thread):
        try:
            for _ in range(6):
                time.sleep(0.15)
                deaths.append(len(shim.calls.logins))
                shim.sessions_die()
                eventually(lambda: len(shim.calls.logins) > deaths[-1])
        finally:
            stop.set()

    done = in_threads(lambda thread: work(thread) if thread else die(thread))
    assert all(done[1:])
    assert deaths == [1, 2, 3, 4, 5, 6], "one login each time"
    assert len(source.asked) == len(shim.calls.logins) == 7
    assert max(shim.calls.signed.values()) == 1


def test_with_several_sessions_everything_else_works_as_with_one(shim, limits):
    """Login, logout, a changed PIN, a token pulled out: nothing waits for itself."""
    module = open_module(shim.path, limits=limits, sessions=3)
    source = CountingPinSource()
    key = key_of(module, source)
    logout(module, token_of(module))
    assert not module.logged_in(token_of(module))
    assert sign_many(key, 3)
    with pytest.raises(WrongPINError):
        change_pin(module, token_of(module), GivenPinSource(Pin("135791")), lambda _token: USER_PIN)
    assert sign_many(key, 3)
    change_pin(module, token_of(module), right_pin(), lambda _token: USER_PIN)
    with shim.pulled_out(LABEL):
        ended = in_threads(lambda _thread: error_of(lambda: sign_data(key, b"not there")))
        assert all(isinstance(error, UnavailableError) for error in ended)
    assert sign_many(key, 3)
    assert shim.calls.wrong_pins == 1
    assert shim.calls.lost_signatures == ()


def test_sessions_are_closed_only_while_no_other_call_runs(shim, limits):
    """SoftHSM frees a session in which another thread signs, and crashes."""
    module = open_module(shim.path, limits=limits, sessions=4)
    key = key_of(module, CountingPinSource())
    shim.slow("C_Sign", 0.01)
    stop = time.monotonic() + 1

    def work(thread):
        while time.monotonic() < stop:
            if thread:  # a login that another thread gives back twice in a row is an error
                assert isinstance(error_of(lambda: sign_data(key, b"x")), SessionLostError | None)
            else:
                logout(module, token_of(module))

    in_threads(work)
    ends = [call for name in ("C_CloseSession", "C_CloseAllSessions") for call in shim.calls(name)]
    closing = [call.inside for call in ends if call.function == "C_CloseAllSessions"]
    assert len(closing) > 3
    assert set(closing) == {1}


def test_a_module_that_cannot_lock_serves_one_session(shim):
    with shim.fail("C_Initialize", 0x0A):
        with pytest.raises(ModuleUnusableError) as caught:
            open_module(shim.path, sessions=2)
        assert caught.value.facts["reason"].endswith("0xA")
        with pytest.raises(ModuleUnusableError):
            open_module(shim.path, limits=None, sessions=2)
    assert token_of(open_module(shim.path)).label == LABEL


def test_a_module_that_hangs_at_its_start_is_given_up(shim):
    short = Limits(call=timedelta(seconds=0.2))
    with shim.hang("C_Initialize"), pytest.raises(ModuleUnusableError) as caught:
        open_module(shim.path, limits=short, sessions=2)
    assert caught.value.facts["reason"] == "C_Initialize hangs"


def test_a_token_that_a_restart_shows_is_found_again_by_all(shim, limits):
    module = open_module(shim.path, limits=limits, sessions=4)
    key = key_of(module, CountingPinSource())
    logout(module, token_of(module))
    shim.calls.forget()
    with shim.fault("C_GetSlotList", CKR.OK):
        assert module.restart()
    assert [call.answer for call in shim.calls("C_Finalize")] == [0]
    assert [call.answer for call in shim.calls("C_Initialize")] == [0]
    assert sign_many(key, 3)
    assert not module.restart(), "somebody is logged in"


def test_closing_the_module_ends_every_thread_in_a_signature_or_an_error(shim, limits):
    module = open_module(shim.path, limits=limits, sessions=4)
    key = key_of(module, CountingPinSource())
    shim.slow("C_Sign", 0.005)

    def work(thread):
        if thread == 0:
            time.sleep(0.2)
            module.close()
            return 0
        while (error := error_of(lambda: sign_data(key, b"x"))) is None:
            pass
        return type(error)

    assert in_threads(work)[1:] == [SessionLostError] * (THREADS - 1)


def test_one_lane_that_hangs_leaves_the_others(shim):
    quick = timedelta(seconds=0.3)
    module = open_module(shim.path, limits=Limits(call=quick, sign=quick), sessions=3)
    key = key_of(module, CountingPinSource())
    sign_many(key, 2)
    with shim.hang("C_Sign", at=1):
        with pytest.raises(TokenTimeoutError):
            sign_data(key, b"hangs")
        assert module.hangs
        assert sign_many(key, 5)
        with pytest.raises(TokenTimeoutError):  # nobody can be alone with the module
            logout(module, token_of(module))
    eventually(lambda: not module.hangs)
    logout(module, token_of(module))
    assert sign_many(key, 5)


class Ordeal:
    """Threads sign and look while sessions die, calls fail, and one thread logs out."""

    def __init__(self, shim, limits):
        self.shim = shim
        self.module = open_module(shim.path, limits=limits, sessions=4)
        self.source = CountingPinSource()
        self.keys = [key_of(self.module, self.source, uri) for uri in (EC, RSA)]
        self.token = token_of(self.module)
        self.injected = None
        shim.slow("C_Sign", 0.001)

    def run(self, seconds):
        end = time.monotonic() + seconds

        def work(thread):
            counts = Counter()
            kind = {0: self.trouble, 1: self.look}.get(thread, self.sign)
            for number in itertools.takewhile(lambda _n: time.monotonic() < end, itertools.count()):
                counts[kind(zlib.crc32(b"%d.%d" % (thread, number)))] += 1
            return counts

        total = sum(in_threads(work), Counter())
        self.shim.clear()
        return total

    def sign(self, chance):
        key, data = self.keys[chance % 2], chance.to_bytes(4, "big")

        def sign():
            assert verifies(key.public_key(), sign_data(key, data), data)

        return self._ended(sign, "signed")

    def look(self, _chance):
        def look():
            assert len(list_objects(self.module, self.token)) >= 2

        return self._ended(look, "looked")

    def trouble(self, chance):
        time.sleep(chance % 97 / 1000)
        match chance % 4:
            case 0:
                self.shim.sessions_die()
            case 1:
                logout(self.module, self.token)
            case 2:
                self._inject("C_SignInit", CKR.GENERAL_ERROR, chance)
            case _:
                self._inject("C_Sign", CKR.SESSION_HANDLE_INVALID, chance)
        return "trouble"

    def _inject(self, function, answer, chance):
        if self.injected:
            self.injected.remove()
        self.injected = self.shim.fail(function, answer, at=1 + chance % 13)

    def _ended(self, work, well):
        error = error_of(work)
        assert isinstance(error, SessionLostError | FunctionFailedError | None), error
        return "lost" if error else well


def judge(ordeal, total, seconds):
    assert total["signed"] > 20 * seconds, total
    assert total["looked"] > seconds, total
    assert total["trouble"] > seconds, total
    assert total["lost"] < total["signed"] / 5, total
    assert ordeal.shim.calls.wrong_pins == 0
    logins = [call for call in ordeal.shim.calls.logins if call.answer == CKR.OK]
    # Trouble may come between the question and the login: that PIN is then asked for again.
    assert len(logins) <= len(ordeal.source.asked) <= 1 + total["trouble"]
    assert sign_many(ordeal.keys[0], 3)


def test_many_threads_and_much_trouble(shim, limits):
    ordeal = Ordeal(shim, limits)
    judge(ordeal, ordeal.run(2), 2)


@pytest.mark.long
def test_many_threads_and_much_trouble_for_a_minute(shim, limits):
    ordeal = Ordeal(shim, limits)
    judge(ordeal, ordeal.run(60), 60)
