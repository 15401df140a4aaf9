"""Kinds of entries by the names of their commands."""

from __future__ import annotations

from typing import Any

from cli.registry.desk import NAMES
from pki.records.people import AgencyQuery, DeviceQuery, Entry, PersonQuery, PostQuery, Query

KINDS: dict[str, type[Entry]] = {name: kind for kind, name in NAMES.items()}
QUERIES: dict[str, type[Query[Any]]] = {
    "agency": AgencyQuery,
    "person": PersonQuery,
    "post": PostQuery,
    "device": DeviceQuery,
}
