"""Raising what others signed: every document is raised and holds, or is refused in our words."""

from __future__ import annotations

import pytest
from unit.signing.extend_corpora import documents, extend_as_trusted
from unit.signing.signing_world import World

from pki.errors.tree import PKIError
from signing.options import Level


def raise_all(corpora, every: int) -> list[str]:
    world, outcomes = World(), []
    for path in documents(corpora)[::every]:
        data = path.read_bytes()
        for level in (None, Level.B_T):
            try:
                done = extend_as_trusted(world, data, level)
            except PKIError as error:
                outcomes.append(error.code)
            else:
                outcomes.append("raised")
                assert done.steps or level is not None
                assert len(done.data) >= len(data)
    return outcomes


def test_a_sample_of_the_corpora_is_raised_or_refused_in_our_words(corpora):
    outcomes = raise_all(corpora, every=10)
    assert outcomes.count("raised") > len(outcomes) // 8


@pytest.mark.long
def test_the_whole_corpora_are_raised_or_refused_in_our_words(corpora):
    outcomes = raise_all(corpora, every=1)
    assert outcomes.count("raised") > len(outcomes) // 8
