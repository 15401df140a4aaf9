"""Documents for which services are asked while the next are signed: order, failures, the end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from unit.signing.signing_world import TSA_URL, World, make_pdf, reject

from hsm.errors import TokenRemovedError
from pki.errors.tree import PKIError
from pki.fetcher import FetchRequest
from signing.batch import overlap
from signing.batch.begun import Begin, BegunDocument, Finish, begin_document
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import open_journal
from signing.batch.made import MadeDocument
from signing.batch.overlap import IN_FLIGHT, Overlapped
from signing.batch.resume import Resumption
from signing.batch.stop import IN_A_ROW, StopRule
from signing.display.profile import load_display
from signing.errors.fields import FieldTakenError
from signing.errors.times import TSARejectedError, TSAUnavailableError
from signing.files import Existing
from signing.later import Later
from signing.options import Level, SigningOptions
from signing.queue import Queue
from signing.services import SigningServices
from signing.sign import Signatory

PAIRS = tuple((Path(f"{number}.pdf"), Path(f"{number}-signed.pdf")) for number in range(20))
OPTIONS = SigningOptions(display=load_display("none"), level=Level.B_T, tsa_url=TSA_URL)
REFUSE = Existing.REFUSE


class Gate:
    """Stands before the world's services: notes who is inside, and may keep them there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.inside = self.most = self.stamps = 0
        self.wanted = 0
        """So many must be inside before the first gets its answer."""
        self.refused: frozenset[int] = frozenset()
        self.gone: Callable[[int], bool] = lambda _: False
        self._changed = threading.Condition()

    def fetch(self, request: FetchRequest) -> bytes:
        if request.url != TSA_URL:
            return self.world.fetch(request)
        with self._changed:
            number, self.stamps = self.stamps, self.stamps + 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self.most >= self.wanted, 10)
        try:
            if number in self.refused:
                return reject()
            if self.gone(number):
                raise TSAUnavailableError(url=request.url, reason="gone")
            return self.world.fetch(request)
        finally:
            with self._changed:
                self.inside -= 1

    def services(self) -> SigningServices:
        return replace(self.world.services(), fetcher=self, pause=lambda _: None)


@pytest.fixture
def gate() -> Gate:
    return Gate(World())


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[tuple[Path, Path], ...]:
    (tmp_path / "out").mkdir()
    made = []
    for number in range(IN_FLIGHT + 4):
        source = tmp_path / f"{number:02}.pdf"
        source.write_bytes(make_pdf() + b"%" * number + b"\n")
        made.append((source, tmp_path / "out" / source.name))
    return tuple(made)


def begins(gate: Gate, **given: object) -> Callable[[Path, Path], BegunDocument | MadeDocument]:
    options = given.pop("options", OPTIONS)
    signatory = Signatory(gate.world.signer(), options, gate.services())
    how = {"later": None, "existing": REFUSE, **given}
    return partial(begin_document, signatory=signatory, **how)


def ready(begin: Callable[[Path, Path], BegunDocument | MadeDocument]) -> Callable[..., Begin]:
    """Prepare nothing beforehand."""
    return lambda *pair: partial(begin, *pair)


def sign(gate: Gate, pairs, **given: object) -> Iterator[tuple[str, PKIError | None]]:
    """Sign as `antin sign` does, resuming, and stopping where the rule says so."""
    maker, rule = Overlapped(ready(begins(gate, **given))), StopRule()
    out = pairs[0][1].parent
    with (
        open_journal(out) as journal,
        closing(maker),
        closing(Giving(existing=REFUSE, journal=journal)) as giving,
    ):
        resumption = Resumption(journal, gate.world.clock.now())
        left = [pair for pair in pairs if not resumption.was_given_out(*pair)]
        for attempt, error in sign_each(left, maker, giving):
            yield attempt.document.name, error
            if error is None:
                rule.went_well()
            elif rule.stops(error):
                maker.stop()


def signed(pairs) -> list[str]:
    """Return the outputs, each checked to be its source with one signature."""
    found = []
    for source, target in pairs:
        if target.exists():
            data = target.read_bytes()
            assert data.startswith(source.read_bytes())
            assert data.count(b"/ByteRange") == 1
            found.append(target.name)
    return found


def test_services_are_asked_for_several_and_all_come_in_order(gate, pairs):
    gate.wanted = 3
    done = list(sign(gate, pairs))
    assert done == [(source.name, None) for source, _ in pairs]
    assert signed(pairs) == [target.name for _, target in pairs]
    assert 3 <= gate.most <= IN_FLIGHT
    assert gate.stamps == len(pairs)
    assert gate.world.key_openings == 1


def test_a_time_stamp_that_is_refused_touches_no_other_document(gate, pairs):
    gate.wanted, gate.refused = 3, frozenset({2})
    done = dict(sign(gate, pairs))
    failed = [name for name, error in done.items() if error is not None]
    assert len(failed) == 1  # threads are asked in any order: which one it was is not known
    assert isinstance(done[failed[0]], TSARejectedError)
    assert list(done) == [source.name for source, _ in pairs]
    assert signed(pairs) == [source.name for source, _ in pairs if source.name not in failed]


def test_an_outage_in_the_middle_stops_the_batch_and_the_rest_is_signed_later(gate, pairs):
    gate.gone = lambda number: number >= 2
    done = dict(sign(gate, pairs))
    failed = [name for name, error in done.items() if isinstance(error, TSAUnavailableError)]
    assert IN_A_ROW <= len(failed) < IN_A_ROW + IN_FLIGHT  # those that were begun are told
    assert len(signed(pairs)) + len(failed) == len(done) < len(pairs)
    before = {path.name: path.read_bytes() for path in pairs[0][1].parent.glob("*.pdf")}
    gate.gone = lambda _: False
    again = list(sign(gate, pairs))
    assert [name for name, _ in again] == [one.name for one, _ in pairs if one.name not in before]
    assert all(error is None for _, error in again)
    assert signed(pairs) == [target.name for _, target in pairs]
    out = pairs[0][1].parent
    assert all((out / name).read_bytes() == data for name, data in before.items())


def test_a_document_that_is_refused_waits_for_those_before_it(gate, pairs):
    pairs[4][0].write_bytes(b"nothing")
    done = list(sign(gate, pairs))
    assert [name for name, _ in done] == [source.name for source, _ in pairs]
    assert [name for name, error in done if error] == ["04.pdf"]


def test_a_token_that_is_gone_ends_it_and_those_before_are_finished(gate, pairs):
    begin, begun = begins(gate), []

    def until_it_is_gone(source: Path, target: Path) -> BegunDocument | MadeDocument:
        begun.append(source.name)
        if len(begun) > 3:
            raise TokenRemovedError(token="official")  # noqa: S106  its label
        return begin(source, target)

    maker, seen = Overlapped(ready(until_it_is_gone)), []
    for attempt in maker.attempts(pairs):
        seen.append((attempt.document.name, attempt.error is None))
        if attempt.error is not None:
            maker.stop()
    assert seen == [("00.pdf", True), ("01.pdf", True), ("02.pdf", True), ("03.pdf", False)]
    assert begun == [name for name, _ in seen]


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_evidence_is_gathered_while_the_next_are_signed(gate, pairs, level):
    gate.wanted = 2
    done = list(sign(gate, pairs[:3], options=replace(OPTIONS, level=level)))
    assert done == [(source.name, None) for source, _ in pairs[:3]]
    assert all(b"/DSS" in target.read_bytes() for _, target in pairs[:3])


def test_what_is_tried_first_and_then_queued(gate, pairs, tmp_path):
    """Two documents get their time-stamps, those of an outage are queued: none is refused."""
    gate.gone = lambda number: number >= 2
    later = Later(Queue(tmp_path / "queue"), Level.B_T, try_first=True, tsa_url=TSA_URL)
    options = replace(OPTIONS, level=Level.B_B, timestamp_later=True)
    maker = Overlapped(ready(begins(gate, options=options, later=later)))
    made = [attempt.made for attempt in maker.attempts(pairs)]
    assert sorted(each.level for each in made) == ["B-B"] * (len(pairs) - 2) + ["B-T"] * 2
    assert [each.waiting is None for each in made] == [each.level == "B-T" for each in made]


def test_where_no_service_is_asked_nothing_waits(gate, pairs, tmp_path):
    queue = Queue(tmp_path / "queue")
    options = replace(OPTIONS, level=Level.B_B, timestamp_later=True)
    later = Later(queue, Level.B_T, try_first=False)
    for given in ({"later": later, "options": options}, {"options": options}):
        assert isinstance(begins(gate, **given)(*pairs[0]), MadeDocument)
    assert gate.stamps == 0


def test_a_large_document_is_made_in_its_file_between_the_others(gate, pairs, monkeypatch):
    monkeypatch.setattr("signing.large.LARGE", pairs[2][0].stat().st_size)
    pairs[1][0].write_bytes(make_pdf() + b"%" * 500 + b"\n")
    assert list(sign(gate, pairs[:3])) == [(source.name, None) for source, _ in pairs[:3]]
    assert len(signed(pairs[:3])) == 3


# What is begun, without documents


def waits(going: threading.Event, size: int = 1) -> BegunDocument:
    def ask() -> Finish:
        assert going.wait(10)
        return lambda: size

    return BegunDocument(ask, size)


@pytest.mark.parametrize(("size", "most"), [(1, IN_FLIGHT), (overlap.IN_FLIGHT_BYTES // 2, 2)])
def test_so_many_wait_in_memory_and_no_more(size, most):
    going, begun = threading.Event(), []

    def begin(source: Path, _target: Path) -> BegunDocument:
        begun.append(source)
        if len(begun) == most:
            threading.Timer(0.1, going.set).start()
        return waits(going, size)

    coming = Overlapped(ready(begin)).attempts(PAIRS)
    assert next(coming).document == PAIRS[0][0]
    assert len(begun) == most
    assert [each.document for each in coming] == [document for document, _ in PAIRS[1:]]


def test_what_was_not_begun_when_it_is_stopped_is_left_out_and_the_rest_finished():
    going = threading.Event()
    maker, begun, seen = Overlapped(ready(lambda *_: begun.append(1) or waits(going))), [], []
    threading.Timer(0.1, going.set).start()
    for attempt in maker.attempts(PAIRS):
        maker.stop()
        seen.append(attempt)
    assert len(seen) == len(begun) == IN_FLIGHT
    maker.close()


def test_no_thread_is_left_when_all_is_done_or_nobody_asks_for_more():
    going = threading.Event()
    going.set()
    maker = Overlapped(ready(lambda *_: waits(going)))
    assert len(list(maker.attempts(PAIRS))) == len(PAIRS)
    coming = maker.attempts(PAIRS)
    next(coming)
    coming.close()
    for thread in threading.enumerate():
        if thread.name == "asking":
            thread.join(10)
            assert not thread.is_alive()


def test_what_goes_wrong_beyond_our_errors_is_not_swallowed():
    def ask() -> Finish:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Overlapped(ready(lambda *_: BegunDocument(ask, 1))).attempts(PAIRS[:2]))


def test_what_is_refused_by_a_service_is_told_of_its_document_alone():
    def ask() -> Finish:
        raise FieldTakenError(field="a")

    coming = Overlapped(ready(lambda *_: BegunDocument(ask, 1))).attempts(PAIRS[:2])
    assert [type(each.error) for each in coming] == [FieldTakenError] * 2


ENDS = """
import os, signal, threading, time
from pathlib import Path
from signing.batch.begun import BegunDocument
from signing.batch.overlap import Overlapped

def ask():
    time.sleep(120)

pairs = [(Path(str(number)), Path("x")) for number in range(3)]
coming = Overlapped(lambda *_: lambda: BegunDocument(ask, 1)).attempts(pairs)
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    next(coming)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a wait for a lock is not interrupted there")
def test_a_service_that_does_not_answer_does_not_keep_the_process_after_ctrl_c():
    done = subprocess.run(
        [sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "interrupted\n"
