"""Documents made by pyHanko at the four levels, judged when and with what they were made for."""

from __future__ import annotations

import pytest
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    answers_for,
    fresh,
    judge,
    make_document,
    make_world,
    ocsp_evidence,
)

from verify.facts import Changes, Kind
from verify.indication import Indication, SubIndication
from verify.trust import TrustStore


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_each_level_passes_with_fresh_evidence_and_is_named(level):
    report = judge(make_document(level), evidence=fresh(make_world(), LATER))
    assert report.indication is Indication.TOTAL_PASSED, report
    signature = next(item for item in report.signatures if item.kind is Kind.SIGNATURE)
    assert signature.level == level
    assert signature.changes_after is Changes.NONE
    assert signature.signer.common_name == "Nguyễn Văn A"
    assert signature.best_signature_time == (LATER if level == "B-B" else SIGNED)


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_without_a_trust_anchor_nothing_passes(level):
    report = judge(make_document(level), trust=TrustStore((make_world().tsa.certificate,)))
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_evidence_inside_the_document_is_enough_while_current():
    report = judge(make_document("B-LTA"))
    assert report.indication is Indication.TOTAL_PASSED
    assert not report.needs
    assert [item.kind for item in report.signatures] == [Kind.SIGNATURE, Kind.TIMESTAMP]


def test_without_evidence_it_is_try_later_and_says_what_is_needed():
    report = judge(make_document("B-T"))
    assert report.sub_indication is SubIndication.TRY_LATER
    assert len(report.needs) == 3


def test_old_evidence_does_not_prove_a_later_moment():
    world = make_world()
    old = ocsp_evidence(*answers_for(world, SIGNED.replace(second=0, minute=0, hour=8)))
    assert judge(make_document("B-T"), evidence=old).sub_indication is SubIndication.TRY_LATER
