"""How other processes find the modules that this one has open."""

from __future__ import annotations

from collections.abc import Iterable

from cli.homes.home import Home
from hsm.embedded import EmbeddedTokens, find_softhsm
from hsm.module import Module
from hsm.workers.address import ModuleAddress, ModuleFile


def module_addresses(home: Home, modules: Iterable[Module]) -> tuple[ModuleAddress, ...]:
    """Return how each of a home's modules is opened elsewhere."""
    embedded = find_softhsm().resolve() if home.settings.tokens.embedded else None
    return tuple(
        EmbeddedTokens(home.tokens)
        if module.path == embedded
        else ModuleFile(module.path, module.limits)
        for module in modules
    )
