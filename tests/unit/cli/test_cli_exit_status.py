"""Outcomes and exit statuses: the contract that people script against."""

import pytest

from cli.exit_status import OF_INDICATION, ExitStatus, status_of_error, worst
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.errors.files import MalformedDERError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedDERError(what="x", reason="y"), 5),
        (FetchRefusedError(url="x", reason="y"), 3),
        (FetchFailedError(url="x", reason="y"), 4),
    ],
)
def test_each_branch_of_the_error_tree_has_its_status(error, status):
    assert status_of_error(error) == status


@pytest.mark.parametrize(
    ("occurred", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 11], 11),
        ([11, 3], 3),
        ([3, 4], 4),
        ([4, 5], 5),
        ([5, 10], 10),
        ([10, 1], 1),
        ([0, 11, 3, 4, 5, 10], 10),
    ],
)
def test_a_batch_ends_with_the_worst_by_the_contract(occurred, expected):
    assert worst(ExitStatus(status) for status in occurred) == expected


def test_every_indication_of_the_standard_has_a_status():
    assert OF_INDICATION == {"TOTAL-PASSED": 0, "TOTAL-FAILED": 10, "INDETERMINATE": 11}
