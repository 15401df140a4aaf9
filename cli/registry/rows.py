"""Entries as rows that are shown: what is personal is masked unless it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cli.registry.desk import LISTS, NAMES, Desk
from cli.registry.seeing import check_may_see
from pki.records.people import Agency, Device, E, Entry, Person, Post, Query
from pki.registry.forms import FORMS, KEY_OF, masked, write_values
from pki.words import harmless

if TYPE_CHECKING:
    from cli.requests.signing import Actor

PAGE = 1000
"""Entries that are read at a time."""
_SHOWN: dict[type[Entry], tuple[tuple[str, int], ...]] = {
    Agency: (("code", 12), ("tier", 10), ("parent", 12), ("since", 10), ("until", 10), ("name", 0)),
    Person: (("code", 12), ("state", 8), ("since", 10), ("citizen_number", 12), ("name", 0)),
    Post: (
        *(("code", 12), ("person", 12), ("agency", 12), ("since", 10), ("until", 10)),
        ("title", 0),
    ),
    Device: (
        *(("serial", 16), ("state", 18), ("since", 10), ("person", 12), ("agency", 12)),
        ("model", 0),
    ),
}
"""Columns of a list and how wide they are."""


def row_of(entry: Entry, *, unmasked: bool) -> dict[str, Any]:
    """Return an entry by its columns and what every version has; None where nothing is said."""
    written = write_values(entry)
    row: dict[str, Any] = {name: text or None for name, text in written.items()}
    if not unmasked:
        personal = (column.name for column in FORMS[type(entry)] if column.personal)
        row |= {name: masked(written[name]) or None for name in personal}
    return row | {
        "version": entry.version,
        "follows": entry.follows,
        "effective": entry.effective.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
    }


def pages(desk: Desk, query: Query[E]) -> Iterator[E]:
    """Yield the entries that match, some read at a time; memory stays flat."""
    from dataclasses import replace

    left, after = query.limit, query.after
    while left is None or left > 0:
        some = min(PAGE, left) if left is not None else PAGE
        found = desk.register.find_entries(replace(query, limit=some, after=after))
        yield from found
        if len(found) < some:
            return
        after = getattr(found[-1], KEY_OF[type(found[-1])])
        left = None if left is None else left - len(found)


def put_list(desk: Desk, kind: type[E], query: Query[E], *, who: Actor | None = None) -> None:
    """Show the entries that match; with numbers to `who` may see them.

    Raises:
        PKIError: `who` may not.
    """
    if who is not None:
        check_may_see(desk, kind, who, {"command": "list"})
    rows = (row_of(entry, unmasked=who is not None) for entry in pages(desk, query))
    head = {"at": query.on.isoformat() if query.on else None}
    desk.session.put_long(
        f"{NAMES[kind]}.list/1",
        head,
        (LISTS[kind], rows),
        text=lambda: _line({name: name for name, _ in _SHOWN[kind]}, kind),
        row=lambda row: _line(row, kind),
    )


def _line(row: Mapping[str, Any], kind: type[Entry]) -> str:
    cells = (harmless(row[name] or "-").ljust(width) for name, width in _SHOWN[kind])
    return "  ".join(cells)
