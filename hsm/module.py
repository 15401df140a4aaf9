"""One loaded PKCS#11 module: its tokens, its one lock, its logins.

python-pkcs11 calls `C_Initialize(NULL)`, which tells the module that threads will not come at the
same time, and then lets go of the interpreter's lock. So every call goes through `Module.use`,
which holds one lock a module. It also refuses in a forked child: after a fork a loaded module is
broken (PKCS #11 §6.6), and a child may have inherited the lock in any state.

Login state belongs to the whole process, not to a session: one session a token logs in and is
kept; sessions for reading and writing come and go beside it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import pkcs11
from pkcs11._pkcs11 import lib as Library  # noqa: N812  pkcs11.lib is a function of that name

from hsm.cryptoki.init_token import init_token, set_user_pin
from hsm.cryptoki.login import RefusedPins, check_may_ask, log_in, pin_state, wrong_pin
from hsm.cryptoki.mapping import pkcs11_errors, reason_of
from hsm.errors import (
    ForkedError,
    ModuleUnusableError,
    SessionLostError,
    TokenNotPresentError,
    TokenRemovedError,
)
from hsm.pin import Pin, PinSource
from hsm.tokens import TokenInfo

_LOADING = threading.Lock()
# After these the kept session is of no more use; keeping it would fail for ever after.
_SESSION_SPOILT = (
    pkcs11.DeviceRemoved,
    pkcs11.OperationActive,
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
)


class Module:
    """A PKCS#11 module; made by `open_module`, once a file and process."""

    def __init__(self, path: Path, library: Library) -> None:
        self.path = path
        self._library = library
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._logins: dict[tuple[int, str], pkcs11.Session] = {}
        self._refused = RefusedPins()
        self._closed = False
        self._files: AbstractContextManager[object] | None = None

    def __repr__(self) -> str:
        return f"Module({str(self.path)!r})"

    @contextmanager
    def use(self, token: TokenInfo | None = None, *, mechanism: str = "") -> Iterator[None]:
        """Hold the module for the block: every PKCS#11 call happens inside one.

        Raises:
            ForkedError: this process is not the one that loaded the module.
            SessionLostError: the module was closed.
            PKIError: whatever the token answers, mapped.
        """
        if os.getpid() != self._pid:
            raise ForkedError(module=self.path)
        label = token.label if token else self.path.name
        serial = token.serial if token else ""
        with self._lock, pkcs11_errors(token=label, serial=serial, mechanism=mechanism):
            if self._closed:
                raise SessionLostError(token=label)
            try:
                yield
            except _SESSION_SPOILT:
                if token is not None:
                    self._drop(_place(token))
                raise

    @contextmanager
    def use_files(self, token: TokenInfo | None = None) -> Iterator[None]:
        """As `use`, and no other process reads or changes the token's files meanwhile.

        For everything but a signature: signing reads no file that a login rewrites.
        """
        with self.use(token), self._files or nullcontext():
            yield

    def guard_files(self, guard: AbstractContextManager[object]) -> None:
        """Hold `guard` whenever files of the module's tokens are read or written.

        Only tokens in files need it (`hsm.embedded`); a card keeps its own order. The first guard
        stays: another thread may be holding it.
        """
        with self._lock:
            self._files = self._files or guard

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Return the tokens that are plugged in and set up; nobody logs in.

        Raises:
            FunctionFailedError: the module cannot list its slots.
        """
        with self.use_files():
            found = [_present_token(slot) for slot in self._library.get_slots()]
        return tuple(
            _info(token)
            for token in found
            if token is not None and token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED
        )

    def set_up_token(self, label: str, *, user_pin: Pin, so_pin: Pin) -> TokenInfo:
        """Set up a token that never was; one that was is not touched.

        Raises:
            TokenNotPresentError: there is none. SoftHSM always has one.
            PINNotAcceptedError: the token refuses a PIN's length or characters.
        """
        with self.use_files():
            slot_id = self._free_slot(label)
            init_token(self.path, slot_id, label, so_pin)
            fresh = next(slot for slot in self._library.get_slots() if slot.slot_id == slot_id)
            set_user_pin(fresh.get_token(), so_pin, user_pin)
            return _info(fresh.get_token())

    def refresh(self, token: TokenInfo) -> TokenInfo:
        """Return what the token says now (its PIN flags change).

        Raises:
            TokenNotPresentError: the slot is empty.
            TokenRemovedError: another token is in the slot.
        """
        with self.use_files(token):
            return _info(self._find(token))

    def mechanisms(self, token: TokenInfo) -> frozenset[int]:
        """Return what the token can compute."""
        with self.use_files(token):
            return frozenset(int(item) for item in self._find(token).slot.get_mechanisms())

    @contextmanager
    def reading(self, token: TokenInfo) -> Iterator[pkcs11.Session]:
        """Give a session that reads. It sees private objects only if somebody logged in."""
        with self.use_files(token), _session(self._find(token), writable=False) as session:
            yield session

    @contextmanager
    def writing(self, token: TokenInfo) -> Iterator[pkcs11.Session]:
        """Give a session that writes; `login` comes first.

        Raises:
            SessionLostError: nobody logged in.
        """
        with self.use_files(token):
            if not self.logged_in(token):
                raise SessionLostError(token=token.label)
            with _session(self._find(token), writable=True) as session:
                yield session

    def logged_in(self, token: TokenInfo) -> bool:
        """Say whether this process holds a login on the token."""
        return _place(token) in self._logins

    def login(
        self, token: TokenInfo, pin_source: PinSource, *, allow_final_try: bool = False
    ) -> pkcs11.Session:
        """Log in, once a process and token; later calls return the kept session unasked.

        The steps and their order: `hsm.cryptoki.login`. The PIN is asked for without holding the
        module, so that other tokens go on signing while a person types.

        Raises:
            PINLockedError: locked; the PIN was not asked for.
            PINFinalTryError: one try is left and `allow_final_try` is not set; not asked for.
            WrongPINError: the token refused the PIN, now or before in this process.
        """
        with self.use_files(token):
            if (kept := self._logins.get(_place(token))) is not None:
                return kept
        check_may_ask(self.refresh(token), allow_final_try=allow_final_try)
        pin = pin_source.ask(token)
        with self.use_files(token):
            if (kept := self._logins.get(_place(token))) is not None:
                return kept
            if self._refused.knows(token, pin):
                raise wrong_pin(self.refresh(token))
            try:
                session = log_in(self._find(token), pin)
            except pkcs11.PinIncorrect as error:
                self._refused.remember(token, pin)
                raise wrong_pin(self.refresh(token)) from error
            self._logins[_place(token)] = session
            return session

    def logout(self, token: TokenInfo) -> None:
        """Give the login back; keys opened with it stop working."""
        with self.use_files(token):
            self._drop(_place(token))

    def close(self) -> None:
        """Log out everywhere and let go of the module; keys opened with it stop working."""
        with self.use_files():
            for place in tuple(self._logins):
                self._drop(place)
            self._closed = True
            _LOADED.pop(self.path, None)
            with suppress(pkcs11.PKCS11Error):  # a module that cannot end is of no use either
                self._library.finalize()

    def _free_slot(self, label: str) -> int:
        for slot in self._library.get_slots(token_present=True):
            token = _present_token(slot)
            if token is not None and not token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
                return slot.slot_id
        raise TokenNotPresentError(token=label)

    def _drop(self, place: tuple[int, str]) -> None:
        session = self._logins.pop(place, None)
        if session is not None:
            with suppress(pkcs11.PKCS11Error):  # a token that is gone holds no login
                session.close()

    def _find(self, token: TokenInfo) -> pkcs11.Token:
        for slot in self._library.get_slots():
            if slot.slot_id == token.slot_id:
                found = _present_token(slot)
                if found is None:
                    raise TokenNotPresentError(token=token.label)
                if _info(found).serial != token.serial:
                    raise TokenRemovedError(token=token.label)
                return found
        raise TokenNotPresentError(token=token.label)


_LOADED: dict[Path, Module] = {}


def open_module(path: Path) -> Module:
    """Load a PKCS#11 module, once a file and process.

    Raises:
        ModuleUnusableError: no such file, built for another processor, or not a PKCS#11 module.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModuleUnusableError(module=path, reason=str(error)) from error
    with _LOADING:
        if real not in _LOADED:
            try:
                library = pkcs11.lib(str(real))
            except pkcs11.PKCS11Error as error:
                raise ModuleUnusableError(module=path, reason=reason_of(error)) from error
            _LOADED[real] = Module(real, library)
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


@contextmanager
def _session(token: pkcs11.Token, *, writable: bool) -> Iterator[pkcs11.Session]:
    session = token.open(rw=writable)
    try:
        yield session
    finally:
        with suppress(pkcs11.PKCS11Error):  # lost already: what lost it is the error to tell
            session.close()


def _place(token: TokenInfo) -> tuple[int, str]:
    return token.slot_id, token.serial


def _present_token(slot: pkcs11.Slot) -> pkcs11.Token | None:
    try:
        return slot.get_token()
    except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
        return None


def _info(token: pkcs11.Token) -> TokenInfo:
    return TokenInfo(
        label=token.label,
        serial=token.serial.rstrip(b"\0").decode("utf-8", errors="replace"),
        manufacturer=token.manufacturer_id,
        model=token.model,
        slot_id=token.slot.slot_id,
        pin_state=pin_state(token.flags),
    )
