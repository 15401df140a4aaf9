"""The version that follows from what is said of an entry now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pki.errors.personal import PersonErasedError
from pki.errors.registry import EntryBackwardsError, EntrySinceError, PostMovedError
from pki.records.people import E, Entry, Person, Post
from pki.registry.forms import FORMS, KEY_OF, Values


def first_version(kind: type[E], values: Values, *, at: datetime) -> E:
    """Return an entry that was not there; it holds from its first day on."""
    return kind(version=1, follows=0, effective=values["since"], recorded_at=at, **values)


def next_version(before: E, values: Values, *, day: date, at: datetime) -> E | None:
    """Return the version that follows, None where nothing is said that does not hold already.

    Args:
        before: the newest version.
        values: all that is said of the entry now.
        day: from which it holds; a new state holds from its own first day.
        at: when it is recorded.

    Raises:
        EntrySinceError: another first day of the same, or a new state since the old one's day.
        EntryBackwardsError: it would hold before what it follows.
        PostMovedError: a post of another person or agency.
        PersonErasedError: what speaks of the person was erased.
    """
    _check_not_erased(before)
    if _same(before, values):
        return None
    key: str = getattr(before, KEY_OF[type(before)])
    effective, moved = day, "state" in values and values["state"] is not _of(before, "state")
    if moved:
        effective = values["since"]
        # Within one day a device is handed over and confirmed; no one retires the day he came.
        stale = effective == _of(before, "since") and isinstance(before, Person)
        if stale or effective < _of(before, "since"):
            raise EntrySinceError(key=key)
    elif values["since"] != _of(before, "since"):
        raise EntrySinceError(key=key)
    if effective < before.effective:
        raise EntryBackwardsError(
            key=key, day=effective.isoformat(), last=before.effective.isoformat()
        )
    if isinstance(before, Post) and _moves_post(before, values):
        raise PostMovedError(post=before.code)
    follows = {"version": before.version + 1, "follows": before.version}
    return type(before)(effective=effective, recorded_at=at, **follows, **values)


def corrected(before: E, values: Values, *, day: date | None, at: datetime) -> E | None:
    """Return the version in the place of the newest, which was wrong; None where it is right.

    Args:
        before: the newest version.
        values: what should have been said.
        day: from which it holds; None for the day of the wrong one, or of the state if that moved.
        at: when it is recorded.

    Raises:
        PersonErasedError: what speaks of the person was erased.
    """
    _check_not_erased(before)
    if _same(before, values) and day in {None, before.effective}:
        return None
    effective = day or before.effective
    if day is None and (before.follows == 0 or "state" in values):
        moved = values["since"] != _of(before, "since")
        effective = values["since"] if moved else before.effective
    replaced = {"version": before.version + 1, "follows": before.follows}
    return type(before)(effective=effective, recorded_at=at, **replaced, **values)


def _check_not_erased(before: Entry) -> None:
    if isinstance(before, Person) and not before.name:
        raise PersonErasedError(person=before.code)


def _same(before: Entry, values: Values) -> bool:
    return all(_of(before, one.name) == values[one.name] for one in FORMS[type(before)])


def _moves_post(before: Post, values: Values) -> bool:
    return (before.person, before.agency) != (values["person"], values["agency"])


def _of(entry: Entry, name: str) -> Any:  # noqa: ANN401  of the field's type
    return getattr(entry, name)
