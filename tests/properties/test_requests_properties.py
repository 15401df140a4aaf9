"""Requests step at random, on SQLite: the register takes what the table of moves allows."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pki_request_machine import Requests


def test_requests_go_no_other_way():
    some = settings(max_examples=25, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(Requests, settings=some)  # type: ignore[no-untyped-call]
