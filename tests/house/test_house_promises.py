"""docs/promises.toml is whole: every test it names exists, and its page is the generated one."""

from __future__ import annotations

import promises
import pytest

LIST = promises.load()


@pytest.mark.parametrize("promise", LIST, ids=lambda promise: promise.id)
def test_every_promise_names_tests_that_exist(promise, checkout):
    assert promise.tests
    missing = [test for test in promise.tests if promises.find_test(test, checkout) is None]
    assert not missing


@pytest.mark.parametrize("promise", LIST, ids=lambda promise: promise.id)
def test_every_promise_stands_in_files_that_exist(promise, checkout):
    assert promise.where
    assert all((checkout / place).is_file() for place in promise.where)


def test_ids_are_not_used_twice():
    ids = [promise.id for promise in LIST]
    assert len(ids) == len(set(ids))


def test_a_test_that_does_not_exist_is_found_out(checkout):
    here = "tests/house/test_house_promises.py"
    assert promises.find_test(f"{here}::test_ids_are_not_used_twice", checkout)
    assert promises.find_test(f"{here}::test_nowhere", checkout) is None
    assert promises.find_test("tests/house/test_nowhere.py::test_it", checkout) is None
    assert promises.find_test(here, checkout) is None


def test_the_page_is_the_generated_one(checkout):
    assert (checkout / "docs" / "promises.md").read_text("utf-8") == promises.page(), "`make docs`"


def test_each_suite_is_owed_its_own_tests(checkout):
    everyday = promises.promised_tests("everyday", checkout)
    long = promises.promised_tests("long", checkout)
    assert not everyday & long
    assert everyday | long == {test for promise in LIST for test in promise.tests}
