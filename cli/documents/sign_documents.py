"""Signs documents for the command line: options in, files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.certificate_text import certificate_object
from cli.documents.batch import Outcome
from cli.documents.sign_wishes import SignWishes
from cli.errors import BadOptionError, NoHomeError
from cli.exit_status import ExitStatus
from cli.homes.home import Home
from cli.session import Session
from pki.names import common_name
from pki.words import say
from signing.files import Existing, sign_into
from signing.later import Later, sign_now
from signing.options import Level, SigningOptions
from signing.queue import Queue
from signing.sign import Signatory, SignedDocument
from verify.finding import Finding


def sign_later(wishes: SignWishes, home: Home, options: SigningOptions) -> Later | None:
    """Return what is to be queued, by the options or the home; None where all is done at once.

    Raises:
        BadOptionError: nothing is left to be raised at this level.
        NoHomeError: the queue lies in a home, and there is none.
    """
    rule = "always" if wishes.later else home.settings.signing.later
    if not options.level.needs_timestamp:
        if wishes.later:
            form = "--level B-T | B-LT | B-LTA"
            raise BadOptionError(option="--later", value=options.level.value, form=form)
        return None
    if rule == "never":
        return None
    if not home.directory.is_dir():
        raise NoHomeError(home=home.directory)
    return Later(Queue(home.queue), options.level, rule == "when-away", wishes.tsa)


def for_later(options: SigningOptions) -> SigningOptions:
    """Return how a document is signed that goes out at once: B-B, with room for a time-stamp."""
    return replace(options, level=Level.B_B, timestamp_later=True)


def output_plan(documents: Sequence[Path], output: Path | None) -> Mapping[Path, Path]:
    """Return where each document's signed copy goes.

    Raises:
        BadOptionError: one file for many documents, or two documents for one file.
    """
    if output is not None and not output.is_dir():
        if len(documents) > 1:
            raise BadOptionError(option="-o", value=str(output), form="DIR")
        return dict.fromkeys(documents, output)
    plan = {one: (output or one.parent) / f"{one.stem}-signed.pdf" for one in documents}
    if len(set(plan.values())) < len(plan):
        raise BadOptionError(option="-o", value=str(output), form="one name for each FILE")
    return plan


@dataclass(frozen=True, slots=True)
class SignerTask:
    """Signs one document after another with one key."""

    session: Session
    signatory: Signatory
    outputs: Mapping[Path, Path]
    overwrite: bool
    later: Later | None = None

    def __call__(self, document: Path) -> Outcome:
        """Sign one document into its output.

        Raises:
            PKIError: any refusal of `signing`; nothing was written then.
        """
        target = self.outputs[document]
        existing = Existing.OVERWRITE if self.overwrite else Existing.REFUSE
        if self.later is not None:
            return self._give_out(document, target, self.later, existing)
        done = sign_into(document, target, self.signatory, existing=existing)
        return Outcome(
            ExitStatus.DONE, self._data(document, target, done), self._text(target, done)
        )

    def _give_out(self, document: Path, target: Path, later: Later, existing: Existing) -> Outcome:
        """Sign at B-B with room for the time-stamp, and queue what is to come."""
        given = sign_now(document, target, self.signatory, later=later, existing=existing)
        data = self._data(document, target, given.signed)
        queued = None if given.entry is None else given.entry.id
        text = self._text(target, given.signed, given.level)
        if given.entry is not None:
            text += "\n" + self.session.word("cli.queue.queued", level=later.level.value)
        return Outcome(ExitStatus.DONE, {**data, "level": given.level, "queued": queued}, text)

    def _data(self, document: Path, target: Path, done: SignedDocument) -> dict[str, Any]:
        certificate = self.signatory.signer.certificate
        return {
            "input": str(document),
            "output": str(target),
            "field": done.field_name,
            "level": done.level.value,
            "algorithm": done.choice.algorithm,
            "form": done.choice.form.value,
            "rule": {
                "met": done.choice.meets_annex,
                **self._finding(done.choice.rule),
            },
            "signer": {
                "common_name": common_name(certificate.subject),
                **certificate_object(certificate),
            },
            "indication": done.report.indication.value,
            "warnings": [self._finding(found) for found in done.warnings],
        }

    def _finding(self, found: Finding) -> dict[str, str]:
        return {"code": found.code, "message": self._say(found.code, dict(found.facts))}

    def _say(self, code: str, facts: Mapping[str, Any]) -> str:
        return say(code, facts, self.session.language)

    def _text(self, target: Path, done: SignedDocument, level: str | None = None) -> str:
        reached = level or done.level.value
        lines = [self.session.word("cli.signed", path=target, level=reached)]
        noted = (*done.warnings, *(() if done.choice.meets_annex else (done.choice.rule,)))
        lines += [self._say(found.code, dict(found.facts)) for found in noted]
        return "\n".join(lines)
