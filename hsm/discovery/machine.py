"""Which machine is searched: its system, its environment, and where its files begin.

All three are handed in, so that the places of one system can be looked for on another.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_VARIABLE = re.compile(r"%([^%/]+)%/(.*)", re.DOTALL)


class System(StrEnum):
    """An operating system that modules are known for."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"


@dataclass(frozen=True, slots=True)
class Machine:
    """What a search looks at."""

    system: System
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names of folders are taken from it (`SystemRoot`, `HOME`, …)."""
    root: Path = Path("/")
    """Where absolute paths of a POSIX system begin; another folder to look at an invented tree."""

    @classmethod
    def here(cls) -> Machine:
        """Return the machine this process runs on; anything unknown is searched as Linux is."""
        systems = {"win32": System.WINDOWS, "darwin": System.MACOS}
        return cls(systems.get(sys.platform, System.LINUX), os.environ)

    def place(self, path: str) -> Path | None:
        """Return where an absolute path lies.

        Args:
            path: `/…`, or `%VARIABLE%/…` with a variable of the environment.

        Returns:
            The path; None where the environment lacks the variable.
        """
        named = _VARIABLE.fullmatch(path)
        if named is None:
            return self.root / path.lstrip("/")
        folder = self._variable(named[1])
        return Path(folder) / named[2] if folder else None

    def matches(self, pattern: str) -> Iterator[Path]:
        """Give what is there of a path with `*` and `?` in its parts, in alphabetical order."""
        place = self.place(pattern)
        if place is None:
            return
        names = place.relative_to(place.anchor).parts
        plain = next((n for n, name in enumerate(names) if set(name) & set("*?")), len(names))
        start = Path(place.anchor, *names[:plain])
        try:
            found = sorted(start.glob("/".join(names[plain:]))) if names[plain:] else [start]
            yield from (path for path in found if os.path.lexists(path))
        except (OSError, ValueError):  # a folder nobody may list, a name no system can have
            return

    def _variable(self, name: str) -> str | None:
        # Windows does not tell capitals apart; a copy of its environment does.
        wanted = name.casefold()
        return next((v for k, v in self.environment.items() if k.casefold() == wanted), None)
