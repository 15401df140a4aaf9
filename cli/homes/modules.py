"""The PKCS#11 modules of this run: the embedded store, those of `antin.toml`, those found here.

A home with an embedded store looks for no others unless it says so: it is as fast as it was, and
the same on every machine. What searches and tries (`cli.homes.found_modules`) is loaded only where
it is needed.
"""

from __future__ import annotations

from pathlib import Path

from cli.homes.home import Home
from cli.homes.settings import Tokens
from cli.session import Session
from hsm.embedded import EmbeddedTokens
from hsm.loading import find_loaded
from hsm.module import Module

_OPENED: dict[tuple[Path, Tokens], tuple[Module, ...]] = {}


def open_home_modules(home: Home, session: Session | None) -> tuple[Module, ...]:
    """Open every module of a home that has a token: trying them is done once a process.

    Args:
        home: whose.
        session: where to say which named modules are left out; None says nothing.

    Raises:
        SoftHSMMissingError: the home has an embedded store, and SoftHSM is not installed.
        ModuleUnusableError: no module is left, and a named one does not work.
    """
    place = (home.directory, home.settings.tokens)
    kept = _OPENED.get(place, ())
    if not kept or any(find_loaded(module.path) is not module for module in kept):
        kept = _OPENED[place] = _open(home, session)
    return kept


def open_module_of(home: Home, path: Path) -> Module:
    """Open the module that a key's address names, as the home's settings say.

    Raises:
        ModuleUnusableError: it cannot be used; the class says why.
    """
    from cli.homes.found_modules import module_uses, try_limit
    from hsm.opening import open_named

    return open_named(path, module_uses(home), limit=try_limit(home))


def _open(home: Home, session: Session | None) -> tuple[Module, ...]:
    tokens = home.settings.tokens
    embedded = (EmbeddedTokens(home.tokens).module(),) if tokens.embedded else ()
    if not tokens.configured and not tokens.searches:
        return embedded
    from cli.homes.found_modules import open_found

    return open_found(home, session, beside=embedded)
