"""Files of entries: looked through, taken in, written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.documents.progress import Bar
from cli.errors import BadOptionError
from cli.exit_status import ExitStatus
from cli.registry.desk import NAMES, Desk, day_of
from cli.registry.entries import event_of
from cli.registry.rows import pages
from cli.registry.seeing import check_may_see
from cli.session import Session, error_object
from cli.tokens.dry_run import end_dry_run
from pki.atomic import PRIVATE, writing_beside
from pki.records.people import Agency, Device, Entry, Person, Post, Query
from pki.registry.csv_writing import write_lines
from pki.registry.example import example
from pki.registry.intake import Findings, Intake
from pki.registry.sheet import Sheet
from pki.words import message_of

if TYPE_CHECKING:
    from cli.requests.signing import Actor


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is taken in."""

    day: str | None = None
    skip_bad: bool = False
    local_days: bool = False
    yes: bool = False


def import_file(desk: Desk, kind: type[Entry], path: Path, wish: Wish) -> None:
    """Look a file through, and take it in where that was said.

    Raises:
        PKIError: the file cannot be read; lines are wrong and are not to be left out.
    """
    session = desk.session
    intake = Intake(
        Sheet(path, kind),
        desk.register,
        day=day_of(wish.day, "--from") or desk.today(),
        at=session.clock.now(),
        local_days=wish.local_days,
    )
    if not wish.yes:
        findings = intake.look_through()
        _put(session, kind, findings, done=False)
        if findings.bad and not wish.skip_bad:
            raise typer.Exit(ExitStatus.INVALID_INPUT)
        end_dry_run(session, "cli.registry.import_advice")
    with desk.home.locked():
        findings = intake.look_through()
        if findings.bad and not wish.skip_bad:
            _put(session, kind, findings, done=False)
            raise typer.Exit(ExitStatus.INVALID_INPUT)
        _take_in(desk, kind, intake, findings, wish)
    _put(session, kind, findings, done=True)
    if findings.bad:
        raise typer.Exit(ExitStatus.INVALID_INPUT)


def _take_in(desk: Desk, kind: type[Entry], intake: Intake, findings: Findings, wish: Wish) -> None:
    verbs = {True: "add", False: "change"}

    def tell(entry: Entry, line: int) -> Any:  # noqa: ANN401  an AuditEvent
        return event_of(desk, entry, verbs[entry.version == 1], ("line", str(line)))

    bar = Bar(desk.session, findings.new + findings.changed, "cli.registry.progress")
    for taken in intake.take_in(findings, tell, skip_bad=wish.skip_bad):
        bar.advance(taken)
    bar.close()
    if findings.new or findings.changed:
        counts = (("new", str(findings.new)), ("changed", str(findings.changed)))
        facts = (("sha256", findings.sha256), *counts, ("bad", str(findings.bad)))
        desk.register.commit([], desk.event(f"{NAMES[kind]}.import", *facts))


def _put(session: Session, kind: type[Entry], findings: Findings, *, done: bool) -> None:
    faults = [
        {"line": fault.line, **error_object(fault.error, session.language)}
        for fault in findings.faults
    ]
    data = {
        "done": done,
        "new": findings.new,
        "changed": findings.changed,
        "same": findings.same,
        "bad": findings.bad,
        "faults": faults,
        "sha256": findings.sha256,
    }
    session.put(f"{NAMES[kind]}.import/1", data, lambda: _text(session, findings))


def _text(session: Session, findings: Findings) -> str:
    lines = [
        session.word(
            "cli.registry.fault",
            line=fault.line,
            message=message_of(fault.error, session.language),
            code=fault.error.code,
        )
        for fault in findings.faults
    ]
    counted = session.word(
        "cli.registry.counted",
        new=findings.new,
        changed=findings.changed,
        same=findings.same,
        bad=findings.bad,
    )
    return "\n".join((*lines, counted))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written."""

    output: Path | None = None
    who: Actor | None = None
    """Who wants to see numbers; None leaves them out."""
    spreadsheet: bool = False


def export_file(desk: Desk, kind: type[Entry], query: Query[Any], shape: Shape) -> None:
    """Write the entries that match as a file, or to stdout.

    Raises:
        PKIError: the file is there, or cannot be written; who asks for numbers may not see them.
    """
    personal = shape.who is not None
    if shape.who is not None:
        check_may_see(desk, kind, shape.who, {"command": "export"})
    lines = write_lines(kind, pages(desk, query), personal=personal, spreadsheet=shape.spreadsheet)
    if shape.output is None:
        if desk.session.as_json:
            raise BadOptionError(option="--json", value="", form="-o FILE")
        for line in lines:
            # The stream has line ends of its own.
            typer.echo(line.decode().replace("\r\n", "\n"), nl=False)
        return
    count = _write(shape.output, lines) - 1
    data = {"path": str(shape.output), "entries": count}
    desk.session.put(
        f"{NAMES[kind]}.export/1",
        data,
        lambda: desk.session.word("cli.registry.exported", count=count, path=str(shape.output)),
    )


def _write(path: Path, lines: Iterable[bytes]) -> int:
    count = 0
    with writing_beside(path, overwrite=False, mode=PRIVATE) as file:
        for line in lines:
            file.write(line)
            count += 1
    return count


def write_example(session: Session, folder: Path, people: int) -> None:
    """Write the four files of an invented province into a folder.

    Raises:
        PKIError: one of them is there, or cannot be written.
    """
    files = {Agency: "agencies", Person: "people", Post: "posts", Device: "devices"}
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, int] = {}
    for kind, name in files.items():
        path = folder / f"{name}.csv"
        lines = write_lines(kind, example(kind, people), personal=True)
        told[str(path)] = _write(path, lines) - 1
    session.put(
        "person.example/1",
        {"files": [{"path": path, "entries": count} for path, count in told.items()]},
        lambda: "\n".join(
            session.word("cli.registry.exported", count=count, path=path)
            for path, count in told.items()
        ),
    )
