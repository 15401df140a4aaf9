"""What other projects expect of their documents: attacks, intact signatures, legal revisions.

Judged without any trust anchor, so that nothing but the document itself decides. Where Antin
differs, `explained.toml` says why, and one that agrees after all fails too.
"""

from __future__ import annotations

import collections
import json
import tomllib
from pathlib import Path

import pytest
from unit.verify.test_verify_corpora import attacks, corpora, integrity_errors, judge_file
from unit.verify.verdict_table import Tally, check_row

from verify.indication import Indication, SubIndication
from verify.policy import After, Policy, default_policy
from verify.report import Report

_ = corpora  # the fixture
EXPLAINED = Path(__file__).with_name("explained.toml")
BROKEN = {
    SubIndication.FORMAT_FAILURE,
    SubIndication.HASH_FAILURE,
    SubIndication.SIG_CRYPTO_FAILURE,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
}
ITEXT = "validation/DocumentRevisions"


def explained(corpus: str) -> dict[str, str]:
    cases = tomllib.loads(EXPLAINED.read_text("utf-8"))["case"]
    assert all({"corpus", "file", "expected", "clause", "reason"} == case.keys() for case in cases)
    return {case["file"]: case["expected"] for case in cases if case["corpus"] == corpus}


def expectations(corpora: Path, corpus: str) -> dict[str, dict]:
    return json.loads((corpora / corpus / "expected.json").read_text("utf-8"))


def test_each_attack_is_a_verdict_with_a_name(corpora, checkout):
    tally: collections.Counter[str] = collections.Counter()
    for path, accept in attacks(corpora).items():
        answer = judge_file(path)
        assert isinstance(answer, Report), (path, answer)
        if accept is False:
            assert answer.indication is Indication.TOTAL_FAILED, path
            assert integrity_errors(answer), path
            tally["attacks"] += 1
        elif accept is True:
            assert not integrity_errors(answer), path
            tally["harmless"] += 1
    assert tally["attacks"] >= 30
    assert tally["harmless"] >= 4
    for kind, row in (
        ("attacks", "attacks on PDF signatures, refused as verdicts"),
        ("harmless", "harmless documents of that set, not rejected"),
    ):
        check_row(checkout, row, Tally(tally[kind], tally[kind], 0))


def intact(answer: Report | object) -> bool:
    """Whether every signature is over what it was made over: time-stamps are not meant."""
    if not isinstance(answer, Report):
        return False
    signatures = [item for item in answer.signatures if item.kind.value != "timestamp"]
    return bool(signatures) and all(item.sub_indication not in BROKEN for item in signatures)


def test_what_dss_finds_intact_is_intact(corpora, checkout):
    tally: collections.Counter[str] = collections.Counter()
    differs = set()
    for name, entry in expectations(corpora, "dss-pades").items():
        derived = entry["derived"]
        told = derived.get("signature_intact"), derived.get("signature_valid")
        if not name.endswith(".pdf") or not entry["in_corpus"] or told[0] not in ([True], [False]):
            continue
        expected = told == ([True], [True])
        if intact(judge_file(corpora / "dss-pades" / name)) is expected:
            tally["agreed"] += 1
        else:
            differs.add(name)
            tally["differs"] += 1
    assert differs == set(explained("dss-pades"))
    assert tally["agreed"] >= 0.98 * tally.total()
    whole = Tally(tally.total(), tally["agreed"], tally["differs"])
    check_row(checkout, "EU DSS: intact, or not, as told", whole)


def test_what_dss_finds_unchanged_was_not_changed(corpora, checkout):
    """DSS compares the objects of revisions; what it does not find changed, nobody should."""
    tally: collections.Counter[str] = collections.Counter()
    for name, entry in expectations(corpora, "dss-pades").items():
        if entry["derived"].get("pdf_undefined_changes") != [False] or not entry["in_corpus"]:
            continue
        answer = judge_file(corpora / "dss-pades" / name) if name.endswith(".pdf") else None
        if not isinstance(answer, Report):
            continue
        changed = {"integrity.changed_after_signing", "integrity.change_not_permitted"}
        assert not integrity_errors(answer) & changed, name
        tally["agreed"] += 1
    assert tally["agreed"] >= 40
    whole = Tally(tally["agreed"], tally["agreed"], 0)
    check_row(checkout, "EU DSS: nothing undefined changed, as told", whole)


def policy_of(name: str) -> Policy:
    """Return the policy with the level of DocMDP that iText's test sets.

    All of `DocumentRevisionsValidatorTest` permit nothing; the others go by the document.
    """
    permitted = 1 if name.startswith(f"{ITEXT}ValidatorTest/") else None
    return default_policy().model_copy(update={"after": After(permitted=permitted)})


def test_revisions_are_legal_where_itext_finds_them_so(corpora, checkout):
    tally: collections.Counter[str] = collections.Counter()
    differs = set()
    for name, entry in expectations(corpora, "itext-sign").items():
        facts = [fact for test in entry["tests"] for fact in test["facts"]]
        found = {fact[1] for fact in facts if fact[0] == "report.status"}
        if not name.startswith(ITEXT) or found not in ({"VALID"}, {"INVALID"}):
            continue
        answer = judge_file(corpora / "itext-sign" / name, policy_of(name))
        kept = isinstance(answer, Report) and bool(answer.signatures)
        kept = kept and not integrity_errors(answer)
        expected = found.pop()
        if kept is (expected == "VALID"):
            tally[f"{expected} agreed"] += 1
        else:
            tally[f"{expected} differs"] += 1
            differs.add(name)
    assert differs == set(explained("itext-sign"))
    assert not tally["VALID differs"]
    assert not tally["INVALID differs"]
    assert tally["VALID agreed"] >= 10
    assert tally["INVALID agreed"] >= 17
    for status, row in (
        ("VALID", "iText: legal revisions kept"),
        ("INVALID", "iText: illegal revisions found"),
    ):
        agreed, other = tally[f"{status} agreed"], tally[f"{status} differs"]
        check_row(checkout, row, Tally(agreed + other, agreed, other))


@pytest.mark.parametrize("corpus", ["dss-pades", "itext-sign"])
def test_what_is_explained_is_there(corpora, corpus):
    for name in explained(corpus):
        assert (corpora / corpus / name).is_file()
