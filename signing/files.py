"""Signs a file into a file: the document is read once, the output appears whole or not at all.

Order: input and output are looked at, the document judged, the signer checked, the key opened
(the PIN), the signature made and judged, the output written.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from pki.atomic import write_atomically
from pki.errors.files import OutputExistsError, OutputUnwritableError
from pki.errors.tree import PKIError
from signing.collecting import collecting_seldom
from signing.errors.files import FileIsDirectoryError, OutputIsInputError
from signing.key import SigningKey
from signing.options import SigningOptions
from signing.reading import read_document, words_of
from signing.services import SigningServices
from signing.sign import Signatory, SignedDocument


class Existing(StrEnum):
    """What to do when the output is there already."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"
    """Replace another file."""
    REPLACE_INPUT = "replace-input"
    """Replace even the document itself."""


def sign_file(
    source: Path,
    target: Path,
    *,
    signer: SigningKey,
    options: SigningOptions,
    services: SigningServices,
    existing: Existing = Existing.REFUSE,
) -> SignedDocument:
    """Sign the document in `source` into `target`; for many, see `sign_into`.

    Raises:
        FileIsDirectoryError: a directory stands where one of the files should.
        FileUnreadableError: the source is not there or may not be read.
        TooLargeError: the source is larger than the policy's limit.
        OutputExistsError: the target is there and `existing` does not allow it.
        OutputIsInputError: the target is the source and `existing` does not allow it.
        OutputUnwritableError: the target's folder is not there, or the system refuses.
        DiskFullError: no room for the target.
        PKIError: see `sign_document`.
    """
    return sign_into(source, target, Signatory(signer, options, services), existing=existing)


def sign_into(
    source: Path, target: Path, signatory: Signatory, *, existing: Existing = Existing.REFUSE
) -> SignedDocument:
    """Sign the document in `source` into `target`, one of many by the same signatory.

    Raises:
        PKIError: see `sign_file`.
    """
    limits = signatory.services.policy.limits
    data = read_document(source, limit=limits.document_bytes)
    check_output(source, target, existing=existing)
    done = signatory.sign(data, name=source.name)
    write_atomically(target, done.data, overwrite=existing is not Existing.REFUSE)
    return done


def sign_each(
    pairs: Iterable[tuple[Path, Path]],
    signatory: Signatory,
    *,
    existing: Existing = Existing.REFUSE,
) -> Iterator[tuple[Path, SignedDocument | PKIError]]:
    """Sign many documents, giving each when its output is on the disk, in the order asked.

    While the disk confirms one document the next is being signed, never more than `AHEAD` of them:
    confirming takes as long as signing. What is refused is given as the error, and the others go
    on.

    Args:
        pairs: source and target of each document.
        signatory: who signs.
        existing: what to do when an output is there already.
    """
    limits = signatory.services.policy.limits
    overwrite = existing is not Existing.REFUSE
    waiting: deque[tuple[Path, SignedDocument, Future[None]]] = deque()
    with collecting_seldom(), ThreadPoolExecutor(max_workers=WRITERS) as disk:
        for source, target in pairs:
            try:
                data = read_document(source, limit=limits.document_bytes)
                check_output(source, target, existing=existing)
                done = signatory.sign(data, name=source.name)
            except PKIError as error:
                yield from _written(waiting, ahead=0)
                yield source, error
                continue
            writing = disk.submit(write_atomically, target, done.data, overwrite=overwrite)
            waiting.append((source, done, writing))
            yield from _written(waiting, ahead=AHEAD)
        yield from _written(waiting, ahead=0)


AHEAD = 4
"""Signed documents that wait in memory for the disk."""
WRITERS = 2
"""The disk confirms two as fast as one."""


def _written(
    waiting: deque[tuple[Path, SignedDocument, Future[None]]], *, ahead: int
) -> Iterator[tuple[Path, SignedDocument | PKIError]]:
    while len(waiting) > ahead:
        source, done, writing = waiting.popleft()
        try:
            writing.result()
        except PKIError as error:
            yield source, error
        else:
            yield source, done


def check_output(source: Path, target: Path, *, existing: Existing) -> None:
    """Check what can be known of the output before anything is signed.

    Raises:
        FileIsDirectoryError: it is a directory.
        OutputIsInputError: it is the source.
        OutputExistsError: it is there.
        OutputUnwritableError: its folder is not there.
    """
    try:
        if target.is_dir():
            raise FileIsDirectoryError(path=target)
        if not target.parent.is_dir():
            raise OutputUnwritableError(path=target, reason=_folder_missing())
        if not target.exists():
            return
        same = target.samefile(source)
    except OSError as error:
        raise OutputUnwritableError(path=target, reason=words_of(error)) from error
    if same and existing is not Existing.REPLACE_INPUT:
        raise OutputIsInputError(path=target)
    if existing is Existing.REFUSE:
        raise OutputExistsError(path=target)


def _folder_missing() -> str:
    return FileNotFoundError(errno.ENOENT, "No such file or directory").strerror or ""
