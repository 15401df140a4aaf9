"""Keeps the counts of the overview up to date, so that nobody waits for them.

Issuing counts nothing: an update of a kept count costs several percent of a certificate. Whoever
looks after the home counts what came since, some microseconds a certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from cli.homes.alarms import failed
from cli.homes.office import Office
from pki.errors.tree import PKIError
from pki.upkeep.alarm import Alarm
from pki.watching.counts import CountedRegister, count

COUNTS = "overview.json"
"""In the home's cache."""
A_ROUND = 100_000
"""Certificates that a service counts at a time, about half a second; the rest in the next round."""


@dataclass(frozen=True, slots=True)
class Counting:
    """The counts of one home."""

    office: Office
    at_most: int | None = None
    """How many certificates are counted in a round; None for all."""

    def work(self) -> tuple[Alarm, ...]:
        """Count what came since; what hinders it is told."""
        register = cast("CountedRegister", self.office.register)
        now, path = self.office.session.clock.now(), self.office.home.cache / COUNTS
        try:
            count(register, now, path, at_most=self.at_most)
        except PKIError as error:
            return (failed("overview", error),)
        return ()
