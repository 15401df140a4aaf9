"""A backup that is read: once from end to end, and only then for what is done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cli.errors import UnreadableFileError
from cli.homes.settings import Settings, parse_settings
from cli.keeping.home_files import CONFIGURATION
from pki.errors.keeping import BackupContentsError
from pki.keeping.age import DecryptingFile
from pki.keeping.archive import ArchiveReader, KeptFile, KeptRows
from pki.keeping.keys import Identity
from pki.keeping.make import hash_of
from pki.keeping.manifest import Manifest, check_version
from pki.register.tables import SCHEMA_VERSION


@dataclass
class Backup:
    """A backup of which every octet is known to be as it was written."""

    manifest: Manifest
    settings: Settings
    sha256: str
    file: BinaryIO
    identity: Identity

    def files(self) -> Iterator[KeptFile]:
        """Yield the files of the home."""
        yield from (one for one in self._members() if isinstance(one, KeptFile))

    def lines(self) -> Iterator[KeptRows]:
        """Yield the rows of the register."""
        yield from (one for one in self._members() if isinstance(one, KeptRows))

    def _members(self) -> Iterator[KeptFile | KeptRows]:
        self.file.seek(0)
        return ArchiveReader(DecryptingFile(self.file, (self.identity,))).members()


@contextmanager
def open_backup(path: Path, identities: Sequence[Identity]) -> Iterator[Backup]:
    """Read a backup to its end, and give it for the block.

    Raises:
        UnreadableFileError: no such file.
        BackupLockedError: none of these opens it.
        NewerRegisterError, OlderRegisterError: its tables are of another version.
        InvalidInputError: it is no backup, or not as it was written.
    """
    try:
        with path.open("rb") as file:
            decrypting = DecryptingFile(file, identities)
            reader = ArchiveReader(decrypting)
            settings = _settings(reader)
            check_version(reader.manifest, SCHEMA_VERSION)
            sha256 = hash_of(file)
            yield Backup(reader.manifest, settings, sha256, file, decrypting.identity)
    except OSError as error:
        if error.filename is None or Path(error.filename) != path:
            raise
        raise UnreadableFileError(path=path, reason=error.strerror or "") from error


def _settings(reader: ArchiveReader) -> Settings:
    found: Settings | None = None
    for member in reader.members():
        if isinstance(member, KeptFile) and member.name == CONFIGURATION:
            found = parse_settings(_text(member), Path(CONFIGURATION))
    if found is None:
        raise BackupContentsError(reason="no antin.toml")
    return found


def _text(member: KeptFile) -> str:
    try:
        return member.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BackupContentsError(reason="antin.toml is no text") from error
