"""One loaded PKCS#11 module: its tokens, its one gate, what it knows of each token's login.

python-pkcs11 calls `C_Initialize(NULL)`, which tells the module that threads will not come at the
same time, and then lets go of the interpreter's lock. So every call goes through `Module.run`
(`hsm.gate`). It also refuses in a forked child: after a fork a loaded module is broken (PKCS #11
§6.6), and a child may have inherited any lock in any state.

Login state belongs to the whole process, not to a session: one session a token logs in and is
kept (`hsm.login`); working sessions come and go beside it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pkcs11

from hsm.cryptoki.function_list import Function
from hsm.cryptoki.init_token import init_token, set_user_pin
from hsm.cryptoki.library import Library, abandon, load_library
from hsm.cryptoki.mapping import error_for, is_spoilt
from hsm.cryptoki.pin_rules import RefusedPins
from hsm.cryptoki.token_info import read_pin_lengths, serial_of, token_info
from hsm.errors import (
    ForkedError,
    ModuleUnusableError,
    SessionLostError,
    TokenNotPresentError,
    TokenRemovedError,
    TokenTimeoutError,
)
from hsm.gate import Gate, Limits
from hsm.lanes import Lane
from hsm.pin import Pin
from hsm.tokens import TokenInfo

T = TypeVar("T")
Place = tuple[int, str]
"""Slot and serial number."""

_LOADING = threading.Lock()


@dataclass(eq=False, slots=True)
class TokenState:
    """What this process has with one token."""

    logging_in: AbstractContextManager[object] = field(default_factory=threading.RLock)
    """Held for the login of one thread: the others find it done."""
    session: pkcs11.Session | None = None
    """The one that logged in; None while nobody is."""
    working: list[pkcs11.Session] = field(default_factory=list)
    """The sessions that lanes keep for signing, and others to be closed with them."""
    epoch: int = 0
    """Counts the times that everything opened on the token was lost or given back."""
    lost: bool = False
    """What is open is of no more use, and is closed as soon as no call runs."""


@dataclass(eq=False, slots=True)
class WorkingSession:
    """A session that a lane keeps for signing, and the private keys found with it."""

    epoch: int
    session: pkcs11.Session
    keys: dict[object, pkcs11.PrivateKey] = field(default_factory=dict)


class Module:
    """A PKCS#11 module; made by `open_module`, once a file and process."""

    def __init__(self, path: Path, library: Library, gate: Gate) -> None:
        self.path = path
        self.limits = gate.limits
        self.refused = RefusedPins()
        self.functions = library.functions
        self._library = library
        self._gate = gate
        self._pid = os.getpid()
        self._states: dict[Place, TokenState] = {}
        self._slots: dict[int, pkcs11.Slot] = {}
        self._closed = False
        self._files: AbstractContextManager[object] | None = None

    def __repr__(self) -> str:
        return f"Module({str(self.path)!r})"

    def run(
        self,
        work: Callable[[Lane], T],
        token: TokenInfo | None = None,
        *,
        mechanism: str = "",
        limit: timedelta | None = None,
    ) -> T:
        """Do the work with the module held: every PKCS#11 call happens inside one.

        Args:
            work: gets the lane it runs in; may run on another thread.
            token: which token it is about, for errors and for what a lost session means.
            mechanism: what is asked of the token, for errors.
            limit: how long it may take; None takes `limits.call`.

        Raises:
            ForkedError: this process is not the one that loaded the module.
            SessionLostError: the module was closed, or the token forgot the session.
            TokenTimeoutError: it takes longer than the limit.
            PKIError: whatever else the token answers, mapped.
        """
        self._check_process()
        label = token.label if token else self.path.name

        def attempt(lane: Lane) -> T:
            if self._closed:
                raise SessionLostError(token=label)
            try:
                return work(lane)
            except pkcs11.PKCS11Error as error:
                if token is not None and is_spoilt(error):
                    self.forget(token)
                serial = token.serial if token else ""
                raise error_for(error, token=label, serial=serial, mechanism=mechanism) from error

        return self._gate.run(attempt, limit=limit, what=label)

    def run_files(
        self,
        work: Callable[[Lane], T],
        token: TokenInfo | None = None,
        *,
        mechanism: str = "",
        limit: timedelta | None = None,
    ) -> T:
        """As `run`, and no other process reads or changes the tokens' files meanwhile.

        For everything but a signature: signing reads no file that a login rewrites.
        """

        def guarded(lane: Lane) -> T:
            with self._files or nullcontext():
                return work(lane)

        return self.run(guarded, token, mechanism=mechanism, limit=limit)

    def run_alone(
        self, work: Callable[[Lane], T], token: TokenInfo, *, limit: timedelta | None = None
    ) -> T:
        """As `run_files`, while no other call runs: for what begins or ends a login.

        Sessions are closed then; some modules crash where another thread signs in one meanwhile.
        """

        def alone(_lane: Lane) -> T:
            if self.state(token).lost:
                self.forget(token)
            return self.run_files(work, token, limit=limit)

        self._check_process()
        return self._gate.run_alone(alone, limit=limit, what=token.label)

    def hold_files(self, work: Callable[[], T]) -> T:
        """Do work that calls the module several times; the tokens' files are locked only once.

        Where no files are guarded, each call has its own limit as ever.
        """
        return work() if self._files is None else self.run_files(lambda _lane: work())

    def guard_files(self, guard: AbstractContextManager[object]) -> None:
        """Hold `guard` whenever files of the module's tokens are read or written.

        Only tokens in files need it (`hsm.embedded`); a card keeps its own order. The first guard
        stays: another thread may be holding it.
        """
        self._files = self._files or guard

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Return the tokens that are plugged in and set up; nobody logs in.

        Raises:
            FunctionFailedError: the module cannot list its slots.
        """
        return tuple(token for token in self.all_tokens() if token.initialized)

    def all_tokens(self) -> tuple[TokenInfo, ...]:
        """Return the tokens that are plugged in, also those not yet set up.

        Raises:
            FunctionFailedError: the module cannot list its slots.
        """

        def look(_lane: Lane) -> list[pkcs11.Token | None]:
            return [_present_token(slot) for slot in self._list_slots()]

        return tuple(token_info(token) for token in self.run_files(look) if token is not None)

    def set_up_token(self, label: str, *, user_pin: Pin, so_pin: Pin) -> TokenInfo:
        """Set up a token that never was; one that was is not touched.

        Raises:
            TokenNotPresentError: there is none. SoftHSM always has one.
            PINNotAcceptedError: the token refuses a PIN's length or characters.
        """
        fresh = next((one for one in self.all_tokens() if not one.initialized), None)
        if fresh is None:
            raise TokenNotPresentError(token=label)
        return self.initialize_token(fresh, label, user_pin=user_pin, so_pin=so_pin)

    def initialize_token(
        self, token: TokenInfo, label: str, *, user_pin: Pin, so_pin: Pin
    ) -> TokenInfo:
        """Initialise the token in this slot: everything on it is erased.

        Args:
            token: the token as it is now; another one in its slot is not touched.
            label: what it is to be called, at most 32 bytes in UTF-8.
            user_pin: the user's PIN from now on.
            so_pin: the security officer's PIN: the present one, or a new token's first.

        Raises:
            WrongPINError: not the officer's PIN of a token that was set up before.
            PINNotAcceptedError: the token refuses a PIN's length or characters.
            PKIError: whatever else the token answers.
        """

        def make(_lane: Lane) -> TokenInfo:
            self.find(token)
            self.forget(token)  # C_InitToken refuses while a session is open
            init_token(self.functions, token.slot_id, label, so_pin)
            made = self._slot(token.slot_id, label).get_token()
            set_user_pin(made, so_pin, user_pin)
            return token_info(self._slot(token.slot_id, label).get_token())

        return self.run_alone(make, token, limit=self.limits.generate)

    def refresh(self, token: TokenInfo) -> TokenInfo:
        """Return what the token says now (its PIN flags change), with its PINs' lengths.

        Raises:
            TokenNotPresentError: the slot is empty.
            TokenRemovedError: another token is in the slot.
        """

        def look(_lane: Lane) -> TokenInfo:
            found = token_info(self.find(token))
            return read_pin_lengths(self.functions, found)

        return self.run_files(look, token)

    def mechanisms(self, token: TokenInfo) -> frozenset[int]:
        """Return what the token can compute."""
        return self.run_files(
            lambda _lane: frozenset(int(item) for item in self.find(token).slot.get_mechanisms()),
            token,
        )

    def read(self, token: TokenInfo, work: Callable[[pkcs11.Session], T]) -> T:
        """Do the work with a session that reads.

        It sees private objects only if somebody logged in (`hsm.login`).
        """
        return self.run_files(lambda _lane: _with_session(self._find_again(token), work), token)

    def write(
        self, token: TokenInfo, work: Callable[[pkcs11.Session], T], *, mechanism: str = ""
    ) -> T:
        """Do the work with a session that writes; `hsm.login.login` comes first.

        Raises:
            SessionLostError: nobody logged in.
        """

        def change(_lane: Lane) -> T:
            if self.state(token).session is None:
                raise SessionLostError(token=token.label)
            return _with_session(self.find(token), work, writable=True)

        return self.run_files(change, token, mechanism=mechanism, limit=self.limits.generate)

    def working(self, lane: Lane, token: TokenInfo) -> WorkingSession:
        """Return the session that the lane keeps for signing with the token.

        Called inside `run` only. A session from before the last loss is not used again.
        """
        place, epoch = (token.slot_id, token.serial), self.state(token).epoch
        kept: WorkingSession | None = lane.kept.get(place)
        if kept is None or kept.epoch != epoch:
            kept = WorkingSession(epoch, self.find(token).open())
            lane.kept[place] = kept
            self.state(token).working.append(kept.session)
        return kept

    def drop_working(self, lane: Lane, token: TokenInfo) -> None:
        """Close the session that the lane keeps for signing with the token; inside `run` only."""
        kept: WorkingSession | None = lane.kept.pop((token.slot_id, token.serial), None)
        state = self.state(token)
        if kept is not None and kept.session in state.working:
            state.working.remove(kept.session)
            with suppress(pkcs11.PKCS11Error):
                kept.session.close()

    def state(self, token: TokenInfo) -> TokenState:
        """Return what this process has with the token."""
        place = token.slot_id, token.serial
        return self._states.get(place) or self._states.setdefault(place, TokenState())

    @property
    def hangs(self) -> bool:
        """Whether some call took longer than its limit and has not come back."""
        return self._gate.hangs

    def logged_in(self, token: TokenInfo) -> bool:
        """Say whether this process holds a login on the token."""
        return self.state(token).session is not None

    def forget(self, token: TokenInfo) -> None:
        """Give back everything opened on the token, the login too; inside `run` only.

        At once in `run_alone`, or where there is one lane; else nothing of it is used again, and
        the next login closes it. After what was opened here also C_CloseAllSessions, since
        python-pkcs11 leaves the session of a failed login open.

        Spec: PKCS #11 v3.0 §5.6.3.
        """
        state = self.state(token)
        state.lost = not self._gate.alone
        state.epoch += 1
        session, state.session = state.session, None
        if session is not None:
            state.working.append(session)
        if state.lost:
            return
        opened, state.working = state.working, []
        for session in opened:
            with suppress(pkcs11.PKCS11Error):  # a token that is gone has none of them
                session.close()
        self._close_all(token.slot_id)

    def restart(self) -> bool:
        """Finalise and initialise the module, unless some token of it is logged in.

        Some modules see a token that came back only then. Says whether it was done.
        """

        def again(_lane: Lane) -> bool:
            states = tuple(self._states.values())
            if self._closed or any(state.session for state in states):
                return False
            for state in states:
                state.epoch += 1
            with suppress(pkcs11.PKCS11Error), self._files or nullcontext():
                self._library.reinitialize()
                return True
            return False

        return self._gate.run_alone(again, what=self.path.name)

    def close(self) -> None:
        """Log out everywhere and let go of the module; keys opened with it stop working."""
        self._check_process()
        with _LOADING:
            if _LOADED.get(self.path) is self:
                del _LOADED[self.path]
        self._closed = True
        try:
            self._gate.run_alone(self._end, what=self.path.name)
        except TokenTimeoutError:  # a call that hangs has the module: it is left to it
            abandon(self._library)
        self._gate.close()

    def find(self, token: TokenInfo) -> pkcs11.Token:
        """Return python-pkcs11's token, which is still the one that was seen; inside `run` only.

        Raises:
            TokenNotPresentError: the slot is empty.
            TokenRemovedError: another token is in the slot.
        """
        found = _present_token(self._slot(token.slot_id, token.label))
        if found is None:
            raise TokenNotPresentError(token=token.label)
        if serial_of(found) != token.serial:
            raise TokenRemovedError(token=token.label)
        return found

    def _find_again(self, token: TokenInfo) -> pkcs11.Token:
        """As `find`, by the slots that were listed last; listed anew where that is not enough.

        Not for what takes a PIN: some modules notice a token that was swapped only when they list
        their slots.
        """
        slot = self._slots.get(token.slot_id)
        with suppress(pkcs11.PKCS11Error):
            found = _present_token(slot) if slot is not None else None
            if found is not None and serial_of(found) == token.serial:
                return found
        return self.find(token)

    def _slot(self, slot_id: int, label: str) -> pkcs11.Slot:
        for slot in self._list_slots():
            if slot.slot_id == slot_id:
                return slot
        raise TokenNotPresentError(token=label)

    def _list_slots(self) -> tuple[pkcs11.Slot, ...]:
        slots = tuple(self._library.get_slots())
        self._slots = {slot.slot_id: slot for slot in slots}
        return slots

    def _close_all(self, slot_id: int) -> None:
        self.functions.find(Function.C_CLOSE_ALL_SESSIONS, ctypes.c_ulong)(slot_id)

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError(module=self.path)

    def _end(self, _lane: Lane) -> None:
        with self._files or nullcontext():
            for slot_id, _serial in tuple(self._states):
                self._close_all(slot_id)
            self._library.finalize()  # a module that cannot end is of no use either


_LOADED: dict[Path, Module] = {}
_USUAL_LIMITS = Limits()


def open_module(path: Path, *, limits: Limits | None = _USUAL_LIMITS, sessions: int = 1) -> Module:
    """Load a PKCS#11 module, once a file and process: later calls give the first one's module.

    Args:
        path: the module's file. `hsm.discovery` tries an unknown one in a process of its own first.
        limits: how long calls may take; None runs them on the caller's thread and waits for ever.
        sessions: how many calls may run at a time. More than one suits an HSM on the network; the
            module must lock by itself (CKF_OS_LOCKING_OK). Tokens on USB do one thing at a time.

    Raises:
        ModuleUnusableError: no such file, built for another processor, not a PKCS#11 module, or it
            takes too long to start.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModuleUnusableError(module=path, reason=str(error)) from error
    with _LOADING:
        if real not in _LOADED:
            gate = Gate(lanes=sessions, limits=limits)
            late = threading.Event()

            def load(_lane: Lane) -> Library:
                library = load_library(real, threads=sessions > 1)
                if late.is_set():  # nobody waits for it any more
                    library.finalize()
                return library

            try:
                library = gate.run(load)
            except TokenTimeoutError as error:
                late.set()
                raise ModuleUnusableError(module=path, reason="C_Initialize hangs") from error
            _LOADED[real] = Module(real, library, gate)
        return _LOADED[real]


def find_loaded(path: Path) -> Module | None:
    """Return the module if this process has loaded that file."""
    return _LOADED.get(path.resolve())


def close_modules() -> None:
    """Close every module this process loaded: for the end of a command.

    A forked child leaves its parent's modules alone.
    """
    for module in tuple(_LOADED.values()):
        with suppress(ForkedError):
            module.close()


def _with_session(
    token: pkcs11.Token, work: Callable[[pkcs11.Session], T], *, writable: bool = False
) -> T:
    session = token.open(rw=writable)
    try:
        return work(session)
    finally:
        with suppress(pkcs11.PKCS11Error):  # lost already: what lost it is the error to tell
            session.close()


def _present_token(slot: pkcs11.Slot) -> pkcs11.Token | None:
    try:
        return slot.get_token()
    except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
        return None
