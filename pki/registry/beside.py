"""The register and, beside it, what a file is going to change in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from pki.records.people import Agency, AgencyQuery, E, Entry, Post, PostQuery, Query
from pki.registry.checks import Look
from pki.registry.forms import KEY_OF

_KEPT = 20_000
"""Entries that are kept after they were looked up: all agencies of a province fit."""
_MISSING = object()
_GROUPED: dict[type[Entry], tuple[str, ...]] = {Agency: ("parent",), Post: ("person", "agency")}
"""By what entries of a file are asked for by `pki.registry.checks`."""


class Beside:
    """A `Look` in which entries of a file stand in the place of those of the register."""

    def __init__(self, register: Look) -> None:
        self._register = register
        self._pending: dict[tuple[type[Entry], str], Entry] = {}
        self._groups: dict[tuple[Any, ...], dict[str, Entry]] = {}
        self._found: dict[tuple[type[Entry], str], object] = {}

    def put(self, entries: Iterable[Entry]) -> None:
        """Let these stand."""
        for entry in entries:
            key: str = getattr(entry, KEY_OF[type(entry)])
            self._pending[type(entry), key] = entry
            self._groups.setdefault(_group(entry), {})[key] = entry

    def take_out(self, entry: Entry) -> None:
        """Let what the register has stand again."""
        key: str = getattr(entry, KEY_OF[type(entry)])
        del self._pending[type(entry), key]
        del self._groups[_group(entry)][key]

    def find_entry(self, kind: type[E], key: str) -> E | None:
        """Return the newest version, the file's before the register's."""
        found: Any = self._pending.get((kind, key))
        if found is not None:
            return found  # type: ignore[no-any-return]  # put under its kind
        found = self._found.get((kind, key), _MISSING)
        if found is _MISSING:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[kind, key] = self._register.find_entry(kind, key)
        return found  # type: ignore[no-any-return]  # as above

    def find_entries(self, query: Query[E]) -> tuple[E, ...]:
        """Return the newest versions that match, likewise."""
        found = self._register.find_entries(query)
        if not self._pending or not isinstance(query, AgencyQuery | PostQuery):
            return found
        kind: type[Entry] = Agency if isinstance(query, AgencyQuery) else Post
        mine: Any = self._groups.get(_asked(kind, query), {})
        kept = [one for one in found if (kind, getattr(one, "code", "")) not in self._pending]
        return (*kept, *mine.values())


def _group(entry: Entry) -> tuple[Any, ...]:
    return (type(entry), *(getattr(entry, name) for name in _GROUPED.get(type(entry), ())))


def _asked(kind: type[Entry], query: Query[Any]) -> tuple[Any, ...]:
    given = {one.name for one in fields(query) if getattr(query, one.name) is not None}
    if given != set(_GROUPED[kind]):
        return ()
    return (kind, *(getattr(query, name) for name in _GROUPED[kind]))
