"""Makes a backup of this home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.actor import actor
from cli.auditing.log import new_checkpoint
from cli.homes.office import Office
from cli.keeping.home_files import kept_files
from pki.audit.entry import check_clock
from pki.errors.files import OutputExistsError
from pki.keeping.keys import Recipient
from pki.keeping.make import Made, make_backup
from pki.keeping.manifest import Manifest
from pki.records.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin backup create`."""

    target: Path
    recipients: Sequence[Recipient]
    with_tokens: bool
    with_checkpoint: bool


def create_backup(office: Office, wanted: Wanted) -> Made:
    """Write the backup; the log tells of it before the file has its name.

    The log's head in it is therefore one entry before that which tells of it.

    Raises:
        OutputExistsError: the file is there.
        PKIError: of the register, the log's key, the disk.
    """
    home, session = office.home, office.session
    if wanted.target.exists():
        raise OutputExistsError(path=wanted.target)
    check_clock(office.register, session.clock.now())
    if wanted.with_checkpoint and home.settings.audit is not None:
        with home.locked():
            new_checkpoint(office)
    configuration = session.configuration or home.directory / "antin.toml"
    kept = kept_files(home, configuration, with_tokens=wanted.with_tokens)

    def tell(made: Made) -> None:
        facts = (("sha256", made.sha256), ("entries", str(made.manifest.audit.size)))
        event = AuditEvent(session.clock.now(), actor(), "backup.create", facts)
        office.register.commit((), event)

    return make_backup(
        wanted.target,
        home.register,
        kept,
        recipients=wanted.recipients,
        now=session.clock.now(),
        tell=tell,
    )


def manifest_object(manifest: Manifest) -> dict[str, Any]:
    """Return what every command says of a backup in JSON."""
    return {
        "made_at": manifest.made_at.isoformat(),
        "antin": manifest.antin,
        "engine": manifest.engine,
        "schema_version": manifest.schema_version,
        "entries": manifest.audit.size,
        "head": manifest.audit.root,
        "rows": manifest.rows,
        "left_out": list(manifest.left_out),
    }
