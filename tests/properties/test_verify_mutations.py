"""Twenty thousand spoiled documents, and every byte that a signature is over."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
from pathlib import Path

import pytest
from properties.verify_mutations import (
    KINDS,
    REFUSALS,
    answer_to,
    bases,
    check_and_keep,
    spoiled,
)

from verify.errors import MalformedObjectError
from verify.indication import Indication
from verify.report import Report

SAMPLE = 40
PARTS, OF_A_PART = 3, 800
JUDGED = {
    "flip": 0.9,
    "overwrite": 0.9,
    "truncate": 0.2,
    "splice": 0.6,
    "edit_objects": 0.9,
    "edit_references": 0.9,
    "edit_signature": 0.8,
    "append": 0.8,
    "arbitrary": 0.0,
}
"""So many at least get a verdict: refusing all of them would satisfy everything else."""


def tally(kind: str, numbers: range, folder: Path) -> collections.Counter[str]:
    """Judge so many, and hold that enough of them were judged."""
    told = collections.Counter(check_and_keep(kind, number, folder) for number in numbers)
    judged = sum(count for what, count in told.items() if what not in REFUSALS)
    assert told.total() == len(numbers)
    assert judged >= JUDGED[kind] * len(numbers), told
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_each_kind_of_spoiled_documents_gets_answers_of_ours(kind, tmp_path):
    told = tally(kind, range(SAMPLE), tmp_path)
    assert kind != "arbitrary" or set(told) <= REFUSALS
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_thousand_spoiled_documents_get_answers_of_ours(kind, part, tmp_path):
    assert len(KINDS) * PARTS * OF_A_PART >= 20_000
    start = SAMPLE + part * OF_A_PART
    tally(kind, range(start, start + OF_A_PART), tmp_path)


def flipped(data: bytes, position: int) -> bytes:
    mask = 1 << position % 8
    return data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]


@pytest.mark.long
@pytest.mark.parametrize("base", range(2), ids=["B-B", "B-T"])
def test_no_byte_at_all_of_a_signed_range_can_change_and_pass(base):
    one = bases()[base]
    twin = answer_to(one.data)
    assert isinstance(twin, Report)
    assert twin.indication is Indication.TOTAL_PASSED
    told = collections.Counter()
    for start, end in one.ranges:
        for position in range(start, end):
            answer = answer_to(flipped(one.data, position))
            judged = isinstance(answer, Report)
            told[answer.indication.value if judged else answer.code] += 1
            assert not judged or answer.indication is not Indication.TOTAL_PASSED, position
    assert told.total() == sum(end - start for start, end in one.ranges) > 2000
    assert told[Indication.TOTAL_FAILED.value] > 0.9 * told.total()
    assert set(told) <= {*REFUSALS, *(each.value for each in Indication)}


def test_the_longer_run_tells_its_seed_and_what_came_of_the_documents(checkout, tmp_path):
    program = [sys.executable, "-m", "properties.fuzz", "--seconds", "2", "--seed", "7"]
    kept = tmp_path / "kept"
    done = subprocess.run(
        [*program, "--keep", kept],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(checkout), str(checkout / "tests")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("seed 7: 2 s")
    assert int(last.split()[0]) > 0  # in two seconds, on however busy a machine
    assert not list(kept.iterdir())


def test_a_number_makes_the_same_of_a_document_each_time():
    for kind in KINDS:
        assert spoiled(kind, 7) == spoiled(kind, 7)
        assert len({spoiled(kind, number) for number in range(12)}) > 6


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _: (_ for _ in ()).throw(KeyError("foreign")),
        lambda _: MalformedObjectError(what="anything", reason="for use inside"),
        lambda _: answer_to(bases()[1].data),
    ],
    ids=["a foreign exception", "an error for use inside", "a verdict on what nobody signed"],
)
def test_an_answer_that_is_wrong_is_found_and_its_document_kept(wrong, tmp_path, monkeypatch):
    monkeypatch.setattr("properties.verify_mutations.answer_to", wrong)
    with pytest.raises(AssertionError, match="edit_objects-3"):
        check_and_keep("edit_objects", 3, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == spoiled("edit_objects", 3)
