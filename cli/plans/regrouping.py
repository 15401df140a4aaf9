"""Mergers and moves as plans, by the options of `antin plan create merge|move`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from cli.errors import BadOptionError
from cli.events.csr_folder import CSRFolder
from cli.homes.office import Office
from pki.plans.making import Making
from pki.plans.merging import Sources, make_regrouping
from pki.plans.regroup import Regroup
from pki.records.plans import PlanKind
from pki.records.requests import OPEN, CaseQuery, RequestKind
from pki.registry.values import read_day
from pki.requests.plan_head import head_of

_PLACES = ("O", "OU", "L", "ST", "organizationIdentifier")
"""What may be said of all certificates at once: where people work, never who they are."""


@dataclass(frozen=True, slots=True)
class RegroupWish:
    """The options of a merger or a move."""

    kind: PlanKind
    agencies: tuple[str, ...]
    into: str
    day: date
    unit: str | None
    settings: tuple[tuple[str, str], ...]


def regroup_wish(
    what: str | None,
    agencies: Sequence[str] | None,
    into: str | None,
    day: str | None,
    unit: str | None,
    settings: Sequence[str] | None,
) -> RegroupWish | None:
    """Return what the options say; None where nothing is merged or moved.

    Raises:
        BadOptionError: one is missing, is none, or is given without `merge` or `move`.
        PKIError: the day is none.
    """
    if what is None:
        theirs = {"--into": into, "--on": day, "--unit": unit, "--set": settings}
        for option, value in theirs.items():
            if value:
                raise BadOptionError(option=option, value=str(value), form="merge, move")
        return None
    for option, missing in (("--from", not agencies), ("--into", not into), ("--on", not day)):
        if missing:
            raise BadOptionError(option=option, value="-", form=option)
    if unit is not None and what == PlanKind.MERGE:
        raise BadOptionError(option="--unit", value=unit, form="move")
    said = tuple(map(_setting, settings or ()))
    kind, on = PlanKind(what), read_day(day or "", "--on")
    return RegroupWish(kind, tuple(agencies or ()), into or "", on, unit, said)


def one_file(named: Sequence[str] | None) -> Path | None:
    """Return the file that `--from` names where nothing is merged or moved.

    Raises:
        BadOptionError: several are named.
    """
    if named is not None and len(named) > 1:
        raise BadOptionError(option="--from", value=named[1], form="FILE")
    return Path(named[0]) if named else None


def regrouping(office: Office, wish: RegroupWish, folder: Path | None, title: str | None) -> Making:
    """Return what is to become a plan: who gets another certificate, what is revoked.

    Raises:
        BadOptionError: no folder of requests for keys is named.
        PKIError: as `pki.plans.merging.make_regrouping`.
    """
    if folder is None:
        raise BadOptionError(option="--csr-dir", value="-", form="--csr-dir")
    regroup = Regroup(wish.kind, wish.agencies, wish.into, wish.day, wish.unit)
    sources = Sources(
        register=office.register,
        people=office.register,
        csrs=CSRFolder(folder),
        profile=cache(office.profile),
        blocked=office.blocked_keys(),
        now=office.session.clock.now(),
        settings=wish.settings,
        elsewhere=_elsewhere(office),
    )
    words = office.session.word(
        f"cli.plan.title.{regroup.kind.value}",
        agencies=regroup.agencies,
        into=regroup.into,
        day=f"{wish.day:%d/%m/%Y}",
    )
    return make_regrouping(regroup, title or words, sources)


def _setting(text: str) -> tuple[str, str]:
    short, sign, value = text.partition("=")
    if not sign or short not in _PLACES:
        raise BadOptionError(option="--set", value=short, form=", ".join(_PLACES))
    return short, value


def _elsewhere(office: Office) -> dict[str, str]:
    """Return the agencies that other open plans regroup, and the id of each plan."""
    found: dict[str, str] = {}
    for case in office.register.cases.list(CaseQuery(OPEN, RequestKind.PLAN)):
        head = head_of(case, office.register.cases.content(case.record.id))
        if head["for"] in {PlanKind.MERGE, PlanKind.MOVE}:
            found |= dict.fromkeys(head["annex"]["from"], case.record.id)
    return found
