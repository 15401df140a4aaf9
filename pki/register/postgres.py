"""Everything that is PostgreSQL's own: connections, turns of writers, and what its errors mean.

The audit log is one line of entries, so writers go one after the other, from several machines too:
each transaction waits for one advisory lock first and holds it to its end. What it reads cannot
change before it writes, and no two of Antin's transactions can wait for each other.

`libpq` gets the address as it is written, so TLS (`sslmode=verify-full`, `sslrootcert`, `sslcert`),
several hosts, service files and `passfile` work as in every other client. The password is best in
a password file; errors name host and database alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, Transaction, create_engine, event, text
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.exc import SQLAlchemyError

from pki.errors.keeping import BackupFailedError
from pki.errors.register import RegisterExistsError, RegisterUnreachableError
from pki.errors.tree import PKIError
from pki.register.backups import new_backup
from pki.register.guards import MARK
from pki.register.postgres_errors import connection_broke, error_for, undone_by_chance
from pki.register.postgres_guards import POSTGRES_GUARDS
from pki.register.postgres_scratch import scratch_schema
from pki.register.prepared import InConnection, Query, Values

LOCK_SECONDS = 10
STATEMENT_SECONDS = 60
IDLE_SECONDS = 5
"""A writer that was suspended, or whose network broke, is let go before others stop waiting."""
OLDEST = 130000
"""PostgreSQL 13, the first with `pg_current_xact_id`."""

_TURN = int.from_bytes(b"antin")
_PATIENCE = {
    "application_name": "antin",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",  # a machine that vanished is noticed while a writer waits
}
_ENTER = text(
    # A commit that returned before it was on disk would lose a certificate in a power cut.
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true),"
    f" set_config('statement_timeout', '{STATEMENT_SECONDS}s', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', true),"
    f" pg_advisory_xact_lock({_TURN}), pg_current_xact_id()::xid::text"
)
_OWN = text("SELECT 1 FROM audit WHERE sequence = :sequence AND xmin::text = :ticket")
_SERVER = text(
    "SELECT current_setting('server_version_num')::int, current_setting('fsync'),"
    " current_setting('server_encoding'), current_setting('full_page_writes')"
)
_OURS = text(
    "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal"
    " AND relnamespace = current_schema()::regnamespace AND proname LIKE :ours"
)


class _Turn:
    def __init__(self, connection: Connection, transaction: Transaction, ticket: str) -> None:
        self.statements = InConnection(connection)
        self.ticket = ticket
        self._connection = connection
        self._transaction = transaction

    def commit(self) -> None:
        """Commit."""
        self._transaction.commit()

    def is_own(self, sequence: int, ticket: str) -> bool:
        """Say whether the transaction `ticket` wrote that audit entry.

        Its number is given once, and the entry bears the number of the transaction that wrote it.
        Asked with this writer's turn taken: the transaction in doubt has ended by then.
        """
        asked = {"sequence": sequence, "ticket": ticket}
        return self._connection.execute(_OWN, asked).first() is not None


class PostgreSQLStore:
    """A register in a PostgreSQL database, in the first schema of its `search_path`."""

    errors: tuple[type[Exception], ...] = (SQLAlchemyError, psycopg.Error)
    waits: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
    guards: tuple[str, ...] = POSTGRES_GUARDS

    def __init__(self, url: str) -> None:
        self._parameters = {**_PATIENCE, **_parameters(url)}
        self.place: Path | str = _place(self._parameters)
        self.engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            use_native_hstore=False,  # asked for at every connection, and not used
            hide_parameters=True,  # a traceback has no place for what is said of a person
        )
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.writer: Engine | OptionEngine = self.engine
        event.listen(self.engine, "connect", _prepare)

    def make(self) -> None:
        """See that the schema holds no register yet; the database itself is made by its owner."""
        self.check()
        with self.engine.connect() as connection:
            found = connection.scalar(text("SELECT to_regclass('schema_version')"))
        if found is not None:
            raise RegisterExistsError(register=self.place)

    def unmake(self) -> None:
        """Do nothing: the tables were laid in a transaction that was undone."""

    def check(self) -> None:
        """See that the server is new enough, speaks UTF-8, and keeps what is committed."""
        with self.engine.connect() as connection:
            version, fsync, encoding, whole_pages = connection.execute(_SERVER).one()
        for wrong, reason in (
            (version < OLDEST, "PostgreSQL older than 13"),
            (encoding != "UTF8", f"encoding {encoding}"),
            (fsync != "on", "fsync is off"),
            (whole_pages != "on", "full_page_writes is off"),
        ):
            if wrong:
                raise RegisterUnreachableError(register=self.place, reason=reason)

    def read(self, statement: Query, values: Values) -> Sequence[Any]:
        """Return the rows of a statement that is a transaction of its own."""
        with self._reader.connect() as connection:
            return connection.execute(statement, values).all()

    @contextmanager
    def writing(self) -> Iterator[_Turn]:
        """Give a transaction that writes; undone unless it is committed."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            yield _Turn(connection, transaction, self.enter(connection))

    def enter(self, connection: Connection) -> str:
        """Wait for this writer's turn, for `LOCK_SECONDS` at most."""
        return str(connection.execute(_ENTER).one()[-1])

    def take_time(self, connection: Connection) -> None:
        """Lift the limits that `enter` set."""
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")

    def back_up(self, path: Path) -> None:
        """Have `pg_dump` write the schema's tables, in the form that `pg_restore` reads."""
        program = shutil.which("pg_dump")
        if program is None:
            raise BackupFailedError(register=self.place, path=path, reason="pg_dump is not there")
        shown = dict(self._parameters)
        environment = dict(os.environ)
        if password := shown.pop("password", None):
            environment["PGPASSWORD"] = password  # arguments stand in the list of processes
        command = [program, "--format=custom", f"--schema={self._schema()}", f"--file={path}"]
        with new_backup(self.place, path):
            done = subprocess.run(  # noqa: S603  a program by its path, arguments of our own
                [*command, f"--dbname={make_conninfo(**shown)}"],
                env=environment,
                capture_output=True,
                check=False,
            )
            if done.returncode != 0:
                # Its words may repeat the address.
                reason = f"pg_dump ended with status {done.returncode}"
                raise BackupFailedError(register=self.place, path=path, reason=reason)

    def scratch(self, folder: Path) -> AbstractContextManager[Path | str]:
        """Give a schema of its own in the same database, dropped after the block."""
        del folder
        return scratch_schema(self._parameters, str(self.place))

    def _schema(self) -> str:
        try:
            with self._connect() as connection:
                ((schema,),) = connection.execute("SELECT current_schema()").fetchall()
        except psycopg.Error as error:
            raise self.translate(error) from error
        return str(schema)

    def drop_guards(self, connection: Connection) -> None:
        """Drop every trigger that calls a function of Antin's."""
        for name, table in connection.execute(_OURS, {"ours": f"{MARK}\\_%"}).all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}" ON "{table}"')

    def changed_nothing(self, error: Exception) -> bool:
        """Say whether the server gave the transaction up, or went away before its commit."""
        return undone_by_chance(error) or connection_broke(error)

    def is_lost(self, error: Exception) -> bool:
        """Say whether the connection broke."""
        return connection_broke(error)

    def translate(self, error: Exception) -> PKIError:
        """Return our error for one of the server's."""
        return error_for(error, self.place)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(**self._parameters)  # type: ignore[arg-type]  # libpq takes text


def _prepare(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.commit()


def _parameters(url: str) -> dict[str, str]:
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:
        found = {}
    ports = found.get("port", "").replace(",", "")
    if not found or "@" in _path(url) or (ports and not ports.isdecimal()):
        # Not the driver's words, nor what it took for host and database: where a password has a
        # "/" in it that should be "%2F", they repeat a piece of it.
        raise RegisterUnreachableError(register="postgresql://", reason="malformed address")
    return found


def _path(url: str) -> str:
    return url.partition("://")[2].partition("?")[0].partition("/")[2]


def _place(parameters: dict[str, str]) -> str:
    """Return the address without user, password and options."""
    if service := parameters.get("service"):
        return f"postgresql:///?service={service}"
    host, port = parameters.get("host", ""), parameters.get("port", "")
    server = ",".join(
        f"{one}:{number}" if number else one
        for one, number in zip(host.split(","), _ports(host, port), strict=True)
    )
    return f"postgresql://{server}/{parameters.get('dbname', '')}"


def _ports(host: str, port: str) -> list[str]:
    hosts, ports = host.count(",") + 1, port.split(",")
    return (ports * hosts)[:hosts] if len(ports) == 1 else ports[:hosts]
