"""What crosses the pipe between a pool and one of its workers. The PIN has a pipe of its own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from hsm.workers.address import ModuleAddress


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """Which key the workers open, and how: what `open_key` takes, but for the PIN."""

    uri: KeyURI
    modules: tuple[ModuleAddress, ...]
    """Where to look: `ModuleFile` or `EmbeddedTokens`; each worker opens them itself."""
    certificate: x509.Certificate | None = None
    """What the key must belong to."""
    allow_final_try: bool = False
    """Spend the token's last try if it comes to that."""
    one_pin: bool = False
    """Keep the PIN in the workers' memory, for a key that wants one at every signature."""
    begin: Callable[[], object] | None = None
    """What a worker does while it waits for its turn, and for the PIN that a person types: what its
    tasks want to have loaded and read. It travels, and what it raises is raised by the pool."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the certificate in DER: as an object it cannot be pickled."""
        der = None if self.certificate is None else self.certificate.public_bytes(Encoding.DER)
        options = (self.allow_final_try, self.one_pin)
        return _arrived, (self.uri, self.modules, der, options, self.begin)


def _arrived(
    uri: KeyURI,
    modules: tuple[ModuleAddress, ...],
    der: bytes | None,
    options: tuple[bool, bool],
    begin: Callable[[], object] | None,
) -> KeyOrder:
    certificate = None if der is None else x509.load_der_x509_certificate(der)
    return KeyOrder(uri, modules, certificate, *options, begin)


@dataclass(frozen=True, slots=True)
class PINWanted:
    """A worker found the token, and nothing speaks against a try; it waits for the PIN."""

    token: TokenInfo


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has opened the key and takes tasks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task, or of opening the key."""

    value: Any = None
    error: BaseException | None = None
    fit: bool = True
    """Whether the worker can take another task."""


Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
Message = PINWanted | Ready | Outcome


class Pipe(Protocol):
    """One end of a pipe: a `Connection`, or what Windows has in its place."""

    def send_bytes(self, buf: bytes, /) -> None:
        """Send one message; raises OSError where the other side is gone."""
        ...

    def recv_bytes(self) -> bytes:
        """Return one message; raises EOFError or OSError where the other side is gone."""
        ...


def send(pipe: Pipe, message: Message) -> None:
    """Send a message; a result or an error that cannot travel is replaced by one that says so.

    Raises:
        OSError: the other side is gone.
    """
    try:
        data = pickle.dumps(message)
        if isinstance(message, Outcome) and message.error is not None:
            pickle.loads(data)  # noqa: S301  our own; many exceptions can be sent and not received
    except Exception as error:  # noqa: BLE001  whatever a task's own classes raise
        kind = type(getattr(message, "error", None) or getattr(message, "value", None)).__name__
        reason = TypeError(f"a worker cannot send {kind}: {type(error).__name__}")
        data = pickle.dumps(Outcome(error=reason, fit=getattr(message, "fit", True)))
    pipe.send_bytes(data)


def receive(pipe: Pipe) -> Message:
    """Receive a message; a result that cannot be read here is an outcome with the reason.

    Raises:
        EOFError, OSError: the other side is gone.
    """
    data = pipe.recv_bytes()
    try:
        message: Message = pickle.loads(data)  # noqa: S301  from a process of our own
    except Exception as error:  # noqa: BLE001  whatever a task's own classes raise
        return Outcome(error=error)
    return message
