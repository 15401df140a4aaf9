"""Signs the documents of one command: one, or many with a journal, a summary and a way to go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import typer

from cli.documents.batch import Outcome
from cli.documents.progress import Bar
from cli.documents.signed_text import Teller
from cli.documents.summary import INTERRUPTED, Summary
from cli.exit_status import ExitStatus, worst
from cli.homes.keys import PINs
from cli.session import Session
from hsm.errors import WorkersGoneError
from pki.errors.tree import PKIError
from signing.batch.giving import Given, Giving, sign_each
from signing.batch.journal import Journal, open_journal
from signing.batch.leftovers import take_away
from signing.batch.made import give_out
from signing.batch.makers import Attempt, Maker, Pair
from signing.batch.resume import Resumption
from signing.batch.stop import StopRule
from signing.files import Existing
from signing.later import Later

SCHEMA = "sign/1"


@dataclass(frozen=True, slots=True)
class SignJob:
    """What is to be signed, by whom it is made, and where it goes."""

    session: Session
    outputs: Mapping[Path, Path]
    """Where each document goes."""
    maker: Maker
    teller: Teller
    existing: Existing
    later: Later | None
    pins: PINs

    def sign_one(self) -> ExitStatus:
        """Sign the only document.

        Raises:
            PKIError: any refusal of `signing`; nothing was written then.
        """
        with closing(self.maker):
            (attempt,) = self.maker.attempts(tuple(self.outputs.items()))
        if attempt.error is not None:
            raise attempt.error
        assert attempt.made is not None  # noqa: S101  what did not fail was made
        give_out(
            attempt.made, attempt.target, existing=self.existing, journal=None, later=self.later
        )
        outcome = self.outcome(attempt, None)
        self.session.put(SCHEMA, outcome.data, lambda: outcome.text)
        return outcome.status

    def sign_all(self, *, resume: bool, json_lines: bool) -> ExitStatus:
        """Sign many documents; what is wrong with one does not keep the others.

        Where all outputs go into one folder there is a journal in it.

        Args:
            resume: go on where the journal's earlier run ended.
            json_lines: tell of each document as it comes, and of all at the end.

        Raises:
            PKIError: the journal; nothing was done then.
            KeyboardInterrupt: after the summary; what was given out is whole and noted.
        """
        folder = folder_of(self.outputs)
        report = _Report(self.session, json_lines=json_lines)
        with ExitStack() as held:
            journal = None
            if folder is not None:
                journal = held.enter_context(open_journal(folder))
                take_away(folder, self.session.clock.now())
            try:
                self._work(report, journal, resume=resume)
            finally:
                report.end(self.teller, self.outputs, resumable=journal is not None)
        return worst(report.statuses)

    def _work(self, report: _Report, journal: Journal | None, *, resume: bool) -> None:
        pairs = tuple(self.outputs.items())
        left = tuple(self._left(report, journal, pairs)) if journal and resume else pairs
        bar = Bar(self.session, len(left))
        self.pins.before_questions(bar.pause)
        giving = Giving(existing=self.existing, journal=journal, later=self.later)
        teller = _Progress(self, report, bar)
        with closing(self.maker), closing(bar), closing(giving):
            try:
                teller.tell(sign_each(left, self.maker, giving))
            except KeyboardInterrupt:
                report.summary.stopped_by = INTERRUPTED
                teller.tell(giving.rest())
                raise

    def _left(self, report: _Report, journal: Journal, pairs: Sequence[Pair]) -> Iterator[Pair]:
        """Yield what is to be signed, and tell of what was, and of what cannot be."""
        resumption = Resumption(journal, self.session.clock.now(), self.existing)
        for document, target in pairs:
            try:
                if resumption.was_given_out(document, target):
                    report.add(document, self.teller.already(document, target))
                else:
                    yield document, target
            except PKIError as error:
                report.add(document, self.teller.failed(document, error))

    def outcome(self, attempt: Attempt, error: PKIError | None) -> Outcome:
        """Tell of one that was done with."""
        if error is not None:
            return self.teller.failed(attempt.document, error)
        assert attempt.made is not None  # noqa: S101  as above
        return self.teller.signed(attempt.document, attempt.target, attempt.made)


def folder_of(outputs: Mapping[Path, Path]) -> Path | None:
    """Return the folder that all outputs go into: there is a journal in it; None for several."""
    folders = {target.parent for target in outputs.values()}
    return folders.pop() if len(folders) == 1 else None


class _Progress:
    """Tells of documents that are done with, and stops the batch where the rule says so."""

    def __init__(self, job: SignJob, report: _Report, bar: Bar) -> None:
        self._job = job
        self._report = report
        self._bar = bar
        self._rule = StopRule()

    def tell(self, given: Iterable[Given]) -> None:
        for attempt, error in given:
            if not isinstance(error, WorkersGoneError):  # it was not begun: told at the end
                self._report.add(attempt.document, self._job.outcome(attempt, error))
            self._bar.advance()
            if error is None:
                self._rule.went_well()
            elif self._rule.stops(error):
                summary = self._report.summary
                summary.stopped_by = summary.stopped_by or error.code
                self._job.maker.stop()


@dataclass(slots=True)
class _Report:
    """Tells of documents as they come, and of all of them at the end."""

    session: Session
    json_lines: bool
    summary: Summary = field(default_factory=Summary)
    statuses: set[ExitStatus] = field(default_factory=set)
    told: set[Path] = field(default_factory=set)
    objects: list[Mapping[str, object]] = field(default_factory=list)

    def add(self, document: Path, outcome: Outcome) -> None:
        """Tell of one."""
        self.told.add(document)
        self.summary.add(outcome)
        self.statuses.add(outcome.status)
        if self.json_lines:
            self._line(outcome.data)
        elif self.session.as_json:
            self.objects.append(outcome.data)
        elif outcome.text:
            typer.echo(outcome.text)

    def end(self, teller: Teller, documents: Mapping[Path, Path], *, resumable: bool) -> None:
        """Tell of those that were not begun, and of all."""
        for document in documents:
            if document not in self.told:
                self.add(document, teller.not_begun(document))
        if self.json_lines:
            self._line({"summary": self.summary.as_json()})
        elif self.session.as_json:
            many = {"documents": self.objects, "summary": self.summary.as_json()}
            self.session.put(SCHEMA, many, str)
        else:
            for line in self.summary.lines(self.session, resumable=resumable):
                typer.echo(line, err=True)

    def _line(self, data: Mapping[str, object]) -> None:
        typer.echo(json.dumps({"schema": f"antin.{SCHEMA}", **data}, ensure_ascii=False))
