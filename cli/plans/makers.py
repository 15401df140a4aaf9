"""Which maker finds the lines of a plan, by the options that were given.

A maker of another kind is one more entry here: what it reads, and who yields its lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from cli.errors import BadOptionError
from cli.homes.office import Office
from cli.plans.regrouping import RegroupWish, regrouping
from pki.plans.ground import Ground
from pki.plans.making import Making
from pki.plans.reissuing import Source, reissuing
from pki.plans.renewing import renewing
from pki.records.plans import PlanKind
from pki.words import VIETNAM

_QUARTER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of `antin plan create`."""

    title: str | None = None
    source: Path | None = None
    regroup: RegroupWish | None = None
    """A merger or a move."""
    csr_folder: Path | None = None
    renew_until: datetime | None = None
    quarter: bool = False
    ca: str | None = None
    profile: str | None = None

    @property
    def kind(self) -> PlanKind:
        """What is planned.

        Raises:
            BadOptionError: nothing, or two things.
        """
        if self.regroup is not None:
            self._check_alone()
            return self.regroup.kind
        said = [
            kind
            for kind, given in (
                (PlanKind.REISSUE, self.source is not None),
                (PlanKind.RENEW, self.renew_until is not None or self.quarter),
            )
            if given
        ]
        if len(said) != 1:
            form = "--from, --renew-until, --quarter"
            raise BadOptionError(option="--from", value="-", form=form)
        return said[0]

    def _check_alone(self) -> None:
        others = {"--renew-until": self.renew_until, "--ca": self.ca, "--profile": self.profile}
        given = [option for option, value in others.items() if value is not None]
        if self.quarter or given:
            option = "--quarter" if self.quarter else given[0]
            raise BadOptionError(option=option, value="merge, move", form="-")


def making_of(office: Office, wanted: Wanted) -> Making:
    """Return what is to become a plan.

    Raises:
        BadOptionError: nothing is to be planned, or two things.
        PKIError: what it is made from cannot be read.
    """
    return MAKERS[wanted.kind](office, wanted)


def ground_of(office: Office) -> Ground:
    """Return what makers look into; a profile is read once."""
    now = office.session.clock.now()
    return Ground(office.register, cache(office.profile), office.blocked_keys(), now)


def _renewals(office: Office, wanted: Wanted) -> Making:
    now = office.session.clock.now()
    if wanted.renew_until is not None:
        last = wanted.renew_until.date()
    else:
        last = end_of_quarter(now.astimezone(VIETNAM).date())
    until = datetime.combine(last + timedelta(days=1), time(), VIETNAM)
    if wanted.ca is not None:
        office.record(wanted.ca)
    title = wanted.title or office.session.word("cli.plan.renewals", day=f"{last:%d/%m/%Y}")
    made = renewing(ground_of(office), now, until, wanted.ca)
    return Making(PlanKind.RENEW, title, made, {"until": last.isoformat()})


def _reissues(office: Office, wanted: Wanted) -> Making:
    assert wanted.source is not None  # noqa: S101  it is what the kind is of
    folder = wanted.csr_folder.resolve() if wanted.csr_folder is not None else None
    if wanted.ca is not None:
        office.record(wanted.ca)
    source = Source(wanted.source, folder, wanted.ca, wanted.profile)
    title = wanted.title or wanted.source.name
    return Making(PlanKind.REISSUE, title, reissuing(ground_of(office), source))


def _regroups(office: Office, wanted: Wanted) -> Making:
    assert wanted.regroup is not None  # noqa: S101  as above
    return regrouping(office, wanted.regroup, wanted.csr_folder, wanted.title)


MAKERS: dict[PlanKind, Callable[[Office, Wanted], Making]] = {
    PlanKind.RENEW: _renewals,
    PlanKind.REISSUE: _reissues,
    PlanKind.MERGE: _regroups,
    PlanKind.MOVE: _regroups,
}


def end_of_quarter(day: date) -> date:
    """Return the last day of the quarter that a day is in."""
    month = (day.month - 1) // _QUARTER * _QUARTER + _QUARTER
    year, following = (day.year + 1, 1) if month == 12 else (day.year, month + 1)
    return date(year, following, 1) - timedelta(days=1)
