"""Signing workers that are killed, lose their login or hang: every task ends, none is repeated."""

import multiprocessing
from concurrent.futures import wait

import hsm_worker_tasks as tasks
import pytest
from hsm_shim_token import LABEL
from hsm_worker_tasks import DOCUMENTS
from hsm_world import eventually

from hsm.errors import (
    TokenTimeoutError,
    WorkerLoginLostError,
    WorkerLostError,
    WorkerNotStartedError,
    WorkersGoneError,
)
from hsm.gate import Limits
from pki.keys import verifies


def test_a_killed_worker_ends_its_task_and_no_other(shim, ec_public_key, start_workers):
    """It is killed within C_Sign: whether the token signed, nobody can tell."""
    pool = start_workers(2)
    shim.slow("C_Sign", 30, at=5)
    ends = [pool.submit(tasks.sign, data) for data in DOCUMENTS]
    eventually(lambda: shim.calls.events("sleep", "C_Sign"))
    (asleep,) = shim.calls.events("sleep", "C_Sign")
    kill(asleep.pid)
    wait(ends, 60)
    lost = [future for future in ends if future.exception(0)]
    assert [type(future.exception()) for future in lost] == [WorkerLostError]
    assert lost[0].exception().facts == {"token": LABEL, "reason": "SIGKILL"}
    done = [
        (future.result(), data)
        for future, data in zip(ends, DOCUMENTS, strict=True)
        if future not in lost
    ]
    assert len(done) == len(DOCUMENTS) - 1
    assert all(verifies(ec_public_key, *pair) for pair in done)
    assert max(shim.calls.signed.values()) == 1, "nothing is signed a second time"
    assert pool.workers == 1
    assert len(shim.calls.logins) == 2


def kill(pid):
    for child in multiprocessing.active_children():
        if child.pid == pid:
            child.kill()


def test_where_no_worker_is_left_every_task_is_told(start_workers):
    pool = start_workers(1)
    ends = [
        pool.submit(tasks.sign_slowly, b""),
        pool.submit(tasks.be_killed),
        *(pool.submit(tasks.sign, data) for data in DOCUMENTS),
    ]
    cancelled = ends.pop()
    assert cancelled.cancel()
    wait(ends, 60)
    assert ends[0].result(0)
    assert isinstance(ends[1].exception(0), WorkerLostError)
    assert {type(future.exception(0)) for future in ends[2:]} == {WorkersGoneError}
    assert pool.workers == 0
    with pytest.raises(WorkersGoneError) as caught:
        pool.submit(tasks.sign, b"one more")
    assert caught.value.facts == {"token": LABEL}


def test_a_process_that_ends_by_itself_says_with_what(start_workers):
    failed = start_workers(1).submit(tasks.end_at_once, 3).exception(60)
    assert isinstance(failed, WorkerLostError)
    assert failed.facts["reason"] == "exit 3"


def test_a_module_that_crashes_costs_nothing_here(shim, start_workers):
    with shim.crash("C_Initialize"), pytest.raises(WorkerNotStartedError) as caught:
        start_workers(2)
    assert caught.value.facts == {"reason": "SIGABRT"}
    assert start_workers(2).submit(tasks.sign, b"").result(60)


def test_a_process_that_cannot_be_started_is_an_error_of_ours(start_workers, monkeypatch):
    """Within a daemon process `multiprocessing` starts none."""
    with monkeypatch.context() as daemon:
        daemon.setitem(multiprocessing.current_process()._config, "daemon", True)
        with pytest.raises(WorkerNotStartedError):
            start_workers(2)
    assert start_workers(2).submit(tasks.sign, b"").result(60)


def test_a_worker_that_does_not_end_is_killed(shim, start_workers, monkeypatch):
    """It hangs in the module, without a limit."""
    monkeypatch.setattr("hsm.workers.worker._SECONDS_TO_END", 0.5)
    with shim.hang("C_Finalize"):
        pool = start_workers(2)
        assert pool.submit(tasks.sign, b"").result(60)
        pool.shutdown()
    assert multiprocessing.active_children() == []


def test_a_lost_login_is_not_repeated(shim, start_workers):
    pool = start_workers(2)
    shim.sessions_die()
    ends = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS]
    wait(ends, 60)
    errors = [future.exception(0) for future in ends]
    assert sorted({type(error).__name__ for error in errors}) == [
        "WorkerLoginLostError",
        "WorkersGoneError",
    ]
    told = [error for error in errors if isinstance(error, WorkerLoginLostError)]
    assert len(told) == 2
    assert told[0].facts == {"token": LABEL}
    assert len(shim.calls.logins) == 2, "one each, at the start"


def test_a_login_is_not_repeated_where_the_pin_is_kept_either(shim, start_workers):
    shim.always_authenticate()
    pool = start_workers(1, one_pin=True)
    assert pool.submit(tasks.sign, b"").result(60)
    shim.calls.forget()
    shim.sessions_die()
    assert isinstance(pool.submit(tasks.sign, b"").exception(60), WorkerLoginLostError)
    assert shim.calls.logins == ()


def test_a_token_that_is_pulled_out_ends_the_workers(shim, start_workers):
    pool = start_workers(2)
    with shim.pulled_out(LABEL):
        ends = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS]
        wait(ends, 60)
    assert all(future.exception(0) for future in ends)
    assert pool.workers == 0
    assert len(shim.calls.logins) == 2


def test_a_worker_whose_module_hangs_takes_no_more_tasks(shim, ec_public_key, start_workers):
    """It would fail them one after the other, faster than the good ones sign."""
    limits = Limits(sign=Limits().sign / 60)
    pool = start_workers(2, limits=limits)
    shim.hang("C_Sign", at=3)
    ends = [pool.submit(tasks.sign_slowly, data) for data in DOCUMENTS]
    wait(ends, 60)
    failed = [future for future in ends if future.exception(0)]
    assert [type(future.exception()) for future in failed] == [TokenTimeoutError]
    for future, data in zip(ends, DOCUMENTS, strict=True):
        if future not in failed:
            assert verifies(ec_public_key, future.result()[1], data)
    assert pool.workers == 1
