"""Base and deltas are the full list, at all times and over any history, on SQLite."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_crl_machine import Lists


def test_base_and_deltas_are_the_full_list():
    many = settings(max_examples=40, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Lists, settings=many)  # type: ignore[no-untyped-call]
