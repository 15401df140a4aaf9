"""NIST's Public Key Interoperability Test Suite: every path of it, section by section.

SHA-1 and DSA are accepted here and nowhere else: the suite is from 2010 and asks what RFC 5280
says of a path, not whether its algorithms are good enough today.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.verify.pki_cases import Case, judge_case
from unit.verify.verdict_table import Tally, check_row
from unit.verify.verify_pki import accepting

from verify.path.extensions import ANY_POLICY
from verify.path.inputs import PathInputs
from verify.policy import Acceptance, Policy, default_policy

AT = datetime(2020, 1, 1, tzinfo=UTC)
DSA_WITH_SHA1 = "1.2.840.10040.4.3"

SECTIONS = {
    "401": ("signatures", 6),
    "402": ("validity", 8),
    "403": ("name chaining", 11),
    "404": ("revocation", 21),
    "405": ("self-issued, rolled keys", 8),
    "406": ("basic constraints", 17),
    "407": ("key usage", 5),
    "408": ("policies", 41),
    "409": ("explicit policy", 8),
    "410": ("policy mapping", 22),
    "411": ("inhibited mapping", 11),
    "412": ("inhibited anyPolicy", 11),
    "413": ("name constraints", 38),
    "414": ("distribution points, indirect lists", 35),
    "415": ("delta lists", 10),
    "416": ("private extensions", 2),
}


def suite_policy() -> Policy:
    algorithms = default_policy().algorithms
    return accepting(
        schemes=(*algorithms.schemes, DSA_WITH_SHA1),
        digests={**algorithms.digests, "sha1": Acceptance()},
    )


def read_case(folder: Path, entry: dict) -> Case:
    def read(kind: str, names) -> list[bytes]:
        return [(folder / kind / name).read_bytes() for name in names]

    asked = entry.get("params", {})
    return Case(
        leaf=(folder / "certs" / entry["cert"]).read_bytes(),
        others=read("certs", entry.get("other_certs", ())),
        anchors=read("certs", ["TrustAnchorRootCertificate.crt"]),
        crls=read("crls", [*entry.get("crls", ()), "TrustAnchorRootCRL.crl"]),
        at=AT,
        inputs=PathInputs(
            policies=frozenset(asked.get("user_initial_policy_set", (ANY_POLICY,))),
            explicit_policy=asked.get("initial_explicit_policy", False),
            inhibit_policy_mapping=asked.get("initial_policy_mapping_inhibit", False),
            inhibit_any_policy=asked.get("initial_any_policy_inhibit", False),
        ),
    )


@pytest.fixture(scope="module")
def expected(corpora) -> dict[str, dict]:
    return json.loads((corpora / "pkits" / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def wrong(corpora, expected) -> dict[str, set[str]]:
    """Return what is judged otherwise than NIST says, with what was found."""
    policy = suite_policy()
    found = {
        name: judge_case(read_case(corpora / "pkits", entry), policy)
        for name, entry in expected.items()
    }
    return {name: codes for name, codes in found.items() if expected[name]["valid"] == bool(codes)}


@pytest.mark.parametrize(
    ("section", "count"),
    [pytest.param(key, count, id=name) for key, (name, count) in SECTIONS.items()],
)
def test_every_path_of_a_section_is_judged_as_nist_says(expected, wrong, section, count):
    assert not {name: codes for name, codes in wrong.items() if name.startswith(section)}
    assert sum(1 for name in expected if name.startswith(section)) == count


def test_the_row_in_the_docs_is_of_this_run(checkout, expected, wrong):
    whole = Tally(len(expected), len(expected) - len(wrong), len(wrong))
    check_row(checkout, "NIST PKITS", whole)
