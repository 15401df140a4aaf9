"""What this process keeps open on the tokens of one module: logins, and sessions for signing.

Login state belongs to the whole process, not to a session: one session a token logs in and is kept
(`hsm.login`); each lane keeps a session of its own beside it for signing.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field

import pkcs11

from hsm.cryptoki.function_list import Function, FunctionList
from hsm.gate import Gate
from hsm.lanes import Lane
from hsm.tokens import TokenInfo

Place = tuple[int, str]
"""Slot and serial number."""


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


class Kept:
    """The logins and sessions of one module. Called inside `Module.run` only."""

    def __init__(self, functions: FunctionList, gate: Gate) -> None:
        self._functions = functions
        self._gate = gate
        self._states: dict[Place, TokenState] = {}

    def state(self, token: TokenInfo) -> TokenState:
        """Return what this process has with the token."""
        place = token.slot_id, token.serial
        return self._states.get(place) or self._states.setdefault(place, TokenState())

    def states(self) -> tuple[TokenState, ...]:
        """Return what it has with every token it had to do with."""
        return tuple(self._states.values())

    def working(
        self, lane: Lane, token: TokenInfo, open_session: Callable[[], pkcs11.Session]
    ) -> WorkingSession:
        """Return the session that the lane keeps for signing with the token.

        A session from before the last loss is not used again.
        """
        place, state = (token.slot_id, token.serial), self.state(token)
        kept: WorkingSession | None = lane.kept.get(place)
        if kept is None or kept.epoch != state.epoch:
            kept = WorkingSession(state.epoch, open_session())
            lane.kept[place] = kept
            state.working.append(kept.session)
        return kept

    def drop_working(self, lane: Lane, token: TokenInfo) -> None:
        """Close the session that the lane keeps for signing with the token."""
        kept: WorkingSession | None = lane.kept.pop((token.slot_id, token.serial), None)
        state = self.state(token)
        if kept is not None and kept.session in state.working:
            state.working.remove(kept.session)
            with suppress(pkcs11.PKCS11Error):
                kept.session.close()

    def forget(self, token: TokenInfo) -> None:
        """Give back everything opened on the token, the login too.

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

    def close_all(self) -> None:
        """Close every session of every token."""
        for slot_id, _serial in tuple(self._states):
            self._close_all(slot_id)

    def _close_all(self, slot_id: int) -> None:
        self._functions.find(Function.C_CLOSE_ALL_SESSIONS, ctypes.c_ulong)(slot_id)
