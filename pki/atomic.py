"""Writes a file whole or not at all.

The bytes go into a new file beside the target, reach the disk, and take the target's name in one
step. Whatever happens before that step, the target is what it was and nothing is left beside it.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pki.errors.files import DiskFullError, OutputExistsError, OutputUnwritableError
from pki.sync_posix import sync_folder

_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.02

NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


PUBLIC = 0o666
"""What the owner's own mask allows."""
PRIVATE = 0o600
"""Only the owner, from the first byte on; where the system knows no modes, as any other file."""


def write_atomically(target: Path, data: bytes, *, overwrite: bool, mode: int = PUBLIC) -> None:
    """Write `data` to `target`.

    Args:
        target: where.
        data: all of it.
        overwrite: replace a file that is there.
        mode: POSIX mode of a new file, cut down by the process's mask.

    Raises:
        OutputExistsError: the target is there, and `overwrite` is false.
        DiskFullError: no room; nothing was left behind.
        OutputUnwritableError: anything else the system says.
    """
    with writing_beside(target, overwrite=overwrite, mode=mode) as file:
        file.write(data)


@contextmanager
def writing_beside(target: Path, *, overwrite: bool, mode: int = PUBLIC) -> Iterator[BinaryIO]:
    """Give a new file for the block to fill, and to read back; it takes the name after the block.

    Args:
        target: the name.
        overwrite: replace a file that is there.
        mode: as of `write_atomically`.

    Raises:
        OutputExistsError: the target is there, and `overwrite` is false.
        DiskFullError: no room; nothing was left behind.
        OutputUnwritableError: anything else the system says.
    """
    with telling(target):
        part = part_of(target)
        try:
            with _new_file(part, mode) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _take_name(part, target, overwrite=overwrite)
        finally:
            take_away(part)
        sync_folder(target.parent)


def part_of(target: Path) -> Path:
    """Return a name beside the target that nobody has, for what shall take its name later."""
    return target.with_name(f".{secrets.token_hex(8)}.part")


@contextmanager
def waiting_beside(target: Path, part: Path) -> Iterator[BinaryIO]:
    """Give the new file `part` for the block to fill; `take_name` lets it take the target's name.

    It is whole and on the disk after the block, and gone where the block raises.

    Args:
        target: whose name it will take; in the same folder.
        part: see `part_of`.

    Raises:
        DiskFullError: no room; nothing was left behind.
        OutputUnwritableError: anything else the system says.
    """
    with telling(target):
        try:
            with _new_file(part, PUBLIC) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            take_away(part)
            raise


def take_name(part: Path, target: Path, *, overwrite: bool) -> None:
    """Let a file that waits beside its target take the target's name; it is gone where that fails.

    Raises:
        OutputExistsError: the target is there, and `overwrite` is false.
        DiskFullError: no room for the name.
        OutputUnwritableError: anything else the system says.
    """
    name_now(part, target, overwrite=overwrite)
    keep_names(target)


def name_now(part: Path, target: Path, *, overwrite: bool) -> None:
    """Do as `take_name`; the name is on the disk when `keep_names` returns.

    Raises:
        OutputExistsError, DiskFullError, OutputUnwritableError: see `take_name`.
    """
    with telling(target):
        try:
            _take_name(part, target, overwrite=overwrite)
        finally:
            take_away(part)


def keep_names(target: Path) -> None:
    """Wait until the names in a target's folder are on the disk, its own among them.

    Raises:
        DiskFullError, OutputUnwritableError: the system refuses; see `take_name`.
    """
    with telling(target):
        sync_folder(target.parent)


def take_away(part: Path) -> None:
    """Take a file away that did not take its name; one that is not there is no matter."""
    _patiently(lambda: part.unlink(missing_ok=True))


def _new_file(part: Path, mode: int) -> BinaryIO:
    return open(part, "x+b", opener=lambda name, flags: os.open(name, flags, mode))


@contextmanager
def telling(target: Path) -> Iterator[None]:
    """Say of whatever the system refuses in the block that it was about `target`.

    Raises:
        OutputExistsError: it is there.
        DiskFullError: no room.
        OutputUnwritableError: anything else the system says.
    """
    try:
        yield
    except FileExistsError as error:
        raise OutputExistsError(path=target) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFullError(path=target) from error
        raise OutputUnwritableError(path=target, reason=error.strerror or "") from error


def _take_name(part: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        _patiently(lambda: part.replace(target))
        return
    try:
        # A second name never replaces a file that came to be meanwhile; a rename would.
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # file systems without hard links (FAT on a memory stick)
        if target.exists():
            raise FileExistsError(target) from None
        _patiently(lambda: part.replace(target))


def _patiently(change: Callable[[], object]) -> None:
    """Change a name; on Windows, wait a moment for whoever reads that file to close it.

    There a file that is open has a name that cannot be taken away, and virus scanners open what
    was just written.

    Raises:
        OSError: it cannot be done, or the other did not let go within `_PATIENCE_SECONDS`.
    """
    until = time.monotonic() + (_PATIENCE_SECONDS if sys.platform == "win32" else 0)
    while True:
        try:
            change()
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
