"""The validation process under any facts: it never raises, and what passes deserves it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from unit.verify.facts_world import (
    AUTHORITY,
    NAMES,
    RESPONDER,
    ROOT,
    RSA,
    SHA1,
    SIGNER,
    TSA,
    certificate,
    chain,
    evidence,
    signature,
    stamp,
    standard,
    token,
    year,
)

from verify.facts import DocumentFacts, Status
from verify.finding import error
from verify.indication import Indication
from verify.policy import Revocation
from verify.process import judge_document


def mostly(good, strategy):
    """Draw `good` in nine of ten, so that much passes and few things are wrong at a time."""
    return st.integers(0, 9).flatmap(lambda one: strategy if one == 0 else st.just(good))


YEARS = st.integers(2008, 2024).map(year)
ALGORITHMS = mostly(RSA, st.just(SHA1))
DEFECTS = mostly((), st.just((error("chain.not_an_authority"),)))
COVERS = st.sets(st.sampled_from(NAMES)).map(tuple)
STRICT = standard(revocation=Revocation())


@st.composite
def certificates(draw, base):
    start, end = sorted([draw(mostly(year(2009), YEARS)), draw(mostly(year(2020), YEARS))])
    return replace(
        base,
        not_before=start,
        not_after=end,
        algorithm=draw(ALGORITHMS),
        defects=draw(DEFECTS),
        needs_no_evidence=draw(mostly(False, st.booleans())),
    )


@st.composite
def answers(draw, name):
    this = draw(mostly(year(2014), YEARS))
    return evidence(
        name,
        status=draw(mostly(Status.GOOD, st.sampled_from(Status))),
        this_update=this,
        produced_at=this,
        had_at=year(2024),
        revoked_at=draw(st.none() | YEARS),
        reason=draw(st.sampled_from([None, "certificateHold"])),
        archive_cutoff=draw(st.none() | YEARS),
        algorithm=draw(ALGORITHMS),
        signer=draw(certificates(RESPONDER)),
        signer_needs_no_check=draw(mostly(True, st.just(False))),
        source=draw(st.sampled_from(["ocsp", "crl"])),
    )


@st.composite
def paths(draw, base):
    return chain(
        draw(certificates(base)),
        tuple(draw(st.lists(answers("answer"), min_size=1, max_size=2))),
        authority=draw(certificates(AUTHORITY)),
        about_authority=tuple(draw(st.lists(answers("list"), min_size=1, max_size=2))),
        root=replace(
            ROOT, trusted=draw(mostly(True, st.booleans())), trusted_until=draw(mostly(None, YEARS))
        ),
    )


LASTING = certificate(
    "lasting", not_before=year(2000), not_after=year(2040), needs_no_evidence=True
)


@st.composite
def stamps(draw, name):
    """Half of them by an authority that is always good, so that there is something to prove."""
    steady = chain(LASTING, (), authority=LASTING, about_authority=())
    own = draw(st.just(steady) | paths(TSA))
    covers = (*draw(COVERS), *draw(st.sampled_from([NAMES, ()])))
    return stamp(draw(YEARS), covers, name, archive=draw(st.booleans()), path=own)


@st.composite
def signatures(draw):
    return signature(
        token(draw(paths(SIGNER)), algorithm=draw(ALGORITHMS)),
        timestamps=tuple(draw(st.lists(stamps("stamp"), max_size=1)))
        + tuple(draw(st.lists(stamps("archive"), max_size=1))),
        content_timestamps=tuple(draw(st.lists(stamps("content"), max_size=1))),
    )


def judge(facts, at, policy):
    return judge_document(DocumentFacts((facts,)), policy=policy, at=at).judgements[0]


MOMENTS = mostly(year(2015), YEARS)


@given(signatures(), MOMENTS)
def test_any_facts_are_judged_and_what_passes_deserves_it(facts, at):
    judged = judge(facts, at, standard())
    assert (judged.sub_indication is None) == (judged.indication is Indication.TOTAL_PASSED)
    if not judged.passed:
        return
    best, path = judged.best_signature_time, facts.token.chain
    assert path.trusted
    for item in path.certificates[:-1]:
        assert item.not_before <= best <= item.not_after
        assert not item.defects
    broken = replace(facts, token=replace(facts.token, signature_verifies=False))
    assert not judge(broken, at, standard()).passed


@given(signatures(), MOMENTS)
def test_the_default_is_never_looser_than_the_standard(facts, at):
    if judge(facts, at, STRICT).passed:
        assert judge(facts, at, standard()).passed
