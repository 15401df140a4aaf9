"""What EU DSS expects of its own CAdES files: intact or not, and how many have signed.

Judged without any trust anchor, so that nothing but the file itself decides. Where Antin differs,
`explained.toml` says why, and one that agrees after all fails too.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.verify.test_verify_corpora import corpora
from unit.verify.test_verify_expected import BROKEN, expectations, explained
from unit.verify.verdict_table import check_section

from verify.detached import is_signature, verify_signature
from verify.evidence_files import load_evidence
from verify.indication import SubIndication
from verify.policy import default_policy
from verify.report import Report
from verify.trust import TrustStore

_ = corpora  # the fixture
CORPUS = "dss-cades"
AT = datetime(2026, 1, 1, tzinfo=UTC)
MISSING = SubIndication.SIGNED_DATA_NOT_FOUND


def judged(corpora: Path) -> Iterator[tuple[str, dict, Report]]:
    """Yield every file of signatures with what DSS expects of it."""
    folder = corpora / CORPUS
    for name, entry in expectations(corpora, CORPUS).items():
        data = (folder / name).read_bytes() if entry["in_corpus"] else b""
        if not is_signature(data):
            continue
        named = {folder / each.lstrip("/") for test in entry["tests"] for each in test["detached"]}
        content = next((each.read_bytes() for each in sorted(named) if each.is_file()), None)
        policy, nobody = default_policy(), TrustStore(())
        beside = load_evidence((folder / name).parent.glob("*.cer"), AT)
        report = verify_signature(
            data, content, policy=policy, trust=nobody, at=AT, evidence=beside
        )
        yield name, entry["derived"], report


@pytest.fixture(scope="module")
def reports(corpora: Path) -> tuple[tuple[str, dict, Report], ...]:
    return tuple(judged(corpora))


def test_what_dss_finds_intact_is_intact(reports, checkout):
    tally: collections.Counter[str] = collections.Counter()
    differs = set()
    for name, derived, report in reports:
        told = derived.get("signature_intact"), derived.get("signature_valid")
        subs = {item.sub_indication for item in report.signatures}
        if told not in (([True], [True]), ([False], [False])) or not subs:
            continue
        if told == ([True], [True]) and MISSING in subs:
            tally["content elsewhere"] += 1
            continue
        tally["cases"] += 1
        if (told == ([True], [True])) is not bool(subs & {*BROKEN, MISSING}):
            tally["agreed"] += 1
        else:
            differs.add(name)
    assert differs == set(explained(CORPUS))
    assert tally["agreed"] >= 0.9 * tally["cases"]
    row = (CORPUS, tally["cases"], tally["agreed"], len(differs), 0)
    header = ("files of signatures", "cases", "agreed", "explained", "crashed")
    check_section(checkout, "cades", header, [row])


def test_each_signer_is_there(reports):
    counted = [
        (len(report.signatures), count)
        for _, derived, report in reports
        for count in derived.get("signature_count", ())
    ]
    assert len(counted) >= 2
    assert all(found == expected for found, expected in counted)


def test_what_is_explained_is_there(corpora):
    for name in explained(CORPUS):
        assert (corpora / CORPUS / name).is_file()
