"""One entry: shown, added, changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.errors import BadOptionError
from cli.registry.desk import NAMES, Desk, day_of
from cli.registry.rows import row_of
from cli.registry.seeing import check_may_see
from cli.session import Session, table
from pki.errors.registry import (
    EntryExistsError,
    UnknownAgencyError,
    UnknownDeviceError,
    UnknownPersonError,
    UnknownPostError,
)
from pki.errors.tree import PKIError
from pki.records.changes import EnterRecord
from pki.records.people import Agency, AssignmentQuery, Device, Entry, Person, Post
from pki.registry.checks import check_entry
from pki.registry.forms import FORMS, KEY_OF, Values, read_values, write_values
from pki.registry.versions import corrected, first_version, next_version

if TYPE_CHECKING:
    from cli.requests.signing import Actor

_UNKNOWN: dict[type[Entry], type[PKIError]] = {
    Agency: UnknownAgencyError,
    Person: UnknownPersonError,
    Post: UnknownPostError,
    Device: UnknownDeviceError,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """How an entry is to be changed."""

    told: Mapping[str, str | None]
    """What options say; None of what they do not."""
    clear: tuple[str, ...] = ()
    """What is to be empty."""
    day: str | None = None
    correct: bool = False


def get_entry(desk: Desk, kind: type[Entry], key: str, *, at: str | None = None) -> Any:  # noqa: ANN401  an entry of the kind
    """Return an entry, of a day or its newest version.

    Raises:
        PKIError: there is none; or the day is none.
    """
    found = desk.register.find_entry(kind, key, on=day_of(at, "--at"))
    if found is None:
        raise _UNKNOWN[kind](**{NAMES[kind]: key})
    return found


def show_entry(
    desk: Desk, kind: type[Entry], key: str, *, at: str | None = None, who: Actor | None = None
) -> None:
    """Show an entry and its versions; with numbers to `who` may see them.

    Raises:
        PKIError: there is none; or `who` may not see.
    """
    entry = get_entry(desk, kind, key, at=at)
    history = desk.register.entry_history(kind, key)
    unmasked = who is not None
    if who is not None:
        check_may_see(desk, kind, who, {NAMES[kind]: key})
    data = row_of(entry, unmasked=unmasked)
    versions = [row_of(one, unmasked=unmasked) for one in history]
    holder: dict[str, Any] = {NAMES[kind]: key}
    hanging = AssignmentQuery(on=day_of(at, "--at"), **holder)
    certificates = [one.certificate for one in desk.register.find_entries(hanging)]
    shown = {**data, "certificates": " ".join(certificates)}
    desk.session.put(
        f"{NAMES[kind]}.show/1",
        {**data, "certificates": certificates, "history": versions},
        lambda: "\n".join((_fields(shown), "", _history(desk.session, versions))),
    )


def _fields(data: Mapping[str, Any]) -> str:
    return table([(name, str(value)) for name, value in data.items() if value not in {None, ""}])


def _history(session: Session, versions: list[dict[str, Any]]) -> str:
    lines = []
    for before, row in zip([{}, *versions], versions, strict=False):
        changed = ", ".join(
            f"{name}={value}"
            for name, value in row.items()
            if before and value != before[name] and name not in _STAMPS
        )
        stamps = (str(row["version"]), str(row["effective"]), str(row["recorded_at"]))
        lines.append((*stamps, changed or session.word("cli.registry.first")))
    return table(lines)


_STAMPS = {"version", "follows", "effective", "recorded_at"}


def add_entry(session: Session, desk: Desk, kind: type[Entry], told: Mapping[str, str]) -> None:
    """Enter what is not there.

    Raises:
        PKIError: the first thing that is wrong with it.
    """
    values = _read(kind, told)
    with desk.home.locked():
        key = values[KEY_OF[kind]]
        if desk.register.find_entry(kind, key) is not None:
            raise EntryExistsError(key=key)
        entry = first_version(kind, values, at=session.clock.now())
        _enter(desk, entry, "add")
    put_entered(session, entry, "add", changed=True)


def change_entry(session: Session, desk: Desk, kind: type[Entry], key: str, wish: Wish) -> None:
    """Change what is there, or put it right.

    Raises:
        PKIError: as `add_entry`.
    """
    day = day_of(wish.day, "--from")
    with desk.home.locked():
        before = get_entry(desk, kind, key)
        values = _read(kind, _merged(before, wish, str(day or desk.today())))
        now = session.clock.now()
        entry: Entry | None
        if wish.correct:
            entry = corrected(before, values, day=day, at=now)
        else:
            entry = next_version(before, values, day=day or desk.today(), at=now)
        if entry is not None:
            _enter(desk, entry, "correct" if wish.correct else "change")
    put_entered(session, entry or before, "change", changed=entry is not None)


def _merged(before: Entry, wish: Wish, day: str) -> dict[str, str]:
    kind = type(before)
    empty = {column.name for column in FORMS[kind] if not column.needed}
    for name in wish.clear:
        if name.replace("-", "_") not in empty:
            raise BadOptionError(option="--clear", value=name, form=", ".join(sorted(empty)))
    told = {name: text for name, text in wish.told.items() if text is not None}
    here = write_values(before)
    if "name" in told and kind is Person:
        here |= {"surname": "", "given_name": ""}
    if told.get("state", here.get("state")) != here.get("state"):
        here["since"] = day
    return {**here, **told, **{name.replace("-", "_"): "" for name in wish.clear}}


def _read(kind: type[Entry], told: Mapping[str, str]) -> Values:
    values, faults = read_values(kind, told)
    if faults:
        raise faults[0]
    return values


def _enter(desk: Desk, entry: Entry, verb: str) -> None:
    check_entry(entry, desk.register)
    desk.register.commit([EnterRecord(entry, alone=True)], event_of(desk, entry, verb))


def event_of(desk: Desk, entry: Entry, verb: str, *more: tuple[str, str]) -> Any:  # noqa: ANN401  an AuditEvent
    """Return what the log says of a version."""
    name, key = NAMES[type(entry)], getattr(entry, KEY_OF[type(entry)])
    facts = [(name, key), ("version", str(entry.version)), ("effective", str(entry.effective))]
    if isinstance(entry, Person | Device):
        facts.append(("state", str(entry.state)))
    return desk.event(f"{name}.{verb}", *facts, *more)


def put_entered(session: Session, entry: Entry, verb: str, *, changed: bool) -> None:
    """Show what was entered."""
    data = row_of(entry, unmasked=False)
    session.put(
        f"{NAMES[type(entry)]}.{verb}/1",
        {**data, "changed": changed},
        lambda: _fields(data) if changed else session.word("cli.registry.unchanged"),
    )
