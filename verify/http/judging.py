"""What a judging process does: one document in, the finished report out.

A hostile document meets this process alone. Judging has a bound on memory, and whoever started the
process ends it when its time is over; the next document finds a new one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

from pki.clock import Clock, SystemClock
from pki.collecting import collect_seldom
from pki.errors.tree import phrase
from pki.fetcher import Fetcher, NoNetwork
from pki.words import Language
from verify.collect import Collector, verify_opened_online
from verify.content import Digest
from verify.detached import is_signature, open_signature
from verify.display.grade import with_display
from verify.errors import RequestMalformedError
from verify.fetcher import HTTPFetcher
from verify.http.memory_posix import bound_memory
from verify.lists.current import CurrentTrust
from verify.lists.had import Source
from verify.opened import Opened, verify_any
from verify.password import Password
from verify.pdf.document import OpenPDF
from verify.pdf.recovery import open_for_judging
from verify.policy import Limits, Policy
from verify.policy_file import load_policy
from verify.render.etsi import render_etsi
from verify.render.html import render_html
from verify.render.json import to_json
from verify.report import Report

Writer = Callable[[Report, Language], bytes]
"""Writes a report as somebody wants it."""


class Form(StrEnum):
    """What a report is written as."""

    JSON = "application/json"
    HTML = "text/html; charset=utf-8"
    ETSI = "application/xml"
    PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a process judges: names and places, so that they travel."""

    policy: str = "default"
    trust: tuple[Path, ...] = ()
    allow: tuple[str, ...] = ()
    """Hosts that may be asked though not public; see `verify.fetcher`."""
    cache: Path | None = None
    lists: tuple[Source, ...] = ()
    """Trusted lists; what is kept of them must do."""
    kept_lists: Path | None = None
    offline: bool = False
    memory_bytes: int | None = None
    """What judging may take beside what the process has; None sets no bound."""
    paper: Writer | None = None
    """Writes a report as PDF: a function of a module, so that it travels; None: nobody does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One document, as somebody asks for its verdict."""

    data: bytes
    """The document; nothing where its digest stands for it."""
    name: str = "document.pdf"
    at: datetime | None = None
    """Judge as of this moment; None is the present."""
    password: str | None = None
    form: Form = Form.JSON
    language: Language = Language.VI
    signature: bytes | None = None
    """Apart from the document; None where it is inside."""
    digest: Digest | None = None

    def __repr__(self) -> str:
        """Tell nothing of what is in it: there may be a password."""
        return f"Asked({len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Judged:
    """A finished report."""

    indication: str
    sub_indication: str | None
    body: bytes
    form: Form


@cache
def prepare(rules: Rules) -> _Judge:
    """Load everything once, before the first document of a process.

    Raises:
        PKIError: policy or trust anchors cannot be read.
    """
    loaded = _Judge(rules)
    collect_seldom()
    return loaded


def check_rules(rules: Rules) -> None:
    """Read what every process will read, so that who starts a service is told of what is wrong.

    Raises:
        PKIError: policy or trust anchors cannot be read.
    """
    load_policy(rules.policy)
    _trust_by(rules, SystemClock())


def _trust_by(rules: Rules, clock: Clock) -> CurrentTrust:
    return CurrentTrust(rules.trust, clock, sources=rules.lists, kept=rules.kept_lists)


def warm(rules: Rules) -> None:
    """Prepare the process that this is called in: see `prepare`."""
    prepare(rules)


def judge(rules: Rules, asked: Asked) -> Judged:
    """Judge a document by the rules that the process was prepared for.

    Raises:
        RequestMalformedError: nobody here writes a report in that form.
        PKIError: it cannot be read as a document (see `verify.document`), or policy or trust
            anchors cannot be read any more.
    """
    loaded, write = prepare(rules), _WRITERS.get(asked.form, rules.paper)
    if write is None:
        raise RequestMalformedError(reason=phrase("verify.request.accept"))
    more = rules.memory_bytes
    with bound_memory(more) if more is not None else nullcontext():
        report = loaded.report(asked)
        return Judged(
            report.indication.value,
            report.sub_indication.value if report.sub_indication else None,
            write(report, asked.language),
            asked.form,
        )


def _open(asked: Asked, limits: Limits) -> Opened:
    if asked.signature is not None:
        content = asked.digest or asked.data
        return open_signature(asked.signature, content, name=asked.name, limits=limits)
    if is_signature(asked.data):
        return open_signature(asked.data, None, name=asked.name, limits=limits)
    password = Password(asked.password) if asked.password is not None else None
    return open_for_judging(asked.data, name=asked.name, limits=limits, password=password)


class _Judge:
    """Policy, trust anchors and network of one process."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._clock = SystemClock()
        self._policy: Policy = load_policy(rules.policy)
        self._fetcher: Fetcher = NoNetwork()
        if not rules.offline:
            began = self._clock.now()
            self._fetcher = HTTPFetcher(rules.allow, self._clock, rules.cache, began)
        self._first_had: dict[bytes, datetime] = {}
        self._trust = _trust_by(rules, self._clock)

    def report(self, asked: Asked) -> Report:
        opened = _open(asked, self._policy.limits)
        trust = self._trust.get()
        if self._rules.offline:
            at = asked.at or self._clock.now()
            report = verify_any(opened, policy=self._policy, trust=trust, at=at)
        else:
            collector = Collector(self._fetcher, self._clock, first_had=self._first_had)
            report = verify_opened_online(
                opened, policy=self._policy, trust=trust, collector=collector, at=asked.at
            )
        if isinstance(opened, OpenPDF):
            return with_display(report, opened, self._policy)
        return report


def _as_json(report: Report, language: Language) -> bytes:
    return json.dumps(to_json(report, language), ensure_ascii=False).encode()


def _as_html(report: Report, language: Language) -> bytes:
    return render_html(report, language).encode()


_WRITERS: dict[Form, Writer] = {
    Form.JSON: _as_json,
    Form.HTML: _as_html,
    Form.ETSI: render_etsi,
}
