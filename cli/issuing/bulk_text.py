"""What is said of a file of certificates, before and after."""

from __future__ import annotations

from typing import Any

from cli.session import Session, error_object, table
from pki.batches.checking import FIRST, Findings
from pki.batches.issuing import Ending
from pki.batches.report import Report
from pki.registry.intake import Fault
from pki.words import message_of

ISSUING_COSTS = 2.3
"""How many times as long issuing takes as looking through, with a key in software."""
TOKEN_SECONDS = 0.05
"""What a token takes for a signature: RSA-2048 on a smart card is slower, an HSM far faster."""


def estimate(findings: Findings, seconds: float, *, on_token: bool) -> float:
    """Return about how many seconds issuing will take, from how long looking through took."""
    looked = findings.left + findings.issued + findings.bad
    each = seconds / max(looked, 1) * ISSUING_COSTS
    return findings.left * (max(each, TOKEN_SECONDS) if on_token else each)


def findings_object(session: Session, findings: Findings, seconds: float) -> dict[str, Any]:
    """Return the JSON form of what a file would do."""
    return {
        "sha256": findings.sha256,
        "new": findings.new,
        "begun": findings.begun,
        "issued_before": findings.issued,
        "bad": findings.bad,
        "faults": [fault_object(session, fault) for fault in findings.faults],
        "agencies": [
            {"agency": agency or None, "certificates": count}
            for agency, count in sorted(findings.agencies.items())
        ],
        "estimated_seconds": round(seconds, 1),
    }


def fault_object(session: Session, fault: Fault) -> dict[str, Any]:
    """Return the JSON form of what is wrong with a line."""
    return {"line": fault.line, **error_object(fault.error, session.language)}


def fault_line(session: Session, fault: Fault) -> str:
    """Return a sentence about what is wrong with a line."""
    return session.word(
        "cli.registry.fault",
        line=fault.line,
        message=message_of(fault.error, session.language),
        code=fault.error.code,
    )


def findings_text(session: Session, findings: Findings, seconds: float) -> str:
    """Return what a file would do: its faults, for whom, how many an agency, how long."""
    lines = [fault_line(session, fault) for fault in findings.faults]
    if findings.first:
        rows: list[tuple[str, ...]] = [("line", "person", "post", "agency", "device")]
        for line, one in findings.first:
            codes = (one.person, one.post, one.agency, one.device)
            rows.append((str(line), *(code or "-" for code in codes)))
        lines.append(table(rows))
        if findings.left > FIRST:
            lines.append(session.word("cli.bulk.more", count=findings.left - FIRST))
        counts = [
            (agency or "-", str(count)) for agency, count in sorted(findings.agencies.items())
        ]
        lines.append(table([("agency", "certificates"), *counts]))
    counted = {
        "new": findings.new,
        "begun": findings.begun,
        "issued": findings.issued,
        "bad": findings.bad,
    }
    lines.append(session.word("cli.bulk.counted", **counted))
    if findings.left:
        lines.append(session.word("cli.bulk.estimate", seconds=max(1, round(seconds))))
    return "\n".join(lines)


def result_object(report: Report, refused: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON form of what came of a run."""
    counts = {ending.value.replace("-", "_"): count for ending, count in report.counts.items()}
    return {"result": counts, "refused": refused}


def result_text(session: Session, report: Report, told: list[str]) -> str:
    """Return what came of a run."""
    counts = report.counts
    counted = session.word(
        "cli.bulk.done",
        issued=counts[Ending.ISSUED],
        earlier=counts[Ending.EARLIER],
        refused=counts[Ending.REFUSED],
        bad=counts[Ending.FAULT],
    )
    return "\n".join((*told, counted))
