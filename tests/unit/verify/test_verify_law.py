"""A signature is judged by the rule of law of its day, and the report names it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from unit.verify.facts_world import AT, NAMES, RSA, chain, signature, stamp, standard, token, year
from unit.verify.verify_pki import judge, make_document

from pki.words import Language
from verify.facts import DocumentFacts, Kind
from verify.finding import Severity
from verify.indication import Indication
from verify.indication import SubIndication as S
from verify.law import Asked, Rule, Scope, Text, Weight, day_of, find_rule
from verify.policy import default_policy
from verify.process import judge_document
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.text import render_text

TEXT = (Text(vi="Luật A, Điều 1", en="Law A, Art. 1"),)
OLD = Rule(id="old", since=date(2010, 1, 1), until=date(2014, 12, 31), texts=TEXT)
NEW = Rule(id="new", since=date(2015, 1, 1), texts=TEXT)
PROVED_OLD = stamp(year(2014, 6), NAMES)


def judged(facts=None, *, rules=(OLD, NEW), at=AT, **changes):
    policy = standard(rules=rules, **changes)
    return judge_document(DocumentFacts((facts or signature(),)), policy=policy, at=at).judgements[
        0
    ]


def codes(item):
    return {finding.code: finding.severity for finding in item.findings}


def ids(rules, scope, day):
    found = find_rule(rules, scope, day)
    return found.id if found else None


@pytest.mark.parametrize(
    ("scope", "day", "rule"),
    [
        (Scope.DUTY, date(2006, 2, 28), None),
        (Scope.DUTY, date(2006, 3, 1), "law-2005"),
        (Scope.PUBLIC, date(2018, 11, 14), "law-2005"),
        (Scope.PUBLIC, date(2018, 11, 15), "decree-130-2018"),
        (Scope.DUTY, date(2024, 6, 30), "decree-130-2018"),
        (Scope.DUTY, date(2024, 7, 1), "law-2023-decree-130"),
        (Scope.DUTY, date(2024, 8, 14), "law-2023-decree-130"),
        (Scope.DUTY, date(2024, 8, 15), "decree-68-2024"),
        (Scope.DUTY, date(2040, 1, 1), "decree-68-2024"),
        (Scope.PUBLIC, date(2024, 8, 15), "law-2023-decree-130-public"),
        (Scope.PUBLIC, date(2025, 4, 9), "law-2023-decree-130-public"),
        (Scope.PUBLIC, date(2025, 4, 10), "decree-23-2025"),
        (Scope.PUBLIC, date(2025, 8, 14), "decree-23-2025"),
        (Scope.PUBLIC, date(2025, 8, 15), "circular-15-2025"),
    ],
)
def test_which_rule_is_in_force_on_which_day(scope, day, rule):
    assert ids(default_policy().rules, scope, day) == rule


def test_every_day_since_the_first_law_has_one_rule():
    rules = default_policy().rules
    for offset in range(365 * 25):
        day = date(2006, 3, 1) + timedelta(days=offset)
        for scope in (Scope.DUTY, Scope.PUBLIC):
            assert sum(rule.covers(scope, day) for rule in rules) == 1, (day, scope)


def test_a_day_is_vietnam_s():
    assert day_of(datetime(2024, 8, 14, 16, 59, tzinfo=UTC)) == date(2024, 8, 14)
    assert day_of(datetime(2024, 8, 14, 17, 0, tzinfo=UTC)) == date(2024, 8, 15)


def test_a_proved_day_decides():
    item = judged(signature(timestamps=(PROVED_OLD,)))
    assert item.passed
    assert (item.lawful.rule.id, item.lawful.day, item.lawful.proved) == (
        "old",
        date(2014, 6, 1),
        True,
    )


def test_without_a_proof_the_day_of_judging_decides_and_not_the_claimed_one():
    item = judged(signature(claimed_signing_time=year(2012)))
    assert item.passed
    assert (item.lawful.rule.id, item.lawful.day, item.lawful.proved) == ("new", AT.date(), False)
    assert codes(item)["law.claimed_day_differs"] is Severity.INFO
    same = judged(signature(claimed_signing_time=year(2015)))
    assert not {code for code in codes(same) if code.startswith("law.")}
    without = judged(signature(claimed_signing_time=year(2005)))
    assert codes(without)["law.claimed_day_without"] is Severity.WARNING
    assert without.passed
    # What is proved is not asked about what is claimed.
    proved = judged(signature(claimed_signing_time=year(2012), timestamps=(PROVED_OLD,)))
    assert not {code for code in codes(proved) if code.startswith("law.")}


def test_a_day_that_no_rule_covers_does_not_pass():
    item = judged(rules=(OLD,))
    assert item.indication is Indication.INDETERMINATE
    assert item.sub_indication is S.SIG_CONSTRAINTS_FAILURE
    assert codes(item)["law.no_rule"] is Severity.ERROR
    assert item.lawful.rule is None
    assert judged(rules=(OLD, NEW)).passed
    assert judged(rules=()).passed  # the policy asks about no law
    assert judged(rules=()).lawful is None


def test_a_rule_is_for_official_duty_or_for_the_public():
    duty = NEW.model_copy(update={"scope": Scope.DUTY, "id": "duty"})
    public = NEW.model_copy(update={"scope": Scope.PUBLIC, "id": "public"})
    both = (duty, public)
    assert judged(rules=both).lawful.rule.id == "public"
    assert judged(signature(for_duty=True), rules=both).lawful.rule.id == "duty"
    assert judged(signature(for_duty=True), rules=(public,)).sub_indication is not None
    assert judged(signature(for_duty=False), rules=(duty,)).sub_indication is not None


@pytest.mark.parametrize("weight", Weight)
def test_a_rule_may_ask_for_a_time_stamp(weight):
    asks = (OLD, NEW.model_copy(update={"timestamp": weight}))
    item = judged(rules=asks)
    assert item.passed is (weight is not Weight.FAIL)
    severity = {"fail": Severity.ERROR, "warn": Severity.WARNING, "info": Severity.INFO}[weight]
    assert codes(item)["law.no_timestamp"] is severity
    stamped = judged(signature(timestamps=(stamp(year(2015, 6), NAMES),)), rules=asks)
    assert stamped.passed
    assert "law.no_timestamp" not in codes(stamped)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(schemes=("ecdsa",)), "law.algorithm"),
        (Asked(digests=("sha512",)), "law.algorithm"),
        (Asked(rsa_min_bits=3072), "law.key_too_short"),
        (Asked(schemes=("rsassa-pkcs1v15",), digests=("sha256",), rsa_min_bits=2048), None),
        (Asked(ec_min_bits=521), None),
    ],
)
def test_a_rule_may_ask_for_algorithms(asked, code):
    rules = (NEW.model_copy(update={"algorithm": asked}),)
    item = judged(rules=rules)
    assert item.passed is (code is None)
    assert {each for each in codes(item) if each.startswith("law.")} == ({code} if code else set())
    if code:
        assert item.sub_indication is S.SIG_CONSTRAINTS_FAILURE
        told = asked.model_copy(update={"weight": Weight.WARN})
        milder = judged(rules=(NEW.model_copy(update={"algorithm": told}),))
        assert milder.passed
        assert codes(milder)[code] is Severity.WARNING


def test_what_was_signed_before_a_rule_is_not_held_against_it():
    strict = NEW.model_copy(update={"algorithm": Asked(schemes=("ecdsa",))})
    assert not judged(rules=(OLD, strict)).passed
    assert judged(signature(timestamps=(PROVED_OLD,)), rules=(OLD, strict)).passed


def test_what_failed_before_stays_the_first_reason():
    broken = signature(token(None, signature_verifies=False))
    item = judged(broken, rules=(OLD,))
    assert item.sub_indication is S.SIG_CRYPTO_FAILURE
    assert "law.no_rule" in codes(item)


def test_nobody_s_signature_and_time_stamps_have_no_rule():
    assert judged(signature(replace(token(), chain=None))).lawful is None
    stamped = signature(kind=Kind.TIMESTAMP, gen_time=year(2015))
    assert judged(stamped).lawful is None
    nothing = signature(replace(token(), algorithm=None))
    asks = (NEW.model_copy(update={"algorithm": Asked(schemes=("ecdsa",))}),)
    assert "law.algorithm" not in codes(judged(nothing, rules=asks))


def test_the_circular_is_told_and_refuses_nobody():
    item = judged(rules=default_policy().rules, at=year(2019))  # before: nothing asked
    assert "law.algorithm" not in codes(item)
    good = {"not_before": year(2020), "not_after": year(2030)}
    path = chain()
    path = replace(path, certificates=tuple(replace(c, **good) for c in path.certificates))
    facts = signature(token(path))
    after = judged(facts, rules=default_policy().rules, at=year(2026))
    assert codes(after)["law.algorithm"] is Severity.INFO
    pss = token(path, algorithm=replace(RSA, scheme="rsassa-pss"))
    assert "law.algorithm" not in codes(
        judged(signature(pss), rules=default_policy().rules, at=year(2026))
    )


def test_every_report_names_the_rule():
    report = judge(make_document("B-LTA"))
    rule = report.signatures[0].rule
    assert rule is not None
    assert rule.proved
    shown = to_json(report)["signatures"][0]["rule"]
    assert shown["id"] == rule.id
    assert shown["day"] == rule.day.isoformat()
    assert shown["texts"][0]["vi"].startswith("Luật Giao dịch điện tử")
    for language, law in ((Language.VI, "Luật Giao dịch điện tử"), (Language.EN, "Law on E-Trans")):
        assert law in render_text(report, language)
        assert law in render_html(report, language)
    day = rule.day
    assert f"{day:%d/%m/%Y}" in render_text(report, Language.VI)
    assert f"{day:%Y-%m-%d}, the day a time-stamp proves" in render_text(report, Language.EN)
    unproved = judge(make_document("B-B"))
    assert unproved.signatures[0].rule.proved is False
    assert "ngày kiểm tra" in render_text(unproved, Language.VI)
