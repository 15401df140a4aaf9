"""How a module is opened in another process.

A loaded module cannot be handed to another process; where it lies and how to open it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hsm.gate import Limits
from hsm.loading import open_module
from hsm.module import Module

_USUAL_LIMITS = Limits()


class ModuleAddress(Protocol):
    """What opens a module wherever it is sent to; `hsm.embedded.EmbeddedTokens` is one too."""

    def module(self) -> Module:
        """Return the module, loaded in this process.

        Raises:
            ModuleUnusableError: it cannot be loaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module's file, and what `open_module` is told with it."""

    path: Path
    limits: Limits | None = _USUAL_LIMITS
    sessions: int = 1

    def module(self) -> Module:
        """Return the module, loaded in this process.

        Raises:
            ModuleUnusableError: it cannot be loaded.
        """
        return open_module(self.path, limits=self.limits, sessions=self.sessions)
