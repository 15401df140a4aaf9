"""Brings a register to another version of its tables, whole or not at all.

Tables, guards, version and the audit entry that tells of it change in one transaction, with every
other writer kept out. What the revisions do is theirs (`pki.register.migrations`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, select, update

from pki.clock import Clock
from pki.errors.register import NewerRegisterError
from pki.records.audit import AuditEvent
from pki.register.audit_log import AuditLog
from pki.register.prepared import InConnection
from pki.register.sql import SQLRegister
from pki.register.store import Store, store_of
from pki.register.tables import SCHEMA, SCHEMA_VERSION

_SCRIPTS = ScriptDirectory(str(Path(__file__).with_name("migrations")))


class Versions(NamedTuple):
    """Of a register's tables."""

    found: int
    known: int = SCHEMA_VERSION
    """What this Antin works with."""


def register_versions(url_or_path: str | Path) -> Versions:
    """Return which version a register is, and which it should be.

    Raises:
        PKIError: as of `open_register`, but not because of its version.
    """
    with _opened(url_or_path) as (_, register):
        return Versions(register.schema_version())


def check_versions(place: Path | str, *versions: int) -> None:
    """Refuse versions that this Antin does not know.

    Raises:
        NewerRegisterError: one of them is yet to come.
    """
    newest = max(versions)
    if newest > SCHEMA_VERSION:
        raise NewerRegisterError(register=place, found=newest, known=SCHEMA_VERSION)


def change_version(url_or_path: str | Path, clock: Clock, *, actor: str, to: int) -> None:
    """Bring a register up to version `to`, or back to it.

    Raises:
        NewerRegisterError: a newer Antin made it, or `to` is a version to come.
        AuditBrokenError: its audit log was tampered with; nothing was changed.
        RegisterConflictError: it holds what version `to` has no place for.
        PKIError: as of `open_register`, but not because of its version.
    """
    with _opened(url_or_path) as (store, register):
        check_versions(store.place, register.schema_version(), to)
        with store.writer.connect() as connection, connection.begin():
            store.enter(connection)
            store.take_time(connection)
            _change(connection, store, AuditEvent(clock.now(), actor, "register.upgrade"), to)


def _change(connection: Connection, store: Store, event: AuditEvent, to: int) -> None:
    found: int = connection.execute(select(SCHEMA.c.version)).scalar_one()
    told = replace(event, facts=(("from", str(found)), ("to", str(to))))
    if found == SCHEMA_VERSION:  # the entry is written while the log has the form of today
        _tell(connection, store, told)
    store.drop_guards(connection)
    reached = _migrate(connection, store, found, to)
    connection.execute(update(SCHEMA).values(version=to))
    engine = connection.dialect.name
    for guard in store.guards if to == SCHEMA_VERSION else reached.module.LEFT[engine]:
        connection.exec_driver_sql(guard)
    if found != SCHEMA_VERSION:
        _tell(connection, store, told)


def _tell(connection: Connection, store: Store, event: AuditEvent) -> None:
    log, statements = AuditLog(store.place), InConnection(connection)
    log.append(statements, event, log.edge(statements))


def _migrate(connection: Connection, store: Store, found: int, to: int) -> Script:
    """Run the revisions on the way, and return the one that was reached."""
    low, high = sorted((found, to))
    between = list(_SCRIPTS.iterate_revisions(_named(high), _named(low)))
    context = MigrationContext.configure(connection, opts={"place": store.place})
    with Operations.context(context):
        for script in between if to < found else reversed(between):
            getattr(script.module, "downgrade" if to < found else "upgrade")()
    return _SCRIPTS.get_revision(_named(to))


def _named(version: int) -> str:
    return f"{version:04d}"


@contextmanager
def _opened(url_or_path: str | Path) -> Iterator[tuple[Store, SQLRegister]]:
    store = store_of(url_or_path)
    register = SQLRegister(store)
    with register.closed_on_error():
        store.check()
        yield store, register
    register.close()
