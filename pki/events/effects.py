"""What an event changes in the registry, as versions that follow from those that stand.

    post change     the post ends the day before; another one begins
    retirement, leaving, death
                    the person's state, and the end of all posts
    merger          the agency ends and names who goes on; its posts go on there under codes of
                    their own, and the agencies below it stand below that one
    dissolution     the agency and its posts end
    loss, damage, exposure
                    the device's state; one that may be in other hands is suspended

What stands already as the event says is left as it is: an event may be told late.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from hashlib import sha256

from pki.errors.events import EventBeforePostError, PostOverError
from pki.errors.registry import (
    EntryExistsError,
    SuccessorError,
    UnknownDeviceError,
    UnknownPostError,
)
from pki.events.told import Told
from pki.records.events import EventKind
from pki.records.people import (
    Agency,
    AgencyQuery,
    Device,
    DeviceState,
    Entry,
    Person,
    PersonState,
    Post,
    PostQuery,
)
from pki.registry.beside import Beside
from pki.registry.checks import Look, check_entry, get_agency, get_person
from pki.registry.forms import FORMS
from pki.registry.moves import DEVICE_MOVES
from pki.registry.versions import first_version, next_version

_PERSON = {
    EventKind.RETIREMENT: PersonState.RETIRED,
    EventKind.LEAVING: PersonState.LEFT,
    EventKind.DEATH: PersonState.DIED,
}
_DEVICE = {
    EventKind.LOSS: DeviceState.LOST,
    EventKind.DAMAGE: DeviceState.DAMAGED,
    EventKind.EXPOSURE: DeviceState.SUSPENDED,
}
_ONE_DAY = timedelta(days=1)
MAX_CODE = 32


class Changes:
    """Versions that follow from those of the registry, each beside the ones before it."""

    def __init__(self, look: Look, day: date, at: datetime) -> None:
        self.look = Beside(look)
        self.day = day
        self._at = at
        self.entries: list[Entry] = []

    def change(self, before: Entry, **said: object) -> None:
        """Let an entry say something else from the day on; nothing where it says so already."""
        values = {one.name: getattr(before, one.name) for one in FORMS[type(before)]} | said
        day = max(self.day, before.effective)  # told late: what was recorded meanwhile stays
        self._take(next_version(before, values, day=day, at=self._at))

    def add(self, kind: type[Entry], **values: object) -> None:
        """Let an entry begin."""
        self._take(first_version(kind, values, at=self._at))

    def befall(self, told: Told) -> None:
        """Let an event of this day change what it changes."""
        _EFFECTS[told.kind](told, self)

    def end_post(self, post: Post) -> None:
        """Let a post end the day before; one that ended sooner is left as it is.

        Raises:
            EventBeforePostError: it begins on the day or later.
        """
        last = self.day - _ONE_DAY
        if post.until is not None and post.until <= last:
            return
        if post.since >= self.day:
            raise EventBeforePostError(
                post=post.code, since=post.since.isoformat(), day=self.day.isoformat()
            )
        self.change(post, until=last)

    def move_post(self, post: Post, code: str, **said: object) -> None:
        """Let a post end, and go on as another one; one that went on before is left as it is.

        Raises:
            EventBeforePostError: as `end_post`.
            EntryExistsError: another post has that code.
        """
        self.end_post(post)
        values: dict[str, object] = {
            "code": code,
            "person": post.person,
            "agency": post.agency,
            "title": post.title,
            "unit": None,
            "since": self.day,
            "until": post.until,
            **said,
        }
        standing = self.look.find_entry(Post, code)
        if standing is None:
            self.add(Post, **values)
        elif any(getattr(standing, name) != value for name, value in values.items()):
            raise EntryExistsError(key=code)

    def finish(self) -> tuple[Entry, ...]:
        """Return all of them, each beside all the others.

        Raises:
            PKIError: the first that does not fit.
        """
        for entry in self.entries:
            check_entry(entry, self.look)
        return tuple(self.entries)

    def _take(self, entry: Entry | None) -> None:
        if entry is not None:
            self.entries.append(entry)
            self.look.put((entry,))


def effects_of(told: Told, look: Look, at: datetime) -> tuple[Entry, ...]:
    """Return what an event changes, in an order in which it can be recorded.

    Raises:
        UnknownPersonError, UnknownPostError, UnknownAgencyError, UnknownDeviceError: what it names
            is not there.
        EventBeforePostError: a post begins on its day or later.
        PostOverError: the post that is left was over before.
        EntryExistsError: another post has the code of the new one.
        SuccessorError: an agency goes on in itself.
        PKIError: as `pki.registry.versions.next_version` and `pki.registry.checks.check_entry`.
    """
    changes = Changes(look, told.day, at)
    changes.befall(told)
    return changes.finish()


def moved_code(code: str, agency: str) -> str:
    """Return the code of the post that goes on from one at another agency: always the same."""
    whole = f"{code}-{agency}"
    if len(whole) <= MAX_CODE:
        return whole
    mark = sha256(whole.encode()).hexdigest()[:8]
    return f"{code[: MAX_CODE - 9]}-{mark}"


def merge(changes: Changes, agency: Agency, into: Agency) -> None:
    """Let one agency go on in another's place."""
    for post in changes.look.find_entries(PostQuery(agency=agency.code)):
        if post.until is None or post.until >= changes.day:
            code = moved_code(post.code, into.code)
            changes.move_post(post, code, agency=into.code, unit=post.unit)
    for below in changes.look.find_entries(AgencyQuery(parent=agency.code)):
        if below.code != into.code and (below.until is None or below.until >= changes.day):
            changes.change(below, parent=into.code)
    changes.change(agency, until=changes.day - _ONE_DAY, successor=into.code)


def _change_post(told: Told, changes: Changes) -> None:
    post = changes.look.find_entry(Post, told.post or "")
    if post is None:
        raise UnknownPostError(post=told.post or "")
    if post.until is not None and post.until < changes.day - _ONE_DAY:
        raise PostOverError(post=post.code, until=post.until.isoformat())
    if not told.moves:
        changes.end_post(post)
        return
    agency = told.to_agency or post.agency
    code = told.new_post or moved_code(post.code, agency)
    changes.move_post(
        post, code, agency=agency, title=told.title or post.title, unit=told.unit, until=None
    )


def _change_person(told: Told, changes: Changes) -> None:
    person: Person = get_person(changes.look, told.person or "")
    for post in changes.look.find_entries(PostQuery(person=person.code)):
        changes.end_post(post)
    changes.change(person, state=_PERSON[told.kind], since=told.day)


def _merge(told: Told, changes: Changes) -> None:
    agency = get_agency(changes.look, told.agency or "")
    if agency.code == told.to_agency:
        raise SuccessorError(agency=agency.code)
    merge(changes, agency, get_agency(changes.look, told.to_agency or ""))


def _dissolve(told: Told, changes: Changes) -> None:
    agency = get_agency(changes.look, told.agency or "")
    for post in changes.look.find_entries(PostQuery(agency=agency.code)):
        changes.end_post(post)
    changes.change(agency, until=changes.day - _ONE_DAY)


def _change_device(told: Told, changes: Changes) -> None:
    device = changes.look.find_entry(Device, told.device or "")
    if device is None:
        raise UnknownDeviceError(device=told.device or "")
    state = _DEVICE[told.kind]
    if device.state is state:
        return
    if device.state is DeviceState.ISSUED and state not in DEVICE_MOVES[device.state]:
        # Handed over and never confirmed: it was in use all the same.
        changes.change(device, state=DeviceState.ACTIVE, since=told.day)
        device = changes.look.find_entry(Device, device.serial) or device
    changes.change(device, state=state, since=told.day)


_EFFECTS: dict[EventKind, Callable[[Told, Changes], None]] = {
    EventKind.POST_CHANGE: _change_post,
    **dict.fromkeys(_PERSON, _change_person),
    EventKind.MERGER: _merge,
    EventKind.DISSOLUTION: _dissolve,
    **dict.fromkeys(_DEVICE, _change_device),
}
