"""One loaded PKCS#11 module: its tokens, its one gate, what it knows of each token's login.

python-pkcs11 calls `C_Initialize(NULL)`, which tells the module that threads will not come at the
same time, and then lets go of the interpreter's lock. So every call goes through `Module.run`
(`hsm.gate`). It also refuses in a forked child: after a fork a loaded module is broken (PKCS #11
§6.6), and a child may have inherited any lock in any state.

Login state belongs to the whole process, not to a session: one session a token logs in and is
kept (`hsm.login`); working sessions come and go beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pkcs11

from hsm.cryptoki.library import Library, abandon
from hsm.cryptoki.mapping import error_for, is_spoilt
from hsm.cryptoki.pin_rules import RefusedPins
from hsm.cryptoki.token_info import read_pin_lengths, token_info
from hsm.errors import (
    ForkedError,
    SessionLostError,
    TokenTimeoutError,
)
from hsm.gate import Gate
from hsm.kept import Kept, WorkingSession
from hsm.lanes import Lane
from hsm.slots import Slots
from hsm.tokens import TokenInfo

T = TypeVar("T")


class Module:
    """A PKCS#11 module; made by `open_module`, once a file and process."""

    def __init__(
        self, path: Path, library: Library, gate: Gate, *, on_close: Callable[[Module], None]
    ) -> None:
        self.path = path
        self.limits = gate.limits
        self.refused = RefusedPins()
        self.functions = library.functions
        self.slots = Slots(library)
        self.kept = Kept(library.functions, gate)
        self._library = library
        self._gate = gate
        self._pid = os.getpid()
        self._on_close = on_close
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
                    self.kept.forget(token)
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
            if self.kept.state(token).lost:
                self.kept.forget(token)
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
        present = self.run_files(lambda _lane: self.slots.present())
        return tuple(token_info(token) for token in present)

    def refresh(self, token: TokenInfo) -> TokenInfo:
        """Return what the token says now (its PIN flags change), with its PINs' lengths.

        Raises:
            TokenNotPresentError: the slot is empty.
            TokenRemovedError: another token is in the slot.
        """

        def look(_lane: Lane) -> TokenInfo:
            found = token_info(self.slots.find(token))
            return read_pin_lengths(self.functions, found)

        return self.run_files(look, token)

    def mechanisms(self, token: TokenInfo) -> frozenset[int]:
        """Return what the token can compute."""
        return self.run_files(
            lambda _lane: frozenset(map(int, self.slots.find(token).slot.get_mechanisms())), token
        )

    def read(self, token: TokenInfo, work: Callable[[pkcs11.Session], T]) -> T:
        """Do the work with a session that reads.

        It sees private objects only if somebody logged in (`hsm.login`).
        """
        find = self.slots.find_again
        return self.run_files(lambda _lane: _with_session(find(token), work), token)

    def write(
        self, token: TokenInfo, work: Callable[[pkcs11.Session], T], *, mechanism: str = ""
    ) -> T:
        """Do the work with a session that writes; `hsm.login.login` comes first.

        Raises:
            SessionLostError: nobody logged in.
        """

        def change(_lane: Lane) -> T:
            if self.kept.state(token).session is None:
                raise SessionLostError(token=token.label)
            return _with_session(self.slots.find(token), work, writable=True)

        return self.run_files(change, token, mechanism=mechanism, limit=self.limits.generate)

    def working(self, lane: Lane, token: TokenInfo) -> WorkingSession:
        """Return the session that the lane keeps for signing with the token; inside `run` only."""
        return self.kept.working(lane, token, lambda: self.slots.find(token).open())

    @property
    def hangs(self) -> bool:
        """Whether some call took longer than its limit and has not come back."""
        return self._gate.hangs

    def logged_in(self, token: TokenInfo) -> bool:
        """Say whether this process holds a login on the token."""
        return self.kept.state(token).session is not None

    def restart(self) -> bool:
        """Finalise and initialise the module, unless some token of it is logged in.

        Some modules see a token that came back only then. Says whether it was done.
        """

        def again(_lane: Lane) -> bool:
            states = self.kept.states()
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
        self._on_close(self)
        self._closed = True
        try:
            self._gate.run_alone(self._end, what=self.path.name)
        except TokenTimeoutError:  # a call that hangs has the module: it is left to it
            abandon(self._library)
        self._gate.close()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError(module=self.path)

    def _end(self, _lane: Lane) -> None:
        with self._files or nullcontext():
            self.kept.close_all()
            self._library.finalize()  # a module that cannot end is of no use either


def _with_session(
    token: pkcs11.Token, work: Callable[[pkcs11.Session], T], *, writable: bool = False
) -> T:
    session = token.open(rw=writable)
    try:
        return work(session)
    finally:
        with suppress(pkcs11.PKCS11Error):  # lost already: what lost it is the error to tell
            session.close()
