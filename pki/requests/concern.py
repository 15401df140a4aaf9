"""Whether those whom a request names are as it says: looked up where there is a registry.

A register that has neither an agency nor a person keeps none, and codes stand there for whatever
the office means by them. Asked when a request is handed in and when it begins to be carried out,
each time in the transaction that records it.

Who retired, left or died gets no certificate, and what is revoked or put on hold is mostly theirs:
those two kinds ask no more than that the codes are there.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from pki.errors.office import (
    ConcernedDeviceError,
    ConcernedDeviceStateError,
    ConcernedGoneError,
    ConcernedOverError,
    ConcernedPostError,
)
from pki.errors.registry import (
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.errors.tree import RefusedError
from pki.records.people import (
    Agency,
    AgencyQuery,
    Assignment,
    Device,
    DeviceState,
    E,
    Person,
    PersonQuery,
    PersonState,
    Post,
    Query,
)
from pki.records.requests import RequestKind
from pki.requests.content import Concerned
from pki.words import VIETNAM

_ENDING = {RequestKind.HOLD, RequestKind.REVOKE}
_USABLE = frozenset({DeviceState.ISSUED, DeviceState.ACTIVE})
_DEVICES: dict[RequestKind, frozenset[DeviceState]] = {
    RequestKind.NEW: _USABLE,
    RequestKind.RENEW: _USABLE,
    RequestKind.CHANGE: _USABLE,
    RequestKind.RECOVER: frozenset({DeviceState.ACTIVE, DeviceState.PIN_RECOVERY}),
    RequestKind.RELEASE: _USABLE | {DeviceState.SUSPENDED, DeviceState.PIN_RECOVERY},
}
"""In which states a device may be."""


class Registry(Protocol):
    """Where people, posts, agencies and devices are looked up."""

    def find_entry(self, kind: type[E], key: str, *, on: date | None = None) -> E | None:
        """Return the entry of that key as it was on a day, or its newest version."""
        ...

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the entries that match."""
        ...


def is_kept(registry: Registry) -> bool:
    """Say whether there is a registry: an agency or a person in it."""
    return bool(
        registry.find_entries(PersonQuery(limit=1)) or registry.find_entries(AgencyQuery(limit=1))
    )


def day_in_vietnam(at: datetime) -> date:
    """Return the day it is in Vietnam."""
    return at.astimezone(VIETNAM).date()


def check_concerned(
    kind: RequestKind, one: Concerned, registry: Registry, at: datetime, *, new: bool
) -> None:
    """Refuse a request about whom the registry does not know, or knows otherwise.

    Args:
        kind: what is asked for.
        one: whom and what it names.
        registry: where they are looked up; asked for nothing where none is kept.
        at: now; what holds on that day in Vietnam counts, or else what is entered for later.
        new: whether it is handed in now, and not carried out.

    Raises:
        UnknownPersonError, UnknownPostError, UnknownAgencyError, UnknownDeviceError: none of that
            code.
        ConcernedGoneError: the person does not serve.
        ConcernedPostError: the post is another person's, or of another agency.
        ConcernedOverError: the post or the agency ended.
        ConcernedDeviceError: somebody else holds the device.
        ConcernedDeviceStateError: the device is not in use.
    """
    if one.told and is_kept(registry):
        check_known(kind, one, registry, at, new=new)


def check_known(
    kind: RequestKind, one: Concerned, registry: Registry, at: datetime, *, new: bool
) -> None:
    """Do as `check_concerned`, where it is known that there is a registry.

    Raises:
        RefusedError: as `check_concerned`.
    """
    today = day_in_vietnam(at)
    found = _Found(one, registry, today)
    if kind in _ENDING:
        return
    if found.person is not None and found.person.state is not PersonState.ACTIVE:
        raise ConcernedGoneError(person=found.person.code, state=str(found.person.state))
    _check_post(one, found.post)
    for entry in (found.post, found.agency):
        if entry is not None and entry.until is not None and entry.until < today:
            raise ConcernedOverError(named=entry.code, until=entry.until.isoformat())
    if found.device is not None:
        _check_holder(kind, one, found.device)
        usable = _DEVICES.get(kind, _USABLE)
        if kind is RequestKind.RECOVER and new:
            usable -= {DeviceState.PIN_RECOVERY}  # somebody asks for that already
        if found.device.state not in usable:
            state = str(found.device.state)
            raise ConcernedDeviceStateError(device=found.device.serial, state=state)


def assigned(
    one: Concerned, place: tuple[str, int], registry: Registry, at: datetime
) -> Assignment | None:
    """Return on whom a certificate hangs that was just issued as asked; None for nobody known.

    Args:
        one: whom the request names.
        place: issuer and serial.
        registry: where they are.
        at: when it was issued.
    """
    if one.person is None and one.agency is None:
        return None
    try:
        _Found(one, registry, day_in_vietnam(at))
    except RefusedError:  # no registry; or one begun while the request was under way
        return None
    return Assignment(
        version=1,
        follows=0,
        effective=day_in_vietnam(at),
        recorded_at=at,
        issuer=place[0],
        serial=place[1],
        person=one.person,
        agency=one.agency if one.person is None else None,
        post=one.post,
        device=one.device,
    )


class _Found:
    """The entries that a request names."""

    def __init__(self, one: Concerned, registry: Registry, day: date) -> None:
        self._registry, self._day = registry, day
        self.person = self._find(Person, one.person)
        if one.person is not None and self.person is None:
            raise UnknownPersonError(person=one.person)
        self.agency = self._find(Agency, one.agency)
        if one.agency is not None and self.agency is None:
            raise UnknownAgencyError(agency=one.agency)
        self.post = self._find(Post, one.post)
        if one.post is not None and self.post is None:
            raise UnknownPostError(post=one.post)
        self.device = self._find(Device, one.device)
        if one.device is not None and self.device is None:
            raise UnknownDeviceError(device=one.device)

    def _find(self, kind: type[E], key: str | None) -> E | None:
        if key is None:
            return None
        on_day = self._registry.find_entry(kind, key, on=self._day)
        return on_day or self._registry.find_entry(kind, key)  # who begins next week


def _check_post(one: Concerned, post: Post | None) -> None:
    if post is None:
        return
    if post.person != one.person:
        raise ConcernedPostError(post=post.code, of=one.person or "-")
    if one.agency is not None and post.agency != one.agency:
        raise ConcernedPostError(post=post.code, of=one.agency)


def _check_holder(kind: RequestKind, one: Concerned, device: Device) -> None:
    holder = (one.person, None if one.person is not None else one.agency)
    if kind is RequestKind.RECOVER and holder == (None, None):
        holder = (device.person, device.agency)  # whose it is need not be said
    if (device.person, device.agency) != holder:
        raise ConcernedDeviceError(device=device.serial, of=one.person or one.agency or "-")
