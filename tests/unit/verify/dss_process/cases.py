"""The cases of EU DSS's own tests: which file, which policy, which indication."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from unit.verify.dss_process.changes import CHANGES, MOMENTS, OUTSIDE, find
from unit.verify.dss_process.constraints import read, read_constraints, to_policy
from unit.verify.dss_process.diagnostic import Reader, every, moment, text

from verify.process import judge_document

FOLDER = "dss-process"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
LOADERS = {
    "loadDefaultPolicy": "policy/constraint.xml",
    "loadTLPolicy": "policy/tsl-constraint.xml",
    "loadPolicyNoRevoc": "diag-data/policy/constraint-no-revoc.xml",
    "loadPolicyRevocSha1OK": "diag-data/policy/revocation-sha1-ok-policy.xml",
    "loadPolicyCryptoWarn": "policy/constraint.xml",
}
"""What their loaders load."""

LEVELS = {
    "loadPolicyCryptoWarn": ("{*}Cryptographic", "WARN"),
    "DSS1861Test": ("{*}Timestamp/{*}Coherence", "FAIL"),
}
"""Levels that a loader, or the set-up of a class of tests, changes for every test."""

Verdict = tuple[str, str | None]

READ: dict[str, Verdict] = {
    # Their first facts speak of the evidence, of an evidence record; these of the whole.
    "RevocationDataExecutorTest.ocspRevocationMessage": (
        "INDETERMINATE",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    ),
    "TimestampAloneValidationTest.tstWithErValidationInvalidTest": (
        "INDETERMINATE",
        "OUT_OF_BOUNDS_NOT_REVOKED",
    ),
}


@dataclass(frozen=True)
class Case:
    """One test method of theirs."""

    folder: Path
    name: str
    data: str
    policy: str
    now: bool
    facts: tuple[tuple[str, object], ...]

    @property
    def group(self) -> str:
        """The class of the test."""
        return self.name.split(".", maxsplit=1)[0]

    def root(self) -> ET.Element:
        """Return the data as their test judges it."""
        root = read(self.folder / "diag-data" / self.data)
        for change in CHANGES.get(self.name, ()):
            change.apply(root)
        return root

    def judge(self) -> list[Verdict]:
        """Return what our process says of each signature."""
        root = self.root()
        loader = LOADERS.get(self.policy) or f"diag-data/{self.policy}"
        constraints = read_constraints(self.folder / loader)
        for start, (path, level) in LEVELS.items():
            if start in {self.policy, self.group}:
                for item in constraints.root.iterfind(path):
                    item.set("Level", level)
        at = self.moment(root)
        facts = Reader(root, constraints, at).read()
        verdict = judge_document(facts, policy=to_policy(constraints), at=at)
        return [
            (item.indication.value, item.sub_indication.value if item.sub_indication else None)
            for item in verdict.judgements
        ]

    def moment(self, root: ET.Element) -> datetime:
        if self.name in MOMENTS:
            _, element = find(root, MOMENTS[self.name])
            return moment(element.text or "") or NOW
        return NOW if self.now else moment(text(root, "ValidationDate")) or NOW

    def expected(self) -> list[Verdict]:
        """Return what they say of whole signatures; empty where they say nothing."""
        signatures = len(every(self.root(), "Signatures/Signature"))
        found = list(_verdicts(self.facts))
        if self.name in READ:
            return [READ[self.name]]
        if not signatures:
            alone = {"PASSED": "TOTAL-PASSED", "FAILED": "TOTAL-FAILED"}
            return [(alone.get(a, a), b) for a, b in found][:1]
        finals = [value for getter, value in self.facts if getter == "getFinalIndication"]
        if finals:
            return [(str(finals[0]).replace("_", "-"), None)]
        whole = [
            item for item in found if item[0] == "INDETERMINATE" or item[0].startswith("TOTAL")
        ]
        if len(whole) == signatures:
            return whole
        # What is PASSED or FAILED, and what is INDETERMINATE beside a total, is said of parts.
        totals = [item for item in whole if item[0].startswith("TOTAL")]
        return (totals or whole)[:1]


def _verdicts(facts: tuple[tuple[str, object], ...]) -> list[Verdict]:
    found = []
    for index, (getter, value) in enumerate(facts):
        if getter == "getIndication":
            after = facts[index + 1] if index + 1 < len(facts) else ("", "")
            sub = str(after[1]) if after[0] == "getSubIndication" else None
            found.append((str(value).replace("_", "-"), sub))
    return found


def load_cases(corpora: Path) -> list[Case]:
    """Return the cases under a policy as it is in its file that speak of whole signatures."""
    folder = corpora / FOLDER
    found = []
    for name, item in json.loads((folder / "expected.json").read_text("utf-8")).items():
        outside = any(name.startswith(start) for start in OUTSIDE)
        if item["policy_is_modified_in_code"] or outside or not item["diag_data"]:
            continue
        facts = tuple((str(getter), value) for getter, value in item["facts"])
        policy = item["policy"][0] if item["policy"] else ""
        now = item["current_time"] == "now"
        case = Case(folder, name, item["diag_data"][0], policy, now, facts)
        if _verdicts(facts) and case.expected():
            found.append(case)
    return sorted(found, key=lambda case: case.name)


def agrees(expected: list[Verdict], judged: list[Verdict]) -> bool:
    """Say whether what we judged is what they expect; a sub-indication they omit is not asked."""
    return len(judged) >= len(expected) and all(
        mine == theirs or (theirs[1] is None and mine[0] == theirs[0])
        for theirs, mine in zip(expected, judged, strict=False)
    )
