"""Signs documents for the command line: options in, files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.certificate_text import certificate_object
from cli.documents.batch import Outcome
from cli.documents.place import Place, parse_place
from cli.errors import BadOptionError, NoHomeError, NoTimestampServiceError
from cli.exit_status import ExitStatus
from cli.homes.home import Home
from cli.session import Session
from pki.names import common_name
from pki.words import say
from signing.display.image import SignatureImage, read_image
from signing.display.look import check_image
from signing.display.placement import Placement
from signing.display.profile import DisplayProfile, load_display
from signing.files import Existing, sign_into
from signing.later import Later, sign_now
from signing.options import Level, SigningOptions
from signing.queue import Queue
from signing.sign import Signatory, SignedDocument


@dataclass(frozen=True, slots=True)
class SignWishes:
    """The options of `antin sign` that say how a signature shall be."""

    level: str | None
    display: str | None
    image: Path | None
    number: str | None
    field: str | None
    place: str | None
    tsa: str | None
    reason: str | None
    location: str | None
    pkcs1: bool
    later: bool = False

    def options(self, home: Home) -> SigningOptions:
        """Return them checked, with the home's defaults.

        Raises:
            BadOptionError: no such level, or a place that cannot be read, or two fields named.
            NoTimestampServiceError: the level needs a service and none is known.
            PKIError: no such display profile, or not the image that it shows.
        """
        settings = home.settings
        level = _level(self.level or settings.signing.level)
        if level.needs_timestamp and not (self.tsa or settings.signing.timestamp_servers):
            raise NoTimestampServiceError(level=level.value)
        place = parse_place(self.place) if self.place else Place(Placement(), None)
        if self.field and place.field and self.field != place.field:
            raise BadOptionError(option="--place", value=str(self.place), form="field=NAME")
        display = load_display(self.display or settings.signing.display, folder=home.displays)
        return SigningOptions(
            level=level,
            pss=not self.pkcs1,
            display=display,
            image=self._image(display, home),
            number=self.number,
            field_name=self.field or place.field,
            placement=place.placement,
            reason=self.reason,
            location=self.location,
        )

    def _image(self, display: DisplayProfile, home: Home) -> SignatureImage | None:
        """Return the image named, or the home's own where the display shows one."""
        path = self.image
        if path is None and display.image is not None and home.settings.signing.image is not None:
            path = home.path(home.settings.signing.image)
        image = read_image(path) if path is not None else None
        check_image(display, image)
        return image


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


def _level(text: str) -> Level:
    try:
        return Level(text)
    except ValueError as error:
        form = " | ".join(level.value for level in Level)
        raise BadOptionError(option="--level", value=text, form=form) from error


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

    def _text(self, target: Path, done: SignedDocument, level: str | None = None) -> str:
        reached = level or done.level.value
        lines = [self.session.word("cli.signed", path=target, level=reached)]
        lines += [self._say(found.code, dict(found.facts)) for found in done.warnings]
        return "\n".join(lines)
