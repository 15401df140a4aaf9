"""The validation process against EU DSS: its facts into ours, its conclusions beside ours.

Agreement counts before explanations. What differs is listed in `dss_process/explained.toml` with
the clause and the reason; what is listed and agrees after all fails as well.
"""

from __future__ import annotations

import collections
import os
import tomllib
from pathlib import Path

import pytest
from unit.verify.dss_process.cases import FOLDER, LOADERS, NOW, Case, agrees, load_cases
from unit.verify.dss_process.changes import CHANGES, MOMENTS, OUTSIDE
from unit.verify.dss_process.constraints import read, read_constraints, to_policy
from unit.verify.dss_process.diagnostic import Reader, moment, text
from unit.verify.verdict_table import Tally, check_row, check_section

from verify.indication import Indication
from verify.process import judge_document

EXPLAINED = Path(__file__).parent / "dss_process" / "explained.toml"
SHARE = 0.9
"""What must agree before explanations."""
LEAST = 100
"""So many cases there are at least, so that an adapter that reads nothing cannot pass."""


@pytest.fixture(scope="module")
def corpora(checkout) -> Path:
    folder = Path(os.environ.get("ANTIN_CORPORA", checkout.parent / "shared" / "corpora"))
    if not (folder / FOLDER).is_dir():
        pytest.skip("no corpora: set ANTIN_CORPORA to the folder that holds them")
    return folder


@pytest.fixture(scope="module")
def cases(corpora) -> list[Case]:
    return load_cases(corpora)


@pytest.fixture(scope="module")
def agreed(cases) -> dict[str, bool]:
    return {case.name: agrees(case.expected(), case.judge()) for case in cases}


def explained() -> dict[str, dict[str, str]]:
    return tomllib.loads(EXPLAINED.read_text("utf-8"))


def test_nine_of_ten_cases_agree_before_explanations(agreed):
    assert len(agreed) >= LEAST
    assert sum(agreed.values()) >= SHARE * len(agreed), [n for n, ok in agreed.items() if not ok]


def test_what_differs_is_explained_and_what_is_explained_differs(cases, agreed):
    assert {name for name, ok in agreed.items() if not ok} == set(explained())
    judged = {case.name: case.judge()[0][0] for case in cases if case.name in explained()}
    for name, item in explained().items():
        assert item["antin"] == judged[name]
        assert item["clause"]
        assert item["reason"]


def test_what_the_adapter_names_is_in_the_corpus(corpora, cases):
    names = {case.name for case in cases}
    assert set(CHANGES) <= names
    assert set(MOMENTS) <= names
    listed = (corpora / FOLDER / "expected.json").read_text("utf-8")
    assert all(start in listed for start in OUTSIDE)


def test_all_diagnostic_data_is_judged(corpora):
    """Under the default policy of EU DSS, whatever it is; so many signatures and time-stamps."""
    constraints = read_constraints(corpora / FOLDER / LOADERS["loadDefaultPolicy"])
    policy, seen = to_policy(constraints), collections.Counter()
    for path in sorted((corpora / FOLDER / "diag-data").rglob("*.xml")):
        root = read(path)
        if not root.tag.endswith("DiagnosticData"):
            continue
        at = moment(text(root, "ValidationDate")) or NOW
        verdict = judge_document(Reader(root, constraints, at).read(), policy=policy, at=at)
        seen.update(item.indication for item in verdict.judgements)
    assert sum(seen.values()) >= LEAST
    assert set(seen) == set(Indication)


def test_the_table_in_the_docs_is_of_this_run(checkout, cases, agreed):
    groups: dict[str, list[bool]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(agreed[case.name])
    rows = [
        [name, len(found), sum(found), len(found) - sum(found), 0]
        for name, found in sorted(groups.items())
    ]
    total = [sum(int(row[column]) for row in rows) for column in range(1, 5)]
    check_section(
        checkout,
        "dss-process",
        ["tests of EU DSS", "cases", "agreed", "explained", "crashed"],
        [*rows, ["**all**", *total]],
    )
    check_row(checkout, "EU DSS: facts into the process", Tally(*total))
