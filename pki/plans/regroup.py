"""What a merger, or a part that goes elsewhere, changes in the registry: with the plan, once.

    merge       agencies end and go on in one that is there; their posts go on there
    move        an agency comes to stand below another one
    move, unit  the posts of a part of an agency go on at another agency

The head of the plan has the hash of these changes, so they are approved with it. When the plan is
carried out they are found anew: none are left where they were made before, and others than were
approved are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from pki.errors.merging import (
    RegistryChangedError,
    RegroupAgenciesError,
    RegroupEmptyError,
    RegroupNotYetError,
)
from pki.events.effects import Changes, moved_code
from pki.events.proposals import beginning
from pki.events.recording import entered_step, event_record, event_step
from pki.events.told import Told
from pki.records.changes import Step
from pki.records.event_register import EventRegister
from pki.records.events import EventKind
from pki.records.people import Agency, E, Entry, Post, PostQuery, Query
from pki.records.plans import PlanKind
from pki.registry.checks import Look, get_agency
from pki.registry.forms import KEY_OF, write_values
from pki.registry.values import read_code, read_day, read_text
from pki.requests.canonical import canonical, digest
from pki.requests.concern import Registry


@dataclass(frozen=True, slots=True)
class Regroup:
    """Which agencies, or which part of one, go where, from which day on."""

    kind: PlanKind
    agencies: tuple[str, ...]
    into: str
    day: date
    unit: str | None = None

    def __post_init__(self) -> None:
        codes = (*self.agencies, self.into)
        for code in codes:
            read_code(code, "agency")
            if codes.count(code) > 1:
                raise RegroupAgenciesError(agency=code)
        if self.kind is PlanKind.MOVE and len(self.agencies) != 1:
            raise RegroupAgenciesError(agency=self.into)
        if self.unit is not None:
            read_text(self.unit, "unit")

    @property
    def posts_move(self) -> bool:
        """Say whether posts go on under codes of their own."""
        return self.kind is PlanKind.MERGE or self.unit is not None

    def annex(self, registry_sha256: str) -> dict[str, object]:
        """Return what the head of the plan says of it."""
        return {
            "from": list(self.agencies),
            "into": self.into,
            "day": self.day.isoformat(),
            "unit": self.unit,
            "registry_sha256": registry_sha256,
        }


def regroup_of(kind: PlanKind, annex: Mapping[str, object]) -> Regroup:
    """Return what the head of a plan says.

    Raises:
        PKIError: it is of no such plan.
    """
    listed = annex.get("from")
    agencies = tuple(map(str, listed)) if isinstance(listed, list) else ()
    unit = annex.get("unit")
    day = read_day(str(annex.get("day")), "day")
    return Regroup(kind, agencies, str(annex.get("into")), day, None if unit is None else str(unit))


@dataclass(frozen=True, slots=True)
class RegistryPart:
    """What is left to change in the registry."""

    told: tuple[Told, ...]
    """The events that it comes of."""
    entries: tuple[Entry, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of what the entries will say."""
        said = [[type(one).__name__, write_values(one)] for one in self.entries]
        return digest(canonical({"entries": said}))


class Begun(NamedTuple):
    """Who carries a plan out, and when."""

    actor: str
    at: datetime


def leaving_posts(regroup: Regroup, look: Look) -> tuple[Post, ...]:
    """Return the posts that are left on the day, those of a part alone where one is named."""
    last = regroup.day - timedelta(days=1)
    return tuple(
        post
        for code in regroup.agencies
        for post in look.find_entries(PostQuery(agency=code))
        if (post.until is None or post.until >= last)
        and (regroup.unit is None or post.unit == regroup.unit)
    )


def new_code(regroup: Regroup, post: Post) -> str:
    """Return the code under which a post goes on."""
    return moved_code(post.code, regroup.into) if regroup.posts_move else post.code


def registry_part(regroup: Regroup, look: Look, at: datetime) -> RegistryPart:
    """Return what is left to change in the registry.

    Raises:
        UnknownAgencyError: an agency that is not there.
        RegroupEmptyError: nobody holds a post in the part that goes.
        PKIError: as `pki.events.effects.effects_of`.
    """
    into = get_agency(look, regroup.into)
    agencies = [get_agency(look, code) for code in regroup.agencies]
    changes = Changes(look, regroup.day, at)
    told = _told(regroup, look)
    for one in told:
        changes.befall(one)
    if not regroup.posts_move:
        _place_below(changes, agencies[0], into)
    return RegistryPart(told, changes.finish())


class Foreseen:
    """The registry as it will be once the plan is under way; lines are judged by it."""

    def __init__(self, registry: Registry, part: RegistryPart) -> None:
        self._registry = registry
        self._entries = {_place(one): one for one in part.entries}

    def find_entry(self, kind: type[E], key: str, *, on: date | None = None) -> E | None:
        """Return the entry as it will be, else as it was on a day, or its newest version."""
        foreseen: Any = self._entries.get((kind, key))
        if foreseen is not None:
            return foreseen  # type: ignore[no-any-return]  # of that kind
        return self._registry.find_entry(kind, key, on=on)

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return what the registry has now."""
        return self._registry.find_entries(query)


def registry_steps(
    register: EventRegister, plan: str, kind: PlanKind, annex: Mapping[str, object], permit: Begun
) -> tuple[Step, ...]:
    """Return what changes in the registry when a plan begins; nothing where it did before.

    Args:
        register: where.
        plan: id of the plan.
        kind: what its head says it is for.
        annex: the head's own, which was approved.
        permit: by whom and when it is carried out.

    Raises:
        RegroupNotYetError: the day has not come.
        RegistryChangedError: the changes that are left are not those that were approved.
        PKIError: as `regroup_of` and `registry_part`.
    """
    regroup, (actor, at) = regroup_of(kind, annex), permit
    if at < beginning(regroup.day):
        raise RegroupNotYetError(plan=plan, day=regroup.day.isoformat())
    part = registry_part(regroup, register, at)
    if part.entries and part.sha256 != annex.get("registry_sha256"):
        raise RegistryChangedError(plan=plan)
    more = ("plan", plan)
    recorded = (
        event_step(event_record(register, one, actor, at), more)
        for one in part.told
        if register.find_same_event(one.content_sha256) is None
    )
    return (*recorded, *(entered_step(one, actor, at, more) for one in part.entries))


def _place(entry: Entry) -> tuple[type[Entry], str]:
    key: str = getattr(entry, KEY_OF[type(entry)])
    return type(entry), key


def _told(regroup: Regroup, look: Look) -> tuple[Told, ...]:
    if regroup.kind is PlanKind.MERGE:
        return tuple(
            Told(kind=EventKind.MERGER, day=regroup.day, agency=one, to_agency=regroup.into)
            for one in regroup.agencies
        )
    if regroup.unit is None:
        return ()
    posts = leaving_posts(regroup, look)
    if not posts:
        raise RegroupEmptyError(agency=regroup.agencies[0], unit=regroup.unit)
    return tuple(
        Told(
            kind=EventKind.POST_CHANGE,
            day=regroup.day,
            post=post.code,
            to_agency=regroup.into,
            unit=regroup.unit,
        )
        for post in posts
        if not _went_on(regroup, post, look)
    )


def _went_on(regroup: Regroup, post: Post, look: Look) -> bool:
    there = look.find_entry(Post, new_code(regroup, post))
    return there is not None and there.since == regroup.day and there.agency == regroup.into


def _place_below(changes: Changes, agency: Agency, into: Agency) -> None:
    changes.change(agency, parent=into.code)
