"""Extends documents for the command line: options in, files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cli.documents.batch import Outcome
from cli.documents.paths import plan_outputs
from cli.errors import BadOptionError, NoTimestampServiceError
from cli.exit_status import ExitStatus
from cli.homes.outside import Outside
from cli.session import Session
from signing.extended_files import extend_file
from signing.extension import ExtendedDocument, Extension
from signing.files import Existing
from signing.options import Level

LEVELS = (Level.B_T, Level.B_LT, Level.B_LTA)
LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class ExtendWishes:
    """The options of `antin extend` that say what shall come about."""

    level: str | None
    due_within: str | None
    timestamp_only: bool
    in_place: bool
    overwrite: bool

    def extension(self, outside: Outside) -> Extension:
        """Return them checked.

        Raises:
            BadOptionError: no such level, a span that is not like `60d`, or two that exclude each
                other.
            NoTimestampServiceError: no service is known.
        """
        if self.timestamp_only and self.level is not None:
            raise BadOptionError(option="--timestamp-only", value="", form="without --level")
        level = None if self.timestamp_only else parse_level(self.level or Level.B_LTA.value)
        if outside.timestamps is None:
            raise NoTimestampServiceError(level=level.value if level else "-")
        within = None if self.due_within is None else parse_days(self.due_within)
        return Extension(level, due_within=within)

    @property
    def existing(self) -> Existing:
        """What may be replaced."""
        if self.in_place:
            return Existing.REPLACE_INPUT
        return Existing.OVERWRITE if self.overwrite else Existing.REFUSE


def parse_level(text: str) -> Level:
    """Read a level that documents can be raised to.

    Raises:
        BadOptionError: another word.
    """
    if text not in LEVELS:
        raise BadOptionError(option="--level", value=text, form=" | ".join(LEVELS))
    return Level(text)


def parse_days(text: str) -> timedelta:
    """Read a span like `60d`.

    Raises:
        BadOptionError: another form.
    """
    number = text.removesuffix("d")
    if text == number or not (number.isascii() and number.isdigit()) or len(number) > 5:
        raise BadOptionError(option="--due-within", value=text, form="60d")
    return timedelta(days=min(int(number), LONGEST_DAYS))


def check_queue_alone(*, queue: bool, files: Sequence[Path] | None) -> None:
    """Check that either files are named or the queue is meant.

    Raises:
        BadOptionError: both, or neither.
    """
    if queue == bool(files):
        raise BadOptionError(option="--queue", value="", form="FILE… | --queue")


def extension_plan(
    documents: Sequence[Path], output: Path | None, *, in_place: bool
) -> Mapping[Path, Path]:
    """Return where each extended document goes.

    Raises:
        BadOptionError: one file for many documents, two documents for one file, or an output
            beside `--in-place`.
    """
    if in_place:
        if output is not None:
            raise BadOptionError(option="-o", value=str(output), form="without --in-place")
        return {one: one for one in documents}
    return plan_outputs(documents, output, lambda one: _target(one, output))


def _target(document: Path, output: Path | None) -> Path:
    if output is not None:
        return output / document.name
    return document.with_name(f"{document.stem}-extended.pdf")


@dataclass(frozen=True, slots=True)
class ExtendTask:
    """Extends one document after another by the same wish."""

    session: Session
    outside: Outside
    wish: Extension
    outputs: Mapping[Path, Path]
    existing: Existing

    def __call__(self, document: Path) -> Outcome:
        """Extend one document into its output.

        Raises:
            PKIError: any refusal of `signing`; nothing was written then.
        """
        target = self.outputs[document]
        done = extend_file(
            document,
            target,
            wish=self.wish,
            services=self.outside.signing(self.session.clock),
            existing=self.existing,
        )
        data = {"input": str(document), "output": str(target) if done.steps else None}
        return Outcome(
            ExitStatus.DONE,
            {**data, **extension_object(done)},
            extension_text(self.session, target if done.steps else document, done),
        )


def extension_object(done: ExtendedDocument) -> dict[str, Any]:
    """Return the JSON form of what became of a document."""
    return {
        "added": [step.value for step in done.steps],
        "level_before": done.before,
        "level": done.level,
        "provable_until": _instant(done.lapse.at) if done.lapse else None,
        "ends_with": done.lapse.what if done.lapse else None,
        "due": done.due,
        "indication": done.report.indication.value if done.due else None,
    }


def extension_text(session: Session, path: Path, done: ExtendedDocument) -> str:
    """Return what became of a document, in one line."""
    until = done.lapse.at if done.lapse else "-"
    level = done.level or "-"
    if not done.due:
        return session.word("cli.extend.not_due", path=path, until=until)
    if not done.steps:
        return session.word("cli.extend.unchanged", path=path, level=level, until=until)
    added = ", ".join(session.word(f"cli.extend.added.{step.value}") for step in done.steps)
    return session.word("cli.extend.done", path=path, level=level, until=until, added=added)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
