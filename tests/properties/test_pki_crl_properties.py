"""Base and deltas are the full list, at all times and over any history, on SQLite."""

from __future__ import annotations

from hypothesis import settings
from pki_crl_machine import Lists

TestLists = Lists.TestCase
TestLists.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
