"""Warnings of cryptography are kept away in every thread, and come back when the last is done."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from verify.quiet import quietly


def warn() -> None:
    warnings.warn("an odd serial", UserWarning, stacklevel=1)


def test_one_that_leaves_first_does_not_bring_back_the_warnings_of_another():
    inside, left = threading.Event(), threading.Event()

    def stay() -> None:
        with quietly():
            inside.set()
            assert left.wait(10)
            warn()

    filters = list(warnings.filters)
    with ThreadPoolExecutor(1) as pool:
        with quietly():
            staying = pool.submit(stay)
            assert inside.wait(10)
        left.set()
        staying.result()
    assert warnings.filters == filters
    with pytest.warns(UserWarning, match="odd serial"):
        warn()


def test_whoever_fails_leaves_as_well():
    with pytest.raises(KeyError), quietly():
        raise KeyError
    with pytest.warns(UserWarning, match="odd serial"):
        warn()
