"""What stands inside the encryption: a tar archive of the home's files, the register, a manifest.

    files/antin.toml, files/trust/…           of the home, as they are
    register/certificates/000001.jsonl.gz …   rows, a few MiB at a time
    manifest.json                             hashes of all of that, counts, the log's head

So `age --decrypt FILE | tar --extract` and a text editor are enough to get at it without Antin.
Nothing larger than one member is held in memory, writing or reading.

Spec: POSIX.1-2017 pax; RFC 1952; https://jsonlines.org.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple, cast

from pki.errors.keeping import BackupContentsError
from pki.keeping.age import PIECE, DecryptingFile, EncryptingFile
from pki.keeping.manifest import MANIFEST, MAX_MANIFEST, Manifest, Member, parse_manifest

MAX_FILE = 64 * 1024 * 1024
"""Of one file of the home; a token's store is far smaller."""
ROWS_OCTETS = 4 * 1024 * 1024
"""After how much text of rows a member ends."""
MAX_ROWS = 128 * 1024 * 1024
"""A member's text of rows: one row, a revocation list, may be long."""
_MAX_NAME = 512
_ROWS = re.compile(r"register/(?P<table>[a-z_]{1,40})/[0-9]{6}\.jsonl\.gz")


class KeptFile(NamedTuple):
    """A file of the home."""

    name: str
    """Relative to the home, with `/` on every system."""
    data: bytes


class KeptRows(NamedTuple):
    """Rows of a table."""

    table: str
    lines: tuple[bytes, ...]


@dataclass
class ArchiveWriter:
    """Writes members, and knows what it wrote."""

    target: EncryptingFile
    members: dict[str, Member] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._gate = _Gate(self.target)
        self._tar = tarfile.open(  # noqa: SIM115  closed by `finish` or `__exit__`
            fileobj=cast("BinaryIO", self._gate),
            mode="w|",
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
        )

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of an archive that was not finished: tarfile would go on writing to it."""
        self._gate.is_open = False
        self._tar.close()

    def add_file(self, kept: KeptFile) -> None:
        """Add a file of the home."""
        self._add(f"files/{kept.name}", kept.data)

    def add_table(self, table: str, lines: Iterable[bytes]) -> None:
        """Add every row of a table."""
        self.rows[table] = 0
        held: list[bytes] = []
        size = number = 0
        for line in lines:
            held.append(line)
            size += len(line)
            if size >= ROWS_OCTETS:
                number += 1
                self._add_rows(table, number, held)
                held, size = [], 0
        if held:
            self._add_rows(table, number + 1, held)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and the archive's end."""
        self._put(MANIFEST, manifest.model_dump_json(indent=1).encode())
        self._tar.close()
        self.target.finish()

    def _add_rows(self, table: str, number: int, lines: list[bytes]) -> None:
        self.rows[table] += len(lines)
        data = gzip.compress(b"".join(lines), 6, mtime=0)
        self._add(f"register/{table}/{number:06d}.jsonl.gz", data)

    def _add(self, name: str, data: bytes) -> None:
        self.members[name] = Member(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        self._put(name, data)

    def _put(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        self._tar.addfile(info, BytesIO(data))


@dataclass
class _Gate:
    """What the archive is written through, as long as it is open."""

    target: EncryptingFile
    is_open: bool = True

    def write(self, octets: bytes) -> int:
        return self.target.write(octets) if self.is_open else len(octets)


class ArchiveReader:
    """Reads an archive once, from front to end."""

    def __init__(self, source: DecryptingFile) -> None:
        self._source = source
        self._found: dict[str, Member] = {}
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """What the backup says of itself; known after `members` came to its end."""
        if self._manifest is None:
            raise BackupContentsError(reason="no manifest at its end")
        return self._manifest

    def members(self) -> Iterator[KeptFile | KeptRows]:
        """Yield what is in it; at the end all of it agrees with the manifest.

        Raises:
            BackupTamperedError, BackupCutError: of the encryption.
            BackupContentsError: it is no archive of ours, or contradicts its manifest.
        """
        for name, data in self._entries():
            if self._manifest is not None:
                raise BackupContentsError(reason="something follows the manifest")
            if name == MANIFEST:
                self._manifest = parse_manifest(data)
                continue
            if name in self._found:
                raise BackupContentsError(reason="one member twice")
            self._found[name] = Member(size=len(data), sha256=hashlib.sha256(data).hexdigest())
            yield _kept(name, data)
        if self.manifest.members != self._found:
            raise BackupContentsError(reason="other members than its manifest names")

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        try:
            with tarfile.open(
                fileobj=cast("Any", self._source), mode="r|", bufsize=PIECE, encoding="utf-8"
            ) as archive:
                for info in archive:
                    yield info.name, _content(archive, info)
            while self._source.read(PIECE):  # so that a cut is noticed after the archive's end too
                pass
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise BackupContentsError(reason="no archive of ours") from error


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    most = MAX_MANIFEST if info.name == MANIFEST else MAX_FILE
    file = archive.extractfile(info) if info.isreg() and info.size <= most else None
    if file is None or len(info.name) > _MAX_NAME:
        raise BackupContentsError(reason="a member of another kind or size")
    return file.read()


def _kept(name: str, data: bytes) -> KeptFile | KeptRows:
    if found := _ROWS.fullmatch(name):
        return KeptRows(found["table"], tuple(_unpacked(data).splitlines(keepends=True)))
    folder, _, relative = name.partition("/")
    if folder != "files" or not is_safe(relative):
        raise BackupContentsError(reason="a member of another name")
    return KeptFile(relative, data)


def is_safe(name: str) -> bool:
    """Say whether a name stays inside the folder it is written to, on every system."""
    parts = name.split("/")
    plain = all(part and part == part.strip(" .") for part in parts)
    return plain and not set(name) & set('\\:*?"<>|') and all(letter >= " " for letter in name)


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj(31)
    try:
        text = unpacking.decompress(data, MAX_ROWS)
    except zlib.error as error:
        raise BackupContentsError(reason="rows that cannot be unpacked") from error
    if not unpacking.eof or unpacking.unused_data:
        raise BackupContentsError(reason="rows that cannot be unpacked")
    return text
