"""Modules that `antin.toml` names and those of this machine: tried, then opened.

Each is tried in a process of its own before it is loaded into this one (`hsm.discovery`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from cli.homes.home import Home
from cli.homes.settings import TokenModule
from cli.session import Session
from hsm.discovery.candidates import find_candidates
from hsm.discovery.modules import Discovery, try_modules
from hsm.discovery.probe import DEFAULT_LIMIT
from hsm.embedded import find_softhsm
from hsm.errors import SoftHSMMissingError
from hsm.gate import Limits
from hsm.module import Module
from hsm.opening import LeftOut, ModuleUse, open_usable
from pki.words import hint_of, message_of


def open_found(
    home: Home, session: Session | None, *, beside: tuple[Module, ...]
) -> tuple[Module, ...]:
    """Open the modules of a home that have a token, after those that are open already.

    Raises:
        ModuleUnusableError: no module is left, and a named one does not work.
    """
    discovery = discover_of(home, search=home.settings.tokens.searches)
    opened = open_usable(discovery, module_uses(home))
    modules = (*beside, *opened.modules)
    named = [one for one in opened.left_out if one.named]
    if named and not modules:
        raise named[0].error
    if session is not None:
        _tell(session, named)
    return modules


def discover_of(home: Home, *, search: bool) -> Discovery:
    """Try the modules of a home, and those of this machine if `search` says so."""
    tokens = home.settings.tokens
    found = find_candidates(
        [home.path(path) for path in tokens.configured],
        leave_out=_softhsm() if tokens.embedded else (),
        search=search,
    )
    return try_modules(found, limit=try_limit(home))


def _softhsm() -> tuple[Path, ...]:
    try:
        return (find_softhsm(),)
    except SoftHSMMissingError:  # the store itself says so
        return ()


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


def _tell(session: Session, left_out: Iterable[LeftOut]) -> None:
    for one in left_out:
        problem, hint = (of(one.error, session.language) for of in (message_of, hint_of))
        session.tell("cli.tokens.left_out", problem=problem, hint=hint)
