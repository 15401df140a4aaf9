"""What the database holds to of agencies, people, posts, devices and assignments.

A row is a version: numbered without a gap, going on from the one before it or standing in its
place, and never in force before what it goes on from. States move as `pki.registry.moves` says, a
post keeps its person and its agency, a code that is named is there.
"""

from __future__ import annotations

from pki.register.people_tables import KEYS, TABLES
from pki.registry.moves import DEVICE_MOVES, PERSON_MOVES

NEXT_VERSION = "antin: a version goes on from the last, or stands in its place"
NO_MOVE = "antin: this state does not follow"
NOT_THERE = "antin: what this entry names is not there"
SAME_POST = "antin: a post keeps its person and its agency"

VERSIONED = tuple((table.name, KEYS[kind]) for kind, table in TABLES.items())
"""Tables of versions, and the column of the key of each."""

REFERENCES = (
    ("agencies", "parent", "agencies", "code"),
    ("agencies", "successor", "agencies", "code"),
    ("posts", "person", "people", "code"),
    ("posts", "agency", "agencies", "code"),
    ("devices", "person", "people", "code"),
    ("devices", "agency", "agencies", "code"),
    ("assignments", "person", "people", "code"),
    ("assignments", "agency", "agencies", "code"),
    ("assignments", "post", "posts", "code"),
    ("assignments", "device", "devices", "serial"),
)
"""Which column of which table names what. No foreign keys: a code has several rows."""

_STATED = {
    "people": ("code", {str(one): sorted(map(str, to)) for one, to in PERSON_MOVES.items()}),
    "devices": ("serial", {str(one): sorted(map(str, to)) for one, to in DEVICE_MOVES.items()}),
}
_HELD = ("devices", "assignments")
"""Tables whose rows name one holder: a person or an agency."""


def out_of_line(table: str, key: str) -> str:
    """Return the SQL condition under which a version does not follow."""
    same = f"{key} = NEW.{key}"
    last = f"SELECT {{}} FROM {table} WHERE {same} AND version = NEW.version - 1"  # noqa: S608  names of this file
    newest = f"SELECT coalesce(max(version), 0) + 1 FROM {table} WHERE {same}"  # noqa: S608  as above
    before = f"SELECT effective FROM {table} WHERE {same} AND version = NEW.follows"  # noqa: S608  as above
    return (
        f"NEW.version <> ({newest})"
        f" OR NEW.follows NOT IN (NEW.version - 1, coalesce(({last.format('follows')}), 0))"
        f" OR NEW.effective < (coalesce(({before}), NEW.effective))"
    )


def forbidden_move(table: str) -> str:
    """Return the SQL condition under which a version's state does not follow."""
    key, moves = _STATED[table]
    states = ", ".join(f"'{one}'" for one in moves)
    allowed = ", ".join(
        f"'{one}>{end}'" for one, ends in moves.items() for end in sorted({one, *ends})
    )
    before = f"SELECT state FROM {table} WHERE {key} = NEW.{key} AND version = NEW.follows"  # noqa: S608  as above
    return (
        f"NEW.state NOT IN ({states})"
        f" OR coalesce(({before}) || '>' || NEW.state, '') NOT IN ('', {allowed})"
    )


def dangling(table: str) -> str:
    """Return the SQL condition under which a row names what is not there, or no one holder."""
    missing = [
        f"(NEW.{column} IS NOT NULL AND NOT EXISTS"  # noqa: S608  as above
        f" (SELECT 1 FROM {named} WHERE {key} = NEW.{column}))"
        for of, column, named, key in REFERENCES
        if of == table
    ]
    if table in _HELD:
        missing.append("(NEW.person IS NULL) = (NEW.agency IS NULL)")
    return " OR ".join(missing)


def another_post() -> str:
    """Return the SQL condition under which a version of a post is another's."""
    return (
        "EXISTS (SELECT 1 FROM posts WHERE code = NEW.code AND version = NEW.follows"
        " AND (person <> NEW.person OR agency <> NEW.agency))"
    )


CONDITIONS = (
    *(("line", table, out_of_line(table, key), NEXT_VERSION) for table, key in VERSIONED),
    *(("move", table, forbidden_move(table), NO_MOVE) for table in _STATED),
    *(
        ("named", table, dangling(table), NOT_THERE)
        for table in dict.fromkeys(of for of, *_ in REFERENCES)
    ),
    ("same", "posts", another_post(), SAME_POST),
)
"""Name, table, condition and words of every guard of a new row."""
