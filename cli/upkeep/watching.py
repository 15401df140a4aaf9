"""Asks other authorities about the certificates that are followed, when that is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cli.errors import ForeignSilentError
from cli.homes.office import Office
from cli.homes.outside import Lists, outside_of
from cli.upkeep.work import Outcome, Task
from pki.records.watching import WatchRound
from pki.watching.follow import IssuerTally


@dataclass(frozen=True, slots=True)
class Watching:
    """The issuers whose certificates one home follows."""

    office: Office

    def due(self) -> tuple[Outcome, ...]:
        """Return whom it is time to ask."""
        return tuple(Outcome(task, "due") for _, task in self._due())

    def work(self) -> tuple[Outcome, ...]:
        """Ask whom it is time to ask, as `antin cert watch` does.

        Raises:
            BusyHomeError: another process is changing the home.
            PKIError: the trust anchors or the policy cannot be read, or whatever the register
                answers.
        """
        due = dict(self._due())
        if not due:
            return ()
        from cli.issuing.follow_foreign import follow_foreign  # loads what judges answers

        session, home = self.office.session, self.office.home
        outside = outside_of(session, home, lists=Lists(asked_for=True))
        with home.locked():
            told = follow_foreign(self.office, outside, tuple(due))
        return tuple(map(_outcome, due.values(), told))

    def _due(self) -> Iterator[tuple[str, Task]]:
        every = timedelta(hours=self.office.home.settings.upkeep.watch_hours)
        register, now = self.office.register, self.office.session.clock.now()
        if not every:
            return
        rounds = {one.issuer_sha256: one for one in register.last_rounds()}
        for issuer in register.followed_issuers(now):
            last: WatchRound | None = rounds.get(issuer)
            if last is None or now - last.at >= every:
                (first,) = register.followed(issuer, now, after=0, limit=1)
                yield issuer, Task("watch", first.issuer, "", last.good_until if last else None)


def _outcome(task: Task, tally: IssuerTally) -> Outcome:
    if tally.asked > tally.unanswered:
        return Outcome(task, "done")
    return Outcome(task, "later", ForeignSilentError(issuer=task.name, why=tally.why))
