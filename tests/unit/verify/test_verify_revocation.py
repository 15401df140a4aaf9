"""What evidence proves about a certificate at one moment: to the second, and who may say it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from unit.verify import verify_pki
from unit.verify.verify_pki import (
    BORN,
    DAY,
    LATER,
    SECOND,
    SIGNED,
    YEAR,
    Signing,
    add_store,
    add_timestamp,
    answer,
    answers_for,
    authority,
    crl,
    crl_evidence,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    resigned,
    responder,
    sign,
    stamper,
    with_revocation,
)

from verify.evidence import NONE, Evidence
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.rules import path, revocation
from verify.rules.revocation import Standing

WORLD = make_world()
MINUTE = timedelta(minutes=1)


def rest(issued=LATER) -> Evidence:
    """Good answers about the others, so that only the official's status is in question."""
    return ocsp_evidence(
        answer(WORLD.tsa, WORLD.ocsp, issued), answer(WORLD.issuing, WORLD.root_ocsp, issued)
    )


def official_answer(issued=LATER, **more) -> Evidence:
    return ocsp_evidence(answer(WORLD.official, WORLD.ocsp, issued, **more))


def sub(data=None, evidence=NONE, **more):
    return judge(data or make_document("B-T"), evidence=evidence, **more).sub_indication


@pytest.mark.parametrize(
    ("revoked_at", "expected"),
    [
        (SIGNED - SECOND, SubIndication.REVOKED_NO_POE),
        (SIGNED, SubIndication.REVOKED_NO_POE),
        (SIGNED + SECOND, None),
    ],
)
@pytest.mark.parametrize("source", ["ocsp", "crl"])
def test_revoked_one_second_before_at_and_after_the_best_signature_time(
    revoked_at, expected, source
):
    if source == "ocsp":
        evidence = official_answer(revoked_at=revoked_at)
    else:
        revoked = {WORLD.official.certificate: revoked_at}
        evidence = crl_evidence(crl(WORLD.issuing, LATER, revoked=revoked))
    assert sub(evidence=rest() + evidence) is expected


def test_revoked_now_without_a_time_stamp_is_revoked_no_poe():
    evidence = rest() + official_answer(revoked_at=LATER - SECOND)
    assert sub(make_document("B-B"), evidence) is SubIndication.REVOKED_NO_POE
    assert sub(make_document("B-B"), rest() + official_answer()) is None


def test_an_older_good_answer_does_not_hide_a_later_revocation_before_the_signature():
    good = official_answer(SIGNED + SECOND)
    late = official_answer(LATER, revoked_at=SIGNED - DAY)
    assert sub(evidence=rest() + good) is None
    assert sub(evidence=rest() + good + late) is SubIndication.REVOKED_NO_POE


def test_a_newer_good_answer_does_not_lift_a_revocation_but_lifts_a_hold():
    for reason, expected in (
        (x509.ReasonFlags.key_compromise, SubIndication.REVOKED_NO_POE),
        (x509.ReasonFlags.certificate_hold, None),
    ):
        held = official_answer(SIGNED + SECOND, revoked_at=SIGNED - DAY, reason=reason)
        assert sub(evidence=rest() + held + official_answer(LATER)) is expected
        assert sub(evidence=rest() + held) is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize(
    ("issued", "expected"),
    [(SIGNED - SECOND, SubIndication.TRY_LATER), (SIGNED, None), (SIGNED + SECOND, None)],
)
def test_a_good_answer_counts_only_when_issued_at_the_signature_time_or_later(issued, expected):
    assert sub(evidence=rest() + official_answer(issued)) is expected


def test_fractions_of_the_signature_second_do_not_matter():
    data = sign(make_pdf(), Signing(stamped=SIGNED + timedelta(milliseconds=700)))
    assert sub(data, rest() + official_answer(SIGNED)) is None


def test_the_policy_can_widen_the_freshness():
    evidence = rest() + official_answer(SIGNED - MINUTE)
    assert sub(evidence=evidence) is SubIndication.TRY_LATER
    wider = with_revocation(default_policy(), freshness_seconds=60)
    assert sub(evidence=evidence, policy=wider) is None
    narrow = with_revocation(default_policy(), freshness_seconds=59)
    assert sub(evidence=evidence, policy=narrow) is SubIndication.TRY_LATER


def test_the_freshness_of_authorities_is_its_own():
    evidence = official_answer() + ocsp_evidence(
        answer(WORLD.tsa, WORLD.ocsp, LATER),
        answer(WORLD.issuing, WORLD.root_ocsp, SIGNED - MINUTE),
    )
    for seconds, expected in (
        (0, SubIndication.TRY_LATER),
        (59, SubIndication.TRY_LATER),
        (60, None),
    ):
        policy = with_revocation(default_policy(), authority_freshness_seconds=seconds)
        assert sub(evidence=evidence, policy=policy) is expected


def test_a_widened_freshness_does_not_outlive_the_answer_s_next_update():
    for next_update, expected in ((SIGNED, None), (SIGNED - SECOND, SubIndication.TRY_LATER)):
        root_list = crl(WORLD.root, SIGNED - DAY, next_update=next_update)
        own = stamper(WORLD.root, "Root Time")
        data = sign(make_pdf(), Signing(stamper=own))
        evidence = official_answer() + ocsp_evidence(answer(own, WORLD.root_ocsp, LATER))
        assert sub(data, evidence + crl_evidence(root_list)) is expected


@pytest.mark.parametrize(
    ("issued", "next_update", "expected"),
    [
        (LATER - DAY, LATER, None),
        (LATER - DAY, LATER - 61 * SECOND, SubIndication.TRY_LATER),
        (LATER - 4 * MINUTE, False, None),
        (LATER - 7 * MINUTE, False, SubIndication.TRY_LATER),
    ],
)
def test_without_a_time_stamp_an_answer_must_be_current(issued, next_update, expected):
    evidence = rest() + official_answer(issued, next_update=next_update)
    assert sub(make_document("B-B"), evidence) is expected


def test_an_answer_from_the_future_is_not_trustworthy():
    future = LATER + 2 * MINUTE
    evidence = ocsp_evidence(answer(WORLD.official, WORLD.ocsp, future), had_at=LATER)
    assert sub(evidence=rest() + evidence) is SubIndication.TRY_LATER
    later = ocsp_evidence(answer(WORLD.official, WORLD.ocsp, future), had_at=future)
    assert sub(evidence=rest() + later) is None


def test_unknown_is_not_good():
    evidence = official_answer(status=ocsp.OCSPCertStatus.UNKNOWN)
    assert sub(evidence=rest() + evidence) is SubIndication.TRY_LATER


def test_a_revoked_authority_is_revoked_ca_no_poe():
    for revoked_at, expected in (
        (SIGNED - SECOND, SubIndication.REVOKED_CA_NO_POE),
        (SIGNED + SECOND, None),
    ):
        world = make_world()
        own = stamper(world.root, "Root Time")  # so that the time-stamp stays good
        data = sign(make_pdf(), Signing(stamper=own))
        evidence = official_answer() + ocsp_evidence(
            answer(own, world.root_ocsp, LATER),
            answer(world.issuing, world.root_ocsp, LATER, revoked_at=revoked_at),
        )
        assert sub(data, evidence) is expected


@pytest.mark.parametrize("nocheck", [True, False])
def test_a_responder_without_nocheck_needs_a_status_itself(nocheck):
    own = responder(WORLD.issuing, "Other OCSP", nocheck=nocheck)
    evidence = rest() + ocsp_evidence(answer(WORLD.official, own, LATER))
    assert sub(evidence=evidence) is (None if nocheck else SubIndication.TRY_LATER)
    with_list = evidence + crl_evidence(crl(WORLD.issuing, LATER - MINUTE))
    assert sub(evidence=with_list + official_answer()) is None
    good = evidence + ocsp_evidence(answer(own, WORLD.issuing, LATER))
    assert sub(evidence=good) is None


def test_an_answer_signed_by_the_issuer_itself_counts():
    evidence = rest() + ocsp_evidence(answer(WORLD.official, WORLD.issuing, LATER))
    assert sub(evidence=evidence) is None


def test_a_responder_may_be_named_or_meant_by_its_key():
    for named, expected in ((WORLD.ocsp, None), (WORLD.root_ocsp, SubIndication.TRY_LATER)):
        by_name = asn1_ocsp.ResponderId(name="by_name", value=named.asn1.subject)
        der = resigned(answer(WORLD.official, WORLD.ocsp, LATER), WORLD.ocsp, responder_id=by_name)
        assert sub(evidence=rest() + ocsp_evidence(der)) is expected


def wrong_responders():
    other = authority("Other Root")
    yield "of another authority", responder(other, "Stranger")
    yield "not for OCSP", stamper(WORLD.issuing, "Wrong use")
    yield "of the root, not the issuer", WORLD.root_ocsp
    yield (
        "expired when it answered",
        responder(WORLD.issuing, "Expired", not_after=LATER - SECOND),
    )
    yield (
        "not yet valid when it answered",
        responder(WORLD.issuing, "Too early", not_before=LATER + DAY),
    )
    yield (
        "with a critical extension nobody knows",
        verify_pki.issue(
            "Odd",
            WORLD.issuing,
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
        ),
    )
    yield (
        "not for signing",
        verify_pki.issue(
            "No signing",
            WORLD.issuing,
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
            (verify_pki.usage("key_encipherment"), True),
        ),
    )


@pytest.mark.parametrize(
    "signer", [pytest.param(party, id=why) for why, party in wrong_responders()]
)
def test_an_answer_of_a_wrong_responder_is_no_evidence(signer):
    wrong = ocsp_evidence(answer(WORLD.official, signer, LATER))
    assert sub(evidence=rest() + wrong) is SubIndication.TRY_LATER
    assert sub(evidence=rest() + wrong + official_answer()) is None


def test_an_answer_about_another_issuer_s_certificate_is_no_evidence():
    twin = authority("Issuing twin", WORLD.root)
    same_serial = official(twin, serial=WORLD.official.certificate.serial_number)
    wrong = ocsp_evidence(answer(same_serial, WORLD.ocsp, LATER))
    assert sub(evidence=rest() + wrong) is SubIndication.TRY_LATER


def test_a_spoiled_answer_is_no_evidence():
    der = bytearray(answer(WORLD.official, WORLD.ocsp, LATER))
    position = der.find(b"\x30\x45") if b"\x30\x45" in der else len(der) // 2
    for offset in (40, position + 10, len(der) - 5):
        spoiled = bytearray(der)
        spoiled[offset] ^= 1
        assert sub(evidence=rest() + ocsp_evidence(bytes(spoiled))) is not None
    assert sub(evidence=rest() + ocsp_evidence(bytes(der))) is None


CDP = "http://pki.example/issuing.crl"


def point(url=CDP, **more):
    defaults = {
        "full_name": [x509.UniformResourceIdentifier(url)] if url else None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return (x509.IssuingDistributionPoint(**{**defaults, **more}), True)


ODD = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)


@pytest.mark.parametrize(
    ("extensions", "counts"),
    [
        pytest.param((), True, id="plain"),
        pytest.param(((x509.CRLNumber(5), False),), True, id="numbered"),
        pytest.param((point(None, only_contains_user_certs=True),), True, id="users only"),
        pytest.param((point(None, only_contains_ca_certs=True),), False, id="authorities only"),
        pytest.param((point(),), False, id="another distribution point"),
        pytest.param((point(None, indirect_crl=True),), True, id="indirect, of the issuer itself"),
        pytest.param((point(None, only_contains_attribute_certs=True),), False, id="attributes"),
        pytest.param(
            (point(None, only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),),
            False,
            id="some reasons",
        ),
        pytest.param(((x509.DeltaCRLIndicator(1), True),), False, id="delta"),
        pytest.param((ODD,), False, id="unknown critical"),
    ],
)
def test_scope_of_a_list(extensions, counts):
    evidence = rest() + crl_evidence(crl(WORLD.issuing, LATER, extensions=extensions))
    assert sub(evidence=evidence) is (None if counts else SubIndication.TRY_LATER)


def test_a_list_of_a_distribution_point_counts_for_certificates_that_name_it():
    named = official(
        WORLD.issuing,
        (verify_pki.usage("digital_signature"), True),
        (
            x509.CRLDistributionPoints(
                [x509.DistributionPoint([x509.UniformResourceIdentifier(CDP)], None, None, None)]
            ),
            False,
        ),
        common="Named",
    )
    data = sign(make_pdf(), Signing(party=named))
    evidence = rest() + crl_evidence(crl(WORLD.issuing, LATER, extensions=(point(),)))
    assert sub(data, evidence) is None
    users = crl(WORLD.root, LATER, extensions=(point(None, only_contains_user_certs=True),))
    partial = crl_evidence(crl(WORLD.issuing, LATER), users)
    assert sub(data, partial) is SubIndication.TRY_LATER


def test_a_list_signed_by_another_key_is_no_evidence():
    forged = crl(WORLD.issuing, LATER, signer=authority("Forger"))
    assert sub(evidence=rest() + crl_evidence(forged)) is SubIndication.TRY_LATER


def test_an_issuer_whose_key_may_not_sign_lists_gives_no_evidence():
    issuing = verify_pki.issue(
        "No lists",
        WORLD.root,
        (x509.BasicConstraints(True, 0), True),
        (verify_pki.usage("key_cert_sign"), True),
    )
    party = official(issuing, common="Of no lists")
    data = sign(make_pdf(), Signing(party=party))
    others = ocsp_evidence(
        answer(WORLD.tsa, WORLD.ocsp, LATER),
        answer(WORLD.issuing, WORLD.root_ocsp, LATER),
        answer(issuing, WORLD.root_ocsp, LATER),
    )
    assert sub(data, others + crl_evidence(crl(issuing, LATER))) is SubIndication.TRY_LATER
    good = ocsp_evidence(answer(party, responder(issuing, "its OCSP"), LATER))
    assert sub(data, others + good) is None


def test_evidence_from_after_the_expiry_may_have_forgotten_the_certificate():
    short = official(WORLD.issuing, common="Short", not_after=SIGNED + DAY)
    data = sign(make_pdf(), Signing(party=short))
    at = SIGNED + 2 * DAY
    others = rest(at)
    late = crl_evidence(crl(WORLD.issuing, at), had_at=at)
    assert sub(data, others + late, at=at) is SubIndication.TRY_LATER
    remembers = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20260101000000Z"
    )
    kept = crl_evidence(crl(WORLD.issuing, at, extensions=((remembers, False),)), had_at=at)
    assert sub(data, others + kept, at=at) is None
    in_time = ocsp_evidence(answer(short, WORLD.ocsp, SIGNED + DAY))
    assert sub(data, others + in_time, at=at) is None


def test_the_archived_document_is_still_good_after_everything_expired():
    """Twenty years on: the newest time-stamp's authority is alive, the rest long expired."""
    data = make_document("B-LTA")
    young = authority("Young root", not_before=BORN, not_after=BORN + 30 * YEAR)
    stamp = stamper(young, "Young time", not_before=BORN, not_after=BORN + 30 * YEAR)
    renewed = SIGNED + YEAR
    before = renewed - SECOND
    about_stamp = answer(WORLD.tsa, WORLD.ocsp, before)
    about_issuing = answer(WORLD.issuing, WORLD.root_ocsp, before)
    data = add_store(data, answers=(about_stamp, about_issuing))
    data = add_timestamp(data, renewed, party=stamp)
    at = SIGNED + 20 * YEAR
    trust = verify_pki.TrustStore((WORLD.root.certificate, young.certificate))
    evidence = ocsp_evidence(
        answer(stamp, responder(young, "young OCSP", not_after=BORN + 30 * YEAR), at), had_at=at
    )
    report = judge(data, at=at, evidence=evidence, trust=trust)
    assert report.indication is Indication.TOTAL_PASSED, report
    stale = judge(data, at=at, trust=trust)
    assert stale.indication is Indication.INDETERMINATE


def test_the_newest_time_stamp_needs_current_evidence():
    at = SIGNED + 3 * DAY
    data = make_document("B-LTA")
    assert judge(data).indication is Indication.TOTAL_PASSED
    assert sub(data, at=at) is SubIndication.TRY_LATER
    only_stamp = ocsp_evidence(
        answer(WORLD.tsa, WORLD.ocsp, at), answer(WORLD.issuing, WORLD.root_ocsp, at), had_at=at
    )
    assert judge(data, at=at, evidence=only_stamp).indication is Indication.TOTAL_PASSED


def test_evidence_is_stale_by_name_when_there_is_some_and_missing_when_there_is_none():
    report = judge(make_document("B-T"), evidence=rest() + official_answer(SIGNED - DAY))
    assert report.signatures[0].path[0].standing is Standing.STALE
    report = judge(make_document("B-T"), evidence=rest())
    assert report.signatures[0].path[0].standing is Standing.MISSING


def test_mutant_without_the_rule_of_freshness_an_old_answer_would_pass(monkeypatch):
    evidence = rest() + official_answer(SIGNED - DAY)
    assert sub(evidence=evidence) is SubIndication.TRY_LATER
    monkeypatch.setattr(revocation, "_issued_since", lambda *_: True)
    assert sub(evidence=evidence) is None


def test_mutant_without_the_rule_of_revocation_a_revoked_certificate_would_pass(monkeypatch):
    evidence = rest() + official_answer(SIGNED + SECOND) + official_answer(revoked_at=SIGNED)
    assert sub(evidence=evidence) is SubIndication.REVOKED_NO_POE
    monkeypatch.setattr(revocation, "_revocation", lambda _: None)
    assert sub(evidence=evidence) is SubIndication.REVOKED_NO_POE  # the course asks as well
    monkeypatch.setattr(path, "revoked_since", lambda *_: None)
    assert sub(evidence=evidence) is None


def test_all_answers_of_one_moment_are_enough_for_all():
    assert sub(evidence=fresh(WORLD, LATER)) is None
    assert sub(evidence=ocsp_evidence(*answers_for(WORLD, LATER)[:2])) is SubIndication.TRY_LATER
