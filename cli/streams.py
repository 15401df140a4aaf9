"""What the program writes, as bytes: UTF-8, and never an error because of a letter.

Windows gives a program whose output goes to a file or a pipe the encoding of its region, and no
such encoding of one byte a letter has all of Vietnamese.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TextIO

_TELLS_ENCODING = "PYTHONIOENCODING"


def prepare_streams(streams: tuple[TextIO | None, ...], environment: Mapping[str, str]) -> None:
    """Let text streams take every letter; one that is not a real stream stays as it is.

    A stream that leads to a file or a pipe becomes UTF-8. A terminal keeps its encoding, and so
    does everything where PYTHONIOENCODING tells one: there, a letter it lacks is shown as its
    number.
    """
    for stream in streams:
        if not isinstance(stream, io.TextIOWrapper):  # captured, or a window without a console
            continue
        if stream.isatty() or environment.get(_TELLS_ENCODING):
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
