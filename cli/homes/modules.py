"""The PKCS#11 modules of this run: the embedded store, those of `antin.toml`, those found here.

Each is tried in a process of its own before it is loaded into this one (`hsm.discovery`). A home
with an embedded store looks for no others unless it says so: it is as fast as it was, and the same
on every machine.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cli.homes.home import Home
from cli.homes.settings import TokenModule, Tokens
from cli.session import Session
from hsm.discovery.candidates import find_candidates
from hsm.discovery.modules import Discovery, try_modules
from hsm.discovery.probe import DEFAULT_LIMIT
from hsm.embedded import EmbeddedTokens, find_softhsm
from hsm.gate import Limits
from hsm.module import Module, find_loaded
from hsm.opening import LeftOut, ModuleUse, open_named, open_usable
from pki.words import hint_of, message_of

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
    return open_named(path, module_uses(home), limit=try_limit(home))


def discover_of(home: Home, *, search: bool) -> Discovery:
    """Try the modules of a home, and those of this machine if `search` says so."""
    tokens = home.settings.tokens
    found = find_candidates(
        [home.path(path) for path in tokens.configured],
        leave_out=[find_softhsm()] if tokens.embedded else (),
        search=search,
    )
    return try_modules(found, limit=try_limit(home))


def module_uses(home: Home) -> tuple[ModuleUse, ...]:
    """Return how the home's modules are to be opened."""
    tokens = home.settings.tokens
    plain = (TokenModule(path=path) for path in tokens.modules)
    return tuple(
        ModuleUse(
            home.path(one.path), one.sessions, _limits(one.limit_seconds or tokens.limit_seconds)
        )
        for one in (*tokens.module, *plain)
    )


def try_limit(home: Home) -> timedelta:
    """Return how long one module may take to be tried; the most patient setting holds for all."""
    tokens = home.settings.tokens
    given = [one.limit_seconds for one in tokens.module] + [tokens.limit_seconds]
    return timedelta(seconds=max((one for one in given if one), default=0)) or DEFAULT_LIMIT


def _limits(seconds: float | None) -> Limits:
    if seconds is None:
        return Limits()
    limit = timedelta(seconds=seconds)
    return Limits(call=limit, sign=limit)


def _open(home: Home, session: Session | None) -> tuple[Module, ...]:
    tokens = home.settings.tokens
    modules: list[Module] = []
    if tokens.embedded:
        modules.append(EmbeddedTokens(home.tokens).module())
    if not tokens.configured and not tokens.searches:
        return tuple(modules)
    opened = open_usable(discover_of(home, search=tokens.searches), module_uses(home))
    modules += opened.modules
    named = [one for one in opened.left_out if one.named]
    if named and not modules:
        raise named[0].error
    if session is not None:
        _tell(session, named)
    return tuple(modules)


def _tell(session: Session, left_out: list[LeftOut]) -> None:
    for one in left_out:
        problem, hint = (of(one.error, session.language) for of in (message_of, hint_of))
        session.tell("cli.tokens.left_out", problem=problem, hint=hint)
