"""The evidence that a home keeps, for the command line: listed, exported, erased, checked."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from cli.exit_status import ExitStatus
from cli.homes.home import Home
from cli.session import Session, table
from pki.atomic import PRIVATE, write_atomically
from pki.errors.tree import PKIError
from pki.names import common_name
from pki.records.certificates import serial_text
from signing.chain import Line
from signing.errors.ledger import EvidenceErasedError, EvidenceNotFoundError, EvidenceTooEarlyError
from signing.ledger import Ledger
from signing.ledger_check import LedgerReport, check_ledger
from signing.ledger_export import export_records


def list_kept(session: Session, ledger: Ledger, query: str | None) -> None:
    """List what is kept and what was erased, the oldest first."""
    newest = {line.id: line for line in ledger.lines()}
    kept = [_described(ledger, line) for line in newest.values()]
    wanted = [one for one in kept if query is None or _matches(one, query)]
    session.put("evidence/1", {"records": wanted}, lambda: _listing(session, wanted))


def export_kept(session: Session, ledger: Ledger, ids: Sequence[str], output: Path) -> None:
    """Write records into a ZIP file.

    Raises:
        PKIError: one is not there, was erased, or is not what was kept; nothing is written then.
    """
    data = export_records(ledger, ids)
    write_atomically(output, data, overwrite=False, mode=PRIVATE)
    found = {"exported": list(ids), "output": str(output)}
    session.put("evidence/1", found, lambda: session.word("cli.evidence.exported", path=output))


def erase_kept(
    session: Session, home: Home, ids: Sequence[str], reason: str, *, yes: bool
) -> ExitStatus:
    """Erase records, or show with `yes` false which would go.

    Raises:
        EvidenceNotFoundError: nothing was kept under a name.
        EvidenceErasedError: it was erased already.
        EvidenceTooEarlyError: it must be kept for some time yet.
    """
    ledger = ledger_of(session, home)
    for one in ids:
        _check_erasable(session, home, ledger, one)
    if yes:
        for one in ids:
            ledger.erase(one, reason)
    found = {"erased": list(ids) if yes else [], "would_erase": [] if yes else list(ids)}
    word = "cli.evidence.erased" if yes else "cli.evidence.would_erase"
    session.put("evidence/1", found, lambda: session.word(word, ids=tuple(ids)))
    return ExitStatus.DONE if yes else ExitStatus.REFUSED


def verify_kept(session: Session, ledger: Ledger, head: str | None) -> ExitStatus:
    """Say whether everything is what was kept.

    Args:
        session: where to say it.
        ledger: the records.
        head: a head that was noted before; it must still be in the chain.
    """
    report = check_ledger(ledger)
    cut = head is not None and head not in report.heads
    well = not report.problems and not cut
    data = {
        "kept": report.kept,
        "erased": report.erased,
        "head": report.head,
        "problems": [{"fault": one.fault.value, "what": one.what} for one in report.problems],
        "head_found": None if head is None else not cut,
    }
    session.put("evidence/1", data, lambda: _verdict(session, report, cut=cut))
    return ExitStatus.DONE if well else ExitStatus.REFUSED


def ledger_of(session: Session, home: Home) -> Ledger:
    """Return the home's records."""
    return Ledger(home.evidence, session.clock)


def _check_erasable(session: Session, home: Home, ledger: Ledger, record_id: str) -> None:
    line = ledger.find(record_id)
    if line is None:
        if not ledger.file(record_id).exists():  # else it was left by whoever was killed
            raise EvidenceNotFoundError(id=record_id)
        return
    if line.digest is None and not ledger.file(record_id).exists():
        raise EvidenceErasedError(id=line.id, at=line.at)
    if line.digest is None:
        return
    years = home.settings.evidence.retention_years
    until = _years_after(line.at, years)
    if session.clock.now() < until:
        raise EvidenceTooEarlyError(id=line.id, until=until)


def _years_after(at: datetime, years: int) -> datetime:
    try:
        return at.replace(year=at.year + years)
    except ValueError:  # 29 February
        return at.replace(year=at.year + years, month=3, day=1)


def _described(ledger: Ledger, line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"id": line.id, "at": line.at.isoformat(), "state": "kept"}
    if line.digest is None:
        return {**found, "state": "erased", "reason": line.reason}
    try:
        record = ledger.read(line.id)
    except PKIError:
        return {**found, "state": "damaged"}
    certificate = x509.load_der_x509_certificate(base64.b64decode(record["signer"]))
    return {
        **found,
        "occasion": record["occasion"],
        "signer": common_name(certificate.subject),
        "serial": serial_text(certificate.serial_number),
        "level": record["level"],
        "indication": record["indication"],
        "document_sha256": record["document_sha256"],
    }


def _matches(one: dict[str, Any], query: str) -> bool:
    return any(query.casefold() in str(value).casefold() for value in one.values())


def _listing(session: Session, wanted: Sequence[dict[str, Any]]) -> str:
    if not wanted:
        return session.word("cli.evidence.none")
    names = ("id", "at", "state", "occasion", "signer", "serial", "indication")
    return table([tuple(str(one.get(name) or "-") for name in names) for one in wanted])


def _verdict(session: Session, report: LedgerReport, *, cut: bool) -> str:
    lines = [
        session.word(
            "cli.evidence.looked", kept=report.kept, erased=report.erased, head=report.head
        )
    ]
    lines += [
        session.word(f"cli.evidence.fault.{one.fault.value}", what=one.what)
        for one in report.problems
    ]
    if cut:
        lines.append(session.word("cli.evidence.cut"))
    return "\n".join(lines)
