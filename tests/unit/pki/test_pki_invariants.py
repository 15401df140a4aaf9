"""The 25 invariants, each by its number, on both engines; and each of its guards taken away.

A trial is the same that `antin selftest invariants` makes. Without the guard the very same trial
must say that the invariant is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pki_engines import Place
from pki_invariant_mutants import Mutants
from pki_world import NOW

from cli.selftest.invariants import INVARIANTS
from cli.selftest.sandbox import Broken, Sandbox, make_sandbox
from pki.words import Language, say

Try = Callable[[int], None]


@pytest.fixture
def tried(tmp_path: Path, place: Place) -> Try:
    """Return what tries an invariant, and then without each of its guards."""
    holds = 0

    def sandbox() -> Sandbox:
        nonlocal holds
        holds += 1
        folder = tmp_path / str(holds)
        folder.mkdir()
        url = place.server.new_database() if place.server else None
        return make_sandbox(folder, NOW, url)

    def attempt(number: int) -> None:
        invariant = INVARIANTS[number - 1]
        assert invariant.number == number
        for trial in invariant.trials:
            _run(trial, sandbox())
        for name in invariant.mutants:
            found = [broken for trial in invariant.trials if (broken := without(name, trial))]
            assert found, f"invariant {number} does not miss {name}"
            assert all(say(one.finding.id, one.finding.facts, Language.VI) for one in found)

    def without(name: str, trial: Callable[[Sandbox], None]) -> Broken | None:
        made = sandbox()
        assert made.issuing  # made before anything is taken away
        with pytest.MonkeyPatch.context() as patch:
            mutants = Mutants(patch, made)
            getattr(mutants, name)()
            try:
                _run(trial, made)
            except Broken as broken:
                return broken
            finally:
                mutants.undo()
        return None

    return attempt


def _run(trial: Callable[[Sandbox], None], sandbox: Sandbox) -> None:
    try:
        trial(sandbox)
    finally:
        sandbox.close()


def test_invariant_01(tried: Try) -> None:
    tried(1)


def test_invariant_02(tried: Try) -> None:
    tried(2)


def test_invariant_03(tried: Try) -> None:
    tried(3)


def test_invariant_04(tried: Try) -> None:
    tried(4)


def test_invariant_05(tried: Try) -> None:
    tried(5)


def test_invariant_06(tried: Try) -> None:
    tried(6)


def test_invariant_07(tried: Try) -> None:
    tried(7)


def test_invariant_08(tried: Try) -> None:
    tried(8)


def test_invariant_09(tried: Try) -> None:
    tried(9)


def test_invariant_10(tried: Try) -> None:
    tried(10)


def test_invariant_11(tried: Try) -> None:
    tried(11)


def test_invariant_12(tried: Try) -> None:
    tried(12)


def test_invariant_13(tried: Try) -> None:
    tried(13)


def test_invariant_14(tried: Try) -> None:
    tried(14)


def test_invariant_15(tried: Try) -> None:
    tried(15)


def test_invariant_16(tried: Try) -> None:
    tried(16)


def test_invariant_17(tried: Try) -> None:
    tried(17)


def test_invariant_18(tried: Try) -> None:
    tried(18)


def test_invariant_19(tried: Try) -> None:
    tried(19)


def test_invariant_20(tried: Try) -> None:
    tried(20)


def test_invariant_21(tried: Try) -> None:
    tried(21)


def test_invariant_22(tried: Try) -> None:
    tried(22)


def test_invariant_23(tried: Try) -> None:
    tried(23)


def test_invariant_24(tried: Try) -> None:
    tried(24)


def test_invariant_25(tried: Try) -> None:
    tried(25)


def test_guards_are_where_the_list_says() -> None:
    checkout = Path(__file__).parents[3]
    assert [one.number for one in INVARIANTS] == list(range(1, 26))
    for invariant in INVARIANTS:
        for guard in invariant.guards:
            path, _, name = guard.partition(":")
            assert (checkout / path).exists(), guard
            if name:
                assert name.rpartition(".")[2] in (checkout / path).read_text("utf-8"), guard
