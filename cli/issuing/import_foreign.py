"""Records certificates of other authorities, and tells which there are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from cli.actor import actor
from cli.homes.office import Office
from cli.issuing.import_authority import finding_lines, finding_object
from cli.session import Session, table
from pki.importing.foreign import ForeignPlan, plan_foreign, record_foreign
from pki.importing.material import Material
from pki.importing.sources import Shape, read_source
from pki.records.certificates import ForeignCertificate, serial_text
from pki.records.register import Register


def plan_watch(office: Office, sources: tuple[Path, ...]) -> ForeignPlan:
    """Read the sources and find what is new; nothing is changed.

    Raises:
        PKIError: the sources are not there, or the register cannot be read.
    """
    material = Material()
    for source in sources:
        material.add(read_source(source, Shape.FOLDER)[1])
    return plan_foreign(material, office.register, office.session.clock.now(), actor())


def watch(office: Office, plan: ForeignPlan) -> None:
    """Record what is new.

    Raises:
        PKIError: whatever the register answers.
    """
    record_foreign(plan, office.register, office.session.clock, actor())


def put_watch(session: Session, plan: ForeignPlan, *, done: bool) -> None:
    """Show what is new, and what speaks against the rest."""
    rows = [_row(one) for one in plan.new]
    data: dict[str, Any] = {
        "certificates": rows,
        "present": plan.present,
        "own": plan.own,
        "findings": [finding_object(session, one) for one in plan.findings],
        "done": done,
    }

    def text() -> str:
        count = {"new": len(plan.new), "present": plan.present, "own": plan.own}
        lines = [session.word("cli.import.watched", **count)]
        if rows:
            lines.append(_table(rows))
        return "\n".join((*lines, *finding_lines(session, plan.findings)))

    session.put("cert.import/1", data, text)


def foreign_rows(register: Register, *, query: str | None, before: datetime | None) -> list[Any]:
    """Return the certificates of other authorities, those that end first before the others.

    Args:
        register: where they are.
        query: text that stands in the subject, the issuer or the serial.
        before: those that end before it alone.
    """
    text = (query or "").casefold()
    return [
        row
        for one in register.list_foreign()
        if before is None or one.not_after < before
        for row in [_row(one)]
        if any(text in row[name].casefold() for name in ("subject", "issuer", "serial"))
    ]


def put_foreign(session: Session, rows: list[Any]) -> None:
    """Show them as `antin cert list --foreign` does."""
    session.put(
        "cert.list/1",
        {"foreign": rows},
        lambda: _table(rows) if rows else session.word("cli.none"),
    )


def _table(rows: list[dict[str, str]]) -> str:
    return table([(row["serial"], row["not_after"], row["subject"], row["issuer"]) for row in rows])


def _row(record: ForeignCertificate) -> dict[str, str]:
    return {
        "serial": serial_text(record.serial),
        "issuer": record.issuer,
        "subject": record.subject,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "fingerprint": record.fingerprint,
    }
