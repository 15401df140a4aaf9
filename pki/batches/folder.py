"""The folder of requests: a name in a file of many lines reaches nothing outside of it."""

from __future__ import annotations

import re
from pathlib import Path

from pki.errors.batches import BatchFileError, BatchFileNameError, BatchFileOutsideError
from pki.request import MAX_REQUEST_BYTES

MAX_NAME = 255
_PLAIN = re.compile(r'[^\x00-\x1f\x7f<>:"|?*\\]+')
"""No control, and nothing that Windows reads as a drive, a stream or a pattern."""


def check_name(untrusted: str) -> str:
    """Return a name of a file below a folder, parts divided by `/`.

    Raises:
        BatchFileNameError: it is absolute, goes upwards, or is none that every system has.
    """
    parts = untrusted.split("/")
    plain = _PLAIN.fullmatch(untrusted) is not None and len(untrusted) <= MAX_NAME
    if not plain or any(part in {"", ".", ".."} for part in parts):
        raise BatchFileNameError
    return untrusted


def read_request(folder: Path, untrusted: str) -> bytes:
    """Return what a file below a folder holds; one octet more than a request may have at most.

    Args:
        folder: resolved: `Path.resolve` was asked.
        untrusted: the file's name.

    Raises:
        BatchFileNameError: the name is none.
        BatchFileError: there is no such file, or it cannot be read.
        BatchFileOutsideError: a link on the way leads out of the folder.
    """
    name = check_name(untrusted)
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder):
            raise BatchFileOutsideError
        if not path.is_file():  # a pipe would be waited for
            raise BatchFileError
        with path.open("rb") as file:
            return file.read(MAX_REQUEST_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise BatchFileError from error
