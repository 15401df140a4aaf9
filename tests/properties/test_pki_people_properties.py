"""Any history of a person and a device, on SQLite."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_people_machine import Careers


def test_every_day_is_told_of_any_history():
    some = settings(max_examples=20, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(Careers, settings=some)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_every_day_is_told_of_many_histories():
    many = settings(max_examples=60, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(Careers, settings=many)  # type: ignore[no-untyped-call]
