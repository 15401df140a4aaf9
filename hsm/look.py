"""Looks at tokens before anybody logs in, and goes on where one of them fails.

A token that cannot be looked at stops nobody who wants another one: it is remembered, and told
where the wanted thing was not found. A token that two modules show is left to the first of them
that can look at it: it is one token, and its PIN has one counter of tries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from hsm.errors import TokenNotFoundError, TokensUnseenError
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, list_objects
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.errors.tree import PKIError
from pki.keys import PublicKey

T = TypeVar("T")
Place = tuple[Module, TokenInfo]


@dataclass(frozen=True, slots=True)
class TokenFailure:
    """A token, or all those of a module, that could not be looked at."""

    where: str
    """The token's label, or the module's file name."""
    error: PKIError


class Look:
    """One look over all tokens that fit an address."""

    def __init__(self, modules: Iterable[Module], uri: KeyURI) -> None:
        self.uri = uri
        self.failures: list[TokenFailure] = []
        self._modules = tuple(dict.fromkeys(modules))
        self._seen: dict[tuple[str, str, str], Module] = {}

    def each(self, work: Callable[[Module, TokenInfo], Iterable[T]]) -> tuple[T, ...]:
        """Return what `work` finds on the tokens; each module's files are locked once meanwhile."""
        found: list[T] = []
        for module in self._modules:
            with self._noting(module.path.name):
                found += module.hold_files(partial(self._within, module, work))
        return tuple(found)

    def objects(
        self,
        module: Module,
        token: TokenInfo,
        kinds: Collection[ObjectKind] = tuple(ObjectKind),
        *,
        certifying: PublicKey | None = None,
    ) -> tuple[TokenObject, ...]:
        """Return what the token shows; nothing if no certificate there is for a key that is given.

        Raises:
            PKIError: whatever the token answers; `each` notes it and goes on.
        """
        objects = list_objects(module, token, kinds, certifying=certifying)
        self.saw(module, token)
        return objects

    def tokens(self) -> tuple[Place, ...]:
        """Return the tokens themselves."""

        def take(module: Module, token: TokenInfo) -> list[Place]:
            self.saw(module, token)
            return [(module, token)]

        return self.each(take)

    def saw(self, module: Module, token: TokenInfo) -> None:
        """Leave the token to this module from now on."""
        if token.serial:  # without one, two tokens may look alike
            self._seen.setdefault(identity(token), module)

    def not_found(self) -> PKIError:
        """Return the error for whoever wanted a token that was not there, or not to be seen."""
        seen = tuple(token.label for _, token in Look(self._modules, KeyURI()).tokens())
        wanted = str(self.uri)
        if not self.failures:
            return TokenNotFoundError(wanted=wanted, seen=seen or ("-",))
        if len(self.failures) == 1 and not seen:
            return self.failures[0].error
        failed = tuple(dict.fromkeys(one.where for one in self.failures))
        return TokensUnseenError(wanted=wanted, seen=seen or ("-",), failed=failed)

    def _within(self, module: Module, work: Callable[[Module, TokenInfo], Iterable[T]]) -> list[T]:
        found: list[T] = []
        for token in module.tokens():
            if self.uri.fits(token) and self._seen.get(identity(token), module) is module:
                with self._noting(token.label):
                    found += work(module, token)
        return found

    @contextmanager
    def _noting(self, where: str) -> Iterator[None]:
        try:
            yield
        except PKIError as error:
            self.failures.append(TokenFailure(where, error))


def identity(token: TokenInfo) -> tuple[str, str, str]:
    """Return what two modules say alike of one token; where it lies differs between them."""
    return token.serial, token.label, token.manufacturer
