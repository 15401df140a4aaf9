"""Whatever comes: no try that nobody gave, no signature that does not verify, nothing for ever."""

from __future__ import annotations

from collections import Counter

import pytest
from hsm_ordeal import Ordeal, steps, steps_with_a_hang
from hypothesis import HealthCheck, given, settings

SEQUENCES = 300
LONG_SEQUENCES = 10_000
HANGING = 40
LONG_HANGING = 600


def go_through(shim, sequence, seen):
    ordeal = Ordeal(shim)
    try:
        for step in sequence:
            ordeal.do(step)
    finally:
        ordeal.end()
    seen.update(signed=ordeal.signed, refused=ordeal.refused, asked=len(ordeal.person.given))


def run(shim, strategy, sequences):
    seen = Counter()

    @settings(
        max_examples=sequences,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def promises_hold(sequence):
        go_through(shim, sequence, seen)

    promises_hold()
    # It was no walk in a desert: signatures were made, and faults were met.
    assert seen["signed"] > sequences / 10, seen
    assert seen["refused"] > sequences / 10, seen


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_promises_hold_in_any_sequence_of_faults_and_calls(shim):
    run(shim, steps, SEQUENCES)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_promises_hold_where_the_module_hangs(shim):
    run(shim, steps_with_a_hang, HANGING)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_promises_hold_in_ten_thousand_sequences(shim):
    run(shim, steps, LONG_SEQUENCES - LONG_HANGING)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_promises_hold_where_the_module_hangs_in_many(shim):
    run(shim, steps_with_a_hang, LONG_HANGING)
