"""Signs a large document in a file beside its target, and never has it in memory as a whole.

It is judged, signed and judged again where it lies, and takes the target's name when it is given
out (`signing.batch.made`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pki.atomic import part_of, waiting_beside
from signing.batch.entry import FileStamp, settled_stamp, stamp_of
from signing.errors.files import FileUnreadableError
from signing.large import copy_into
from signing.later import Later, raise_in_file
from signing.reading import words_of
from signing.sign import Signatory, SignedDocument
from verify.content import shown

if TYPE_CHECKING:
    from signing.extension import ExtendedDocument


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A signed document in a file that has not taken its name yet."""

    source: FileStamp
    sha256: str
    """Of the input."""
    signed: SignedDocument
    raised: ExtendedDocument | None
    """What it was raised to at once; None where it was not, or has to wait."""
    size: int
    """Of the output."""
    part: Path
    """The file, whole and on the disk."""


def sign_large(
    source: Path, target: Path, signatory: Signatory, *, later: Later | None = None
) -> SignedFile:
    """Sign the document in `source` in a new file beside `target`.

    Args:
        source: the document.
        target: where it will go.
        signatory: signs; at B-B with room for a time-stamp where `later` is given.
        later: whether to raise it at once.

    Raises:
        FileUnreadableError: the source may not be read.
        TooLargeError: it is larger than the policy's limit.
        DiskFullError, OutputUnwritableError: no room for the copy, or the system refuses.
        PKIError: see `signing.sign.sign_document`. Nothing was left behind.
    """
    part = part_of(target)
    now = signatory.services.clock.now()
    limit = signatory.services.policy.limits.document_bytes
    with waiting_beside(target, part) as file:
        stamp, digest = _copy(source, file, now, limit)
        with shown(file) as content:
            signed = signatory.sign(content, name=source.name, into=file)
        raised = raise_in_file(file, later, signatory.services) if later else None
        size = file.seek(0, os.SEEK_END)
    return SignedFile(stamp, digest, signed, raised, size, part)


def _copy(source: Path, file: BinaryIO, now: datetime, limit: int) -> tuple[FileStamp, str]:
    """Copy at most `limit` bytes; return what tells the source, and its SHA-256."""
    before = _stamp(source, now)
    size, digest = copy_into(source, file, limit=limit)
    return settled_stamp(before, _stamp(source, now), size), digest


def _stamp(source: Path, now: datetime) -> FileStamp:
    try:
        return stamp_of(source, now)
    except OSError as error:
        raise FileUnreadableError(path=source, reason=words_of(error)) from error
