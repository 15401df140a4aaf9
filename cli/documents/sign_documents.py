"""Signs documents for the command line: options in, files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.certificate_text import certificate_object
from cli.documents.batch import Outcome
from cli.errors import BadOptionError, NoTimestampServiceError
from cli.exit_status import ExitStatus
from cli.homes.settings import Settings
from cli.session import Session
from pki.names import common_name
from pki.words import say
from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.files import Existing, sign_into
from signing.options import Level, SigningOptions
from signing.sign import Signatory, SignedDocument


@dataclass(frozen=True, slots=True)
class SignWishes:
    """The options of `antin sign` that say how a signature shall be."""

    level: str | None
    display: str | None
    field: str | None
    place: str | None
    tsa: str | None
    reason: str | None
    location: str | None
    pkcs1: bool

    def options(self, settings: Settings) -> SigningOptions:
        """Return them checked, with the home's defaults.

        Raises:
            BadOptionError: no such level, or a place that cannot be read.
            NoTimestampServiceError: the level needs a service and none is known.
            PKIError: no such display profile.
        """
        level = _level(self.level or settings.signing.level)
        if level.needs_timestamp and not (self.tsa or settings.signing.timestamp_servers):
            raise NoTimestampServiceError(level=level.value)
        return SigningOptions(
            level=level,
            pss=not self.pkcs1,
            display=load_display(self.display or settings.signing.display),
            field_name=self.field,
            placement=_placement(self.place) if self.place else Placement(),
            reason=self.reason,
            location=self.location,
        )


def _level(text: str) -> Level:
    try:
        return Level(text)
    except ValueError as error:
        form = " | ".join(level.value for level in Level)
        raise BadOptionError(option="--level", value=text, form=form) from error


def _placement(text: str) -> Placement:
    """Read `PAGE,LEFT,TOP,WIDTH,HEIGHT`, in millimetres from the top left corner of the page."""
    form = "PAGE,LEFT,TOP,WIDTH,HEIGHT (mm)"
    try:
        page, *box = text.split(",")
        left, top, width, height = (float(value) for value in box)
        number = int(page)
    except ValueError as error:
        raise BadOptionError(option="--place", value=text, form=form) from error
    if not (min(left, top) >= 0 and min(width, height) > 0 and number != 0):
        raise BadOptionError(option="--place", value=text, form=form)
    return Placement(number, Rectangle(left, top, width, height))


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

    def __call__(self, document: Path) -> Outcome:
        """Sign one document into its output.

        Raises:
            PKIError: any refusal of `signing`; nothing was written then.
        """
        target = self.outputs[document]
        existing = Existing.OVERWRITE if self.overwrite else Existing.REFUSE
        done = sign_into(document, target, self.signatory, existing=existing)
        return Outcome(
            ExitStatus.DONE, self._data(document, target, done), self._text(target, done)
        )

    def _data(self, document: Path, target: Path, done: SignedDocument) -> dict[str, Any]:
        certificate = self.signatory.signer.certificate
        return {
            "input": str(document),
            "output": str(target),
            "field": done.field_name,
            "level": done.level.value,
            "algorithm": next(
                (one.algorithm for one in done.report.signatures if one.field == done.field_name),
                None,
            ),
            "signer": {
                "common_name": common_name(certificate.subject),
                **certificate_object(certificate),
            },
            "indication": done.report.indication.value,
            "warnings": [
                {"code": found.code, "message": self._say(found.code, dict(found.facts))}
                for found in done.warnings
            ],
        }

    def _say(self, code: str, facts: Mapping[str, Any]) -> str:
        return say(code, facts, self.session.language)

    def _text(self, target: Path, done: SignedDocument) -> str:
        lines = [self.session.word("cli.signed", path=target, level=done.level.value)]
        lines += [self._say(found.code, dict(found.facts)) for found in done.warnings]
        return "\n".join(lines)
