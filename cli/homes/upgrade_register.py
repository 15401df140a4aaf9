"""Another version of a home's register: backed up, changed, and its audit log verified after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.actor import actor
from cli.homes.home import Home, get_home, home_directory
from cli.session import Session
from pki.audit.verify import verify_audit
from pki.register.sql import open_register
from pki.register.store import store_of
from pki.register.tables import SCHEMA_VERSION
from pki.register.upgrade import change_version, check_versions, register_versions


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for."""

    to: int | None
    """None for the version that this Antin works with."""
    backup: Path | None
    backup_made: bool
    yes: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What was done."""

    register: Path | str
    found: int
    to: int
    backup: Path | None = None

    @property
    def changed(self) -> bool:
        """Whether the register had another version before."""
        return self.found != self.to

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of the command."""
        backup = str(self.backup) if self.backup else None
        return {
            "register": str(self.register),
            "from": self.found,
            "to": self.to,
            "backup": backup,
        }


def upgrade_register(session: Session, wanted: Wanted) -> Done:
    """Bring the home's register to the wanted version.

    Raises:
        NotConfirmedError: nobody said yes.
        BackupFailedError: no backup could be made; nothing was changed.
        PKIError: as of `pki.register.upgrade.change_version`.
    """
    home = get_home(home_directory(session.home), session.configuration)
    with home.locked():
        found = register_versions(home.register).found
        place = store_of(home.register).place
        to = SCHEMA_VERSION if wanted.to is None else wanted.to
        check_versions(place, found, to)
        if found == to:
            return Done(place, found, to)
        backup = None if wanted.backup_made else wanted.backup or _backup_path(session, home, found)
        question = "cli.upgrade.confirm_without" if backup is None else "cli.upgrade.confirm"
        told = {"register": place, "found": found, "to": to}
        session.confirm(question, yes=wanted.yes, backup=backup or "", **told)
        if backup is not None:
            store_of(home.register).back_up(backup)
            session.tell("cli.upgrade.backed_up", backup=backup)
        change_version(home.register, session.clock, actor=actor(), to=to)
        _verify(home, to)
    return Done(place, found, to, backup)


def _backup_path(session: Session, home: Home, found: int) -> Path:
    at = session.clock.now().strftime("%Y%m%dT%H%M%S.%fZ")
    register = home.register
    if isinstance(register, Path):
        return register.with_name(f"{register.name}.v{found}-{at}")
    return home.directory / f"register.v{found}-{at}.dump"


def _verify(home: Home, to: int) -> None:
    if to != SCHEMA_VERSION:
        return  # only the Antin of that version reads it
    register = open_register(home.register)
    try:
        verify_audit(register)
    finally:
        register.close()
