"""Looks at a module's file before anything loads it: is it there, and is it for this process?"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hsm.discovery.binary import Architecture, Binary, parse_binary

HEADER_BYTES = 8192
"""As much as is read of a file; linkers put a PE header into the first kilobyte."""


class Unfit(StrEnum):
    """Why a file is not even tried."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not a file"
    EMPTY = "empty"
    NOT_A_LIBRARY = "not a shared library"
    WRONG_ARCHITECTURE = "wrong architecture"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was seen of a file without loading it."""

    unfit: Unfit | None
    """None where nothing speaks against trying it."""
    detail: str = ""
    """`ELF 32-bit i386 on 64-bit x86-64`, or the system's own word."""
    binary: Binary | None = None


def inspect(path: Path, own: Architecture | None) -> Inspection:
    """Look at a file's header; nothing is loaded, and neither a pipe nor a device is opened.

    Args:
        path: the file.
        own: the process that would load it; None compares nothing.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return Inspection(Unfit.NOT_A_FILE)
        data = _first_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return Inspection(Unfit.MISSING)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return Inspection(Unfit.UNREADABLE, getattr(error, "strerror", None) or str(error))
    if not data:
        return Inspection(Unfit.EMPTY)
    return judge_header(data, own)


def judge_header(data: bytes, own: Architecture | None) -> Inspection:
    """Say whether a process can load a file that begins like this."""
    binary = parse_binary(data)
    if binary is None:
        return Inspection(Unfit.NOT_A_LIBRARY)
    if not binary.shared:
        return Inspection(Unfit.NOT_A_LIBRARY, str(binary), binary)
    if own is not None and own not in binary.architectures:
        return Inspection(Unfit.WRONG_ARCHITECTURE, f"{binary} on {own}", binary)
    return Inspection(None, "", binary)


def _first_bytes(path: Path) -> bytes:
    # Not blocking: between the look at it and now, a pipe may have taken its place.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read(HEADER_BYTES) or b""
