"""Makes a home out of a backup, and takes in what its authorities published since.

The configuration is written last, and the register says its version last: a restore that was
broken off leaves no home, and no register that anything opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cli.actor import actor
from cli.errors import BadOptionError
from cli.homes.home import Home
from cli.homes.make_home import laying
from cli.homes.settings import Settings
from cli.keeping.found import of_authority, read_all
from cli.keeping.home_files import CONFIGURATION
from cli.keeping.opened import Backup
from cli.session import Session
from pki.atomic import PRIVATE, write_atomically
from pki.audit.entry import check_clock
from pki.errors.keeping import RestoreUnreconciledError
from pki.keeping.check import check_register
from pki.keeping.reconcile import Difference, check_taken, compare, take_in
from pki.records.audit import AuditEvent
from pki.records.register import Register
from pki.register.restore import restoring


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin backup restore`."""

    directory: Path
    register: str | None
    published: Sequence[str]
    nothing_since: frozenset[str]
    """Authorities that certainly published nothing since the backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was restored."""

    home: Home
    differences: tuple[Difference, ...]


def restore_backup(session: Session, backup: Backup, wanted: Wanted) -> Restored:
    """Make the home.

    Raises:
        HomeExistsError: the folder holds something.
        RegisterExistsError: there is a register already.
        RestoreUnreconciledError: of an authority nothing shows what it published since.
        PKIError: of the backup, of the register, of what was published.
    """
    home = Home(wanted.directory, _settings(backup.settings, wanted.register))
    with laying(home):
        for file in backup.files():
            if file.name != CONFIGURATION:
                path = home.directory / file.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_atomically(path, file.data, overwrite=False, mode=PRIVATE)
        with restoring(home.register, session.clock) as restoration:
            register = restoration.register
            restoration.fill(backup.lines())
            check_register(register, backup.manifest)
            check_clock(register, session.clock.now())
            differences = _reconcile(session, register, home.settings, wanted)
            _tell(session, register, backup)
    return Restored(home, differences)


def _settings(settings: Settings, register: str | None) -> Settings:
    if register is None:
        return settings
    try:
        place = Settings.model_validate({"register": register}).register_place
    except ValidationError:
        form = "postgresql://USER@HOST/DATABASE?passfile=FILE"
        raise BadOptionError(option="--register", value="…", form=form) from None
    return settings.model_copy(update={"register_place": place})


def _reconcile(
    session: Session, register: Register, settings: Settings, wanted: Wanted
) -> tuple[Difference, ...]:
    published = read_all(session, settings, wanted.published)
    differences = []
    for record in register.list_authorities():
        shown = of_authority(published, record)
        if not shown.number and record.name not in wanted.nothing_since:
            raise RestoreUnreconciledError(authority=record.name)
        now = session.clock.now()
        difference = compare(register, record, shown, now)
        take_in(register, difference, now=now, requester=actor())
        check_taken(register, record.name, shown)
        differences.append(difference)
    return tuple(differences)


def _tell(session: Session, register: Register, backup: Backup) -> None:
    facts = (
        ("sha256", backup.sha256),
        ("entries", str(backup.manifest.audit.size)),
        ("head", backup.manifest.audit.root),
    )
    register.commit((), AuditEvent(session.clock.now(), actor(), "backup.restore", facts))
