"""Issues the certificates that a file asks for: looked through as a whole, asked about, issued."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import typer

from cli.actor import actor
from cli.documents.progress import Bar
from cli.errors import BadOptionError
from cli.exit_status import ExitStatus, worst
from cli.homes.office import Office
from cli.issuing import bulk_text as text
from cli.issuing.bulk_outputs import Outputs, outputs_in, write_reports
from cli.issuing.bulk_told import FaultFile, Steps, Told
from cli.issuing.bulk_workers import Pools, issuing_workers, judging_workers
from cli.tokens.dry_run import end_dry_run
from hsm.locate import FILE_SCHEME
from pki.audit.entry import present
from pki.batches.checking import Checking, Findings
from pki.batches.issuing import Ended, Ending, Issuing
from pki.batches.lines import Batch
from pki.batches.report import Report
from pki.batches.trial import Trial
from pki.errors.batches import BatchNotBegunError
from pki.errors.files import OutputExistsError
from pki.records.audit import AuditEvent
from signing.batch.leftovers import take_away


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin cert bulk`."""

    ca: str
    profile: str
    path: Path
    csr_dir: Path | None = None
    settings: tuple[str, ...] = ()
    output: Path | None = None
    faults: Path | None = None
    yes: bool = False
    dry_run: bool = False
    resume: bool = False
    skip_bad: bool = False


def issue_file(office: Office, wanted: Wanted) -> None:
    """Look a file through, and issue what it asks for where that was said.

    Raises:
        typer.Exit: nothing was done, or something of it was not.
        PKIError: the file cannot be read; whatever stops the authority as a whole.
    """
    if wanted.faults is not None and wanted.faults.exists():
        raise OutputExistsError(path=wanted.faults)  # somebody may be mending it
    with judging_workers(wanted.path) as pools:
        run = _Run(office, wanted, pools)
        if not wanted.yes:
            run.ask()
        run.issue()


class _Run:
    """One file at this office."""

    def __init__(self, office: Office, wanted: Wanted, pools: Pools) -> None:
        self._office = office
        self._session = office.session
        self._wanted = wanted
        self._pools = pools
        self._record = office.record(wanted.ca)
        self._authority = office.authority_elsewhere(wanted.ca)
        self._profile = office.profile(wanted.profile)
        self._batch = Batch(wanted.path, _pairs(wanted.settings))
        self._seconds = 0.0

    def ask(self) -> None:
        """Show what would be done, and ask whether to do it; end where nobody can be asked."""
        session, wanted = self._session, self._wanted
        _, findings = self._look(wanted.faults)
        asks = not wanted.dry_run and sys.stdin.isatty()
        bad = findings.bad and not wanted.skip_bad
        if asks and not bad:
            typer.echo(text.findings_text(session, findings, self._seconds), err=True)
            session.confirm("cli.bulk.ask", yes=False, count=findings.left)
            return
        self._put(findings)
        if bad:
            raise typer.Exit(ExitStatus.INVALID_INPUT)
        end_dry_run(session, "cli.bulk.advice")

    def issue(self) -> None:
        """Look the file through once more, while nobody else changes the home, and issue."""
        wanted = self._wanted
        with self._office.home.locked():
            checking, findings = self._look(wanted.faults if wanted.yes else None)
            if findings.bad and not wanted.skip_bad:
                self._put(findings)
                raise typer.Exit(ExitStatus.INVALID_INPUT)
            if wanted.resume and not findings.begun and not findings.issued:
                raise BatchNotBegunError(path=wanted.path)
            issuing = Issuing(checking, findings, skip_bad=wanted.skip_bad)
            if wanted.output is not None:
                take_away(wanted.output, self._session.clock.now())  # what a killed run left
            with outputs_in(wanted.output) as outputs, tempfile.TemporaryFile() as spool:
                told = self._carry_out(issuing, findings, outputs, spool)
        self._put(findings, told)
        bad = {ExitStatus.INVALID_INPUT} if findings.bad else set()
        raise typer.Exit(worst(told.statuses | bad))

    def _look(self, faults: Path | None) -> tuple[Checking, Findings]:
        trial = Trial.of(
            self._authority.issuer,
            self._profile,
            folder=(self._wanted.csr_dir or self._wanted.path.parent).resolve(),
            requester=actor(),
            now=present(self._office.register, self._session.clock),
        )
        checking = Checking(self._batch, trial, self._authority, self._pools)
        begun = time.perf_counter()
        bar = Bar(self._session, _length(self._wanted.path), "cli.bulk.looking")
        with closing(bar), FaultFile(faults, self._batch) as file:
            findings = checking.look_through(tell=Steps(bar), keep=file.keep)
        on_token = not self._record.key_uri.startswith(FILE_SCHEME)
        took = time.perf_counter() - begun
        self._seconds = text.estimate(findings, took, on_token=on_token)
        return checking, findings

    def _carry_out(
        self, issuing: Issuing, findings: Findings, outputs: Outputs | None, spool: IO[bytes]
    ) -> Told:
        told = Told(Report(findings, spool))
        with closing(Bar(self._session, findings.left, "cli.bulk.progress")) as bar:
            try:
                for one in chain(issuing.earlier(), self._issued(issuing, findings, bar)):
                    told.add_all(outputs.put(one) if outputs else ((one, None),))
            finally:
                # What was issued before something went wrong is written and told all the same.
                told.add_all(outputs.rest() if outputs else ())
                told.report.close()
                if self._wanted.output is not None:
                    write_reports(self._wanted.output, told.report)
                self._record_run(findings, told.report)
        return told

    def _issued(self, issuing: Issuing, findings: Findings, bar: Bar) -> Iterator[Ended]:
        if not findings.left:
            return  # no key is needed, and no PIN
        self._office.pins.before_questions(bar.pause)
        with issuing_workers(self._office, self._record, self._pools) as (open_key, pools):
            steps = Steps(bar)
            for one in issuing.run(open_key, pools, ahead=max(4, 2 * len(pools))):
                steps(1)
                yield one

    def _record_run(self, findings: Findings, report: Report) -> None:
        counts = report.counts
        if not counts[Ending.ISSUED] and not counts[Ending.REFUSED]:
            return
        facts = (
            ("issuer", self._record.name),
            ("profile", self._profile.name),
            ("sha256", findings.sha256),
            *((ending.value, str(count)) for ending, count in counts.items()),
        )
        event = AuditEvent(self._session.clock.now(), actor(), "cert.bulk", facts)
        self._office.register.commit([], event)

    def _put(self, findings: Findings, told: Told | None = None) -> None:
        session, output = self._session, self._wanted.output
        data = text.findings_object(session, findings, self._seconds)
        if told is None:
            data = {"done": False, **data, "result": None, "refused": [], "output": None}
            session.put(
                "cert.bulk/1", data, lambda: text.findings_text(session, findings, self._seconds)
            )
            return
        refused = [text.fault_object(session, fault) for fault in told.refused]
        told_lines = [text.fault_line(session, one) for one in (*findings.faults, *told.refused)]
        place = {"output": None if output is None else str(output)}
        data = {"done": True, **data, **text.result_object(told.report, refused), **place}
        session.put("cert.bulk/1", data, lambda: text.result_text(session, told.report, told_lines))


def _pairs(settings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for setting in settings:
        short, equals, value = setting.partition("=")
        if not equals:
            raise BadOptionError(option="--set", value=setting, form="KEY=VALUE")
        pairs.append((short.strip(), value))
    return tuple(pairs)


def _length(path: Path) -> int:
    """Return about how many lines there are; what is wrong with the file is said elsewhere."""
    try:
        with path.open("rb") as file:
            return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0
