"""Judging processes: what goes over their lines, when they are replaced, who waits for which."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.verify_pki import LATER, make_document, make_pdf, make_world

from pki.errors.tree import Phrase
from pki.words import Language
from verify.errors import JudgingEndedError, NotAPDFError, ServiceBusyError
from verify.http import memory_posix, worker
from verify.http.judging import Asked, Form, Judged, Rules
from verify.http.limits import Limits
from verify.http.memory_posix import held_bytes
from verify.http.messages import (
    HEAD,
    LONGEST,
    READY,
    Message,
    OddAnswerError,
    failed_answer,
    judged_answer,
    question_of,
    read_answer,
    read_question,
    receive,
    warm_up_question,
)
from verify.http.worker import EndedError, Worker, serve
from verify.http.workers import Workers

ASKED = Asked(
    make_pdf(), "văn bản.pdf", LATER, "mở", Form.HTML, Language.EN, signature=b"0", digest=None
)
LONG = Judged("TOTAL-PASSED", None, b"x" * 300_000, Form.PDF)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("trust")
    anchor = make_world().root.certificate.public_bytes(Encoding.PEM)
    (folder / "root.pem").write_bytes(anchor)
    return Rules(trust=(folder,), offline=True)


@contextlib.contextmanager
def working(rules: Rules, **limits: object) -> Iterator[Workers]:
    workers = Workers(rules, Limits(**{"workers": 1, **limits}))
    try:
        yield workers
    finally:
        workers.stop()


@contextlib.contextmanager
def both_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def received(pieces: list[bytes]) -> Judged | None:
    """Return what is read of an answer that comes in these pieces, and then no more."""

    async def read(line: socket.socket) -> Judged | None:
        line.setblocking(False)
        return read_answer(*await receive(asyncio.get_running_loop(), line))

    def send(line: socket.socket) -> None:
        for piece in pieces:
            time.sleep(0.01)
            line.sendall(piece)
        line.shutdown(socket.SHUT_WR)

    with both_ends() as (ours, theirs):
        sending = threading.Thread(target=send, args=(theirs,))
        sending.start()
        try:
            return asyncio.run(read(ours))
        finally:
            sending.join()


@pytest.mark.parametrize("data", [b"%PDF", b"%PDF" * 50_000])
def test_a_document_arrives_as_it_was_sent(data: bytes):
    asked = Asked(
        data, ASKED.name, LATER, "mở", Form.ETSI, Language.EN, signature=b"0", digest=None
    )
    with both_ends() as (ours, theirs), theirs.makefile("rb") as coming:
        sending = threading.Thread(target=lambda: [*map(ours.sendall, question_of(asked))])
        sending.start()
        found = read_question(coming)
        sending.join()
        assert found is not None
        assert found.asked == asked
        ours.sendall(*warm_up_question())
        warm = read_question(coming)
        assert warm is not None
        assert warm.asked is None
        ours.shutdown(socket.SHUT_WR)
        assert read_question(coming) is None


def cut(message: Message, *places: int) -> list[bytes]:
    whole = b"".join(message)
    bounds = [0, *places, len(whole)]
    return [whole[start:end] for start, end in pairwise(bounds)]


@pytest.mark.parametrize("places", [(), (1,), (HEAD.size,), (5, HEAD.size + 3), (70_000, 200_000)])
def test_a_report_arrives_however_it_is_cut(places: tuple[int, ...]):
    assert received(cut(judged_answer(LONG, last=False), *places)) == LONG


@pytest.mark.parametrize("end", [0, 1, HEAD.size, HEAD.size + 10, 100_000])
def test_a_report_that_is_cut_off_is_none(end: int):
    whole = b"".join(judged_answer(LONG, last=False))
    with pytest.raises(EOFError):
        received([whole[:end]])


class _UnfitError(Exception):
    def __reduce__(self) -> tuple[object, ...]:
        raise pickle.PicklingError


def test_what_was_raised_there_is_raised_here():
    with pytest.raises(NotAPDFError):
        received([*failed_answer(NotAPDFError(name="a"), last=False)])
    with pytest.raises(RuntimeError, match="_UnfitError"):
        received([*failed_answer(_UnfitError("x"), last=False)])


class _Says(Exception):  # noqa: N818  no error: what a process says that was taken over
    """Pickled, it is whatever it was given."""

    def __init__(self, called: object, *given: object) -> None:
        super().__init__()
        self._called = (called, given)

    def __reduce__(self) -> tuple[object, ...]:
        return self._called


def test_an_error_arrives_with_all_that_it_tells():
    told = {"path": Path("a/b"), "at": LATER, "what": Phrase("cms.version"), "number": 7}
    with pytest.raises(NotAPDFError) as found:
        received([*failed_answer(NotAPDFError(**told), last=False)])
    assert found.value.facts == told


@pytest.mark.parametrize(
    "says",
    [
        _Says(os.putenv, "SPOILT", "1"),
        _Says(eval, "1"),
        _Says(getattr, Path, "cwd"),
        _Says(Judged, "TOTAL-PASSED", None, b"", Form.JSON),
        _Says(datetime, 2026, 1, 1),
    ],
    ids=["a command", "an expression", "a method", "a report", "a day"],
)
def test_a_process_that_was_taken_over_has_nothing_run_here(says: Exception):
    with pytest.raises(OddAnswerError):
        received([*failed_answer(says, last=False)])


def test_a_process_that_was_taken_over_changes_no_class():
    pickled = (
        b"\x80\x02cpathlib\nPosixPath\n"  # what makes paths
        b"N}X\x06\x00\x00\x00spoilt\x88s\x86b0"  # is given a state of its own
        b"cbuiltins\nRuntimeError\n)R."
    )
    whole = pickle.loads(pickled)  # noqa: S301  the same octets do harm where everything is taken
    assert isinstance(whole, RuntimeError)
    assert vars(type(Path())).get("spoilt")
    del type(Path()).spoilt  # type: ignore[attr-defined]
    with pytest.raises(OddAnswerError):
        received([*framed_failure(pickled)])
    assert "spoilt" not in vars(type(Path()))


def framed_failure(told: bytes) -> Message:
    head, *_ = failed_answer(ValueError(), last=False)
    return (HEAD.pack(HEAD.unpack_from(head)[0], False, len(told), 0), told)


@pytest.mark.parametrize("told", [b"", b"no pickle", b"PDF", b"ODT\n\n", b"\xff\n\n"])
def test_what_is_no_answer_is_told_apart(told: bytes):
    head, *_ = judged_answer(LONG, last=False)
    kind = HEAD.unpack_from(head)[0]
    with pytest.raises(OddAnswerError):
        received([HEAD.pack(kind, False, len(told), 0), told])
    with pytest.raises(OddAnswerError):
        received([*framed_failure(told)])


def test_no_room_is_made_for_an_answer_longer_than_any():
    head, *_ = judged_answer(LONG, last=False)
    kind = HEAD.unpack_from(head)[0]
    before = held_bytes()
    with pytest.raises(EOFError):
        received([HEAD.pack(kind, False, 20, LONGEST), b"x" * 20])
    assert held_bytes() - before < LONGEST // 2


def test_whoever_says_what_is_no_answer_is_asked_no_more(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
):
    begun = Worker(rules)
    try:
        answer = asyncio.run(begun.ask(warm_up_question(), 60))
        assert answer is None
        assert begun.fit
        monkeypatch.setattr(worker, "read_answer", _odd)
        with pytest.raises(EndedError):
            asyncio.run(begun.ask(warm_up_question(), 60))
        assert not begun.fit
    finally:
        begun.end()
        begun.join()


def _odd(head: object, rest: object) -> None:
    del head, rest
    raise OddAnswerError


def served(rules: Rules, *questions: Message) -> bytes:
    """Return what a process says to all that it is asked, in this one."""
    before = signal.getsignal(signal.SIGINT)
    ours, theirs = socket.socketpair()
    try:
        with ours:
            for part in (part for question in questions for part in question):
                ours.sendall(part)
            ours.shutdown(socket.SHUT_WR)
            serve(theirs, rules)
            return b"".join(iter(lambda: ours.recv(1 << 20), b""))
    finally:
        signal.signal(signal.SIGINT, before)


def answers(said: bytes) -> Iterator[tuple[bool, Judged | Exception | None]]:
    """Yield whether each is the last, and what it is."""
    assert said[:1] == READY
    said = said[1:]
    while said:
        head = HEAD.unpack_from(said)
        whole = HEAD.size + head[2] + head[3]
        try:
            found: Judged | Exception | None = read_answer(
                head, memoryview(said)[HEAD.size : whole]
            )
        except Exception as error:  # noqa: BLE001  it is what is looked at
            found = error
        yield head[1], found
        said = said[whole:]


def test_a_process_answers_one_after_another_until_nobody_asks(rules: Rules):
    document, nothing = question_of(Asked(make_pdf())), question_of(Asked(b"no"))
    said = served(rules, warm_up_question(), document, nothing, document)
    warm, first, refused, again = (found for _, found in answers(said))
    assert warm is None
    assert isinstance(first, Judged)
    assert first.sub_indication == "NO_SIGNATURE"
    assert isinstance(refused, NotAPDFError)
    assert isinstance(again, Judged)
    spoiled = Rules(policy="of nobody", offline=True)
    ((_, found),) = answers(served(spoiled, warm_up_question()))
    assert getattr(found, "code", None) == "verify.policy_invalid"


def test_nobody_at_the_other_end_ends_a_process(rules: Rules):
    before = signal.getsignal(signal.SIGINT)
    ours, theirs = socket.socketpair()
    ours.close()
    serve(theirs, rules)
    signal.signal(signal.SIGINT, before)
    assert theirs.fileno() == -1


def lasts(rules: Rules, times: int) -> list[bool]:
    return [last for last, _ in answers(served(rules, *[question_of(Asked(b"no"))] * times))]


def test_after_its_time_a_process_says_so(rules: Rules, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "_LOOK", 2)
    assert lasts(rules, 6) == [False] * 6
    monkeypatch.setattr(worker, "DOCUMENTS", 4)
    assert lasts(rules, 5) == [False, False, False, True, False]


def test_a_process_that_keeps_too_much_says_so(rules: Rules, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "_LOOK", 2)
    monkeypatch.setattr(worker, "GROWN", 20 << 20)
    kept: list[bytearray] = []
    document = question_of(Asked(b"no"))
    judge = worker.judge

    def keeping(rules: Rules, asked: Asked) -> Judged:
        kept.append(bytearray(1 << 23))
        return judge(rules, asked)

    monkeypatch.setattr(worker, "judge", keeping)
    told = [last for last, _ in answers(served(rules, *[document] * 8))]
    assert told[7]  # at the sixth it hangs on what else was given back
    assert not any((*told[:4], *told[::2]))


def test_what_is_held_is_what_the_bound_counts(monkeypatch: pytest.MonkeyPatch):
    before = held_bytes()
    kept = bytearray(1 << 26)
    assert held_bytes() - before >= len(kept)
    del kept
    assert held_bytes() - before < 1 << 26
    monkeypatch.setattr(memory_posix, "_STATM", "/nowhere")
    assert held_bytes() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    monkeypatch.setattr("sys.platform", "win32")
    assert held_bytes() == 0


def test_a_process_that_is_done_is_replaced(rules: Rules):
    """A process says with an answer that it is the last; the next one comes from another."""
    asked = Asked(make_pdf())
    with working(rules) as workers:

        async def twice() -> tuple[set[int], set[int]]:
            await workers.judge(asked)
            before = {child.pid for child in multiprocessing.active_children()}
            (only,) = workers._free
            assert only is not None
            only.fit = False
            workers._give(workers._free.pop())
            await workers.judge(asked)
            return before, {child.pid for child in multiprocessing.active_children()}

        before, after = asyncio.run(twice())
        assert len(before) == len(after) == 1
        assert before != after


def test_documents_wait_for_one_process_and_go_in_order(rules: Rules):
    order: list[int] = []
    with working(rules) as workers:

        async def one(number: int) -> None:
            await workers.judge(Asked(make_pdf()))
            order.append(number)

        async def several() -> None:
            await asyncio.gather(*map(one, range(5)))

        asyncio.run(several())
    assert order == [0, 1, 2, 3, 4]


def test_who_stops_waiting_takes_nobodys_turn(rules: Rules):
    with working(rules) as workers:

        async def some() -> str | None:
            first, second, third = (
                asyncio.create_task(workers.judge(Asked(make_pdf()))) for _ in range(3)
            )
            await asyncio.sleep(0)
            second.cancel()
            judged = await third
            await first
            with pytest.raises(asyncio.CancelledError):
                await second
            return judged.sub_indication

        assert asyncio.run(some()) == "NO_SIGNATURE"


def test_who_stops_waiting_when_the_turn_has_come_passes_it_on(rules: Rules):
    with working(rules) as workers:

        async def some() -> str | None:
            taken = await workers._take()
            waiting = asyncio.create_task(workers.judge(Asked(make_pdf())))
            await asyncio.sleep(0)
            workers._give(taken)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return (await workers.judge(Asked(make_pdf()))).sub_indication

        assert asyncio.run(some()) == "NO_SIGNATURE"


def test_whose_document_is_given_up_while_it_is_judged_leaves_a_process(rules: Rules):
    document = make_document("B-LTA")
    with working(rules) as workers:

        async def some() -> str | None:
            await workers.judge(Asked(make_pdf()))
            given_up = asyncio.create_task(workers.judge(Asked(document)))
            await asyncio.sleep(0.001)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            return (await workers.judge(Asked(make_pdf()))).sub_indication

        assert asyncio.run(some()) == "NO_SIGNATURE"


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open nothing more, so that it starts no other either."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, open_files()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    try:
        with contextlib.ExitStack() as opened:
            with contextlib.suppress(OSError):
                while True:
                    opened.enter_context(Path(os.devnull).open("rb"))
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_room_for_a_process_who_asks_is_asked_to_come_again(rules: Rules):
    with working(rules) as workers:

        async def some() -> str | None:
            with no_more_files(), pytest.raises(ServiceBusyError):
                await workers.judge(Asked(make_pdf()))
            return (await workers.judge(Asked(make_pdf()))).sub_indication

        assert asyncio.run(some()) == "NO_SIGNATURE"


def test_a_process_that_does_not_start_leaves_nothing_open(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
):
    before = open_files()
    monkeypatch.setattr(worker._CONTEXT.Process, "start", _fail)
    with pytest.raises(OSError, match="no room"):
        Worker(rules)
    assert open_files() == before


def _fail(_: object) -> None:
    raise OSError("no room")


def test_a_process_that_ends_while_it_starts_is_told_of(rules: Rules):
    begun = Worker(rules)
    begun._process.kill()
    with pytest.raises(EndedError):
        asyncio.run(begun.ask(warm_up_question(), 60))
    begun.end()
    begun.join()


def test_stopping_ends_what_is_under_way(tmp_path: Path):
    policy = tmp_path / "slow.toml"
    os.mkfifo(policy)
    workers = Workers(Rules(policy=str(policy), offline=True), Limits(workers=1))

    async def judged() -> list[type]:
        asked = [asyncio.create_task(workers.judge(Asked(make_pdf()))) for _ in range(3)]
        while not workers._busy:
            await asyncio.sleep(0.01)
        workers.stop()
        assert not multiprocessing.active_children()
        return [*map(type, await asyncio.gather(*asked, return_exceptions=True))]

    expected = [JudgingEndedError, ServiceBusyError, ServiceBusyError]
    assert asyncio.run(judged()) == expected
