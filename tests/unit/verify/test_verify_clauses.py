"""The clauses of EN 319 102-1, each with facts made for it: what fails, and its twin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.verify.facts_world import (
    ABOVE,
    AT,
    AUTHORITY,
    GOOD,
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
    revoked,
    signature,
    stamp,
    standard,
    sub,
    token,
    year,
)

from verify.facts import (
    DocumentFacts,
    EvidenceRecordFacts,
    Kind,
    Reference,
    Status,
)
from verify.finding import error
from verify.indication import Indication
from verify.indication import SubIndication as S
from verify.policy import Acceptance, Demands, KeySize, Level, Revocation, Time
from verify.process import judge_document
from verify.rules.case import Case
from verify.rules.path import judge_path
from verify.rules.poe import ProofsOfExistence

LATER = year(2021)
"""The certificates have expired by then."""
PROVED = year(2015)


def of(path, **changes):
    return signature(token(path, **changes))


def test_a_signature_with_good_evidence_passes():
    assert sub(signature()) is None


# §5.2.2, §5.2.7: what is wrong whatever the time


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"problem": error("signature.malformed", reason="x")}, S.FORMAT_FAILURE),
        ({"digest_matches": False}, S.HASH_FAILURE),
        ({"data_missing": True, "digest_matches": False}, S.SIGNED_DATA_NOT_FOUND),
        ({"signature_verifies": False}, S.SIG_CRYPTO_FAILURE),
        ({"reference": Reference.DIFFERS}, S.SIG_CONSTRAINTS_FAILURE),
        ({"attributes": (error("signature.odd"),)}, S.SIG_CONSTRAINTS_FAILURE),
        ({"chain": None}, S.NO_SIGNING_CERTIFICATE_FOUND),
    ],
)
def test_what_is_wrong_whatever_the_time(changes, expected):
    assert sub(of(None, **changes)) is expected


def test_the_policy_says_what_an_odd_attribute_weighs():
    odd = of(None, attributes=(error("signature.odd"),))
    assert sub(odd, policy=standard(levels={"signature.odd": Level.WARN})) is None
    assert sub(odd, policy=standard(levels={"signature.other": Level.WARN})) is not None


def test_a_time_stamp_mends_no_attribute():
    odd = replace(of(None, attributes=(error("signature.odd"),)), timestamps=(stamp(year(2015)),))
    assert sub(odd) is S.SIG_CONSTRAINTS_FAILURE


# §5.2.6: the path at the moment of judging


def test_a_path_to_no_anchor():
    untrusted = certificate("root", trusted=False)
    assert sub(of(chain(root=untrusted))) is S.NO_CERTIFICATE_CHAIN_FOUND


def test_defects_weigh_as_the_policy_says():
    usage = chain(replace(SIGNER, defects=(error("purpose.not_for_signing"),)))
    form = chain(authority=replace(AUTHORITY, defects=(error("chain.not_an_authority"),)))
    assert sub(of(usage)) is S.CHAIN_CONSTRAINTS_FAILURE
    assert sub(of(form)) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    lenient = standard(levels={"purpose.not_for_signing": Level.IGNORE})
    assert sub(of(usage), policy=lenient) is None
    assert sub(of(form), policy=lenient) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE


def test_without_any_evidence_later_may_bring_some_or_not_as_the_policy_says():
    missing = of(chain(about=()))
    assert sub(missing) is S.TRY_LATER
    final = standard(revocation=Revocation(proved_at_signing=False, missing_can_come=False))
    assert sub(missing, policy=final) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    for later, answer in ((True, S.TRY_LATER), (False, S.CERTIFICATE_CHAIN_GENERAL_FAILURE)):
        proved = standard(revocation=Revocation(proved_at_signing=True, missing_can_come=later))
        assert sub(missing, policy=proved) is answer
    assert sub(missing, policy=standard(signature=Demands(signer_evidence=Level.WARN))) is None


def test_evidence_about_authorities_is_asked_apart():
    missing = of(chain(about_authority=()))
    assert sub(missing) is S.TRY_LATER
    assert sub(missing, policy=standard(signature=Demands(authority_evidence=Level.WARN))) is None
    short_lived = replace(AUTHORITY, needs_no_evidence=True)
    assert sub(of(chain(authority=short_lived, about_authority=()))) is None


UNUSABLE = {
    "unknown": {"status": Status.UNKNOWN},
    "defect": {"defects": (error("revocation.no_path"),)},
    "before the certificate": {"this_update": year(2009)},
    "from the future": {"this_update": year(2017), "had_at": AT},
    "responder not valid then": {"produced_at": year(2009, 6)},
    "responder without evidence": {"signer_needs_no_check": False},
}


@pytest.mark.parametrize("changes", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_that_cannot_be_used(changes):
    bad = evidence(**changes)
    assert sub(of(chain(about=(bad,)))) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert sub(of(chain(about=(bad, *GOOD)))) is None


def test_who_may_answer_without_more():
    for changes in (
        {"signer_is_issuer": True},
        {"signer": replace(RESPONDER, needs_no_evidence=True)},
        {"signer": replace(RESPONDER, trusted=True)},
        {"signer_revocations": (evidence("about the responder"),)},
    ):
        answer = evidence(signer_needs_no_check=False, **changes)
        assert sub(of(chain(about=(answer,)))) is None
    alone = of(chain(about=(evidence(signer_needs_no_check=False),)))
    assert sub(alone, policy=standard(evidence=Demands(signer_evidence=Level.WARN))) is None


def test_a_list_may_forget_what_has_expired_unless_it_says_not():
    short = replace(SIGNER, not_after=year(2015, 3))
    forgot = chain(short)
    assert sub(of(forgot)) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    kept = chain(short, (evidence(archive_cutoff=year(2014)),))
    assert sub(of(kept)) is S.OUT_OF_BOUNDS_NOT_REVOKED
    told = chain(short, (revoked(year(2015)),))
    assert sub(of(told)) is S.REVOKED_NO_POE


def test_revoked_suspended_and_not_yet_revoked():
    assert sub(of(chain(about=(revoked(year(2015)),)))) is S.REVOKED_NO_POE
    hold = revoked(year(2015), reason="certificateHold")
    assert sub(of(chain(about=(hold,)))) is S.TRY_LATER
    assert sub(of(chain(about_authority=(revoked(year(2015)),)))) is S.REVOKED_CA_NO_POE
    assert sub(of(chain(about=(revoked(year(2017)),)))) is None
    undated = evidence(status=Status.REVOKED)
    assert sub(of(chain(about=(undated,)))) is S.REVOKED_NO_POE


def test_the_latest_answer_decides_and_of_two_the_stronger():
    lifted = revoked(year(2015), produced_at=year(2015, 3))
    assert sub(of(chain(about=(lifted, *GOOD)))) is None
    newer = revoked(year(2015), produced_at=year(2015, 9))
    assert sub(of(chain(about=(newer, *GOOD)))) is S.REVOKED_NO_POE
    weak = evidence("weak", algorithm=SHA1)
    assert sub(of(chain(about=(weak,)))) is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    for both in ((weak, *GOOD), (*GOOD, weak)):
        assert sub(of(chain(about=both))) is None


def aged(days):
    return standard(revocation=Revocation(proved_at_signing=False, max_age_seconds=days * 86400))


def test_evidence_must_be_as_fresh_as_the_policy_asks():
    assert sub(signature(), policy=aged(300)) is None
    assert sub(signature(), policy=aged(100)) is S.TRY_LATER


def test_a_weak_certificate_on_the_path():
    assert sub(of(chain(authority=replace(AUTHORITY, algorithm=SHA1)))) is (
        S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    )
    assert sub(of(chain(root=replace(ROOT, algorithm=SHA1)))) is None  # not relied on


def test_out_of_validity_says_whether_it_is_known_not_to_be_revoked():
    lasting = replace(RESPONDER, not_after=year(2030))
    known = chain(about=(evidence(signer=lasting),))
    assert sub(of(known), LATER) is S.OUT_OF_BOUNDS_NOT_REVOKED
    assert sub(of(chain()), LATER) is S.OUT_OF_BOUNDS_NO_POE  # the responder expired as well
    young = chain(replace(SIGNER, not_before=year(2015, 3)))
    assert sub(of(young), year(2015, 2)) is S.NOT_YET_VALID
    skipped = chain(replace(SIGNER, needs_no_evidence=True), ())
    assert sub(of(skipped), LATER) is S.OUT_OF_BOUNDS_NOT_REVOKED


def test_who_signed_the_evidence_must_be_valid_still():
    late = replace(RESPONDER, not_after=year(2015, 9))
    answered = of(chain(about=(evidence(signer=late),)))
    assert sub(answered) is S.REVOCATION_OUT_OF_BOUNDS_NO_POE
    lenient = standard(signature=Demands(evidence_signer_in_time=Level.WARN))
    assert sub(answered, policy=lenient) is None
    trusted = evidence(signer=replace(late, trusted=True))
    assert sub(of(chain(about=(trusted,)))) is None


def test_trust_in_an_anchor_may_end():
    ends = replace(AUTHORITY, trusted=True, trusted_until=year(2015, 9))
    only = replace(ROOT, trusted=False)
    assert sub(of(chain(authority=ends, root=only))) is S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE
    assert sub(of(chain(authority=ends, root=only)), year(2015, 8)) is None
    assert sub(of(chain(authority=ends))) is None  # there is another anchor above it
    past = chain(authority=ends, about_authority=(revoked(year(2015)),))
    assert sub(of(past)) is S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE
    for_ever = replace(AUTHORITY, trusted=True)
    assert sub(of(chain(authority=for_ever, about_authority=(), root=only))) is None


# §5.2.8: algorithms


def test_sizes_with_dates():
    table = standard().algorithms
    sizes = {
        "rsassa-pkcs1v15": (
            KeySize(bits=3000),
            KeySize(bits=1024, until=year(2012)),
            KeySize(bits=1900, until=year(2018)),
        )
    }
    dated = standard(algorithms=table.model_copy(update={"key_sizes": sizes}))
    short, mid, long = (replace(RSA, key_bits=bits) for bits in (512, 1024, 4096))
    weak = S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert sub(signature(), policy=dated) is None
    assert sub(signature(), year(2019), policy=dated) is weak
    assert sub(of(None, algorithm=short), policy=dated) is weak
    assert sub(of(None, algorithm=mid), policy=dated) is weak
    assert sub(of(None, algorithm=long), policy=dated) is None
    none = {"rsassa-pkcs1v15": ()}
    nothing = standard(algorithms=table.model_copy(update={"key_sizes": none}))
    assert sub(signature(), policy=nothing) is weak


def test_each_use_may_have_algorithms_of_its_own():
    table = standard().algorithms
    digests = {**table.digests, "sha1": Acceptance()}
    old = table.model_copy(update={"digests": digests})
    lists = chain(about=(evidence(algorithm=SHA1),))
    assert sub(of(lists)) is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert sub(of(lists), policy=standard(algorithms_for={"evidence": old})) is None
    assert sub(of(lists), policy=standard(algorithms_for={"signature": old})) is not None
    above = of(chain(authority=replace(AUTHORITY, algorithm=SHA1)))
    assert sub(above, policy=standard(algorithms_for={"signature.authority": old})) is None
    warns = table.model_copy(update={"level": Level.WARN})
    assert sub(of(lists), policy=standard(algorithms_for={"evidence": warns})) is None


def test_an_algorithm_that_was_never_accepted_is_not_a_matter_of_time():
    strange = of(None, algorithm=replace(RSA, scheme="strange"))
    assert sub(strange) is S.CRYPTO_CONSTRAINTS_FAILURE
    assert sub(of(None, algorithm=None)) is None


# §5.3.4: made too late, as a time-stamp over the content shows


def made_after(time, path=None, **changes):
    content = stamp(time, (), "content")
    return replace(of(path, **changes), content_timestamps=(content,))


def test_made_after_revocation_or_expiry_has_failed_for_good():
    path = chain(about=(revoked(year(2014), archive_cutoff=year(2012)),))
    assert sub(made_after(year(2013), path)) is S.REVOKED_NO_POE
    assert sub(made_after(year(2015), path)) is S.REVOKED
    short = chain(replace(SIGNER, not_after=year(2014)), (evidence(archive_cutoff=year(2012)),))
    assert sub(made_after(year(2013), short)) is S.OUT_OF_BOUNDS_NOT_REVOKED
    assert sub(made_after(year(2015), short)) is S.EXPIRED
    assert sub(made_after(year(2015))) is None


def test_made_after_its_algorithm_ended_is_not_a_matter_of_proof():
    weak = S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert sub(made_after(year(2010, 6), algorithm=SHA1)) is weak
    assert sub(made_after(year(2012), algorithm=SHA1)) is S.CRYPTO_CONSTRAINTS_FAILURE


# §5.5.4: the best signature time


def stamped(path=None, at=PROVED, **changes):
    return replace(of(path, **changes), timestamps=(stamp(at),))


def test_a_revocation_after_the_best_signature_time_does_not_count():
    path = chain(about=(revoked(year(2015, 3)),))
    assert sub(stamped(path)) is None
    assert sub(stamped(path, year(2015, 5))) is S.REVOKED_NO_POE
    above = chain(about_authority=(revoked(year(2015, 3)),))
    assert sub(stamped(above)) is None
    assert sub(stamped(above, year(2015, 5))) is S.REVOKED_CA_NO_POE


def test_an_expiry_after_the_best_signature_time_does_not_count():
    short = replace(SIGNER, not_after=year(2015, 7))
    assert sub(stamped(chain(short))) is None
    assert sub(stamped(chain(short), year(2015, 8))) is S.OUT_OF_BOUNDS_NOT_REVOKED
    assert sub(
        stamped(chain(short, (evidence(signer=replace(RESPONDER, not_after=year(2015, 7))),)))
    ) is (S.OUT_OF_BOUNDS_NO_POE)


def test_a_signature_before_its_certificate():
    young = replace(SIGNER, not_before=year(2015, 3))
    assert sub(stamped(chain(young), year(2015, 4))) is None
    assert sub(stamped(chain(young))) is S.NOT_YET_VALID
    was = chain(replace(young, not_after=year(2015, 9)))
    assert sub(stamped(was)) is S.NOT_YET_VALID


@pytest.mark.parametrize("old", ["signer", "authority"])
def test_what_archival_data_alone_prove_may_be_before_a_certificate(old):
    ended = chain(replace(TSA, not_after=year(2015, 9)), (evidence("of the tsa"),))
    first = stamp(year(2015, 2), path=ended)
    over = stamp(year(2015, 7), NAMES, "archive", archive=True)
    facts = {"signer": SIGNER, "authority": AUTHORITY}

    def judged(begin):
        certificates = {**facts, old: replace(facts[old], not_before=begin)}
        path = chain(certificates["signer"], authority=certificates["authority"])
        return sub(signature(token(path), timestamps=(first, over)))

    assert judged(year(2015, 1)) is None
    assert judged(year(2015, 3)) in {S.NOT_YET_VALID, S.OUT_OF_BOUNDS_NO_POE}


def test_a_hold_and_freshness_are_asked_again_at_the_best_signature_time():
    hold = chain(about=(revoked(year(2015, 3), reason="certificateHold"),))
    assert sub(stamped(hold)) is None
    assert sub(stamped(hold, year(2015, 5))) is S.TRY_LATER
    lists = (evidence("list", this_update=year(2015, 9)),)
    path = chain(about_authority=lists)
    own = chain(TSA, (evidence("of the tsa", this_update=year(2015, 12)),), about_authority=lists)
    again = replace(of(path), timestamps=(stamp(year(2015, 8), path=own),))
    assert sub(of(path), policy=aged(150)) is S.TRY_LATER
    assert sub(again, policy=aged(150)) is None
    assert sub(again, policy=aged(30)) is S.TRY_LATER
    assert sub(stamped(chain(about=()))) is S.TRY_LATER


def test_a_weak_signature_is_asked_again_and_a_weak_path_is_not():
    ends = standard().algorithms.model_copy(
        update={
            "digests": {**standard().algorithms.digests, "sha1": Acceptance(until=year(2015, 6))}
        }
    )
    policy = standard(algorithms=ends)
    weak = S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert sub(of(None, algorithm=SHA1), policy=policy) is weak
    assert sub(stamped(algorithm=SHA1), policy=policy) is None
    assert sub(stamped(at=year(2015, 7), algorithm=SHA1), policy=policy) is weak
    assert sub(stamped(chain(replace(SIGNER, algorithm=SHA1))), policy=policy) is weak
    assert sub(stamped(chain(about=(evidence(algorithm=SHA1),))), policy=policy) is weak


def test_time_stamps_that_do_not_hold_prove_nothing():
    path = chain(about=(revoked(year(2015, 3)),))
    for changes in (
        {"digest_matches": False},
        {"signature_verifies": False},
        {"chain": None},
        {"algorithm": SHA1},
        {"reference": Reference.DIFFERS},
    ):
        bad = replace(of(path), timestamps=(stamp(year(2015), **changes),))
        assert sub(bad) is S.REVOKED_NO_POE
    early = chain(replace(TSA, not_before=year(2015, 2)), (evidence("of the tsa"),))
    assert sub(replace(of(path), timestamps=(stamp(year(2015), path=early),))) is S.REVOKED_NO_POE
    timeless = replace(stamp(year(2015)), gen_time=None)
    assert sub(replace(of(path), timestamps=(timeless,))) is S.REVOKED_NO_POE


def test_time_stamps_that_contradict_each_other():
    older = stamp(year(2015, 3), name="older")
    outer = stamp(year(2015), ("signature", "older"), name="outer", archive=True)
    both = replace(of(None), timestamps=(older, outer))
    assert sub(both) is S.TIMESTAMP_ORDER_FAILURE
    assert sub(both, policy=standard(time=Time(order=Level.WARN))) is None
    right = stamp(year(2015, 4), ("signature", "older"), name="outer", archive=True)
    assert sub(replace(of(None), timestamps=(older, right))) is None
    timeless = replace(older, gen_time=None)
    assert sub(replace(of(None), timestamps=(timeless, outer))) is None
    broken = replace(both, token=token(digest_matches=False))
    assert sub(broken) is S.HASH_FAILURE


# §5.6.2: the past

EVERYTHING = NAMES
LASTING = replace(RESPONDER, not_after=year(2030))
NOTARY = certificate("notary", not_after=year(2030))
HOUSE = certificate("house", not_after=year(2030))


def archive(at, covers=EVERYTHING):
    """An archive time-stamp whose own authority is good in 2021."""
    now = {"this_update": year(2020, 12), "produced_at": year(2020, 12), "had_at": year(2020, 12)}
    own = chain(
        NOTARY,
        (evidence("of the notary", signer=LASTING, **now),),
        authority=HOUSE,
        about_authority=(evidence("of the house", signer=LASTING, **now),),
    )
    return stamp(at, covers, "archive", archive=True, path=own)


def archived(path=None, at=AT, covers=EVERYTHING, **changes):
    return replace(of(path, **changes), timestamps=(stamp(year(2015, 7)), archive(at, covers)))


def test_all_has_expired_but_was_proved_to_exist_in_time():
    assert sub(archived(), LATER) is None
    late = archived(at=year(2020, 6))
    assert sub(late, LATER) is S.OUT_OF_BOUNDS_NO_POE
    assert sub(replace(of(None), timestamps=(stamp(year(2015, 7)),)), LATER) is (
        S.OUT_OF_BOUNDS_NO_POE
    )


@pytest.mark.parametrize("left_out", ["answer", "list", "signer", "authority"])
def test_what_was_revoked_since_must_be_proved_with_its_evidence(left_out):
    """A later revocation moves the time of control: what is not proved by then does not count."""
    path = chain(
        about_authority=(
            *ABOVE,
            revoked(
                year(2019),
                name="revoked",
                produced_at=year(2019, 6),
                this_update=year(2019, 6),
                signer=LASTING,
            ),
        )
    )
    assert sub(archived(path), LATER) is None
    kept = tuple(item for item in EVERYTHING if item != left_out)
    expected = None if left_out in {"list", "authority"} else S.OUT_OF_BOUNDS_NO_POE
    assert sub(archived(path, covers=kept), LATER) is expected


def test_evidence_whose_signer_is_not_proved_does_not_count():
    short = replace(RESPONDER, not_after=year(2017))
    path = chain(about=(evidence(signer=short),))
    assert sub(archived(path), LATER) is None
    kept = tuple(item for item in EVERYTHING if item != "responder")
    assert sub(archived(path, covers=kept), LATER) is S.REVOCATION_OUT_OF_BOUNDS_NO_POE
    lenient = standard(signature=Demands(evidence_signer_in_time=Level.WARN))
    assert sub(archived(path, covers=kept), LATER, policy=lenient) is None


def test_freshness_moves_the_time_of_control_to_the_issue_of_the_evidence():
    lists = (evidence("list", this_update=year(2015, 8)),)
    path = chain(about_authority=lists, root=replace(ROOT, trusted_until=year(2018)))
    for at, expected in ((7, None), (9, S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE)):
        facts = replace(of(path), timestamps=(archive(year(2015, at)),))
        assert sub(facts, year(2019), policy=aged(700)) is expected
    patient = replace(of(path), timestamps=(archive(year(2015, 9)),))
    assert sub(patient, year(2019), policy=aged(1000)) is None


def test_trust_that_ended_is_asked_at_its_end():
    ends = replace(ROOT, trusted_until=year(2018))
    path = chain(root=ends)
    alone = replace(of(path), timestamps=(archive(year(2016)),))
    assert sub(alone, year(2019)) is None
    assert sub(replace(of(path), timestamps=(archive(year(2018, 6)),)), year(2019)) is (
        S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE
    )
    assert sub(of(path), year(2019)) is S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE


def test_a_hold_in_the_past():
    hold = revoked(
        year(2017),
        name="hold",
        reason="certificateHold",
        produced_at=year(2017, 6),
        this_update=year(2017, 6),
    )
    path = chain(about=(*GOOD, hold))
    good = replace(of(path), timestamps=(archive(year(2016), (*EVERYTHING, "hold")),))
    assert sub(good, year(2019)) is None
    late = replace(of(path), timestamps=(archive(year(2018), (*EVERYTHING, "hold")),))
    assert sub(late, year(2019)) is S.TRY_LATER


def test_algorithms_are_asked_at_the_proof_of_what_they_made():
    table = standard().algorithms
    ends = table.model_copy(
        update={"digests": {**table.digests, "sha1": Acceptance(until=year(2017))}}
    )
    policy = standard(algorithms=ends)
    path = chain(
        replace(SIGNER, algorithm=SHA1),
        (evidence(algorithm=SHA1),),
        authority=replace(AUTHORITY, algorithm=SHA1),
    )
    weak = S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert sub(archived(path, algorithm=SHA1), year(2019), policy=policy) is None
    assert sub(archived(path, at=year(2018), algorithm=SHA1), year(2019), policy=policy) is weak
    for left_out in ("signer", "authority", "answer"):
        kept = tuple(item for item in EVERYTHING if item != left_out)
        facts = archived(path, covers=kept, algorithm=SHA1)
        assert sub(facts, year(2019), policy=policy) is weak
    assert sub(archived(path, algorithm=None), year(2019), policy=policy) is None
    short_lived = replace(AUTHORITY, algorithm=SHA1, needs_no_evidence=True)
    skipped = chain(authority=short_lived, about_authority=())
    assert sub(archived(skipped), year(2019), policy=policy) is None


def test_a_time_stamp_is_saved_by_a_later_one():
    """The signature's time-stamp has an expired authority by 2021; the archive's has not."""
    path = chain(about=(revoked(year(2015, 8), signer=LASTING),))
    assert sub(archived(path), LATER) is None
    unproved = replace(of(path), timestamps=(stamp(year(2015, 7)),))
    assert sub(unproved, LATER) is S.REVOKED_NO_POE
    weak = replace(of(path), timestamps=(stamp(year(2015, 7), algorithm=SHA1), archive(year(2016))))
    assert sub(weak, LATER) is S.REVOKED_NO_POE


# §5.6.3: evidence records


def record(**changes):
    first = archive(year(2016))
    facts = EvidenceRecordFacts(timestamps=(first,), covers=frozenset(EVERYTHING))
    return replace(facts, **changes)


def test_an_evidence_record_proves_what_it_covers():
    def recorded(**changes):
        return replace(of(None), evidence_records=(record(**changes),))

    assert sub(recorded(), LATER) is None
    renewed = (
        stamp(year(2016), ("x",), "stamp", path=archive(year(2016)).token.chain),
        archive(year(2018)),
    )
    assert sub(recorded(timestamps=renewed), LATER) is None
    for changes in (
        {"digest_matches": False},
        {"data_missing": True},
        {"problem": error("signature.malformed", reason="x")},
        {"timestamps": ()},
        {"timestamps": (replace(archive(year(2016)), gen_time=None),)},
        {"timestamps": (stamp(year(2016)),)},
        {"timestamps": (archive(year(2016)), stamp(year(2016), digest_matches=False))},
    ):
        assert sub(recorded(**changes), LATER) is S.OUT_OF_BOUNDS_NO_POE


def test_a_time_stamp_alone_is_saved_by_a_record():
    def alone(*records):
        return signature(
            stamp(year(2015, 7)).token,
            kind=Kind.TIMESTAMP,
            gen_time=year(2015, 7),
            evidence_records=records,
        )

    assert sub(alone(), LATER) is S.OUT_OF_BOUNDS_NO_POE
    assert sub(alone(record()), LATER) is None
    verdict = judge_document(DocumentFacts((alone(record()),)), policy=standard(), at=LATER)
    assert verdict.indication is Indication.TOTAL_PASSED


def test_the_default_policy_asks_more_than_the_standard():
    """Evidence from before the best signature time proves nothing about that time."""
    strict = standard(revocation=Revocation())
    before = stamped(at=year(2015, 9))
    assert sub(before) is None
    assert sub(before, policy=strict) is S.TRY_LATER


def test_all_that_stands_against_a_path_is_told():
    ends = replace(AUTHORITY, trusted=True, trusted_until=year(2015, 9))
    path = chain(
        replace(SIGNER, defects=(error("purpose.not_for_signing"),), not_after=year(2015, 8)),
        authority=ends,
        about_authority=(),
        root=replace(ROOT, trusted=False),
    )
    case = Case(standard(), ProofsOfExistence(AT), AT)
    nowhere = chain(root=replace(ROOT, trusted=False))
    assert [found[0] for found in judge_path(nowhere, case)] == [S.NO_CERTIFICATE_CHAIN_FOUND]
    assert [found[0] for found in judge_path(path, case)] == [
        S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE,
        S.CHAIN_CONSTRAINTS_FAILURE,
        S.OUT_OF_BOUNDS_NOT_REVOKED,
        S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE,
    ]


def test_the_past_of_a_signer_who_needs_no_evidence_and_of_a_trusted_responder():
    skipped = chain(replace(SIGNER, needs_no_evidence=True), ())
    assert sub(archived(skipped), LATER) is None
    trusted = chain(about=(evidence(signer=replace(RESPONDER, trusted=True)),))
    kept = tuple(item for item in EVERYTHING if item != "responder")
    assert sub(archived(trusted, covers=kept), LATER) is None


def test_what_no_proof_can_mend_stays():
    assert sub(archived(chain(about=())), year(2019)) is S.TRY_LATER
    assert sub(made_after(year(2015), chain(about=()))) is S.TRY_LATER
    stale = chain(about=(evidence(this_update=year(2012), produced_at=year(2012)),))
    for at, days, expected in ((2016, 700, S.TRY_LATER), (2013, 2000, None)):
        facts = replace(of(stale), timestamps=(archive(year(at)),))
        assert sub(facts, year(2019), policy=aged(days)) is expected


def test_what_failed_now_does_not_hide_what_comes_after():
    """The signer has expired since; behind that an authority is revoked, or is none."""
    short = replace(SIGNER, not_after=year(2015, 7))
    assert sub(stamped(chain(short))) is None
    before = (revoked(year(2014)),)
    assert sub(stamped(chain(short, about_authority=before))) is S.REVOKED_CA_NO_POE
    none = replace(AUTHORITY, defects=(error("chain.not_an_authority"),))
    assert sub(stamped(chain(short, authority=none))) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert sub(archived(chain(short, authority=none)), LATER) is (
        S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    )
    plain = replace(AUTHORITY, defects=(error("profile.no_key_identifier"),))
    assert sub(of(chain(authority=plain))) is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert sub(stamped(chain(short, authority=plain))) is None
    skipped = replace(AUTHORITY, needs_no_evidence=True)
    assert sub(stamped(chain(short, authority=skipped))) is None


def test_an_authority_must_be_valid_as_well():
    short = replace(AUTHORITY, not_after=year(2015, 9))
    assert sub(of(chain(authority=short))) is S.OUT_OF_BOUNDS_NO_POE
    assert sub(of(chain(authority=short)), year(2015, 8)) is None
    facts = archived(chain(authority=short), year(2015, 8))
    assert sub(facts, year(2015, 12)) is None
    late = replace(of(chain(authority=short)), timestamps=(archive(year(2015, 10)),))
    assert sub(late, year(2015, 12)) is S.OUT_OF_BOUNDS_NO_POE
