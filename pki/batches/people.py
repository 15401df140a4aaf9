"""The registry as many lines ask it, one after the other: the same agency again and again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date, datetime
from typing import Any, cast

from pki.records.people import E, Post, Query
from pki.requests.concern import Registry, day_in_vietnam
from pki.requests.content import Concerned

MOST_KEPT = 4096


class Remembering:
    """A registry that remembers what it was asked last; for as long as one look takes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: OrderedDict[object, Any] = OrderedDict()
        self._queried: dict[Query[Any], Any] = {}

    def find_entry(self, kind: type[E], key: str, *, on: date | None = None) -> E | None:
        """Return the entry of that key as it was on a day, or its newest version."""
        asked = (kind, key, on)
        if asked in self._kept:
            self._kept.move_to_end(asked)
            return cast("E | None", self._kept[asked])
        found = self._kept[asked] = self._registry.find_entry(kind, key, on=on)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the entries that match."""
        if query not in self._queried:  # whether there is anybody at all: two questions
            self._queried[query] = self._registry.find_entries(query)
        return cast("tuple[E, ...]", self._queried[query])


def agency_of(one: Concerned, registry: Registry | None, at: datetime) -> str:
    """Return the agency that a line is counted under: its own, else that of its post; else none."""
    if one.agency is not None or one.post is None or registry is None:
        return one.agency or ""
    post = registry.find_entry(Post, one.post, on=day_in_vietnam(at))
    return "" if post is None else post.agency
