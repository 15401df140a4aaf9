"""Passwords of services: where they are is configured, what they are is read when they are sent."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cli.errors import SecretUnavailableError

_MAX_BYTES = 4096
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 §2.1; nothing that could end a header's line."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """Makes the Authorization header of one service, anew each time.

    Spec: RFC 7617 (with a user name), RFC 6750 (without).
    """

    source: str
    """`file:PATH`, relative to the home, or `env:NAME`."""
    folder: Path
    user: str | None = None

    def __call__(self) -> str:
        """Return the header's value.

        Raises:
            SecretUnavailableError: the source gives nothing that can be sent.
        """
        secret = self._read()
        if self.user is not None:
            return "Basic " + base64.b64encode(f"{self.user}:{secret}".encode()).decode("ascii")
        if not _BEARER.fullmatch(secret):
            raise SecretUnavailableError(source=self.source)
        return f"Bearer {secret}"

    def _read(self) -> str:
        return read_secret(self.source, self.folder)


def read_secret(source: str, folder: Path) -> str:
    """Return the secret of a service, read now.

    Args:
        source: `file:PATH`, relative to the folder, or `env:NAME`.
        folder: the home.

    Raises:
        SecretUnavailableError: the source gives nothing that can be sent.
    """
    kind, _, place = source.partition(":")
    try:
        if kind == "env":
            secret = os.environ[place]
        else:
            with (folder / place).open("rb") as file:
                secret = file.read(_MAX_BYTES).decode("utf-8")
    except (KeyError, OSError, UnicodeDecodeError):
        raise SecretUnavailableError(source=source) from None  # it may show the secret
    secret = secret.rstrip("\r\n")
    if not secret or "\n" in secret or any("\ud800" <= char <= "\udfff" for char in secret):
        raise SecretUnavailableError(source=source)
    return secret
