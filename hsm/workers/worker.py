"""A worker as the pool sees it: its process, its pipes, and the one time it gets the PIN."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from hsm.cryptoki.pin_rules import RefusedPins, wrong_pin
from hsm.errors import TokenRemovedError, WorkerLostError, WorkerNotStartedError, WrongPINError
from hsm.pin import Pin, PinSource
from hsm.tokens import TokenInfo
from hsm.workers.messages import KeyOrder, Outcome, PINWanted, Ready, receive
from hsm.workers.process import serve

_CONTEXT = multiprocessing.get_context("spawn")
_SECONDS_TO_END = 10.0
_REFUSED = RefusedPins()
"""What tokens refused workers of this process, whose own memory ended with them."""


class PINForWorkers:
    """The PIN, asked for once; the first worker finds out whether it is right."""

    def __init__(self, source: PinSource) -> None:
        self._source = source
        self._pin: Pin | None = None
        self._token: TokenInfo | None = None

    @property
    def label(self) -> str:
        """The token's label."""
        return self._token.label if self._token else ""

    def give(self, token: TokenInfo) -> Pin:
        """Return the PIN.

        Raises:
            WrongPINError: a worker was refused this PIN before.
            TokenRemovedError: another token than the first worker's.
        """
        if self._pin is None or self._token is None:
            self._token, self._pin = token, self._source.ask(token)
        if (token.serial, token.label) != (self._token.serial, self._token.label):
            raise TokenRemovedError(token=self._token.label)
        if _REFUSED.knows(token, self._pin):
            raise wrong_pin(token)
        return self._pin

    def was_wrong(self) -> None:
        """Note that the token refused it."""
        if self._pin is not None and self._token is not None:
            _REFUSED.remember(self._token, self._pin)


class Worker:
    """One process."""

    def __init__(self, order: KeyOrder) -> None:
        """Start it; it finds the token, and waits for the PIN."""
        self._tasks, tasks = _CONTEXT.Pipe()
        pins, self._pins = _CONTEXT.Pipe(duplex=False)
        self._token = ""
        # A daemon: it does not outlive this process.
        self._process = _CONTEXT.Process(
            target=serve, args=(order, tasks, pins), name="antin-signing", daemon=True
        )
        try:
            self._process.start()
        except (OSError, AssertionError) as error:  # AssertionError: from within a daemon process
            self.hang_up()
            raise WorkerNotStartedError(reason=str(error)) from error
        finally:
            tasks.close()
            pins.close()

    def let_in(self, pin: PINForWorkers) -> None:
        """Let the worker open the module, give it the PIN, and wait until it has the key.

        Raises:
            WorkerNotStartedError: it ended.
            PKIError: as `signing_workers`.
        """
        with suppress(OSError):  # it ended: said by the next message
            self._tasks.send_bytes(b"your turn")
        while True:
            try:
                message = receive(self._tasks)
            except (EOFError, OSError):
                raise WorkerNotStartedError(reason=self._ended()) from None
            match message:
                case Ready():
                    return
                case PINWanted(token):
                    self._token = token.label
                    given = pin.give(token)
                    with suppress(OSError), self._pins:  # as above
                        self._pins.send_bytes(given.reveal().encode())
                case Outcome(error=error):
                    if isinstance(error, WrongPINError):
                        pin.was_wrong()
                    raise error or WorkerNotStartedError(reason="-")

    def do(self, payload: bytes) -> Outcome:
        """Have a task done; a worker that ends meanwhile is the outcome too."""
        try:
            self._tasks.send_bytes(payload)
            message = receive(self._tasks)
        except (EOFError, OSError):
            return Outcome(error=self._lost(), fit=False)
        # A second PINWanted cannot be: the worker asks once.
        return message if isinstance(message, Outcome) else Outcome(error=self._lost(), fit=False)

    def hang_up(self) -> None:
        """Let it end: it logs out when it has done what it is at."""
        self._tasks.close()
        self._pins.close()

    def kill_after(self, seconds: float) -> None:
        """Wait for it to end, and end it if it does not; `hang_up` comes before."""
        self._process.join(seconds)
        self._process.kill()
        self._process.join()
        self._process.close()

    def _lost(self) -> WorkerLostError:
        return WorkerLostError(token=self._token, reason=self._ended())

    def _ended(self) -> str:
        self._process.join(_SECONDS_TO_END)
        return _reason(self._process.exitcode)


def end_workers(workers: Sequence[Worker]) -> None:
    """Let workers log out and end; those that do not in ten seconds are killed."""
    for worker in workers:
        worker.hang_up()
    end = time.monotonic() + _SECONDS_TO_END
    for worker in workers:
        worker.kill_after(max(0.0, end - time.monotonic()))


def _reason(status: int | None) -> str:
    """Say how a process ended: by which signal, or with which status."""
    try:
        return signal.Signals(-(status or 0)).name
    except ValueError:
        return f"exit {status}"
