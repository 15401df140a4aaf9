"""Signing workers: processes that each log in once and sign with one key."""

import hashlib
import multiprocessing
import pickle
import subprocess
import sys
import threading
from concurrent.futures import wait
from functools import partial
from pathlib import Path

import hsm_worker_tasks as tasks
import pytest
from hsm_shim_calls import CKU_CONTEXT_SPECIFIC, CKU_USER, checksum
from hsm_shim_cryptoki import CKR
from hsm_shim_token import EC_URI, LABEL
from hsm_worker_tasks import DOCUMENTS
from hsm_world import (
    SO_PIN,
    USER_PIN,
    CountingPinSource,
    certify,
    eventually,
    right_pin,
)
from pkcs11 import TokenFlag

from hsm.embedded import EmbeddedTokens
from hsm.errors import (
    KeyNotFoundError,
    PINFinalTryError,
    TokenRemovedError,
    WorkerPINEachTimeError,
    WorkerPINPadError,
    WorkersGoneError,
    WrongPINError,
)
from hsm.keys import open_key, wants_pin_each_time
from hsm.loading import open_module
from hsm.login import change_pin
from hsm.pin import GivenPinSource, Pin
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import signing_workers
from hsm.workers.process import worker_key
from hsm.workers.worker import PINForWorkers
from pki.keys import verifies

# --- signing --------------------------------------------------------------------------------------


def test_every_worker_signs_and_logs_in_once(shim, ec_public_key, start_workers):
    source = CountingPinSource()
    pool = start_workers(3, source=source)
    results = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS]
    signed = [future.result(60) for future in results]
    assert all(
        verifies(ec_public_key, signature, data)
        for data, (_pid, signature) in zip(DOCUMENTS, signed, strict=True)
    )
    pids = {pid for pid, _signature in signed}
    assert len(pids) == pool.workers == 3
    assert len(source.asked) == 1
    assert [call.pin for call in shim.calls.logins] == ["right"] * 3
    assert {call.pid for call in shim.calls.logins} == pids
    assert shim.calls.signed == dict.fromkeys(map(_signed_as, DOCUMENTS), 1)


def _signed_as(data):
    return checksum(hashlib.sha256(data).digest())


def test_each_worker_begins_once_before_it_has_the_key(start_workers):
    pool = start_workers(2, begin=partial(tasks.begin, "loaded"))
    found = [pool.submit(tasks.begun) for _ in range(10)]
    assert all(each.result(60)[1] == ["loaded"] for each in found)
    assert len({each.result()[0] for each in found}) == 2


def test_what_is_wrong_at_its_beginning_is_raised_and_no_pin_is_asked_for(shim, start_workers):
    source = CountingPinSource()
    with pytest.raises(KeyNotFoundError):
        start_workers(2, source=source, begin=tasks.fail_to_begin)
    assert not source.asked
    assert not shim.calls.logins


def test_map_keeps_the_order(ec_public_key, start_workers):
    signatures = list(start_workers().map(tasks.sign, DOCUMENTS))
    assert all(verifies(ec_public_key, *pair) for pair in zip(signatures, DOCUMENTS, strict=True))


def test_embedded_tokens_are_opened_by_each_worker(tmp_path):
    """SoftHSM of a worker is its own: another directory may be open here."""
    program = (
        "import sys; from pathlib import Path; from hsm.embedded import EmbeddedTokens;"
        "from hsm.generate import generate_key; from hsm.pin import Pin;"
        "from pki.keys import KeyType;"
        "tokens = EmbeddedTokens(Path(sys.argv[1])); user, so = map(Pin, sys.stdin.read().split());"
        "tokens.create_token('Kho', user, so);"
        "print(generate_key(tokens.module(), 'Kho', user, label='k', key_type=KeyType.EC_P256))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        input=f"{USER_PIN.reveal()} {SO_PIN.reveal()}",
        capture_output=True,
        text=True,
        check=True,
    )
    order = KeyOrder(KeyURI.parse(made.stdout.strip()), (EmbeddedTokens(tmp_path),))
    with signing_workers(order, right_pin(), workers=2) as pool:
        assert pool.token == "Kho"  # noqa: S105  a name
        assert all(pool.map(tasks.sign, DOCUMENTS))


def test_the_certificate_goes_along(ec_public_key, start_workers):
    certificate = certify(ec_public_key)
    assert (
        start_workers(1, uri=KeyURI(token=LABEL), certificate=certificate)
        .submit(tasks.sign, b"")
        .result()
    )
    asked = CountingPinSource()
    with pytest.raises(KeyNotFoundError):
        start_workers(2, uri=KeyURI(token=LABEL, id=b"\x09"), source=asked)


def test_outside_a_worker_there_is_no_worker_key():
    with pytest.raises(RuntimeError, match="not in a signing worker"):
        worker_key()


# --- the PIN --------------------------------------------------------------------------------------


def test_a_wrong_pin_costs_one_try_whatever_the_number_of_workers(shim, start_workers):
    wrong = CountingPinSource(Pin("135791"))
    for _ in range(2):  # the second time it is not tried at all
        with pytest.raises(WrongPINError) as caught:
            start_workers(3, source=wrong)
        assert caught.value.facts["token"] == LABEL
        assert shim.calls.wrong_pins == len(shim.calls.logins) == 1
    assert len(wrong.asked) == 2
    assert start_workers(3).submit(tasks.sign, b"with the right one").result(60)
    assert shim.calls.wrong_pins == 1
    assert len(shim.calls.logins) == 4


def test_a_pin_that_was_wrong_is_tried_again_once_the_token_has_a_new_one(shim, start_workers):
    fresh = Pin("808182")
    with pytest.raises(WrongPINError):
        start_workers(1, source=GivenPinSource(fresh))
    module = open_module(shim.path)
    (token,) = [one for one in module.tokens() if one.label == LABEL]
    change_pin(module, token, right_pin(), lambda _token: fresh)
    module.close()
    assert start_workers(1, source=GivenPinSource(fresh)).submit(tasks.sign, b"").result(60)
    assert shim.calls.wrong_pins == 1


def test_the_pin_is_not_asked_for_where_a_try_could_do_harm(shim, start_workers):
    source = CountingPinSource()
    with shim.flags(TokenFlag.USER_PIN_FINAL_TRY), pytest.raises(PINFinalTryError):
        start_workers(2, source=source)
    assert source.asked == []
    assert shim.calls.logins == ()
    with shim.flags(TokenFlag.USER_PIN_FINAL_TRY):
        assert (
            start_workers(2, source=source, allow_final_try=True).submit(tasks.sign, b"").result(60)
        )
    assert len(source.asked) == 1


def test_a_worker_shows_no_pin(start_workers):
    seen = start_workers(2).submit(tasks.surroundings).result(60)
    assert "SOFTHSM2_CONF" in seen or "PATH" in seen
    assert USER_PIN.reveal() not in seen
    assert USER_PIN.reveal().encode() not in pickle.dumps(KeyOrder(EC_URI, ()))


def test_a_pin_in_a_task_is_not_sent(start_workers):
    with pytest.raises(TypeError, match="not pickled"):
        start_workers(1).submit(tasks.sign, USER_PIN)


def test_a_pad_is_refused_before_anybody_types(shim, start_workers):
    with shim.pin_pad(user=USER_PIN.reveal()), pytest.raises(WorkerPINPadError) as caught:
        start_workers(2)
    assert caught.value.facts == {"token": LABEL}
    assert shim.calls.logins == ()


def test_a_key_that_wants_its_pin_each_time_needs_one_pin(shim, start_workers, ec_public_key):
    shim.always_authenticate()
    with pytest.raises(WorkerPINEachTimeError) as caught:
        start_workers(2)
    assert caught.value.facts == {"token": LABEL}
    shim.calls.forget()
    source = CountingPinSource()
    pool = start_workers(2, source=source, one_pin=True)
    signed = list(pool.map(tasks.sign, DOCUMENTS))
    assert all(verifies(ec_public_key, *pair) for pair in zip(signed, DOCUMENTS, strict=True))
    users = [call.user for call in shim.calls.logins]
    assert (users.count(CKU_USER), users.count(CKU_CONTEXT_SPECIFIC)) == (2, len(DOCUMENTS))
    assert len(source.asked) == 1


def test_a_key_tells_whether_it_wants_its_pin_each_time(shim):
    module = open_module(shim.path)
    assert not wants_pin_each_time(open_key(EC_URI, [module], right_pin()))
    with shim.always_authenticate():
        assert wants_pin_each_time(open_key(EC_URI, [module], right_pin()))


def test_a_pin_that_became_wrong_is_not_tried_by_every_worker(shim, start_workers):
    shim.always_authenticate()
    pool = start_workers(2, one_pin=True)
    shim.calls.forget()
    with shim.fail("C_Login", CKR.PIN_INCORRECT):
        ends = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS]
        wait(ends, 60)
    errors = [future.exception(0) for future in ends]
    assert {type(error) for error in errors} == {WrongPINError, WorkersGoneError}
    assert len(shim.calls.logins) <= 2
    assert pool.workers == 0


def test_the_pin_is_given_to_one_token_only():
    token = TokenInfo(label="Thẻ của An", serial="1")
    pin = PINForWorkers(right_pin())
    assert pin.label == ""
    assert pin.give(token) == pin.give(token) == USER_PIN
    assert pin.label == "Thẻ của An"
    with pytest.raises(TokenRemovedError):
        pin.give(TokenInfo(label="Thẻ của An", serial="2"))


def test_nobody_gives_a_pin_and_every_process_ends():
    class Stopped:
        def ask(self, _token):
            raise KeyboardInterrupt

    pin = PINForWorkers(Stopped())
    pin.was_wrong()  # there is none to remember
    with pytest.raises(KeyboardInterrupt):
        pin.give(TokenInfo(label="Thẻ của An", serial="1"))


def test_ctrl_c_at_the_prompt_ends_every_process(start_workers):
    class Stopped:
        def ask(self, _token):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_workers(2, source=Stopped())
    assert multiprocessing.active_children() == []


# --- tasks ----------------------------------------------------------------------------------------


def test_what_a_task_raises_is_raised_here(start_workers):
    pool = start_workers(1)
    ours = pool.submit(tasks.fail, "ours").exception(60)
    assert isinstance(ours, KeyNotFoundError)
    assert ours.facts == {"wanted": "01", "token": "An"}
    bug = pool.submit(tasks.fail, "a bug").exception(60)
    assert repr(bug) == "ValueError('a bug')"
    assert "in fail" in "".join(bug.__notes__)
    assert isinstance(pool.submit(tasks.leave_program).exception(60), SystemExit)
    for task in (pool.submit(tasks.unsent), pool.submit(tasks.fail, "unsent")):
        with pytest.raises(TypeError, match="a worker cannot send"):
            task.result(60)
    assert pool.submit(tasks.sign, b"and goes on").result(60)


def test_a_result_that_cannot_be_read_here_is_an_error_of_its_task(start_workers, monkeypatch):
    pool = start_workers(1)
    with monkeypatch.context() as missing:
        missing.delattr(tasks, "Only")
        with pytest.raises(AttributeError):
            pool.submit(tasks.only).result(60)
    assert pool.submit(tasks.sign, b"and goes on").result(60)


def test_a_task_that_cannot_be_sent_is_refused_at_once(start_workers):
    with pytest.raises((AttributeError, pickle.PicklingError)):
        start_workers(1).submit(lambda: None)


def test_ctrl_c_at_the_terminal_is_left_to_this_process(start_workers):
    assert start_workers(1).submit(tasks.ignores_ctrl_c).result(60)


# --- the end --------------------------------------------------------------------------------------


def test_shutting_down_lets_every_task_end(start_workers):
    pool = start_workers(1)
    ends = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS[:5]]
    pool.shutdown(wait=False)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(tasks.sign, b"too late")
    assert all(future.result(60) for future in ends)
    pool.shutdown()
    pool.shutdown()


def test_cancelled_tasks_are_not_begun(shim, start_workers):
    pool = start_workers(1)
    first = pool.submit(tasks.sign_slowly, b"", 0.5)
    rest = [pool.submit(tasks.sign, data) for data in DOCUMENTS]
    assert rest[3].cancel()
    eventually(first.running)
    pool.shutdown(cancel_futures=True)
    assert first.result(0)
    assert all(future.cancelled() for future in rest)
    assert sum(shim.calls.signed.values()) == 1


def test_tasks_can_be_cancelled_after_the_pool_was_told_to_end(start_workers):
    pool = start_workers(2)
    begun = [pool.submit(tasks.sign_slowly, b"", 0.5) for _ in range(2)]
    rest = [pool.submit(tasks.sign, data) for data in DOCUMENTS]
    eventually(lambda: all(future.running() for future in begun))
    pool.shutdown(wait=False)
    pool.shutdown(cancel_futures=True)
    assert all(future.result(0) for future in begun)
    assert all(future.cancelled() for future in rest)


def test_a_single_task_can_be_cancelled(shim, start_workers):
    pool = start_workers(1)
    first = pool.submit(tasks.sign_slowly, b"", 0.5)
    second, third = (pool.submit(tasks.sign, data) for data in DOCUMENTS[:2])
    assert second.cancel()
    assert first.result(60)
    assert third.result(60)
    assert sum(shim.calls.signed.values()) == 2


def test_an_error_in_the_block_begins_no_further_task(start_workers):
    class Stop(Exception):  # noqa: N818
        pass

    rest = []
    with pytest.raises(Stop), start_workers(1) as pool:  # noqa: PT012
        first = pool.submit(tasks.sign_slowly, b"", 0.5)
        rest = [pool.submit(tasks.sign, data) for data in DOCUMENTS]
        eventually(first.running)
        raise Stop
    assert all(future.cancelled() for future in rest)


def test_tasks_are_submitted_from_many_threads(ec_public_key, start_workers):
    pool, results = start_workers(2), {}

    def client(number):
        for data in DOCUMENTS[number::8]:
            results[data] = pool.submit(tasks.sign, data).result(60)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == sorted(DOCUMENTS)
    assert all(verifies(ec_public_key, signature, data) for data, signature in results.items())


PROGRAM = """
import os, sys
sys.path[:0] = [sys.argv[3]]
from pathlib import Path
import hsm_worker_tasks as tasks
from hsm.pin import GivenPinSource, Pin
from hsm.uri import KeyURI
from hsm.workers.address import ModuleFile
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import signing_workers

if __name__ == "__main__":
    order = KeyOrder(KeyURI.parse(sys.argv[2]), (ModuleFile(Path(sys.argv[1])),))
    pool = signing_workers(order, GivenPinSource(Pin(sys.stdin.read())), workers=2)
    ends = [pool.submit(tasks.sign_slowly, b"%d" % number) for number in range(12)]
    for end in ends:
        # At once, line break and all: two threads may be here.
        end.add_done_callback(lambda done: os.write(1, b"%d\\n" % done.result()[0]))
    if sys.argv[4] == "killed":
        ends[5].result()
        os._exit(3)
"""


def run_program(shim, how):
    arguments = [str(shim.path), str(EC_URI), str(Path(tasks.__file__).parent), how]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        input=USER_PIN.reveal(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_program_that_just_ends_ends_its_tasks_first(shim):
    done = run_program(shim, "ends")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 12
    assert len(shim.calls("C_Finalize")) == 2, "each worker logged out"


def test_workers_of_a_program_that_is_killed_end_too(shim):
    done = run_program(shim, "killed")
    assert done.returncode == 3
    workers = {int(line) for line in done.stdout.splitlines()}
    assert len(workers) == 2
    eventually(lambda: {call.pid for call in shim.calls("C_Finalize")} == workers)
