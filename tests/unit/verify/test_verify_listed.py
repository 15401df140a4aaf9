"""Judging with anchors from trusted lists: what a service is for, and when it could be trusted."""

from __future__ import annotations

from datetime import timedelta

import jsonschema_rs
import pytest
from unit.verify.list_writer import INFO, Serving, Told, make_list, operator, sign_list
from unit.verify.verify_pki import (
    BORN,
    DAY,
    LATER,
    SECOND,
    SIGNED,
    Signing,
    answers_for,
    authority,
    judge,
    make_document,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    sign,
)

from pki.words import Language
from verify.compare import comparable
from verify.finding import warning
from verify.indication import Indication, SubIndication
from verify.lists.check import check_list
from verify.path.build import search_path
from verify.path.pool import CertificatePool
from verify.policy import Use, default_policy
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.schema import report_schema
from verify.trust import ALWAYS, TrustStore

OPERATOR = operator()
WORLD = make_world()
MINUTE = timedelta(minutes=1)


def store(*services, own=()):
    """Return the anchors of a list that was written, signed, checked and read."""
    data = sign_list(make_list(*services), OPERATOR)
    found = check_list(data, signers=[OPERATOR.certificate], at=SIGNED, name="vn")
    listed = tuple((each, item.listing) for item in found.services for each in item.certificates)
    return TrustStore(tuple(one.certificate for one in own), listed)


def of_root(*told):
    return store(Serving((WORLD.root,), told or (Told(),)))


def beside_tsa(*told):
    """Return the root as a list tells of it, the time-stamp authority as an anchor from a file."""
    return store(Serving((WORLD.root,), told), own=[WORLD.tsa])


def outcome(report):
    return report.indication, report.sub_indication


def codes(report):
    return {found.code for found in report.signatures[0].findings}


PASSED = (Indication.TOTAL_PASSED, None)
NO_CHAIN = (Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
NO_POE = (Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE)


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_a_granted_service_is_an_anchor_as_one_from_a_file_is(level):
    data = make_document(level)
    assert outcome(judge(data)) == PASSED
    report = judge(data, trust=of_root())
    assert outcome(report) == PASSED
    assert report.signatures[0].path[-1].trusted
    withdrawn = (Told("withdrawn", BORN),)
    assert outcome(judge(data, trust=of_root(*withdrawn))) == NO_CHAIN


def test_trust_that_ended_counts_for_what_is_proved_to_be_older():
    """Withdrawn after the document was stamped and its evidence kept: it can be relied on."""
    stamped, naked = make_document("B-LTA"), sign(make_pdf(), Signing(stamped=None))
    ended = SIGNED + 30 * DAY
    trust, at = of_root(Told("withdrawn", ended), Told()), SIGNED + 60 * DAY
    evidence = ocsp_evidence(*answers_for(WORLD, at), had_at=at)
    assert outcome(judge(naked, at=at, evidence=evidence, trust=of_root())) == PASSED
    assert outcome(judge(naked, at=at, evidence=evidence, trust=trust)) == NO_POE
    assert outcome(judge(stamped, trust=trust)) == PASSED, "before the end"
    both = store(
        Serving((WORLD.root,), (Told("withdrawn", ended), Told())),
        Serving((WORLD.tsa,), (Told(kind="TSA/QTST"),)),
    )
    assert outcome(judge(stamped, at=at, trust=both)) == PASSED
    early = store(
        Serving((WORLD.root,), (Told("withdrawn", SIGNED - DAY), Told())),
        Serving((WORLD.tsa,), (Told(kind="TSA/QTST"),)),
    )
    assert outcome(judge(stamped, at=at, trust=early)) == NO_POE


def test_trust_that_began_later_does_not_reach_back():
    data = make_document("B-LTA")
    for since, expected in ((SIGNED - SECOND, PASSED), (SIGNED + MINUTE, NO_CHAIN)):
        report = judge(data, trust=beside_tsa(Told(since=since)))
        assert outcome(report) == expected
        assert ("chain.not_trusted_then" in codes(report)) is (expected is NO_CHAIN)


def test_a_gap_in_trust_is_no_trust():
    data = make_document("B-LTA")
    history = (Told(since=SIGNED + MINUTE), Told("withdrawn", SIGNED - MINUTE), Told())
    assert outcome(judge(data, trust=beside_tsa(*history))) == NO_CHAIN
    before = (Told(since=SIGNED - MINUTE), Told("withdrawn", SIGNED - DAY), Told())
    assert outcome(judge(data, trust=beside_tsa(*before))) == PASSED


def test_a_time_stamp_from_before_its_service_was_trusted_proves_nothing():
    data = make_document("B-T")

    def stamp(since, *above):
        tsa = Serving((WORLD.tsa,), (Told(since=since, kind="TSA/QTST"),))
        evidence = ocsp_evidence(*answers_for(WORLD, LATER))
        report = judge(data, trust=store(tsa, *above), evidence=evidence)
        return report.signatures[0].timestamps[0]

    assert stamp(BORN).indication is Indication.TOTAL_PASSED
    late = stamp(SIGNED + MINUTE)
    assert late.indication is Indication.INDETERMINATE
    assert late.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    certified = stamp(SIGNED + MINUTE, Serving((WORLD.issuing,)))
    assert certified.indication is Indication.TOTAL_PASSED, "by who certified it"


def test_a_time_stamp_service_vouches_for_no_signature():
    data = make_document("B-LT")
    issuing = Serving((WORLD.issuing,), (Told(kind="TSA/QTST"),))
    report = judge(data, trust=store(issuing))
    assert outcome(report) == NO_CHAIN
    assert report.signatures[0].timestamps[0].indication is Indication.TOTAL_PASSED
    certifying = Serving((WORLD.issuing,), (Told(kind="CA/QC"),))
    assert outcome(judge(data, trust=store(issuing, certifying))) == PASSED


@pytest.mark.parametrize("kind", ["Certstatus/OCSP/QC", "EDS/Q", "unspecified"])
def test_other_services_vouch_for_nothing(kind):
    data = make_document("B-LT")
    assert outcome(judge(data, trust=store(Serving((WORLD.root,), (Told(kind=kind),))))) == NO_CHAIN


def test_an_anchor_from_a_file_counts_whatever_a_list_tells_of_it():
    data = make_document("B-LT")
    withdrawn = Serving((WORLD.root,), (Told("withdrawn", BORN),))
    assert outcome(judge(data, trust=store(withdrawn, own=[WORLD.root]))) == PASSED
    assert outcome(judge(data, trust=store(withdrawn))) == NO_CHAIN


def test_past_an_anchor_whose_trust_ended_the_path_goes_on():
    """The issuing authority was withdrawn, its root is trusted still."""
    data, at = sign(make_pdf(), Signing(stamped=None)), LATER
    evidence = ocsp_evidence(*answers_for(WORLD, at), had_at=at)
    ended = Serving((WORLD.issuing,), (Told("withdrawn", SIGNED), Told()))
    assert outcome(judge(data, at=at, evidence=evidence, trust=store(ended))) == NO_POE
    whole = store(ended, own=[WORLD.root])
    report = judge(data, at=at, evidence=evidence, trust=whole)
    assert outcome(report) == PASSED
    assert [link.trusted for link in report.signatures[0].path] == [False, True, True]


def test_a_path_for_one_use_passes_an_anchor_for_another():
    root, issuing = authority("Above"), None
    issuing = authority("Between", root)
    party = official(issuing)
    trust = store(Serving((issuing,), (Told(kind="TSA"),)), own=[root])
    pool = CertificatePool(trust, (party.certificate,))

    def path(use):
        limits = default_policy().limits
        return search_path(party.certificate, pool, limits=limits, hint=SIGNED, use=use).path

    chain = (party.certificate, issuing.certificate, root.certificate)
    assert path(Use.TIMESTAMP) == chain[:2]
    assert path(Use.SIGNATURE) == chain


def test_a_store_knows_when_and_for_what():
    change = SIGNED + DAY
    trust = store(
        Serving((WORLD.root,), (Told("withdrawn", change), Told())),
        Serving((WORLD.issuing,), (Told(kind="TSA/QTST"),)),
        own=[WORLD.tsa],
    )
    root, issuing, tsa = (each.certificate for each in (WORLD.root, WORLD.issuing, WORLD.tsa))
    assert trust.anchors == (tsa, root, issuing)
    assert trust.named(comparable(root.subject)) == (root,)
    assert trust.times(tsa, Use.SIGNATURE) == ALWAYS
    assert trust.times(WORLD.ocsp.certificate, Use.SIGNATURE) == ()
    assert [period.end for period in trust.times(root, Use.SIGNATURE)] == [change]
    assert not trust.times(issuing, Use.SIGNATURE)
    assert trust.lasts(issuing, Use.TIMESTAMP, SIGNED)
    assert not trust.lasts(issuing, Use.TIMESTAMP, BORN - SECOND)
    assert not trust.lasts(root, Use.SIGNATURE, SIGNED)
    assert trust.era(change - SECOND) != trust.era(change)
    assert trust.listings(root)[0].provider == "Provider"
    assert trust.listings(tsa) == ()


def test_the_report_tells_of_the_service_as_it_was_when_it_was_relied_on():
    told = Told(additional=("ForeSignatures",), qualifiers=("QCWithQSCD",))
    now = Told("withdrawn", SIGNED + DAY, additional=("ForeSeals",))
    serving = Serving((WORLD.root,), (now, told), name="Ký số <b>", provider="Tổ chức\u202e A")
    report = judge(make_document("B-LTA"), trust=store(serving))
    (service,) = report.signatures[0].path[-1].services
    assert (service.territory, service.kind, service.status) == ("VN", "CA/QC", "granted")
    assert (service.since, service.name) == (BORN, "Ký số <b>")
    assert service.additional == (f"{INFO}ForeSignatures",)
    assert report.signatures[0].path[0].services == ()

    told_in_json = to_json(report, Language.EN)
    jsonschema_rs.validator_for(report_schema()).validate(told_in_json)
    shown = told_in_json["signatures"][0]["path"][-1]["services"][0]
    assert shown["qualifiers"] == [f"{INFO}QCWithQSCD"]
    assert (shown["type"], shown["status"], shown["since"]) == (
        "CA/QC",
        "granted",
        "2026-01-01T00:00:00Z",
    )
    assert "\u202e" not in shown["provider"]
    page = render_html(report, Language.VI)
    assert "danh sách tin cậy của VN: Tổ chức" in page
    assert "Ký số &lt;b&gt;" in page
    assert "\u202e" not in page
    assert "danh sách tin cậy" not in render_html(judge(make_document("B-LTA")), Language.VI)


def test_what_is_to_be_told_of_lists_stands_in_the_report():
    found = warning("verify.list_missing", name="vn", reason="offline")
    trust = TrustStore(WORLD.trust.own, findings=(found,))
    assert found in judge(make_document("B-LT"), trust=trust).findings
    assert found not in judge(make_document("B-LT")).findings
