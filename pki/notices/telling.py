"""What a notice says: facts looked up when it is written, and the words for them.

Words are files, one for each kind and language: a line `Subject: …`, an empty line, the text. A
notice that a certificate ends is written only while that is so: not of one that was revoked, put on
hold, followed by another, or that a smaller threshold applies to by now.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from pki.errors.tree import Fact
from pki.notices.due import threshold_of
from pki.notices.world import World, spoken_of
from pki.records.certificates import CertificateRecord, serial_text
from pki.records.notices import Notice, NoticeKind
from pki.records.people import Device
from pki.records.watching import WatchedStanding, WatchedSubject
from pki.words import VIETNAM, Language, show

LONGEST = 200
"""Letters of a fact that are shown."""
DIGEST = "digest"
_DAY = timedelta(days=1)
_FORM = {Language.VI: "%d/%m/%Y", Language.EN: "%Y-%m-%d"}


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, as it is to be written."""

    kind: NoticeKind
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Text:
    """What is written in one language."""

    subject: str
    body: str


def tell(world: World, notice: Notice) -> Told | None:
    """Return what a notice says now; None where it is no longer so.

    Raises:
        UnavailableError: the register does not answer.
    """
    place, _, key = notice.subject.partition(":")
    if notice.kind is NoticeKind.OVERDUE:
        return _request(world, key)
    if notice.kind is NoticeKind.LOST:
        return _device(world, key)
    if place == "sha256":
        return _foreign(world, notice, key)
    # An issuer's name may hold a colon, a serial holds none.
    issuer, _, serial = notice.subject.rpartition(":")
    return _own(world, notice, world.certificates.find_certificate(issuer, int(serial, 16)))


def _own(world: World, notice: Notice, record: CertificateRecord | None) -> Told | None:
    subject = spoken_of(record)
    if record is None or subject is None:
        return None  # erased
    standing = world.certificates.find_revocation(record.issuer, record.serial)
    if notice.kind is NoticeKind.EXPIRING and (
        standing is not None
        or world.outbox.is_followed(record.issuer, record.serial)
        or not _applies(world, notice, record.not_before, record.not_after)
    ):
        return None
    reason = standing.reason.value if standing is not None else ""
    facts = _facts(world, subject, serial_text(record.serial), record.issuer)
    return Told(notice.kind, {**facts, "reason": reason})


def _foreign(world: World, notice: Notice, fingerprint: str) -> Told | None:
    certificate, renewed = world.outbox.watched_one(fingerprint)
    subject = certificate.subject
    over = certificate.standing in {WatchedStanding.REVOKED, WatchedStanding.HELD}
    if notice.kind is NoticeKind.EXPIRING and (
        over or renewed or not _applies(world, notice, certificate.not_before, subject.not_after)
    ):
        return None
    facts = _facts(world, subject, serial_text(certificate.serial), subject.organization)
    return Told(notice.kind, {**facts, "reason": ""})


def _applies(world: World, notice: Notice, not_before: datetime, not_after: datetime) -> bool:
    return threshold_of(not_before, not_after, world.now, world.rules.days) == notice.number


def _facts(world: World, subject: WatchedSubject, serial: str, issuer: str) -> dict[str, Fact]:
    return {
        "name": subject.name,
        "unit": subject.unit,
        "serial": serial,
        "issuer": issuer,
        "ends": subject.not_after,
        "days": max(-((world.now - subject.not_after) // _DAY), 0),
    }


def _request(world: World, request: str) -> Told | None:
    case = world.cases.find(request)
    due = world.calendar.due_of(case) if case is not None else None
    if due is None or not due.is_over(world.now):
        return None
    return Told(NoticeKind.OVERDUE, {"request": request, "due": due.at})


def _device(world: World, serial: str) -> Told | None:
    device = world.people.find_entry(Device, serial)
    if device is None:
        return None
    return Told(NoticeKind.LOST, {"device": serial, "model": device.model})


def write(told: Told, language: Language) -> Text:
    """Return a notice in one language."""
    return _fill(str(told.kind), told.facts, language)


def write_digest(told: tuple[Told, ...], language: Language) -> Text:
    """Return several notices as one text."""
    lines = "\n".join(_line(one, language) for one in told)
    whole = _fill(DIGEST, {"count": len(told)}, language)
    return Text(whole.subject, whole.body.replace(_LINES, lines))


_LINES = "[notices]"
"""Stands in the words of a digest where the notices go."""


def _line(told: Told, language: Language) -> str:
    text = write(told, language)
    serial = told.facts.get("serial")
    more = f" ({_shown(serial, language)})" if serial is not None else ""
    return f"- {text.subject}{more}"


def _fill(name: str, facts: Mapping[str, Fact], language: Language) -> Text:
    subject, body = template(name, language)
    shown = {key: _shown(fact, language) for key, fact in facts.items()}
    form = string.Formatter()
    return Text(form.vformat(subject, (), shown), form.vformat(body, (), shown))


def _shown(fact: Fact, language: Language) -> str:
    """Return a fact as it stands in a text: one line of no more than so many letters."""
    if isinstance(fact, datetime):
        return fact.astimezone(VIETNAM).strftime(_FORM[language])
    text = " ".join(show(fact, language).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@cache
def template(name: str, language: Language) -> tuple[str, str]:
    """Return the words of a kind of notice: those of the subject, and the text."""
    path = files("pki.notices") / "templates" / f"{name}.{language.value}.txt"
    head, _, body = path.read_text("utf-8").partition("\n\n")
    return head.removeprefix("Subject: "), body
