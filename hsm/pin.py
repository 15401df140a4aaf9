"""PINs and where they come from. A PIN is asked for last and shows itself nowhere.

Python cannot wipe a string from memory; what is done is that no copy leaves this object except
through `reveal()`, which is called at `C_Login` and at the decryption of a key file.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

from hsm.errors import (
    PINFileExposedError,
    PINMalformedError,
    PINSourceError,
    PINSourceUnavailableError,
)
from hsm.posix import others_may_read
from hsm.tokens import TokenInfo

# Longer than any token's PIN and any sensible password: bounds what is read from a file or pipe.
_MAX_BYTES = 4096


class Pin:
    """A secret that redacts itself in `repr`, `str`, `format`, and refuses to be pickled."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str, *, source: str = "prompt") -> None:
        """Keep the secret.

        Raises:
            PINMalformedError: empty, or bytes that are no text. Such a PIN would cost a try for
                nothing.
        """
        # Undecodable bytes of a variable or a terminal come as lone surrogates; encoding them later
        # would raise an error that shows the PIN.
        if not secret or any("\ud800" <= char <= "\udfff" for char in secret):
            raise PINMalformedError(source=source)
        self._secret = secret

    def reveal(self) -> str:
        """Return the secret, for `C_Login` or for decrypting a key file."""
        return self._secret

    def __repr__(self) -> str:
        return "Pin(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pin):
            return NotImplemented
        return hmac.compare_digest(self._secret.encode(), other._secret.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would be one more trace of the secret

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PIN is not pickled: send it once through a pipe made for it")


class PinSource(Protocol):
    """Gives the PIN at the moment it is needed."""

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN of this token.

        Raises:
            PINSourceUnavailableError: it cannot be had.
            PINMalformedError: it is empty or not text.
            PINFileExposedError: it lies where other users can read it.
        """
        ...

    def announce_pad(self, token: TokenInfo) -> None:
        """Say that the PIN of this token is to be typed on the reader's own keys, now."""
        ...


class QuietSource:
    """A source with nobody behind it who could be told of a PIN pad."""

    def announce_pad(self, token: TokenInfo) -> None:
        """Say nothing: the reader's own display does."""


class GivenPinSource(QuietSource):
    """A PIN that is already there."""

    def __init__(self, pin: Pin) -> None:
        self._pin = pin

    def ask(self, token: TokenInfo) -> Pin:  # noqa: ARG002  the protocol's signature
        """Return the PIN it was given."""
        return self._pin


class PromptPinSource:
    """Asks a person, through a function the command line hands in."""

    def __init__(
        self,
        prompt: Callable[[TokenInfo], str],
        announce: Callable[[TokenInfo], None] = lambda _token: None,
    ) -> None:
        self._prompt = prompt
        self.announce_pad = announce

    def ask(self, token: TokenInfo) -> Pin:
        """Return what the person typed for this token.

        Raises:
            PINMalformedError: nothing was typed.
        """
        return Pin(self._prompt(token))


class RememberingPinSource:
    """Asks another source once, and keeps the answer until it is found to be wrong."""

    def __init__(self, source: PinSource) -> None:
        self._source = source
        self._pins: dict[tuple[str, str], Pin] = {}

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN; the other source says what it raises."""
        place = (token.serial, token.label)
        if place not in self._pins:
            self._pins[place] = self._source.ask(token)
        return self._pins[place]

    def announce_pad(self, token: TokenInfo) -> None:
        """Let the other source say it."""
        self._source.announce_pad(token)

    def forget(self, token: TokenInfo) -> None:
        """Ask again next time: the PIN was wrong."""
        self._pins.pop((token.serial, token.label), None)


class FilePinSource(QuietSource):
    """Reads a file that only its owner can read.

    One trailing line break is not the PIN's, nor is the mark that Windows' editors put in front of
    UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, token: TokenInfo) -> Pin:  # noqa: ARG002  the protocol's signature
        """Return the file's content.

        Raises:
            PINSourceUnavailableError: no such file, or it cannot be read.
            PINFileExposedError: group or others may read it (POSIX).
            PINMalformedError: empty, not UTF-8, or far too long.
        """
        source = f"file:{self._path}"
        try:
            with self._path.open("rb") as file:
                # The opened file is asked, not its name: the two cannot be swapped between.
                exposed = others_may_read(os.fstat(file.fileno()))
                raw = b"" if exposed else file.read(_MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise PINSourceUnavailableError(source=source) from error
        if exposed:
            raise PINFileExposedError(path=self._path)
        return _read_pin(raw, source)


class EnvPinSource(QuietSource):
    """Reads an environment variable."""

    def __init__(self, name: str) -> None:
        self._name = name

    def ask(self, token: TokenInfo) -> Pin:  # noqa: ARG002  the protocol's signature
        """Return the variable's value.

        Raises:
            PINSourceUnavailableError: the variable is not set.
            PINMalformedError: it is empty.
        """
        source = f"env:{self._name}"
        value = os.environ.get(self._name)
        if value is None:
            raise PINSourceUnavailableError(source=source)
        return Pin(value, source=source)


class FdPinSource(QuietSource):
    """Reads an open file descriptor to its end, once; later questions get the same answer."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pin: Pin | None = None

    def ask(self, token: TokenInfo) -> Pin:  # noqa: ARG002  the protocol's signature
        """Return what stood in the pipe.

        Raises:
            PINSourceUnavailableError: not an open descriptor.
            PINMalformedError: empty, not UTF-8, or far too long.
        """
        if self._pin is None:
            source = f"fd:{self._fd}"
            try:
                raw = _read_to_end(self._fd)
            except (OSError, OverflowError) as error:
                raise PINSourceUnavailableError(source=source) from error
            self._pin = _read_pin(raw, source)
        return self._pin


def parse_pin_source(text: str, prompt: Callable[[TokenInfo], str]) -> PinSource:
    """Read `prompt`, `env:NAME`, `file:PATH` or `fd:N`.

    Raises:
        PINSourceError: none of these. The text is not repeated: it may be a PIN.
    """
    kind, _, value = text.partition(":")
    match kind:
        case "prompt" if not value:
            return PromptPinSource(prompt)
        case "env" if value:
            return EnvPinSource(value)
        case "file" if value:
            return FilePinSource(Path(value))
        case "fd" if value.isascii() and value.isdecimal():
            return FdPinSource(int(value))
        case _:
            raise PINSourceError


def _read_to_end(fd: int) -> bytes:
    pieces = b""
    while len(pieces) <= _MAX_BYTES and (piece := os.read(fd, _MAX_BYTES)):
        pieces += piece
    return pieces


def _read_pin(raw: bytes, source: str) -> Pin:
    if len(raw) > _MAX_BYTES:
        raise PINMalformedError(source=source)
    line = raw.removesuffix(b"\n").removesuffix(b"\r") if raw.endswith(b"\n") else raw
    try:
        return Pin(line.decode("utf-8-sig"), source=source)
    except UnicodeDecodeError:
        # `from None`: the exception's text would show the bytes of the PIN.
        raise PINMalformedError(source=source) from None
