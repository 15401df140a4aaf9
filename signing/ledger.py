"""The records of a home: a file each, chained by hash, erasable with a line left behind.

`ledger.jsonl` says what was kept and erased (`signing.chain`); `records/` holds a JSON file each,
in which a random number makes its digest tell nothing once it is erased; `lists/` holds CRLs once,
by their hash: they name no person.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pki.atomic import PRIVATE, write_atomically
from pki.clock import Clock
from signing.chain import Line, append, parse_line, read_lines
from signing.errors.ledger import (
    EvidenceBusyError,
    EvidenceErasedError,
    EvidenceNotFoundError,
    EvidenceUnreadableError,
    EvidenceUnwritableError,
)
from signing.records import Record

SCHEMA = "antin.evidence-record/1"
LOCK_SECONDS = 30.0
"""How long one process waits for another; keeping a record takes milliseconds."""
SMALL_LIST = 4096
"""Octets; a CRL that is longer lies in a file of its own, for all records that have it."""
MAX_RECORD = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ledger:
    """The folder, and the clock that its lines are dated by."""

    folder: Path
    clock: Clock

    @property
    def chain(self) -> Path:
        """The file of lines."""
        return self.folder / "ledger.jsonl"

    def keep(self, record: Record) -> str:
        """Keep a record for good and return what it is called.

        Raises:
            EvidenceBusyError: another process holds the ledger for too long.
            EvidenceUnwritableError: the folder or the chain cannot be written.
            DiskFullError: no room.
            OutputUnwritableError: anything else the system says.
        """
        self._make_folders()
        content = json.dumps(self._to_object(record), ensure_ascii=False).encode()
        digest = hashlib.sha256(content).hexdigest()
        record_id = digest[:32]
        with self._locked():
            write_atomically(self.file(record_id), content, overwrite=False, mode=PRIVATE)
            append(self.chain, at=self.clock.now(), id=record_id, digest=digest, reason=None)
        return record_id

    def erase(self, record_id: str, reason: str) -> None:
        """Erase what a record says; its line stays, and a line says when and why it went.

        A file that no line names, left by whoever was killed while keeping it, goes the same way.

        Raises:
            EvidenceNotFoundError: nothing was kept under that name, and no file has it.
            EvidenceBusyError, EvidenceUnwritableError: as `keep`.
        """
        with self._locked():
            line = self.find(record_id)
            if line is None and not self.file(record_id).exists():
                raise EvidenceNotFoundError(id=record_id)
            if (
                line is None or line.digest is not None
            ):  # the line first: a file without one would count as lost
                append(self.chain, at=self.clock.now(), id=record_id, digest=None, reason=reason)
            try:
                self.file(record_id).unlink(missing_ok=True)
            except OSError as error:
                path = self.file(record_id)
                raise EvidenceUnwritableError(path=path, reason=error.strerror or "") from error

    def lines(self) -> Iterator[Line]:
        """Yield the lines that can be read, the oldest first."""
        for text in read_lines(self.chain):
            if (line := parse_line(text)) is not None:
                yield line

    def find(self, record_id: str) -> Line | None:
        """Return the newest line about a record; None where there is none."""
        found = [line for line in self.lines() if line.id == record_id]
        return found[-1] if found else None

    def read(self, record_id: str) -> dict[str, Any]:
        """Return what a record says.

        Raises:
            EvidenceNotFoundError: nothing was kept under that name.
            EvidenceErasedError: it was erased.
            EvidenceUnreadableError: its file is gone or is another one.
        """
        line = self.find(record_id)
        if line is None:
            raise EvidenceNotFoundError(id=record_id)
        if line.digest is None:
            raise EvidenceErasedError(id=record_id, at=line.at)
        content = self.content(record_id)
        if content is None or hashlib.sha256(content).hexdigest() != line.digest:
            raise EvidenceUnreadableError(id=record_id)
        found: dict[str, Any] = json.loads(content)
        return found

    def content(self, record_id: str) -> bytes | None:
        """Return the bytes of a record's file; None where it cannot be read."""
        try:
            with self.file(record_id).open("rb") as file:
                return file.read(MAX_RECORD + 1)
        except OSError:
            return None

    def file(self, record_id: str) -> Path:
        """Return where a record lies."""
        return self.folder / "records" / f"{Path(record_id).name}.json"

    def list_file(self, digest: str) -> Path:
        """Return where a CRL lies."""
        return self.folder / "lists" / f"{Path(digest).name}.crl"

    def _make_folders(self) -> None:
        try:
            for name in ("records", "lists"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvidenceUnwritableError(path=self.folder, reason=error.strerror or "") from error

    def _to_object(self, record: Record) -> dict[str, Any]:
        found = asdict(record)
        found["occasion"] = record.occasion.value
        found["signer"] = _text(record.signer)
        for name in ("certificates", "ocsp_responses"):
            found[name] = [_text(der) for der in found[name]]
        found["crls"] = [self._keep_list(der) for der in record.crls]
        plain = json.loads(json.dumps(found, default=_moment))
        return {"schema": SCHEMA, "salt": secrets.token_hex(16), **plain}

    def _keep_list(self, der: bytes) -> dict[str, str]:
        digest = hashlib.sha256(der).hexdigest()
        if len(der) <= SMALL_LIST:
            return {"sha256": digest, "der": _text(der)}
        path = self.list_file(digest)
        if not path.exists():
            write_atomically(path, der, overwrite=True)  # the same bytes, whoever is first
        return {"sha256": digest}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self.folder.is_dir():
            yield
            return
        try:
            with FileLock(self.folder / "lock", timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise EvidenceBusyError(path=self.folder) from error


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
