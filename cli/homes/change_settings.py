"""Adds a table to `antin.toml`; what stands there already, comments too, stays as it is."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path

from cli.errors import UnreadableFileError
from cli.homes.settings import parse_settings
from pki.atomic import write_atomically


def add_table(path: Path, header: str, told: Mapping[str, str]) -> None:
    """Write a table at the end of the configuration, for whoever may read it already.

    Args:
        path: of the configuration.
        header: `[name]`, or `[[name]]` for one more of several.
        told: keys and values.

    Raises:
        UnreadableFileError: it cannot be read.
        BadConfigurationError: with the table it would not be valid; nothing is written.
        PKIError: it cannot be written.
    """
    try:
        text, mode = path.read_text("utf-8-sig"), stat.S_IMODE(path.stat().st_mode)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path=path, reason=type(error).__name__) from error
    # JSON's strings are TOML's basic strings, but for DEL, which no name or address has.
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in told.items())
    whole = f"{text.rstrip()}\n\n{header}\n{''.join(lines)}"
    parse_settings(whole, path)
    write_atomically(path, whole.encode(), overwrite=True, mode=mode)
