"""`antin ca ceremony run`: the real one in this home, a rehearsal in one that is thrown away."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from cli.actor import actor
from cli.ceremony.actions import Workshop
from cli.ceremony.page import render_page
from cli.errors import BadOptionError
from cli.files import read_small
from cli.homes.home import find_home, home_directory
from cli.homes.make_home import make_home
from cli.homes.office import Office, open_office
from cli.homes.settings import load_settings
from cli.homes.toml_text import to_toml
from cli.session import Session
from hsm.loading import close_modules
from pki.atomic import PRIVATE, write_atomically
from pki.ceremony.plan import Plan, Step, TokenStep, parse_plan
from pki.ceremony.profiles import read_texts
from pki.ceremony.run import Beginning, begin, check_same_ceremony, go_on
from pki.ceremony.transcript import Transcript, parse_transcript
from pki.errors.ceremony import CeremonyFileError
from pki.errors.files import OutputExistsError
from pki.errors.requests import ProfileNotFoundError
from pki.errors.tree import Fact, phrase
from pki.profile import BUILT_IN, DEFAULT_POLICY_ARC
from pki.records.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin ca ceremony run`."""

    file: Path
    rehearse: bool
    resume: bool
    output: Path | None
    yes: bool
    pin_source: str | None
    so_pin_source: str | None = None

    @property
    def transcript(self) -> Path:
        """Where the transcript goes."""
        kind = "rehearsal" if self.rehearse else "transcript"
        return self.output or self.file.with_suffix(f".{kind}.jsonl")

    @property
    def page(self) -> Path:
        """Where the transcript can be read by people."""
        return self.transcript.with_suffix(".md")


def run_ceremony(session: Session, wanted: Wanted) -> Transcript:
    """Run or rehearse a ceremony.

    Raises:
        BadOptionError: a rehearsal is not resumed: its home is gone.
        OutputExistsError: a transcript stands there, and is not to be resumed, or has ended.
        CeremonyFileError: see `pki.ceremony.plan`; or the home has another address.
        PKIError: whatever a step raises; the transcript stands as far as it went.
    """
    if wanted.rehearse and wanted.resume:
        raise BadOptionError(option="--resume", value="--rehearse", form="--rehearse | --resume")
    if wanted.transcript.exists() and not wanted.resume:
        raise OutputExistsError(path=wanted.transcript)
    text = read_plan_text(wanted.file)
    plan = parse_plan(text)
    arc = _policy_arc(session)
    texts = read_texts(plan, lambda name: _profile_text(name, wanted.file.parent))
    beginning = Beginning(text, texts, arc, version("antin"), wanted.rehearse)
    if wanted.rehearse:
        with _thrown_away(session, plan) as aside:
            return _run(aside, wanted, plan, beginning)
    return _run(session, wanted, plan, beginning)


def read_plan_text(path: Path) -> str:
    """Return a ceremony's file as text.

    Raises:
        CeremonyFileError: not UTF-8.
        UnreadableFileError: not there.
    """
    try:
        return read_small(path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CeremonyFileError(place="-", reason=phrase("pki.profile.not_toml")) from error


def _run(session: Session, wanted: Wanted, plan: Plan, beginning: Beginning) -> Transcript:
    with open_office(session, pin_source=wanted.pin_source) as office, office.home.locked():
        if office.public_url().rstrip("/") != plan.public_url.rstrip("/"):
            raise CeremonyFileError(place="public_url", reason=phrase("pki.ceremony.other_url"))
        workshop = _workshop(office, wanted, plan, beginning)
        clock = session.clock
        if wanted.resume:
            transcript = parse_transcript(read_small(wanted.transcript))
            check_same_ceremony(transcript, beginning)
            if transcript.ended:
                raise OutputExistsError(path=wanted.transcript)
            workshop.recall(transcript)
        else:
            transcript = begin(beginning, workshop, clock)

        def keep(octets: bytes) -> None:
            write_atomically(wanted.transcript, octets, overwrite=True)

        keep(transcript.octets())
        done = go_on(transcript, workshop, clock, keep=keep, resumed=wanted.resume)
        _tell_log(office, done)
    write_atomically(wanted.page, render_page(done).encode(), overwrite=True)
    return done


def _workshop(office: Office, wanted: Wanted, plan: Plan, beginning: Beginning) -> Workshop:
    def ask(number: int, step: Step) -> None:
        roles = {one.id: f"{one.role} ({one.name})" for one in plan.person}
        facts: dict[str, Fact] = {
            "number": number,
            "of": len(plan.step),
            "title": step.title,
            "who": tuple(roles[one] for one in step.confirm),
        }
        office.session.tell("cli.ceremony.step", **facts)
        yes = wanted.yes or wanted.rehearse
        office.session.confirm("cli.ceremony.question", yes=yes, **facts)

    where = wanted.transcript
    return Workshop(
        office=office,
        plan=plan,
        texts=beginning.texts,
        policy_arc=beginning.policy_arc,
        folder=lambda name: where.parent / f"{where.stem}-{name}",
        ask=ask,
        rehearsal=wanted.rehearse,
        so_pin_source=wanted.so_pin_source,
    )


def _tell_log(office: Office, transcript: Transcript) -> None:
    """Let the log say which transcript this was: neither can be replaced without the other."""
    facts = (("transcript", hashlib.sha256(transcript.octets()).hexdigest()),)
    event = AuditEvent(office.session.clock.now(), actor(), "ceremony.end", facts)
    office.register.commit((), event)


def _policy_arc(session: Session) -> str:
    home = find_home(home_directory(session.home), session.configuration)
    return home.settings.authorities.policy_arc or DEFAULT_POLICY_ARC


def _profile_text(name: str, folder: Path) -> str:
    if name in BUILT_IN:
        return (files("pki.profiles") / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return read_small(folder / name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProfileNotFoundError(profile=name) from error


@contextmanager
def _thrown_away(session: Session, plan: Plan) -> Iterator[Session]:
    """Give a session in a home of its own, whose tokens have PINs drawn for the occasion."""
    folder = Path(tempfile.mkdtemp(prefix="antin-"))
    home = folder / "home"
    try:
        make_home(home, session.clock, plan.public_url)
        (home / "pins").mkdir(mode=0o700)
        labels = [one.token for one in plan.step if isinstance(one, TokenStep)]
        pins = {label: f"file:pins/{place}" for place, label in enumerate(labels)}
        for source in pins.values():
            path = home / source.removeprefix("file:")
            digits = f"{secrets.randbelow(10**8):08d}"
            write_atomically(path, digits.encode(), overwrite=False, mode=PRIVATE)
        settings = load_settings(home / "antin.toml").model_copy(update={"pins": pins})
        text = to_toml(settings).encode()
        write_atomically(home / "antin.toml", text, overwrite=True, mode=PRIVATE)
        yield replace(session, home=home, configuration=None)
    finally:
        close_modules()
        shutil.rmtree(folder, ignore_errors=True)
