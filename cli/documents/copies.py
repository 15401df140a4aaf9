"""Copies of documents, for the command line: what is asked for, made one after another, told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.certificate_text import certificate_object
from cli.documents.batch import Outcome, run_batch
from cli.documents.password import document_password
from cli.documents.paths import beside, documents_in, not_outputs, plan_outputs
from cli.documents.sign_wishes import SignWishes
from cli.documents.signer import SignerSearch, certificates_in, find_signer
from cli.errors import BadOptionError
from cli.exit_status import ExitStatus
from cli.homes.home import Home
from cli.homes.keys import PINs
from cli.homes.outside import outside_of
from cli.session import Session
from pki.atomic import write_atomically
from pki.names import common_name
from pki.words import say
from signing.copying.copyist import Copyist, MadeCopy
from signing.copying.draft import CopyWish, PageRange, check_pages_wish
from signing.files import Existing, check_output
from signing.options import UnknownStatus
from signing.reading import read_document
from verify.finding import Finding
from verify.pdf.copied import CopyKind, SourceForm

SCHEMA = "copy/1"
PAGES_FORM = "2-3,5"
_RANGE = re.compile(r"\s*([1-9][0-9]{0,5})\s*(?:-\s*([1-9][0-9]{0,5})\s*)?")


@dataclass(frozen=True, slots=True)
class CopyWords:
    """The options of `antin copy` that say what copy."""

    kind: str
    source: str | None
    pages: str | None
    accept_unknown: bool
    password: str | None = None
    """Where the password of the documents comes from."""

    def wish(self, number: str | None, *, unknown: UnknownStatus) -> CopyWish:
        """Return them checked.

        Args:
            number: and symbol of the copy.
            unknown: what the home does in general where a status cannot be had.

        Raises:
            BadOptionError: the pages cannot be read, or the home accepts no unknown status.
            PKIError: see `check_pages_wish`.
        """
        if self.accept_unknown and unknown is UnknownStatus.REFUSE:
            form = 'unknown_status = "warn"'
            raise BadOptionError(option="--accept-unknown-status", value="", form=form)
        wish = CopyWish(
            CopyKind(self.kind),
            None if self.source is None else SourceForm(self.source),
            read_pages(self.pages) if self.pages is not None else (),
            number,
            accept_unknown=self.accept_unknown,
        )
        check_pages_wish(wish)
        return wish


def read_pages(text: str) -> tuple[PageRange, ...]:
    """Read pages and runs of pages.

    Raises:
        BadOptionError: they are none.
    """
    found: list[PageRange] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise BadOptionError(option="--pages", value=text, form=PAGES_FORM)
        found.append((int(match[1]), int(match[2] or match[1])))
    return tuple(found)


def copy_all(
    room: tuple[PINs, Home],
    asked: tuple[SignWishes, CopyWords],
    signer: tuple[str | None, Path | None],
    files: tuple[Sequence[Path], Path | None],
    *,
    overwrite: bool,
    json_lines: bool,
) -> ExitStatus:
    """Copy every document and tell of each.

    Args:
        room: how PINs are asked for, and the home.
        asked: how the copies are signed, and what they are.
        signer: key and certificate as they are named.
        files: documents, and where their copies go.
        overwrite: replace copies that are there.
        json_lines: a line for each document.

    Raises:
        PKIError: nothing was copied; of several documents each has its own error instead.
    """
    (pins, home), (wishes, words) = room, asked
    session = pins.session
    if home.settings.demo:
        session.tell("cli.demo_home")
    options = wishes.options(home)
    wish = words.wish(wishes.number, unknown=options.unknown_status)
    outputs = output_plan(files[0], files[1], wish.kind)
    password = document_password(session, words.password)
    outside = outside_of(session, home, tsa=wishes.tsa, password=password)
    issuers = (*outside.trust.anchors, *certificates_in(home.authorities))
    located = find_signer(SignerSearch(home, pins, outside.policy, issuers), *signer)
    copyist = Copyist(located.signer, options, outside.signing(session.clock))
    work = _Copying(session, copyist, wish, outputs, overwrite)
    return run_batch(session, SCHEMA, outputs, work, json_lines=json_lines)


def output_plan(files: Sequence[Path], output: Path | None, kind: CopyKind) -> Mapping[Path, Path]:
    """Return where each document's copy goes: `NAME-sao-y.pdf`, beside it or in a folder.

    Copies that an earlier run made beside the documents of a folder are left out.

    Raises:
        BadOptionError: one file for many documents, or two documents for one file.
        PKIError: see `documents_in`.
    """
    target = beside(output, kind.value)
    documents = documents_in(files)
    if output is None or output.is_dir():
        documents = not_outputs(documents, files, target)
    return plan_outputs(documents, output, target)


@dataclass(frozen=True, slots=True)
class _Copying:
    """Copies one document after another."""

    session: Session
    copyist: Copyist
    wish: CopyWish
    outputs: Mapping[Path, Path]
    overwrite: bool

    def __call__(self, document: Path) -> Outcome:
        """Copy one.

        Raises:
            PKIError: any refusal of `signing`; nothing was written then.
        """
        target = self.outputs[document]
        limit = self.copyist.services.policy.limits.document_bytes
        data = read_document(document, limit=limit)
        existing = Existing.OVERWRITE if self.overwrite else Existing.REFUSE
        check_output(document, target, existing=existing)
        made = self.copyist.copy(data, self.wish, name=document.name)
        write_atomically(target, made.signed.data, overwrite=self.overwrite)
        word = self.session.word("cli.copied", path=target, level=made.signed.level.value)
        lines = (word, *(self._say(found) for found in made.warnings))
        return Outcome(ExitStatus.DONE, self._object(document, target, made), "\n".join(lines))

    def _object(self, document: Path, target: Path, made: MadeCopy) -> dict[str, Any]:
        report, certificate = made.source.report, self.copyist.signer.certificate
        return {
            "input": str(document),
            "output": str(target),
            "kind": self.wish.kind.value,
            "number": self.wish.number,
            "pages": list(made.draft.pages),
            "source": {
                "form": made.source.form.value,
                "told": made.source.told,
                "sha256": made.draft.source_sha256,
                "indication": report.indication.value if report is not None else None,
                "judged_at": report.judged_at.isoformat() if report is not None else None,
                "status_unknown": list(made.source.undecided),
            },
            "field": made.signed.field_name,
            "level": made.signed.level.value,
            "algorithm": made.signed.choice.algorithm,
            "signer": {
                "common_name": common_name(certificate.subject),
                **certificate_object(certificate),
            },
            "indication": made.signed.report.indication.value,
            "warnings": [
                {"code": found.code, "message": self._say(found)} for found in made.warnings
            ],
        }

    def _say(self, found: Finding) -> str:
        return say(found.code, dict(found.facts), self.session.language)
