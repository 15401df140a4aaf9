"""Shows what does not fit between other authorities' certificates and the people list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import typer

from cli.homes.office import Office
from cli.session import Session, table
from pki.records.certificates import serial_text
from pki.records.people_register import PeopleRegister
from pki.records.watching import WatchRegister
from pki.watching.reconcile import Misfit, ReconcileTally, reconcile
from pki.watching.roll import Roll
from pki.watching.sheet import csv_lines
from pki.words import VIETNAM, say

COLUMNS = (
    *("severity", "code", "serial", "name", "unit", "person", "not_after", "status"),
    *("what", "to_do", "fingerprint"),
)


def misfits(office: Office, tally: ReconcileTally) -> Iterator[dict[str, str]]:
    """Yield a row for each thing that does not fit; none bears a personal number."""
    session, now = office.session, office.session.clock.now()
    people = cast("PeopleRegister", office.register)
    roll = Roll(people, now.astimezone(VIETNAM).date())
    for one in reconcile(cast("WatchRegister", office.register), roll, now, tally):
        yield _row(session, one)


def put_misfits(
    session: Session,
    rows: Iterator[dict[str, str]],
    tally: ReconcileTally,
    *,
    as_csv: bool,
) -> None:
    """Write them as they are found: as CSV, as JSON, or as text with the counts after them."""
    if as_csv:
        for line in csv_lines(COLUMNS, (tuple(row[name] for name in COLUMNS) for row in rows)):
            typer.echo(line)
        return
    if session.as_json:
        found = list(rows)
        session.put("cert.reconcile/1", {**_counts(tally), "findings": found}, str)
        return
    for row in rows:
        typer.echo(_text(session, row))
    counted = [
        (str(count), session.word(f"cli.reconcile.{code}"))
        for code, count in sorted(tally.found.items())
    ]
    facts = {"count": tally.certificates, "over": tally.over, "matched": tally.matched}
    typer.echo(session.word("cli.reconcile.looked", **facts))
    if counted:
        typer.echo(table(counted))


def _counts(tally: ReconcileTally) -> dict[str, Any]:
    return {
        "certificates": tally.certificates,
        "over": tally.over,
        "matched": tally.matched,
        "found": dict(sorted(tally.found.items())),
    }


def _row(session: Session, one: Misfit) -> dict[str, str]:
    subject = one.certificate.subject
    return {
        "severity": one.severity.value,
        "code": one.code,
        "serial": serial_text(one.certificate.serial),
        "name": subject.name,
        "unit": subject.unit,
        "person": one.person or "",
        "not_after": subject.not_after.isoformat(),
        "status": one.certificate.standing_at(session.clock.now()).value,
        "what": say(one.code, one.facts, session.language),
        "to_do": say(f"{one.code}.hint", one.facts, session.language),
        "fingerprint": subject.fingerprint,
    }


def _text(session: Session, row: dict[str, str]) -> str:
    severity = session.word(f"cli.upkeep.{row['severity']}")
    cells = (severity, row["serial"], row["person"] or "-", f"{row['what']} — {row['to_do']}")
    return table([(*cells, f"[{row['code']}]")])
