"""Judges one document for the command line and writes the page about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cli.documents.batch import Outcome
from cli.documents.extract import SignedTarget, signed_content
from cli.errors import BadOptionError
from cli.exit_status import OF_INDICATION
from cli.homes.outside import Outside
from cli.session import Session
from pki.atomic import write_atomically
from pki.words import Language
from signing.large import open_document
from signing.reading import read_document
from verify.collect import Collector, verify_opened_online
from verify.content import Content
from verify.detached import is_signature, open_signature
from verify.display.due import is_due
from verify.evidence import NONE, Evidence
from verify.opened import Opened, verify_any
from verify.pdf.document import OpenPDF
from verify.pdf.recovery import open_for_judging
from verify.render.json import to_json
from verify.render.text import render_text
from verify.report import Report

_SUFFIXES = {"html": ".html", "pdf": ".pdf", "etsi": ".xml"}


@dataclass(frozen=True, slots=True)
class ReportTarget:
    """Where the page, the paper or ETSI's form goes: a file for one document, a folder for many."""

    kind: str
    """`html`, `pdf` or `etsi`."""
    path: Path
    folder: bool

    def of(self, document: Path) -> Path:
        """Return the file about one document."""
        return self.path / f"{document.stem}{_SUFFIXES[self.kind]}" if self.folder else self.path


def report_target(option: str | None, *, many: bool) -> ReportTarget | None:
    """Read `--report html=FILE`, `--report pdf=FILE` and `--report etsi=FILE`.

    Raises:
        BadOptionError: another form, or one file for many documents.
    """
    if option is None:
        return None
    kind, _, name = option.partition("=")
    path = Path(name)
    if kind not in _SUFFIXES or not name or (many and not path.is_dir()):
        place = "DIR" if many else "FILE"
        form = " | ".join(f"{one}={place}" for one in _SUFFIXES)
        raise BadOptionError(option="--report", value=option, form=form)
    return ReportTarget(kind, path, path.is_dir())


def check_apart(signature: Path | None, files: Sequence[Path], documents: Sequence[Path]) -> None:
    """Check that a signature apart goes with one file, named as such.

    Raises:
        BadOptionError: it goes with several, or with what is in a folder.
    """
    if signature is not None and tuple(files) != tuple(documents[:1]):
        raise BadOptionError(option="--signature", value=str(signature), form="one FILE")


def _written(report: Report, kind: str, language: Language) -> bytes:
    # What writes one form is loaded by those who ask for it.
    if kind == "html":
        from verify.render.html import render_html

        return render_html(report, language).encode()
    if kind == "pdf":
        from signing.reporting.pdf import render_pdf

        return render_pdf(report, language)
    from verify.render.etsi import render_etsi

    return render_etsi(report, language)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one document after another by the same rules."""

    session: Session
    outside: Outside
    at: datetime | None
    offline: bool
    written: ReportTarget | None
    signed: SignedTarget | None = None
    evidence: Evidence = NONE
    """What was handed in beside the documents."""
    first_had: dict[bytes, datetime] = field(default_factory=dict)
    """See `Collector.first_had`."""
    signature: Path | None = None
    """Apart from the one document; None where signatures are inside."""
    seal: Callable[[bytes], bytes] | None = None
    """Seals the report on paper about the one document; None where nobody does."""

    def __call__(self, document: Path) -> Outcome:
        """Return the verdict as the batch wants it.

        Raises:
            PKIError: the file cannot be read as a document, or what was signed not taken out.
        """
        report = self._report(document)
        if self.written is not None:
            page = _written(report, self.written.kind, self.session.language)
            page = page if self.seal is None else self.seal(page)
            write_atomically(self.written.of(document), page, overwrite=True)
        status = OF_INDICATION[report.indication.value]
        language = self.session.language
        return Outcome(status, to_json(report, language), render_text(report, language))

    def _report(self, document: Path) -> Report:
        with open_document(document, limit=self.outside.policy.limits.document_bytes) as data:
            opened = self._opened(document, data)
            report = self._judged(opened)
            if isinstance(opened, OpenPDF) and is_due(report):
                from verify.display.grade import with_display  # most documents have no grades

                report = with_display(report, opened, self.outside.policy)
            if self.signed is not None:
                self.signed.write(document, signed_content(opened, data, report))
            return report

    def _opened(self, document: Path, data: Content) -> Opened:
        limits, name = self.outside.policy.limits, document.name
        if self.signature is not None:
            apart = read_document(self.signature, limit=limits.document_bytes)
            return open_signature(apart, data, name=name, limits=limits)
        if is_signature(data):
            return open_signature(bytes(data), None, name=name, limits=limits)
        return open_for_judging(data, name=name, limits=limits, password=self.outside.password)

    def _judged(self, opened: Opened) -> Report:
        policy, trust = self.outside.policy, self.outside.trust
        if self.offline:
            return verify_any(
                opened, policy=policy, trust=trust, at=self._moment(), evidence=self.evidence
            )
        collector = Collector(
            self.outside.fetcher, self.session.clock, self.evidence, first_had=self.first_had
        )
        report = verify_opened_online(
            opened,
            policy=policy,
            trust=trust,
            collector=collector,
            at=self.at and self._moment(),
        )
        kept = self.outside.judged if self.at is None else None
        if kept is not None and isinstance(opened, OpenPDF):
            from signing.judged import keep_judged  # verdicts that are not kept do not load it

            keep_judged(kept, opened, report, collector.evidence, policy.limits)
        return report

    def _moment(self) -> datetime:
        if self.at is None:
            return self.session.clock.now()
        return self.at.replace(tzinfo=UTC) if self.at.tzinfo is None else self.at
