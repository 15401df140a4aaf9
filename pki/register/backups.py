"""The file a copy of a register goes into: new, its owner's alone, and whole or not there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pki.errors.keeping import BackupFailedError


@contextmanager
def new_backup(register: Path | str, path: Path) -> Iterator[None]:
    """Make the empty file for the block to fill; take it away when the block fails.

    Raises:
        BackupFailedError: something stands there, or it cannot be made or filled.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BackupFailedError(register=register, path=path, reason=reason) from error
    try:
        yield
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError | sqlite3.Error):
            reason = type(error).__name__
            raise BackupFailedError(register=register, path=path, reason=reason) from error
        raise
