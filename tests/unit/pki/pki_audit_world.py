"""Logs to attack: what whoever owns the database can do to one, and heads noted before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from pki_world import World

from pki.audit.checkpoint import TreeHead
from pki.audit.tree import Edge, leaf_hash
from pki.audit.verify import recompute
from pki.records.register import Register

ORIGIN = "antin.example/audit"
Contents = list[bytes]
Attack = Callable[[Contents], Contents]


def head_of(register: Register) -> TreeHead:
    """Return the log's head as an outsider notes it."""
    edge = recompute(register)
    return TreeHead(ORIGIN, edge.size, edge.root())


def own(place: World | Path) -> sqlite3.Connection:
    """Open a register as its owner: no guard is left."""
    path = place if isinstance(place, Path) else place.folder / "register.db"
    database = sqlite3.connect(path, isolation_level=None)
    triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        database.execute(f"DROP TRIGGER {name}")
    return database


def rewrite(place: World | Path, attack: Attack) -> None:
    """Put another log in the place of this one, with every number and hash as it has to be."""
    database = own(place)
    contents = [row[0] for row in database.execute("SELECT content FROM audit ORDER BY sequence")]
    database.execute("DELETE FROM audit")
    edge = Edge()
    for number, content in enumerate(attack(contents), start=1):
        told = json.loads(content) | {"sequence": number}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        edge, subtrees = edge.append(leaf_hash(text.encode()))
        at = told["at"].replace("T", " ").removesuffix("Z")
        row = (number, at, text.encode(), subtrees)
        database.execute(
            "INSERT INTO audit (sequence, at, content, subtrees) VALUES (?, ?, ?, ?)", row
        )
    database.close()


def edited(contents: Contents) -> Contents:
    """Another requester in the second entry."""
    return [*contents[:1], contents[1].replace(b"certificate.", b"certificatf."), *contents[2:]]


def reordered(contents: Contents) -> Contents:
    return [contents[1], contents[0], *contents[2:]]


def cut(contents: Contents) -> Contents:
    return contents[:-1]


def emptied(contents: Contents) -> Contents:
    del contents
    return []


def slipped_in(contents: Contents) -> Contents:
    return [*contents[:2], contents[0], *contents[2:]]


def removed(contents: Contents) -> Contents:
    return [*contents[:2], *contents[3:]]


def replaced(contents: Contents) -> Contents:
    """All of it anew, as long as before."""
    return [content.replace(b"issuing", b"isssing") for content in contents[::-1]]


ATTACKS: Sequence[Attack] = (edited, reordered, cut, emptied, slipped_in, removed, replaced)


def copy_register(world: World, to: Path) -> None:
    """Back the register up while it is open."""
    source = sqlite3.connect(world.folder / "register.db")
    target = sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()
