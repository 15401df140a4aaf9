"""Opens in this process the modules that were tried in one of their own, and says what was left.

A module that is named and does not work is an error that says what it is. Whether it stops anything
is the caller's to decide: tokens of other modules do not need it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hsm.discovery.candidates import Candidate, Origin
from hsm.discovery.modules import Discovery
from hsm.discovery.probe import DEFAULT_LIMIT, probe
from hsm.discovery.probe_result import ProbeResult, ProbeState
from hsm.errors import (
    ModuleArchitectureError,
    ModuleCrashedError,
    ModuleDependencyError,
    ModuleForeignError,
    ModuleHungError,
    ModuleMissingError,
    ModuleRefusedError,
    ModuleUnusableError,
    SmartCardServiceError,
)
from hsm.gate import Limits
from hsm.loading import find_loaded, open_module
from hsm.module import Module

_ERRORS = {
    ProbeState.MISSING: ModuleMissingError,
    ProbeState.WRONG_ARCHITECTURE: ModuleArchitectureError,
    ProbeState.LACKS_DEPENDENCY: ModuleDependencyError,
    ProbeState.NOT_A_LIBRARY: ModuleForeignError,
    ProbeState.NOT_PKCS11: ModuleForeignError,
    ProbeState.MALFORMED: ModuleForeignError,
    ProbeState.CRASHED: ModuleCrashedError,
    ProbeState.HUNG: ModuleHungError,
    ProbeState.REFUSED: ModuleRefusedError,
    ProbeState.SERVICE_DOWN: SmartCardServiceError,
}
"""The others (unreadable, unloadable, not tried) are told as they are."""


@dataclass(frozen=True, slots=True)
class ModuleUse:
    """How one module is to be opened, where it is not as every other."""

    path: Path
    sessions: int = 1
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A module that is not used, and why."""

    candidate: Candidate
    error: ModuleUnusableError

    @property
    def named(self) -> bool:
        """Whether somebody asked for this very file; others were only found."""
        return self.candidate.origin in {Origin.MODULE_PATH, Origin.CONFIGURED}


@dataclass(frozen=True, slots=True)
class Opened:
    """What can be used of a search, in its order."""

    modules: tuple[Module, ...]
    left_out: tuple[LeftOut, ...] = ()


def open_usable(discovery: Discovery, uses: Sequence[ModuleUse] = ()) -> Opened:
    """Open the modules of a search that have a token; nothing raises for one that does not open.

    Args:
        discovery: modules, tried.
        uses: how certain modules are to be opened; the others with the usual limits.
    """
    modules = []
    left_out = [
        LeftOut(tried.candidate, error)
        for tried in discovery.failed
        if (error := why_unusable(tried.result)) is not None
    ]
    for tried in discovery.usable:
        try:
            modules.append(open_as(tried.candidate.path, uses))
        except ModuleUnusableError as error:
            left_out.append(LeftOut(tried.candidate, error))
    return Opened(tuple(modules), tuple(left_out))


def open_named(
    path: Path, uses: Sequence[ModuleUse] = (), *, limit: timedelta = DEFAULT_LIMIT
) -> Module:
    """Open the one module that a key's address names; tried first unless it is open already.

    Args:
        path: the `module-path`.
        uses: how certain modules are to be opened.
        limit: for the try.

    Raises:
        ModuleUnusableError: it cannot be used; the class says why.

    Spec: RFC 7512 §2.4.
    """
    if _is_loaded(path):
        return open_as(path, uses)
    (result,) = probe([path], limit=limit)
    error = why_unusable(result)
    if error is not None:
        raise error
    return open_as(path, uses)


def open_as(path: Path, uses: Sequence[ModuleUse]) -> Module:
    """Open a module as `uses` says, whatever links lead to it.

    Raises:
        ModuleUnusableError: it cannot be loaded.
    """
    real = os.path.realpath(path)
    use = next((one for one in uses if os.path.realpath(one.path) == real), ModuleUse(path))
    return open_module(path, limits=use.limits, sessions=use.sessions)


def why_unusable(result: ProbeResult) -> ModuleUnusableError | None:
    """Return what is wrong with a module that was tried; None where it answers."""
    if result.state.answers:
        return None
    error = _ERRORS.get(result.state, ModuleUnusableError)
    reason = result.detail or result.state.value
    return error(module=result.path, stage=result.stage.value, reason=reason)


def _is_loaded(path: Path) -> bool:
    try:
        return find_loaded(path) is not None
    except (OSError, ValueError, RuntimeError):  # no name a file can have
        return False
