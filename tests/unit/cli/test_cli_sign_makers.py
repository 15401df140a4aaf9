"""Who makes the documents of a batch, in order, and what is left when it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from unit.signing.signing_world import World, make_pdf

from cli.documents.summary import INTERRUPTED, Summary
from cli.session import Session
from hsm.errors import WorkersGoneError
from pki.errors.files import OutputExistsError
from pki.words import Language
from signing.batch.made import MadeDocument, give_out, make_document
from signing.batch.makers import Here
from signing.batch.workers import AHEAD, InWorkers
from signing.display.profile import load_display
from signing.errors.fields import FieldTakenError
from signing.files import Existing
from signing.later import Later
from signing.options import Level, SigningOptions
from signing.queue import Queue
from signing.sign import Signatory

PAIRS = tuple((Path(f"{number}.pdf"), Path(f"{number}-signed.pdf")) for number in range(20))


def make(source: Path, _target: Path) -> MadeDocument:
    if source.stem == "1":
        raise FieldTakenError(field="a")
    return source  # what is made is only handed on


@pytest.fixture
def pool() -> Iterator[Executor]:
    """Threads, which are an executor as the processes are."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


def in_workers(pool: Executor, started: list[int], submit=None, judge=None) -> InWorkers:
    def start(number: int) -> Executor:
        started.append(number)
        return pool

    submit = submit or (lambda p, *pair: p.submit(make, *pair))
    return InWorkers(start, submit, 2, judge=judge or (lambda *_: None))


@pytest.mark.parametrize("many", [True, False], ids=["workers", "here"])
def test_all_are_made_in_order_and_what_fails_keeps_no_other(pool, many):
    maker = in_workers(pool, []) if many else Here(make)
    attempts = list(maker.attempts(PAIRS))
    assert [(each.document, each.target) for each in attempts] == list(PAIRS)
    assert [each.document for each in attempts if each.error] == [Path("1.pdf")]
    maker.close()


@pytest.mark.parametrize("many", [True, False], ids=["workers", "here"])
def test_what_was_not_begun_when_it_is_stopped_is_left_out(pool, many):
    maker = in_workers(pool, []) if many else Here(make)
    seen = []
    for attempt in maker.attempts(PAIRS):
        seen.append(attempt.document)
        maker.stop()
    assert seen[0] == Path("0.pdf")
    assert len(seen) <= (AHEAD * 2 if many else 1)


def test_what_waits_for_a_worker_when_it_is_stopped_is_cancelled():
    going = threading.Event()
    made = []

    def slow(source: Path, _target: Path) -> MadeDocument:
        made.append(source)
        going.wait(10)
        return source

    with ThreadPoolExecutor(1) as pool:
        maker = in_workers(pool, [], lambda p, *pair: p.submit(slow, *pair))
        coming = maker.attempts(PAIRS)
        going.set()
        next(coming)
        going.clear()
        maker.stop()
        going.set()
        list(coming)
    assert len(made) <= AHEAD * 2


def test_nobody_is_started_where_nothing_is_to_be_done_nor_more_than_documents(pool):
    started: list[int] = []
    assert list(in_workers(pool, started).attempts(())) == []
    assert started == []
    list(in_workers(pool, started).attempts(PAIRS[:1]))
    assert started == [1]
    in_workers(pool, started).close()


def refusing(*stems: str):
    """Judge as if these documents were signed in that field already."""

    def judge(source: Path, _target: Path) -> None:
        if source.stem in stems:
            raise FieldTakenError(field="judged")

    return judge


def test_what_is_refused_first_starts_nobody(pool):
    """To start them is to ask for the PIN."""
    started: list[int] = []
    maker = in_workers(pool, started, judge=refusing("0", "1", "2", "7"))
    coming = maker.attempts(PAIRS)
    for number in range(3):
        assert next(coming).error.facts == {"field": "judged"}, number
        assert started == []
    attempts = list(coming)
    assert started == [2]
    assert [each.document for each in attempts] == [source for source, _ in PAIRS[3:]]
    assert not any(each.error for each in attempts), "the others are judged where they are made"


def test_where_all_is_refused_nobody_is_started(pool):
    started: list[int] = []
    every = refusing(*(source.stem for source, _ in PAIRS))
    attempts = list(in_workers(pool, started, judge=every).attempts(PAIRS))
    assert (len(attempts), started) == (len(PAIRS), [])


def test_stopped_by_what_is_refused_first_nobody_is_started(pool):
    started: list[int] = []
    maker = in_workers(pool, started, judge=refusing("0"))
    for attempt in maker.attempts(PAIRS):
        assert attempt.error is not None
        maker.stop()
    assert started == []


def test_where_no_worker_is_left_that_is_what_came_of_it(pool):
    def gone(_pool: Executor, *_pair: Path) -> Future[MadeDocument]:
        raise WorkersGoneError(token="official")  # noqa: S106  its label

    attempts = list(in_workers(pool, [], gone).attempts(PAIRS[:3]))
    assert [type(each.error) for each in attempts] == [WorkersGoneError] * 3


def test_a_batch_that_was_interrupted_says_so():
    summary = Summary(stopped_by=INTERRUPTED)
    lines = tuple(summary.lines(Session(Language.EN), resumable=True))
    assert any("interrupted" in line for line in lines)
    assert summary.as_json()["stopped_by"] == "interrupted"


def test_what_could_not_be_given_out_does_not_wait_to_be_raised(tmp_path):
    world = World()
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(make_pdf())
    options = SigningOptions(display=load_display("none"), timestamp_later=True)
    signatory = Signatory(world.signer(), options, world.services())
    later = Later(Queue(tmp_path / "queue"), Level.B_T, try_first=False)
    how = {"later": later, "existing": Existing.REFUSE}
    made = make_document(source, target, signatory, **how)
    assert made.waiting is not None
    target.write_bytes(b"came meanwhile")
    with pytest.raises(OutputExistsError):
        give_out(made, target, journal=None, **how)
    assert (target.read_bytes(), later.queue.ids()) == (b"came meanwhile", ())
    target.unlink()
    give_out(made, target, journal=None, **how)
    assert later.queue.ids() == (made.waiting.id,)


def test_what_a_worker_left_beside_its_target_and_nobody_gives_out_is_taken_away(tmp_path):
    made = threading.Event()

    def leave(source: Path, _target: Path) -> SimpleNamespace:
        if source.stem == "2":
            raise FieldTakenError(field="a")
        part = tmp_path / f".{source.stem}.part"
        part.write_bytes(b"signed")
        if source.stem == "3":
            made.set()
        return SimpleNamespace(part=part if source.stem != "4" else None)

    with ThreadPoolExecutor(1) as pool:
        maker = in_workers(pool, [], lambda p, *pair: p.submit(leave, *pair))
        coming = maker.attempts(PAIRS)
        given = next(coming)
        assert made.wait(10)
        maker.close()
    left = {path.name for path in tmp_path.iterdir()} - {".4.part"}
    assert left == {given.made.part.name}
