"""One worker: a process that logs in once, opens one key, and does tasks with it.

1. It loads what its tasks will want. When it is its turn, it finds the token without a login, as
   `open_key` does, and reads what speaks against a try.
2. It asks the pool for the PIN, and gets it through a pipe made for that one message.
3. It logs in and opens the key. From here on it never logs in again: a PIN that was right may have
   been changed meanwhile, and every worker would spend a try on it.
4. It does tasks until the pool hangs up, or until it has lost its login or its module hangs: then
   it says so with the task's outcome, and ends.
"""

from __future__ import annotations

import pickle
import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection

from hsm.errors import WorkerLoginLostError, WorkerPINEachTimeError, WorkerPINPadError
from hsm.keys import open_key, wants_pin_each_time
from hsm.loading import close_modules
from hsm.module import Module
from hsm.pin import Pin
from hsm.tokens import TokenInfo
from hsm.workers.messages import KeyOrder, Outcome, PINWanted, Ready, Task, send
from pki.errors.tree import PKIError
from pki.keys import PrivateKey

_OPENED: list[PrivateKey] = []


def worker_key() -> PrivateKey:
    """Return the key that this worker has opened; for tasks.

    Raises:
        RuntimeError: called outside a worker.
    """
    if not _OPENED:
        raise RuntimeError("not in a signing worker: submit a task that calls this")
    return _OPENED[0]


class _PINFromPool:
    """Gets the PIN from the pool, for one login."""

    def __init__(self, tasks: Connection, pins: Connection, *, one_pin: bool) -> None:
        self._tasks = tasks
        self._pins = pins
        self._one_pin = one_pin
        self._kept: Pin | None = None
        self._modules: tuple[Module, ...] = ()
        self._token: TokenInfo | None = None

    def use(self, modules: tuple[Module, ...]) -> None:
        """Say where the token is."""
        self._modules = modules

    def ask(self, token: TokenInfo) -> Pin:
        """Return the PIN for the login; again only for a signature that wants its own.

        Raises:
            WorkerLoginLostError: it is asked for a second login.
        """
        if self._token is None:
            self._token = token
            send(self._tasks, PINWanted(token))
            with self._pins:
                pin = Pin(self._pins.recv_bytes().decode(), source="pool")
            self._kept = pin if self._one_pin else None
            return pin
        if self._kept is None or not self.fit():
            raise WorkerLoginLostError(token=token.label)
        return self._kept

    def announce_pad(self, token: TokenInfo) -> None:
        """Refuse: a person would have to type the PIN for each worker.

        Raises:
            WorkerPINPadError: always.
        """
        raise WorkerPINPadError(token=token.label)

    @property
    def label(self) -> str:
        """The token's label."""
        return self._token.label if self._token else ""

    def fit(self) -> bool:
        """Say whether the login still holds and no call hangs."""
        token = self._token
        return token is not None and any(
            module.logged_in(token) and not module.hangs for module in self._modules
        )


def serve(order: KeyOrder, tasks: Connection, pins: Connection) -> None:
    """Be a worker until the pool hangs up."""
    # Ctrl-C goes to every process at the terminal; what it means is for the pool's process to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = _PINFromPool(tasks, pins, one_pin=order.one_pin)
    with tasks, pins, suppress(EOFError, OSError):
        problem = _begin(order)
        tasks.recv_bytes()  # one worker opens the module at a time: SoftHSM's files mind others
        if problem is not None:
            send(tasks, Outcome(error=_told(problem)))
            return
        try:
            _OPENED.append(_open(order, source))
        except Exception as error:  # noqa: BLE001  raised again where the pool is made
            send(tasks, Outcome(error=_told(error)))
            return
        send(tasks, Ready())
        while source.fit():
            outcome = _do(tasks.recv_bytes())
            send(tasks, Outcome(outcome.value, outcome.error, fit=source.fit()))
    close_modules()


def _begin(order: KeyOrder) -> Exception | None:
    """Do what the order says comes first; return what went wrong."""
    try:
        if order.begin is not None:
            order.begin()
    except Exception as error:  # noqa: BLE001  told when it is this worker's turn
        return error
    return None


def _open(order: KeyOrder, source: _PINFromPool) -> PrivateKey:
    modules = tuple(address.module() for address in order.modules)
    source.use(modules)
    key = open_key(
        order.uri,
        modules,
        source,
        certificate=order.certificate,
        allow_final_try=order.allow_final_try,
    )
    if wants_pin_each_time(key) and not order.one_pin:
        raise WorkerPINEachTimeError(token=source.label)
    return key


def _do(payload: bytes) -> Outcome:
    try:
        function, arguments, options = _read(payload)
        return Outcome(function(*arguments, **options))
    except BaseException as error:  # noqa: BLE001  raised again where the result is awaited
        return Outcome(error=_told(error))


def _read(payload: bytes) -> Task:
    task: Task = pickle.loads(payload)  # noqa: S301  from the process that started this one
    return task


def _told(error: BaseException) -> BaseException:
    """Return the error with the place it came from, which pickling forgets; ours need none."""
    if not isinstance(error, PKIError):
        error.add_note("in a signing worker:\n" + "".join(traceback.format_exception(error)))
    return error
