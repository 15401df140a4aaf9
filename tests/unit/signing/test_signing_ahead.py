"""While the token signs one document the next is prepared; questions and calls come one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from unit.signing.signing_world import World, make_pdf

from hsm.errors import TokenRemovedError
from signing.batch.ahead import Ahead
from signing.batch.begun import Finish, Sign, prepare_begin, prepare_document
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import open_journal
from signing.batch.made import MadeDocument
from signing.display.profile import load_display
from signing.errors.fields import FieldTakenError
from signing.files import Existing
from signing.options import SigningOptions
from signing.sign import Signatory

PAIRS = tuple((Path(f"{number}.pdf"), Path(f"{number}-signed.pdf")) for number in range(6))
REFUSE = Existing.REFUSE
GONE = TokenRemovedError(token="official")  # noqa: S106  its label
TAKEN = FieldTakenError(field="a")


class Steps:
    """Documents that are only told of: who did what, in order; any step of any may go wrong."""

    def __init__(self, wrong: dict[str, Exception] | None = None) -> None:
        self.wrong = wrong or {}
        self.done: list[str] = []
        self.threads: dict[str, str] = {}

    def prepare(self, source: Path, _target: Path) -> Sign:
        self._step(f"prepare {source.stem}")
        return partial(self._sign, source.stem)

    def _sign(self, stem: str) -> Finish:
        self._step(f"sign {stem}")
        return partial(self._finish, stem)

    def _finish(self, stem: str) -> str:
        self._step(f"finish {stem}")
        return stem

    def _step(self, name: str) -> None:
        self.done.append(name)
        self.threads[name] = threading.current_thread().name
        if name in self.wrong:
            raise self.wrong[name]

    def signed(self) -> list[str]:
        return [name for name in self.done if name.startswith("sign ")]


def told(maker: Ahead, stop_at: Callable[[Exception], bool] = lambda _: False) -> list[object]:
    """Return what came of each, as the batch is told."""
    seen = []
    for attempt in maker.attempts(PAIRS):
        seen.append(attempt.error or attempt.made)
        if attempt.error is not None and stop_at(attempt.error):
            maker.stop()
    maker.close()
    return seen


def test_all_are_made_in_order_and_the_key_is_one_threads_alone():
    steps = Steps()
    assert told(Ahead(steps.prepare)) == ["0", "1", "2", "3", "4", "5"]
    assert steps.signed() == [f"sign {number}" for number in range(6)]
    here = threading.current_thread().name
    assert {steps.threads[name] for name in steps.signed()} == {here}
    alone = [steps.threads[f"{step} 0"] for step in ("prepare", "finish")]
    assert alone == [here, here], "the first is made alone"
    others = {steps.threads[name] for name in steps.done if name not in steps.signed()[:] + alone}
    assert any(name.startswith("ahead") for name in others)


def test_the_next_is_prepared_while_one_is_signed():
    """What is prepared waits for a signature that waits for it."""
    prepared = threading.Event()

    def prepare(source: Path, _target: Path) -> Sign:
        if source.stem == "2":
            prepared.set()

        def sign() -> Finish:
            assert source.stem != "1" or prepared.wait(10)
            return lambda: source.stem

        return sign

    assert told(Ahead(prepare)) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("step", ["prepare", "sign", "finish"])
@pytest.mark.parametrize("number", range(6))
def test_what_is_wrong_with_one_keeps_no_other(step, number):
    steps = Steps({f"{step} {number}": TAKEN})
    wanted = [TAKEN if each == number else str(each) for each in range(6)]
    assert told(Ahead(steps.prepare)) == wanted


@pytest.mark.parametrize("number", range(6))
def test_a_token_that_is_gone_is_asked_once(number):
    """Whoever hears of it stops; a PIN that was wrong would be tried again otherwise."""
    steps = Steps({f"sign {number}": GONE})
    seen = told(Ahead(steps.prepare), lambda error: error is GONE)
    assert seen == [*(str(each) for each in range(number)), GONE]
    assert steps.signed() == [f"sign {each}" for each in range(number + 1)]


def test_what_was_signed_when_it_is_stopped_is_finished():
    steps = Steps({"finish 2": TAKEN})
    assert told(Ahead(steps.prepare), lambda _: True) == ["0", "1", TAKEN, "3"]
    assert "sign 4" not in steps.done


def test_stopped_at_the_first_nothing_more_is_prepared():
    steps = Steps({"prepare 0": TAKEN})
    assert told(Ahead(steps.prepare), lambda _: True) == [TAKEN]
    assert steps.done == ["prepare 0"]


def test_with_a_slow_key_each_is_told_of_before_the_next_is_signed():
    steps, seconds = Steps(), iter(range(1000))
    maker = Ahead(steps.prepare, monotonic=lambda: float(next(seconds)))
    for attempt in maker.attempts(PAIRS):
        assert steps.signed()[-1] == f"sign {attempt.document.stem}"
    assert len(steps.signed()) == len(PAIRS)


@pytest.mark.parametrize("step", ["prepare 0", "prepare 3", "sign 3", "finish 3"])
def test_a_fault_of_ours_is_not_swallowed(step):
    with pytest.raises(ZeroDivisionError):
        told(Ahead(Steps({step: ZeroDivisionError()}).prepare))


def test_no_thread_is_left_when_nobody_asks_for_more():
    coming = Ahead(Steps().prepare).attempts(PAIRS)
    for _ in range(3):
        next(coming)
    coming.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_nothing_to_do():
    assert list(Ahead(Steps().prepare).attempts(())) == []


# With documents


@pytest.fixture
def signatory() -> Signatory:
    world = World()
    return Signatory(world.signer(), SigningOptions(display=load_display("none")), world.services())


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[tuple[Path, Path], ...]:
    (tmp_path / "out").mkdir()
    made = []
    for number in range(5):
        source = tmp_path / f"{number}.pdf"
        source.write_bytes(make_pdf() + b"%" * number + b"\n")
        made.append((source, tmp_path / "out" / source.name))
    return tuple(made)


def test_documents_are_signed_judged_and_given_out(signatory, pairs, monkeypatch):
    """One of them is large, one is none."""
    monkeypatch.setattr("signing.large.LARGE", pairs[3][0].stat().st_size + 100)
    pairs[3][0].write_bytes(make_pdf() + b"%" * 500 + b"\n")
    pairs[1][0].write_bytes(b"nothing")
    maker = Ahead(partial(prepare_document, signatory=signatory, existing=REFUSE))
    out = pairs[0][1].parent
    with (
        open_journal(out) as journal,
        closing(maker),
        closing(Giving(existing=REFUSE, journal=journal)) as giving,
    ):
        done = list(sign_each(pairs, maker, giving))
    assert [error is None for _, error in done] == [True, False, True, True, True]
    for source, target in (pairs[0], *pairs[2:]):
        data = target.read_bytes()
        assert data.startswith(source.read_bytes())
        assert data.count(b"/ByteRange") == 1
    assert all(
        attempt.made.indication == "TOTAL-PASSED" for attempt, error in done if error is None
    )


def test_what_is_there_already_is_refused_before_it_is_signed(signatory, pairs):
    pairs[2][1].write_bytes(b"another")
    maker = Ahead(partial(prepare_document, signatory=signatory, existing=REFUSE))
    assert [each.error is None for each in maker.attempts(pairs)] == [True, True, False, True, True]


def test_where_no_service_is_asked_it_is_made_when_it_is_signed(signatory, pairs):
    begin = prepare_begin(*pairs[0], signatory, later=None, existing=REFUSE)
    assert isinstance(begin(), MadeDocument)
