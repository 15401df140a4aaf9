"""How the garbage collector is told to leave alone what is loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pki.collecting import collect_seldom, collecting_seldom


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_the_collector_is_left_as_it_was():
    before = gc.get_threshold()
    frozen = gc.get_freeze_count()
    with collecting_seldom():
        seldom = gc.get_threshold()
        assert seldom > before
        with collecting_seldom():
            assert gc.get_threshold() == seldom
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
    gc.disable()
    try:
        with collecting_seldom():
            assert gc.get_threshold() == before
    finally:
        gc.enable()


def test_a_process_may_collect_seldom_for_good():
    before = gc.get_threshold()
    collect_seldom()
    seldom, frozen = gc.get_threshold(), gc.get_freeze_count()
    assert seldom > before
    assert frozen > 0
    with collecting_seldom():
        assert gc.get_freeze_count() == frozen
    assert (gc.get_threshold(), gc.get_freeze_count()) == (seldom, frozen)
