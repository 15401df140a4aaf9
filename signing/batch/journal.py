"""A batch's journal: a small file beside the outputs that is only ever added to.

1. `signed` is written, and on the disk, before an output takes its name; it holds the output's
   SHA-256. So an output that is there after a crash is known to be ours.
2. `given-out` is written after. It may be lost with the power: then the output tells.

One process at a time works in a folder. A last line that is torn is what a crash leaves; it is cut
off. Any other line that does not read refuses: behind it may stand a document that was given out,
and it would be signed twice.

It holds names of files, sizes, times and digests; nothing of what is in them or of who signed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from pki.atomic import NO_ROOM, PRIVATE
from pki.errors.files import DiskFullError
from pki.sync_posix import sync_folder
from signing.batch.entry import Entry, given_line, read_line, signed_line
from signing.errors.batch import (
    BatchBusyError,
    JournalTooLargeError,
    JournalUnreadableError,
    JournalUnwritableError,
)

NAME = ".antin-sign.journal"
LOCK = ".antin-sign.lock"
MAX_BYTES = 128 * 1024 * 1024
"""A quarter of a million documents in one folder, at least."""


class Journal:
    """What was signed into one folder; made by `open_journal`."""

    def __init__(self, path: Path, file: BinaryIO | None, entries: dict[str, Entry]) -> None:
        self.path = path
        self._file = file
        self._entries = entries

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What is known, by name of the output; the last word on each."""
        return self._entries

    def signed(self, *entries: Entry) -> None:
        """Note that outputs are about to take their names; it is on the disk when this returns.

        Raises:
            DiskFullError: no room; the journal is what it was.
            JournalUnwritableError: anything else the system says.
        """
        self._write(b"".join(map(signed_line, entries)), sync=True)
        self._entries.update((entry.output, entry) for entry in entries)

    def given_out(self, output: str) -> None:
        """Note that an output has its name; on the disk with the next `signed`, or at the end.

        Raises:
            DiskFullError, JournalUnwritableError: as `signed`.
        """
        line = given_line(output)
        entry = read_line(line, self._entries)
        self._write(line, sync=False)
        self._entries[output] = entry

    def close(self) -> None:
        """Bring all that was written to the disk."""
        if self._file is not None:
            with suppress(OSError), self._file as file:
                os.fsync(file.fileno())
            self._file = None

    def _write(self, line: bytes, *, sync: bool) -> None:
        end = None
        try:
            file = self._file = self._file or _create(self.path)
            end = file.tell()
            if end + len(line) > MAX_BYTES:
                raise JournalTooLargeError(path=self.path, limit=MAX_BYTES)
            _write_all(file, line)
            if sync:
                os.fsync(file.fileno())
        except OSError as error:
            self._cut_off(end)
            if error.errno in NO_ROOM:
                raise DiskFullError(path=self.path) from error
            raise _unwritable(self.path, error) from error

    def _cut_off(self, end: int | None) -> None:
        """Take half a line away again; where that fails too, it is a torn last line."""
        if self._file is not None and end is not None:
            with suppress(OSError):
                self._file.seek(end)
                self._file.truncate()


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """Give a folder's journal, held for the block; its file is made with the first entry.

    Raises:
        BatchBusyError: another process signs into the folder.
        JournalUnreadableError: a line that does not read.
        JournalTooLargeError: more than `MAX_BYTES`.
        JournalUnwritableError: the folder or the file cannot be written to.
    """
    if not folder.is_dir():  # the lock would make it
        raise JournalUnwritableError(path=folder, reason=os.strerror(errno.ENOENT))
    try:
        lock = FileLock(folder / LOCK, timeout=0, mode=PRIVATE)
        lock.acquire()
    except Timeout as error:
        raise BatchBusyError(path=folder) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        journal = _open(folder / NAME)
        try:
            yield journal
        finally:
            journal.close()
    finally:
        lock.release()


def read_journal(data: bytes, path: Path) -> tuple[dict[str, Entry], int]:
    """Return what a journal's bytes say, and how many of them are whole lines.

    Raises:
        JournalUnreadableError: a line other than a torn last one does not read.
    """
    whole = data.rfind(b"\n") + 1
    entries: dict[str, Entry] = {}
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
        try:
            entry = read_line(line, entries)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise JournalUnreadableError(path=path, line=number) from error
        entries[entry.output] = entry
    return entries, whole


def _open(path: Path) -> Journal:
    try:
        kept = path.open("r+b", buffering=0)
    except FileNotFoundError:
        return Journal(path, None, {})
    except OSError as error:
        raise _unwritable(path, error) from error
    with ExitStack() as closing_it:
        closing_it.callback(kept.close)
        if os.fstat(kept.fileno()).st_size > MAX_BYTES:
            raise JournalTooLargeError(path=path, limit=MAX_BYTES)
        data = kept.readall()
        entries, whole = read_journal(data, path)
        kept.seek(whole)
        kept.truncate()
        closing_it.pop_all()
    return Journal(path, kept, entries)


def _unwritable(path: Path, error: OSError) -> JournalUnwritableError:
    return JournalUnwritableError(path=path, reason=error.strerror or type(error).__name__)


def _create(path: Path) -> BinaryIO:
    file = open(  # noqa: SIM115  it is the journal's, which closes it
        path, "xb", buffering=0, opener=lambda name, flags: os.open(name, flags, PRIVATE)
    )
    sync_folder(path.parent)
    return file


def _write_all(file: BinaryIO, line: bytes) -> None:
    """Write a line: on a disk that fills up, a part of it is taken before the system says so."""
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]
