"""What is said of an event, and by what it is known again.

The same said twice is one event: without an id of its own it gets one from its day and the hash of
what is said.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from pki.errors.events import EventFieldError
from pki.records.events import EventKind
from pki.registry.values import read_code, read_serial, read_text
from pki.requests.canonical import canonical, digest

FORMAT = "antin.event/1"
SUBJECTS: dict[EventKind, str] = {
    EventKind.POST_CHANGE: "post",
    EventKind.RETIREMENT: "person",
    EventKind.LEAVING: "person",
    EventKind.DEATH: "person",
    EventKind.MERGER: "agency",
    EventKind.DISSOLUTION: "agency",
    EventKind.LOSS: "device",
    EventKind.DAMAGE: "device",
    EventKind.EXPOSURE: "device",
}
"""What each kind befalls."""
_MAY: dict[EventKind, tuple[str, ...]] = {
    EventKind.POST_CHANGE: ("to_agency", "new_post", "title", "unit"),
    EventKind.MERGER: ("to_agency",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is said of an event; made by `tell`."""

    kind: EventKind
    day: date
    person: str | None = None
    post: str | None = None
    agency: str | None = None
    device: str | None = None
    to_agency: str | None = None
    new_post: str | None = None
    title: str | None = None
    unit: str | None = None

    @property
    def content_sha256(self) -> str:
        """Return the hash of all of it."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        said |= {"kind": self.kind.value, "day": self.day.isoformat(), "format": FORMAT}
        return digest(canonical(said))

    @property
    def id(self) -> str:
        """Return the id that it has where nobody gives it one."""
        return f"E-{self.day:%Y%m%d}-{self.content_sha256[:10]}"

    @property
    def moves(self) -> bool:
        """Say whether a post is followed by another one."""
        return any((self.to_agency, self.new_post, self.title, self.unit))


def tell(kind: EventKind, day: date, said: dict[str, str | None]) -> Told:
    """Return what is said, checked as far as it goes without the registry.

    Args:
        kind: what befell.
        day: its day.
        said: text by the names of `Told`; None of what is not said.

    Raises:
        EventFieldError: something is missing, or has no place in this kind.
        PKIError: a code or a text is none.
    """
    needed = (SUBJECTS[kind], *(("to_agency",) if kind is EventKind.MERGER else ()))
    for name in needed:
        if not said.get(name):
            raise EventFieldError(field=_option(name), kind=kind.value)
    values: dict[str, str] = {}
    for name, text in said.items():
        if text is None:
            continue
        if name not in (*needed, *_MAY.get(kind, ())):
            raise EventFieldError(field=_option(name), kind=kind.value)
        read = _READ.get(name, read_code)
        values[name] = read(text, name)
    return Told(kind=kind, day=day, **values)


_READ = {"device": read_serial, "title": read_text, "unit": read_text}


def _option(name: str) -> str:
    return {"to_agency": "--into"}.get(name, f"--{name.replace('_', '-')}")
