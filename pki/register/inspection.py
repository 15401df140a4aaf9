"""Whether a database has the guards that this version lays, and whether they hold."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select, text

from pki.register.guards import MARK, UNDELETED
from pki.register.store import Store, store_of
from pki.register.tables import STATUS_CHANGES

_SQLITE = text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
_TRIGGERS = text(
    "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    " AND relnamespace = current_schema()::regnamespace"
)
_BODIES = text("SELECT prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace")


_CHANGED = select(STATUS_CHANGES.c.issuer, STATUS_CHANGES.c.serial).distinct()
_PADDED = "serial LIKE '00_%' OR serial = '' OR length(serial) % 2 = 1"
_ODD = {
    "sqlite": f"serial GLOB '*[^0-9a-f]*' OR {_PADDED}",
    "postgresql": f"serial ~ '[^0-9a-f]' OR {_PADDED}",
}
"""Where a serial is not as `serial_text` writes it."""


def missing_guards(url_or_path: str | Path) -> tuple[str, ...]:
    """Return the names of the guards that are not there, or are not as they were laid.

    On PostgreSQL a guard's condition is compared where it stands in a function, not where it stands
    in the trigger: the server keeps that one in words of its own.

    Raises:
        PKIError: the database does not answer, or is none.
    """
    store = store_of(url_or_path)
    try:
        with store.engine.connect() as connection:
            laid = _laid(connection)
    except store.errors as error:
        raise store.translate(error) from error
    finally:
        store.engine.dispose()
    return tuple(_name(guard) for guard in store.guards if _mark(guard) not in laid)


def deletable(url_or_path: str | Path) -> tuple[str, ...]:
    """Try to delete every row of each table that keeps its rows, undo it, and say where it went.

    Only for a register that nobody else uses: it holds the writers' lock meanwhile.
    """
    store = store_of(url_or_path)
    gone = tuple(table for table in UNDELETED if _goes(store, table))
    store.engine.dispose()
    return gone


def unreadable_serials(url_or_path: str | Path) -> tuple[str, ...]:
    """Return the tables with a serial that is not written as Antin writes them.

    Raises:
        PKIError: the database does not answer, or is none.
    """
    store = store_of(url_or_path)
    try:
        with store.engine.connect() as connection:
            odd = _ODD[connection.dialect.name]
            return tuple(
                table
                for table in ("certificates", "revocations", "status_changes")
                if connection.execute(text(f"SELECT 1 FROM {table} WHERE {odd} LIMIT 1")).first()  # noqa: S608  words of ours
            )
    except store.errors as error:
        raise store.translate(error) from error
    finally:
        store.engine.dispose()


def changed_serials(url_or_path: str | Path) -> tuple[tuple[str, int], ...]:
    """Return authority and serial of each certificate that was ever held or got a graver reason.

    Raises:
        PKIError: the database does not answer, or is none.
    """
    store = store_of(url_or_path)
    try:
        with store.engine.connect() as connection:
            return tuple((row.issuer, row.serial) for row in connection.execute(_CHANGED))
    except store.errors as error:
        raise store.translate(error) from error
    finally:
        store.engine.dispose()


def _goes(store: Store, table: str) -> bool:
    with store.writer.connect() as connection:
        attempt = connection.begin()
        store.enter(connection)
        try:
            return connection.exec_driver_sql(f"DELETE FROM {table}").rowcount > 0  # noqa: S608  a name of ours
        except store.errors:
            return False
        finally:
            attempt.rollback()


def _laid(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        return set(connection.execute(_SQLITE).scalars())
    triggers = connection.execute(_TRIGGERS).scalars()
    return {*triggers, *connection.execute(_BODIES).scalars()}


def _mark(guard: str) -> str:
    """Return what is found of a guard where it is laid."""
    if f"'{MARK}:" in guard and guard.startswith("CREATE TRIGGER"):
        return guard  # SQLite keeps it word for word
    if guard.startswith("CREATE TRIGGER"):
        return _name(guard)
    return guard.split("$$")[1]


def _name(guard: str) -> str:
    words = guard.replace("(", " ").split()
    return words[words.index("FUNCTION" if "FUNCTION" in words[:5] else "TRIGGER") + 1]
