"""What is left of a batch: which documents were given out, which are to be signed.

A document that was given out is known by the name of its output. Its input is taken as it was
where path, size and time of change are those of the journal, and is read again where one of them
differs, or where the file had been changed a moment before it was signed. What became of an output
later (raised, signed by another, stamped) is not looked at: that it is there is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pki.errors.files import OutputExistsError
from signing.batch.entry import Entry, stamp_of
from signing.batch.journal import Journal
from signing.errors.batch import InputChangedError, OutputGoneError
from signing.errors.files import FileUnreadableError
from signing.files import Existing
from signing.reading import words_of

_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Resumption:
    """Looks up documents in the journal of an earlier run."""

    journal: Journal
    now: datetime
    existing: Existing = Existing.REFUSE
    """What may be replaced that is not ours."""

    def was_given_out(self, source: Path, target: Path) -> bool:
        """Say whether a document was signed and given out; False where it is to be signed.

        An output that took its name just before the process ended is noted as given out.

        Raises:
            InputChangedError: its output is of another input.
            OutputGoneError: it was given out and is not there any more.
            OutputExistsError: what is there is not what was signed, and was not given out.
            FileUnreadableError: input or output cannot be read.
            DiskFullError, JournalUnwritableError: as `Journal`.
        """
        entry = self.journal.entries.get(target.name)
        there = target.exists()
        if entry is None or not (entry.given_out or there):
            return False  # a signature that was made never left the process
        if not entry.given_out and not _begins_with(target, entry):
            return self._is_anothers(target)
        self._check_input(source, target, entry)
        if not there:
            raise OutputGoneError(path=target)
        if not entry.given_out:
            self.journal.given_out(target.name)
        return True

    def _is_anothers(self, target: Path) -> bool:
        if self.existing is Existing.REFUSE:
            raise OutputExistsError(path=target)
        return False

    def _check_input(self, source: Path, target: Path, entry: Entry) -> None:
        try:
            stamp = stamp_of(source, self.now)
            known = entry.source
            if known.mtime_ns is not None and stamp == known:
                return
            same = stamp.size == known.size and _sha256(source, stamp.size) == entry.sha256
        except OSError as error:
            raise FileUnreadableError(path=source, reason=words_of(error)) from error
        if not same:
            raise InputChangedError(path=source, output=target)


def _begins_with(target: Path, entry: Entry) -> bool:
    """Say whether the output is what was signed, whatever was added behind it since."""
    try:
        return (
            target.stat().st_size >= entry.output_size
            and _sha256(target, entry.output_size) == entry.output_sha256
        )
    except OSError as error:
        raise FileUnreadableError(path=target, reason=words_of(error)) from error


def _sha256(path: Path, size: int) -> str:
    """Return the digest of the first `size` bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (data := file.read(min(_AT_ONCE, size))):
            digest.update(data)
            size -= len(data)
    return digest.hexdigest()
