"""A document's password, which shows itself nowhere."""

from __future__ import annotations

from typing import NoReturn


class Password:
    """A secret that redacts itself in `repr`, `str`, `format`, and refuses to be pickled."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def reveal(self) -> str:
        """Return the secret, for deriving the key of a document."""
        return self._secret

    def __repr__(self) -> str:
        return "Password(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password is not pickled: another process reads its source itself")


NO_PASSWORD = Password("")
"""Opens what is encrypted so that everybody may read it."""
