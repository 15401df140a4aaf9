"""Carries a plan out as an officer asks for it on the command line."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache

from cli.actor import actor
from cli.documents.progress import Bar
from cli.homes.office import Office
from cli.plans.shown import covered
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.authority.authority import Authority
from pki.authority.bulk_work import OpenKey
from pki.authority.carry_out import run_statement
from pki.keys import PrivateKey
from pki.plans.run import Progress, Running, run_plan
from pki.records.requests import RequestKind

_LISTED = {RequestKind.CHANGE, RequestKind.HOLD, RequestKind.RELEASE, RequestKind.REVOKE}
"""Kinds of lines that change what a revocation list says."""


@dataclass
class _Opened:
    """The authorities of a plan, each opened once."""

    office: Office
    authorities: dict[str, Authority] = field(default_factory=dict)

    def authority(self, name: str) -> Authority:
        if name not in self.authorities:
            self.authorities[name] = self.office.authority(name)
        return self.authorities[name]

    def key_of(self, name: str) -> OpenKey:
        @cache
        def key() -> PrivateKey:
            return self.authority(name).issuer.key

        return key


@dataclass(frozen=True, slots=True)
class Ran:
    """How far a plan has come, and how long this run took."""

    progress: Progress
    seconds: float


def run(office: Office, plan: str, officer: Actor) -> Ran:
    """Do what was approved, and publish lists where the status of a certificate changed.

    Raises:
        PKIError: any refusal of the plan or of an authority.
    """
    coverage = covered(office, plan)  # before a PIN is asked for
    desk, began = judging_desk(office), time.monotonic()
    signature = officer.sign(office, run_statement(coverage.case, office.session.clock.now()))
    opened = _Opened(office)
    running = Running(
        *(desk, office.register.plans, opened.authority, cache(office.profile), opened.key_of),
        events=office.register,
    )
    bar, last = Bar(office.session, coverage.tally.count, "cli.plan.progress"), None
    with office.home.locked():
        try:
            for last in run_plan(running, plan, signature):
                bar.advance(last.ended - bar.done)
        finally:
            bar.close()
            if last is not None and _LISTED & set(coverage.tally.kinds):
                for authority in opened.authorities.values():
                    authority.issue_crl(requester=actor())
    assert last is not None  # noqa: S101  it yields at least once
    return Ran(last, time.monotonic() - began)
