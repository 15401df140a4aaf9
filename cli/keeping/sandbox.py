"""Restores a backup into a folder that goes away again, and asks it everything there is to ask.

1. it is read to its end: encryption, hashes, manifest;
2. its rows make a register, in SQLite whatever engine they came from, under all guards;
3. log, certificates and lists are checked (`pki.keeping.check`), also against checkpoints;
4. where the home's own register is there, the log of the backup must be its beginning;
5. what was published since is taken in, as a restore would, and compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.actor import actor
from cli.auditing.judge import Checkpoint
from cli.auditing.log import kept_checkpoint, read_checkpoint, trust_of
from cli.homes.home import Home, home_directory
from cli.homes.settings import load_settings
from cli.keeping.found import of_authority, read_all
from cli.keeping.opened import Backup
from cli.session import Session
from pki.audit.stored import read_edge
from pki.errors.audit import AuditCutError, AuditRewrittenError
from pki.errors.keeping import RestoreUnreconciledError
from pki.errors.tree import PKIError
from pki.keeping.check import Checked, check_register
from pki.keeping.published import Published
from pki.keeping.reconcile import Difference, check_taken, compare, take_in
from pki.records.register import Register
from pki.register.restore import restoring
from pki.register.sql import SQLRegister, open_register


@dataclass(frozen=True, slots=True)
class Asked:
    """What a backup is compared with."""

    checkpoints: Sequence[Path]
    trust: Sequence[Path]
    published: Sequence[str]
    alone: bool
    """Not with the register of this home."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it."""

    checked: Checked
    signed: Checkpoint | None
    """The checkpoint inside."""
    compared: tuple[tuple[Path, Checkpoint], ...]
    later: tuple[tuple[Path, Checkpoint], ...]
    """Checkpoints of a longer log; only the home's register leads to them."""
    since: int | None
    """How many entries the home's log has beyond the backup; None where it was not compared."""
    differences: tuple[Difference, ...]


def verify_backup(session: Session, backup: Backup, asked: Asked) -> Verified:
    """Check everything; whatever is wrong is raised.

    Raises:
        AuditBrokenError, AuditRewrittenError, AuditCutError: of its log.
        BackupContentsError: of its records.
        RestoreUnreconciledError: a restore would collide with what was published.
        PKIError: of a checkpoint, of what was published.
    """
    with tempfile.TemporaryDirectory(prefix="antin-verify-") as folder:
        home = Home(Path(folder), backup.settings)
        for file in backup.files():
            path = home.directory / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
        signed = kept_checkpoint(session, home, trust_of(home, asked.trust))
        trust = trust_of(home, asked.trust)
        read = [(path, read_checkpoint(session, path, trust)) for path in asked.checkpoints]
        size = backup.manifest.audit.size
        compared = tuple(one for one in read if one[1].head.size <= size)
        heads = [one.head for _, one in compared] + ([signed.head] if signed else [])
        published = read_all(session, backup.settings, asked.published)
        with restoring(home.directory / "sandbox.sqlite", session.clock) as restoration:
            register = restoration.register
            restoration.fill(backup.lines())
            checked = check_register(register, backup.manifest, heads)
            live = None if asked.alone else _live(session)
            try:
                since = _compare_live(live, backup) if live else None
                differences = _try(session, register, published, live)
            finally:
                if live is not None:
                    live.close()
    later = tuple(one for one in read if one[1].head.size > size)
    return Verified(checked, signed, compared, later, since, differences)


def _live(session: Session) -> SQLRegister | None:
    """Open this home's register, if it is there."""
    directory = home_directory(session.home)
    configuration = session.configuration or directory / "antin.toml"
    if not configuration.exists():
        return None
    try:
        return open_register(Home(directory, load_settings(configuration)).register)
    except PKIError:
        session.tell("cli.backup.no_register")
        return None


def _compare_live(live: Register, backup: Backup) -> int:
    """Return how many entries the home's log has beyond the backup.

    Raises:
        AuditCutError: it has fewer.
        AuditRewrittenError: it does not begin with the backup's.
    """
    kept, last = backup.manifest.audit, live.last_audit_entry()
    size = last.sequence if last else 0
    if size < kept.size:
        raise AuditCutError(size=kept.size, found=size)
    if read_edge(kept.size, live.find_audit_entries).root().hex() != kept.root:
        raise AuditRewrittenError(size=kept.size)
    return size - kept.size


def _try(
    session: Session, register: Register, published: Sequence[Published], live: Register | None
) -> tuple[Difference, ...]:
    """Do what a restore would, and see that nothing collides."""
    differences = []
    for record in register.list_authorities():
        shown = of_authority(published, record)
        difference = compare(register, record, shown, session.clock.now())
        take_in(register, difference, now=session.clock.now(), requester=actor())
        check_taken(register, record.name, shown)
        newest = live.newest_crl(record.name) if live else None
        if newest is not None and newest.number > difference.floor:
            raise RestoreUnreconciledError(authority=record.name)
        differences.append(difference)
    return tuple(differences)
