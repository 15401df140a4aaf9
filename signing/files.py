"""What may stand where an output goes; looked at before anything is signed."""

from __future__ import annotations

import errno
import os
import stat
from enum import StrEnum
from pathlib import Path

from pki.errors.files import OutputExistsError, OutputUnwritableError
from signing.errors.files import FileIsDirectoryError, OutputIsInputError
from signing.reading import words_of


class Existing(StrEnum):
    """What to do when the output is there already."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"
    """Replace another file."""
    REPLACE_INPUT = "replace-input"
    """Replace even the document itself."""


def check_output(source: Path, target: Path, *, existing: Existing) -> None:
    """Check what can be known of the output before anything is signed.

    Raises:
        FileIsDirectoryError: it is a directory.
        OutputIsInputError: it is the source.
        OutputExistsError: it is there.
        OutputUnwritableError: its folder is not there.
    """
    try:
        found = _look_at(target)
        if found is None:
            return
        if stat.S_ISDIR(found.st_mode):
            raise FileIsDirectoryError(path=target)
        same = os.path.samestat(found, source.stat())
    except OSError as error:
        raise OutputUnwritableError(path=target, reason=words_of(error)) from error
    if same and existing is not Existing.REPLACE_INPUT:
        raise OutputIsInputError(path=target)
    if existing is Existing.REFUSE:
        raise OutputExistsError(path=target)


def _look_at(target: Path) -> os.stat_result | None:
    """Return what stands there, None where nothing does and something could."""
    try:
        return target.stat()
    except (FileNotFoundError, NotADirectoryError):
        if not target.parent.is_dir():
            raise OutputUnwritableError(path=target, reason=_folder_missing()) from None
        return None


def _folder_missing() -> str:
    return FileNotFoundError(errno.ENOENT, "No such file or directory").strerror or ""
