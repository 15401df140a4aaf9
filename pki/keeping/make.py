"""Makes a backup: one moment of the register, and files; it is read back before it counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from pki.atomic import PRIVATE, writing_beside
from pki.keeping.age import PIECE, DecryptingFile, EncryptingFile
from pki.keeping.archive import ArchiveReader, ArchiveWriter, KeptFile
from pki.keeping.keys import Identity, Recipient
from pki.keeping.manifest import Head, KeptAuthority, Manifest
from pki.register.snapshot import Snapshot, open_snapshot, register_tables
from pki.register.tables import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes in beside the register."""

    files: Iterable[KeptFile]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and read back."""

    manifest: Manifest
    sha256: str
    """Of the encrypted file, lower-case hex."""
    size: int


def make_backup(
    target: Path,
    register: str | Path,
    kept: Kept,
    *,
    recipients: Sequence[Recipient],
    now: datetime,
    tell: Callable[[Made], None],
) -> Made:
    """Write a backup of a register while others go on writing to it.

    Args:
        target: the file; it has that name only when everything else is done.
        register: path or address.
        kept: the files.
        recipients: who can open it.
        now: when it is made.
        tell: writes down that there is a backup, before the file takes its name.

    Raises:
        OutputExistsError: the target is there.
        DiskFullError: no room; nothing was left behind.
        PKIError: of the register; and what `tell` raises.
    """
    with writing_beside(target, overwrite=False, mode=PRIVATE) as file:
        encrypting = EncryptingFile(file, recipients)
        with ArchiveWriter(encrypting) as writer, open_snapshot(register) as snapshot:
            for one in kept.files:
                writer.add_file(one)
            for table in register_tables():
                writer.add_table(table.name, snapshot.rows(table))
            writer.finish(_manifest(snapshot, writer, kept.left_out, now))
        file.flush()
        made = _read_back(file, encrypting.identity)
        tell(made)
    return made


def _manifest(
    snapshot: Snapshot, writer: ArchiveWriter, left_out: tuple[str, ...], now: datetime
) -> Manifest:
    edge = snapshot.edge()
    return Manifest(
        antin=version("antin"),
        made_at=now,
        schema_version=SCHEMA_VERSION,
        engine=snapshot.engine,
        rows=writer.rows,
        authorities=tuple(
            KeptAuthority(name=name, serials=serials, crl_number=number)
            for name, serials, number in snapshot.authorities()
        ),
        audit=Head(size=edge.size, root=edge.root().hex()),
        members=writer.members,
        left_out=left_out,
    )


def _read_back(file: BinaryIO, identity: Identity) -> Made:
    """Open what was written, as whoever restores it will, and compare every hash."""
    file.seek(0)
    reader = ArchiveReader(DecryptingFile(file, [identity]))
    for _ in reader.members():
        pass
    size = file.seek(0, os.SEEK_END)
    return Made(reader.manifest, hash_of(file), size)


def hash_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, lower-case hex."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
