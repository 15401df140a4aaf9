"""C2SP's x509-limbo: hostile and odd paths; where Antin differs, `limbo_differences.toml` says why.

Cases named `webpki::` hold certificates of web sites to what browsers agreed on beyond RFC 5280.
No document is signed with those; here they must only be judged, without a hang or an exception.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from unit.verify.pki_cases import Case, judge_case
from unit.verify.verdict_table import Tally, check_row

from verify.policy import Policy, default_policy

AT = datetime(2024, 6, 1, tzinfo=UTC)
WEB = "webpki::"
USAGES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH.dotted_string,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
}
DIFFERENCES = Path(__file__).with_name("limbo_differences.toml")


@pytest.fixture(scope="module")
def cases(corpora) -> dict[str, dict]:
    suite = json.loads((corpora / "x509-limbo" / "limbo.json").read_text("utf-8"))
    return {case["id"]: case for case in suite["testcases"]}


@pytest.fixture(scope="module")
def differences() -> dict[str, dict]:
    return tomllib.loads(DIFFERENCES.read_text("utf-8"))


def read_pem(text: str) -> bytes:
    lines = [line for line in text.splitlines() if line and not line.startswith("-")]
    return base64.b64decode("".join(lines))


def read_case(entry: dict) -> Case:
    moment = entry["validation_time"]
    return Case(
        leaf=read_pem(entry["peer_certificate"]),
        others=tuple(map(read_pem, entry["untrusted_intermediates"])),
        anchors=tuple(map(read_pem, entry["trusted_certs"])),
        crls=tuple(map(read_pem, entry["crls"])),
        at=datetime.fromisoformat(moment) if moment else AT,
        status_asked=bool(entry["crls"]),
        usages=tuple(USAGES[name] for name in entry["extended_key_usage"]),
    )


def policy_for(entry: dict) -> Policy:
    """Return the default policy without tolerance of clocks, and no longer paths than asked."""
    policy = default_policy()
    limits = policy.limits
    if entry["max_chain_depth"] is not None:
        limits = limits.model_copy(update={"path_length": entry["max_chain_depth"] + 2})
    time_table = policy.time.model_copy(update={"skew_seconds": 0})
    return policy.model_copy(update={"limits": limits, "time": time_table})


def accepted(entry: dict) -> bool:
    return not judge_case(read_case(entry), policy_for(entry))


def test_every_case_is_judged_as_expected_or_differs_for_a_reason(
    cases, differences, checkout, capsys
):
    wrong, web, slowest = set(), 0, (0.0, "")
    for name, entry in cases.items():
        started = time.process_time()
        agrees = accepted(entry) == (entry["expected_result"] == "SUCCESS")
        slowest = max(slowest, (time.process_time() - started, name))
        if name.startswith(WEB):
            web += not agrees
        elif not agrees:
            wrong.add(name)
    assert wrong == set(differences)
    webs = sum(1 for name in cases if name.startswith(WEB))
    own = len(cases) - webs
    check_row(
        checkout,
        "x509-limbo, but for the web PKI's own",
        Tally(own, own - len(wrong), len(wrong)),
    )
    check_row(checkout, "x509-limbo, the web PKI's own: judged", Tally(webs, webs - web, web))
    with capsys.disabled():
        agreed = len(cases) - web - len(wrong)
        sys.stdout.write(
            f"\nx509-limbo: {agreed} of {len(cases)} agree, {len(wrong)} explained,"
            f" {web} the web's own; slowest {slowest[1]} {slowest[0]:.2f} s\n"
        )


def test_each_difference_has_a_clause_and_a_reason(differences):
    for name, told in differences.items():
        assert set(told) == {"clause", "reason"}, name
        assert all(told.values()), name


def test_a_case_that_is_spoiled_is_not_accepted(cases):
    """The twin of what is accepted: one octet of the leaf's signature changed."""
    good = [entry for entry in cases.values() if accepted(entry)]
    assert len(good) > 50
    for entry in good:
        case = read_case(entry)
        leaf = bytearray(case.leaf)
        leaf[-1] ^= 1
        assert judge_case(replace(case, leaf=bytes(leaf)), policy_for(entry)), entry["id"]
