"""The gate of a module by itself: no token, only threads and time."""

import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest

from hsm.errors import TokenTimeoutError
from hsm.gate import Gate, Limits

SOON = timedelta(seconds=0.05)
PATIENT = timedelta(seconds=20)


def limits(call=PATIENT):
    return Limits(call=call, sign=call, pad=call, generate=call)


@pytest.fixture
def new_gate():
    """Return what makes gates, whose threads end with the test."""
    made = []

    def make(*, lanes=1, call=PATIENT, supervised=True):
        gate = Gate(lanes=lanes, limits=limits(call) if supervised else None)
        made.append(gate)
        return gate

    yield make
    for gate in made:
        gate.close()


@contextmanager
def hanging(gate, *, calls=1):
    """Let calls hang in the gate, given up by whoever made them; gives what lets them end."""
    release, ended = threading.Event(), []

    def hang(lane):
        release.wait(20)
        lane.kept["left"] = "by a call that was given up"
        ended.append(lane)
        return "late"

    for _ in range(calls):
        with pytest.raises(TokenTimeoutError):
            gate.run(hang, limit=SOON)

    def let_go():
        release.set()
        eventually(lambda: len(ended) == calls and not gate.hangs)
        return ended

    try:
        yield let_go
    finally:
        let_go()


def eventually(question):
    """Wait until it is so, for ten seconds at most."""
    end = time.monotonic() + 10
    while not question() and time.monotonic() < end:
        time.sleep(0.002)
    assert question()


def together(number, work):
    """Run `work(0)`, `work(1)`, … on threads of their own; return what came of them in order."""
    results = [None] * number

    def do(index):
        try:
            results[index] = work(index)
        except Exception as error:  # noqa: BLE001  looked at by the test
            results[index] = error

    threads = [threading.Thread(target=do, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return results


class Crowd:
    """Work that notes how many are at it at one time."""

    def __init__(self, stay=0.02):
        self._stay = stay
        self._inside = 0
        self._counting = threading.Lock()
        self.most = 0

    def __call__(self, _lane):
        with self._counting:
            self._inside += 1
            self.most = max(self.most, self._inside)
        time.sleep(self._stay)
        with self._counting:
            self._inside -= 1


@pytest.mark.parametrize("supervised", [True, False])
class TestEveryGate:
    def test_gives_and_raises_what_the_work_does(self, new_gate, supervised):
        gate = new_gate(supervised=supervised)
        assert gate.run(lambda _lane: "result") == "result"
        assert gate.run(lambda _lane: None) is None

        def fail(_lane):
            raise KeyError("what the work raises")

        for _ in range(3):  # the lane is free again each time
            with pytest.raises(KeyError, match="what the work raises"):
                gate.run(fail)
        assert gate.run(lambda _lane: 7) == 7
        assert not gate.hangs

    @pytest.mark.parametrize("lanes", [1, 3])
    def test_lets_in_as_many_as_it_has_lanes(self, new_gate, supervised, lanes):
        gate, crowd = new_gate(lanes=lanes, supervised=supervised), Crowd()
        assert together(8, lambda _index: gate.run(crowd)) == [None] * 8
        assert crowd.most == lanes

    def test_a_call_from_within_has_its_callers_lane(self, new_gate, supervised):
        gate = new_gate(supervised=supervised)

        def outer(lane):
            inner = gate.run(lambda same: (same is lane, threading.get_ident()))
            return inner == (True, threading.get_ident())

        assert gate.run(outer)

    def test_a_lane_keeps_things_and_only_to_itself(self, new_gate, supervised):
        gate = new_gate(lanes=2, supervised=supervised)
        meet = threading.Barrier(2, timeout=20)

        def work(lane):
            meet.wait()
            lane.kept["number"] = lane.kept.get("number", 0) + 1
            return id(lane), lane.kept["number"]

        first = together(2, lambda _index: gate.run(work))
        second = together(2, lambda _index: gate.run(work))
        assert sorted(second) == sorted((lane, 2) for lane, _number in first)

    def test_alone_waits_for_the_others_and_keeps_them_out(self, new_gate, supervised):
        gate = new_gate(lanes=3, supervised=supervised)
        running = []

        def work(_lane):
            running.append("in")
            time.sleep(0.05)
            running.append("out")

        def alone(_lane):
            running.append("alone")
            time.sleep(0.05)
            running.append("alone no more")
            return gate.alone

        def turn(index):
            return gate.run_alone(alone) if index % 4 == 3 else gate.run(work)

        assert together(12, turn) == [None, None, None, True] * 3
        for position, what in enumerate(running):
            if what == "alone":
                before = running[:position]
                assert before.count("in") == before.count("out")
                assert running[position + 1] == "alone no more"
        assert running.count("alone") == 3
        assert not gate.run(lambda _lane: gate.alone)

    def test_nobody_waits_for_ever_beside_busy_threads(self, new_gate, supervised):
        """A thread that gives its lane back and asks again at once would have it again."""
        gate, counts = new_gate(lanes=2, supervised=supervised), Counter()
        end = time.monotonic() + 1

        def turn(index):
            while time.monotonic() < end:
                gate.run_alone(lambda _lane: None) if index == 0 else gate.run(spin)
                counts[index] += 1

        def spin(_lane):
            until = time.monotonic() + 0.001
            while time.monotonic() < until:
                pass

        together(6, turn)
        assert min(counts[index] for index in range(6)) > 4, counts

    def test_one_lane_is_always_alone_and_may_be_asked_from_within(self, new_gate, supervised):
        gate = new_gate(supervised=supervised)
        assert gate.run(lambda lane: gate.run_alone(lambda same: same is lane and gate.alone))

    def test_alone_raises_what_the_work_does_and_leaves_every_lane_free(self, new_gate, supervised):
        gate, crowd = new_gate(lanes=3, supervised=supervised), Crowd()

        def fail(_lane):
            raise KeyError

        with pytest.raises(KeyError):
            gate.run_alone(fail)
        together(9, lambda _index: gate.run(crowd))
        assert crowd.most == 3

    def test_after_closing_it_can_be_used_again(self, new_gate, supervised):
        gate = new_gate(lanes=2, supervised=supervised)
        assert gate.run(lambda _lane: 1) == 1
        gate.close()
        gate.close()
        assert gate.run(lambda _lane: 2) == 2


def test_without_limits_the_callers_own_thread_works(new_gate):
    for supervised in (False, True):
        gate = new_gate(supervised=supervised)
        own = gate.run(lambda _lane: threading.get_ident()) == threading.get_ident()
        assert own is not supervised
    gate = new_gate(supervised=False)
    gate.run(lambda _lane: time.sleep(0.1), limit=SOON)  # no limit holds there
    assert not gate.hangs


def test_closing_ends_the_threads():
    before = set(threading.enumerate())
    gate = Gate(lanes=3, limits=limits())
    together(9, lambda _index: gate.run(Crowd()))
    started = set(threading.enumerate()) - before
    assert len(started) == 3
    gate.close()
    eventually(lambda: not any(thread.is_alive() for thread in started))


def test_a_call_over_its_limit_is_given_up_and_what_it_gives_later_is_thrown_away(new_gate):
    gate = new_gate(lanes=2)
    gate.run(lambda lane: lane.kept.update(known=True))
    start = time.monotonic()
    with hanging(gate) as let_go:
        assert time.monotonic() - start < 5
        assert gate.hangs
        assert gate.run(lambda _lane: "another lane") == "another lane"
        (lane,) = let_go()
    assert not gate.hangs
    assert lane.kept == {}, "nobody knows what a late call left behind"
    meet = threading.Barrier(2, timeout=20)  # both lanes let calls through again
    assert sorted(together(2, lambda index: gate.run(lambda _lane: (meet.wait(), index)[1]))) == [
        0,
        1,
    ]


def test_a_late_error_is_thrown_away_too(new_gate):
    gate, release = new_gate(), threading.Event()

    def fail(_lane):
        release.wait(20)
        raise KeyError("nobody waits for it")

    with pytest.raises(TokenTimeoutError):
        gate.run(fail, limit=SOON)
    release.set()
    eventually(lambda: not gate.hangs)
    assert gate.run(lambda _lane: "goes on") == "goes on"


def test_the_error_says_what_was_given_up_and_after_how_long(new_gate):
    gate, release = new_gate(), threading.Event()
    with pytest.raises(TokenTimeoutError) as caught:
        gate.run(lambda _lane: release.wait(20), limit=timedelta(seconds=1), what="Thẻ của An")
    release.set()
    assert caught.value.facts == {"token": "Thẻ của An", "seconds": 1}


def test_where_every_lane_hangs_nobody_waits_for_one(new_gate):
    gate = new_gate(lanes=2)
    with hanging(gate, calls=2) as let_go:
        start = time.monotonic()
        for call in (gate.run, gate.run_alone):
            with pytest.raises(TokenTimeoutError):
                call(lambda _lane: "not reached")
        assert time.monotonic() - start < 5, "the limit is 20 seconds"
        let_go()
        assert gate.run(lambda _lane: "again") == "again"
        assert gate.run_alone(lambda _lane: "alone again") == "alone again"


def test_those_who_wait_for_a_lane_are_told_when_the_last_one_hangs(new_gate):
    """They came while there was hope."""
    gate, release = new_gate(call=timedelta(seconds=30)), threading.Event()

    def turn(index):
        if index == 0:
            return gate.run(lambda _lane: release.wait(30), limit=timedelta(seconds=0.3))
        time.sleep(0.1)
        start = time.monotonic()
        with pytest.raises(TokenTimeoutError):
            gate.run(lambda _lane: "not reached")
        return time.monotonic() - start

    hung, waited = together(2, turn)
    release.set()
    assert isinstance(hung, TokenTimeoutError)
    assert waited < 10


def test_waiting_for_a_lane_ends_at_the_limit(new_gate):
    """Every lane is busy, and none is late."""
    gate, release, started = new_gate(), threading.Event(), threading.Event()

    def turn(index):
        if index == 0:
            return gate.run(lambda _lane: (started.set(), release.wait(20))[1])
        started.wait(20)
        try:
            return gate.run(lambda _lane: "not reached", limit=timedelta(seconds=0.7))
        finally:
            release.set()

    busy, waiting = together(2, turn)
    assert busy is True
    assert isinstance(waiting, TokenTimeoutError)


def test_being_alone_is_given_up_where_one_call_hangs_and_the_others_stay_free(new_gate):
    gate = new_gate(lanes=3, call=timedelta(seconds=0.2))
    with hanging(gate):
        with pytest.raises(TokenTimeoutError):
            gate.run_alone(lambda _lane: "not reached")
        crowd = Crowd()
        assert together(4, lambda _index: gate.run(crowd, limit=PATIENT)) == [None] * 4
        assert crowd.most == 2


def test_work_alone_that_takes_too_long_is_given_up(new_gate):
    gate, release = new_gate(lanes=2, call=SOON), threading.Event()
    with pytest.raises(TokenTimeoutError):
        gate.run_alone(lambda _lane: release.wait(20))
    assert gate.run(lambda _lane: "the other lane", limit=PATIENT) == "the other lane"
    release.set()
    eventually(lambda: not gate.hangs)


def test_a_call_that_comes_back_just_at_the_limit_counts_once(new_gate):
    """It ends in its result or in the error, and no lane is counted as hanging afterwards."""
    gate = new_gate(lanes=2)
    ended = {"result": 0, "given up": 0}
    for _ in range(150):
        try:
            gate.run(lambda _lane: time.sleep(0.002), limit=timedelta(seconds=0.002))
            ended["result"] += 1
        except TokenTimeoutError:
            ended["given up"] += 1
    eventually(lambda: not gate.hangs)
    assert sum(ended.values()) == 150
    crowd = Crowd()
    together(4, lambda _index: gate.run(crowd))
    assert crowd.most == 2


def test_where_no_thread_can_be_had_the_lane_stays_free(new_gate, monkeypatch):
    gate = new_gate()

    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            gate.run(lambda _lane: "not reached")
    assert gate.run(lambda _lane: "later", limit=timedelta(seconds=5)) == "later"


CTRL_C = """
import signal, sys, threading, time
from datetime import timedelta
from hsm.gate import Gate, Limits

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the test was started from
gate = Gate(lanes=1, limits=Limits())
release, started = threading.Event(), threading.Event()

def work(lane):
    started.set()
    release.wait(60)
    return "late"

def interrupt():
    started.wait(60)
    time.sleep(0.2)
    signal.raise_signal(signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
start = time.monotonic()
try:
    getattr(gate, sys.argv[1])(work)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 20, gate.hangs)
release.set()
while gate.hangs:
    time.sleep(0.01)
print(gate.run(lambda lane: "works again"))
"""
WAITING = """
import signal, threading, time
from hsm.gate import Gate, Limits

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the test was started from
gate = Gate(lanes=1, limits=Limits())
release, started = threading.Event(), threading.Event()
other = threading.Thread(target=lambda: gate.run(lambda lane: (started.set(), release.wait(60))))
other.start()
started.wait(60)
threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
try:
    gate.run(lambda lane: "not reached")
except KeyboardInterrupt:
    print("interrupted", gate.hangs)
release.set()
other.join()
print(gate.run(lambda lane: "works again"))
"""


def run_program(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("call", ["run", "run_alone"])
def test_ctrl_c_ends_the_wait_for_a_call_and_not_the_gate(call):
    assert run_program(CTRL_C, call) == ["interrupted True True", "works again"]


def test_ctrl_c_ends_the_wait_for_a_lane_and_loses_none():
    assert run_program(WAITING) == ["interrupted False", "works again"]
