"""Drives the shim of `tests/shim`: a PKCS#11 module over SoftHSM that injects faults.

A `Shim` is loaded by whatever is tried (`shim.path`), here or in another process. Each method that
sets something gives a `Setting`: `with shim.fail(…):` for a block, or without `with` until
`remove()` or `shim.clear()`. Faults change while the module is loaded. `shim.calls` tells what was
called.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import pkcs11
from hsm_shim_calls import CallLog
from hsm_shim_cryptoki import CKR, FUNCTIONS, SOURCES
from hsm_shim_script import Rule, Script, Setting
from pkcs11._pkcs11 import lib as Library  # noqa: N812  pkcs11.lib is a function of that name

_FLAGS = ("-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror")
_SHARED = ("-shared", "-fPIC", "-fvisibility=hidden", "-pthread")
_RECORD = struct.Struct("16s32sIIII")  # struct token_record of state.h
_RECORDS = 32
_COUNTS_AT = 48


class Shim:
    """One module with its own tokens, script, log and state of tries.

    `token` is always a token's label as SoftHSM has it; without it, every token is meant.
    """

    def __init__(self, path: Path, module: Path, folder: Path, beside: Shim | None = None) -> None:
        self.path = path
        """The module to load."""
        self.module = module
        """SoftHSM beneath it, a copy of its own."""
        self.folder = folder
        self.tokens: Path = beside.tokens if beside else folder / "tokens"
        self.calls = CallLog(folder / "log")
        self._state: Path = beside._state if beside else folder / "state"
        self._together: list[Shim] = beside._together if beside else []
        self._together.append(self)
        self._loaded: list[Library] = []
        self._write_configuration()
        self._script = Script(folder / "script", beside.plug if beside else 1)

    @property
    def plug(self) -> int:
        """How often tokens were put in again, and one more."""
        return self._script.plug

    # --- loading --------------------------------------------------------------------------------

    def load(self) -> Library:
        """Load it here with bare python-pkcs11; `close` lets go of it."""
        library = Library(str(self.path))
        self._loaded.append(library)
        return library

    def close(self) -> None:
        """Take back everything, wake what sleeps, and finalise the module if it is loaded here."""
        self.clear()
        for library in self._loaded:
            with suppress(pkcs11.PKCS11Error):
                library.unload()
        self._loaded.clear()
        with suppress(OSError):  # not loaded in this process
            loaded = ctypes.CDLL(str(self.path), mode=os.RTLD_NOLOAD)
            table = ctypes.POINTER(_Table)()
            if loaded.C_GetFunctionList(ctypes.byref(table)) == CKR.OK:
                table.contents.finalize(None)

    def add_token(self, label: str, pin: str, so_pin: str) -> None:
        """Set up a token with `softhsm2-util`; SoftHSM sees it when it is next initialised."""
        names = ("--label", label, "--pin", pin, "--so-pin", so_pin)
        subprocess.run(
            ["softhsm2-util", "--module", self.module, "--init-token", "--free", *names],
            env=os.environ | {"SOFTHSM2_CONF": str(self._softhsm2_conf)},
            capture_output=True,
            check=True,
        )

    # --- faults of calls ------------------------------------------------------------------------

    def fault(
        self,
        function: str,
        answer: int = CKR.OK,
        *,
        at: int | None = None,
        first: int = 1,
        last: int | None = None,
        after: bool = False,
        token: str | None = None,
        sleep: float = 0,
        hang: bool = False,
        abort: bool = False,
        die: bool = False,
        pull: bool = False,
        flip: int | None = None,
        length: int | None = None,
    ) -> Setting:
        """Inject one fault; the named ones below are shorter.

        Calls are counted from the setting on, over all processes; questions for a signature's
        length are neither counted nor met.

        Args:
            function: as `C_Sign`.
            answer: what the caller gets; CKR.OK leaves SoftHSM's own answer.
            at: only this call; otherwise from `first` to `last`.
            first: the first call that is met, from 1.
            last: the last one; None is no end.
            after: SoftHSM does its work before; otherwise it is not reached if there is an answer.
            token: only on this token; a function without slot or session is then not met.
            sleep: seconds to wait; woken when the setting is taken back, as is `hang`.
            hang: wait for ever.
            abort: end the process by SIGABRT.
            die: end the sessions on the token, with its login.
            pull: pull the token out of its slot, until `insert`.
            flip: a bit of the signature that C_Sign gives out, from 0.
            length: the bytes that C_Sign says it wrote.
        """
        assert function in FUNCTIONS, function
        first, last = (first, last) if at is None else (at, at)
        rule: Rule = {"function": function, "answer": int(answer), "from": first}
        rule |= {"sleep": round(sleep * 1000)} if sleep else {}
        flags = {"after": after, "hang": hang, "abort": abort, "die": die, "pull": pull}
        rule |= {key: 1 for key, is_set in flags.items() if is_set}
        rule |= _given(to=last, flip=flip, length=length)
        return self._script.set("fault", token, rule)

    def fail(
        self,
        function: str,
        answer: int,
        *,
        at: int | None = None,
        after: bool = False,
        token: str | None = None,
    ) -> Setting:
        """Answer `answer`, at every call or one; `after` SoftHSM has done the work."""
        return self.fault(function, answer, at=at, after=after, token=token)

    def slow(self, function: str, seconds: float, *, at: int | None = None) -> Setting:
        """Sleep before the work; taking the setting back wakes it."""
        return self.fault(function, at=at, sleep=seconds)

    def hang(self, function: str, *, at: int | None = None) -> Setting:
        """Never come back, until the setting is taken back."""
        return self.fault(function, at=at, hang=True)

    def crash(self, function: str, *, at: int | None = None) -> Setting:
        """Abort the process."""
        return self.fault(function, at=at, abort=True)

    def wrong_signatures(self, *, bit: int = 7, at: int | None = None) -> Setting:
        """Flip a bit of what C_Sign gives out."""
        return self.fault("C_Sign", at=at, flip=bit)

    def sized_signatures(self, length: int, *, at: int | None = None) -> Setting:
        """Let C_Sign say that it wrote so many bytes; it never writes more than there are."""
        return self.fault("C_Sign", at=at, length=length)

    # --- the token comes and goes ---------------------------------------------------------------

    def pulled_out(self, token: str | None = None, *, reader: bool = False) -> Setting:
        """Pull the token out (its reader too); it comes back logged out, its sessions dead.

        Only this middleware sees it, not another one beside it.
        """
        setting = self._script.set("absent", token, {"slot": 1} if reader else {})
        setting.at_end = lambda: self.sessions_die(token, CKR.DEVICE_REMOVED)
        return setting

    def pulled_during(self, function: str, *, at: int = 1, after: bool = True) -> Setting:
        """Pull the token out in the middle of a call: CKR_DEVICE_REMOVED; `insert` brings it back.

        With `after`, the token had done the work.
        """
        return self.fault(function, CKR.DEVICE_REMOVED, at=at, after=after, pull=True)

    def insert(self) -> None:
        """Put the tokens in again that `pulled_during` took out; middlewares beside see it too."""
        plug = self.plug
        pulled = [label for label, counts in self._records() if counts[2] == plug]
        for shim in self._together:
            shim._script.plug_in(plug + 1)
            for label in pulled:  # also what made no call meanwhile
                shim.sessions_die(label, CKR.DEVICE_REMOVED)

    def sessions_die(
        self, token: str | None = None, answer: int = CKR.SESSION_HANDLE_INVALID
    ) -> None:
        """Kill every session open now, with its login, as sleep does; new ones can be opened."""
        self._script.kill_sessions(token, int(answer))

    def without_spare_slot(self) -> Setting:
        """Hide the slot with the blank token that SoftHSM always has and no reader does."""
        return self.pulled_out("", reader=True)

    def mirrored(self, token: str | None = None) -> Setting:
        """Show the token in a second slot too; it shares login and sessions' fate."""
        return self._script.set("mirror", token, {})

    # --- what the token says of itself ----------------------------------------------------------

    def presented(
        self,
        token: str | None = None,
        *,
        label: str | None = None,
        serial: str | None = None,
        model: str | None = None,
        manufacturer: str | None = None,
        description: str | None = None,
        pin_bytes: range | None = None,
    ) -> Setting:
        """Let the token say other names; `description` is its slot's.

        Args:
            token: the token.
            label: other names; None leaves what SoftHSM says.
            serial: likewise.
            model: likewise.
            manufacturer: likewise.
            description: likewise.
            pin_bytes: the lengths of a PIN that it says it takes.
        """
        names = {"label": label, "serial": serial, "model": model, "manufacturer": manufacturer}
        lengths: Rule = {}
        if pin_bytes is not None:
            lengths = {"min_pin": pin_bytes[0], "max_pin": pin_bytes[-1]}
        rule = _given(**names, description=description) | lengths
        return self._script.set("present", token, rule)

    def flags(self, raised: int = 0, cleared: int = 0, token: str | None = None) -> Setting:
        """Force flags of CK_TOKEN_INFO.

        WRITE_PROTECTED also refuses sessions for writing; the others only say so.
        """
        return self._script.set("flags", token, {"set": int(raised), "clear": int(cleared)})

    def slot_flags(self, raised: int = 0, cleared: int = 0, token: str | None = None) -> Setting:
        """Force flags of CK_SLOT_INFO."""
        return self._script.set("slot_flags", token, {"set": int(raised), "clear": int(cleared)})

    def without_mechanisms(self, *mechanisms: int, token: str | None = None) -> Setting:
        """Neither list these mechanisms nor take them (sign, generate a key pair)."""
        return self._script.set("lack", token, *({"mechanism": int(one)} for one in mechanisms))

    def with_mechanisms(self, *mechanisms: int, token: str | None = None) -> Setting:
        """Claim mechanisms for signing that SoftHSM does not have."""
        return self._script.set("claim", token, *({"mechanism": int(one)} for one in mechanisms))

    def hidden(
        self, attribute: int, object_class: int | None = None, *, token: str | None = None
    ) -> Setting:
        """Hide an attribute of all objects, or of a class: not read, and nothing found by it."""
        of: Rule = {} if object_class is None else {"class": int(object_class)}
        return self._script.set("hide", token, {"attribute": int(attribute), **of})

    # --- PINs -----------------------------------------------------------------------------------

    def tries(
        self, user: int | None = None, so: int | None = None, *, token: str | None = None
    ) -> Setting:
        """Lock the token after so many wrong PINs in a row.

        They are counted always, over all processes and settings; see `wrong_in_a_row`.
        """
        return self._script.set("tries", token, _given(user=user, so=so))

    def wrong_in_a_row(self, token: str, *, so: bool = False) -> int:
        """Return how many wrong PINs the token has counted since the last right one."""
        return next((counts[so] for label, counts in self._records() if label == token), 0)

    def forget_tries(self) -> None:
        """Set every counter of wrong PINs to zero; while no call is under way."""
        if not self._state.exists():
            return
        with self._state.open("r+b", buffering=0) as file:
            for number in range(_RECORDS):
                file.seek(number * _RECORD.size + _COUNTS_AT)
                file.write(bytes(8))

    def pin_pad(
        self,
        user: str = "",
        *,
        so: str = "",
        fresh: str = "",
        delay: float = 0,
        cancel: bool = False,
        token: str | None = None,
    ) -> Setting:
        """Let PINs be typed at the token, and refuse those from memory with CKR_ARGUMENTS_BAD.

        Args:
            user: what the person types when the user's PIN is wanted; nothing cancels.
            so: the same for the officer's PIN.
            fresh: the new PIN of C_SetPIN and C_InitPIN.
            delay: seconds that typing takes.
            cancel: the person presses cancel (after `delay`): CKR_FUNCTION_CANCELED.
            token: the token.
        """
        rule = _given(user=user or None, so=so or None, fresh=fresh or None)
        rule |= {"cancel": 1} if cancel else {}
        rule |= {"delay": round(delay * 1000)} if delay else {}
        return self._script.set("pin_pad", token, rule)

    def always_authenticate(self, token: str | None = None) -> Setting:
        """Let every private key want C_Login(CKU_CONTEXT_SPECIFIC) for each signature."""
        return self._script.set("always_authenticate", token, {})

    # --- the script -----------------------------------------------------------------------------

    def clear(self) -> None:
        """Take back every setting. Counted tries stay, and sessions that died stay dead."""
        self._script.clear()
        self.insert()

    def _records(self) -> list[tuple[str, list[int]]]:
        """Return each token that the shim has met: wrong PINs of user and officer, and `pulled`."""
        text = self._state.read_bytes() if self._state.exists() else b""
        return [
            (label.rstrip(b"\0").decode(), counts)
            for _serial, label, *counts in _RECORD.iter_unpack(text[: _RECORD.size * _RECORDS])
        ]

    @property
    def _softhsm2_conf(self) -> Path:
        return self.folder / "softhsm2.conf"

    def _write_configuration(self) -> None:
        for needed in (self.folder, self.tokens):
            needed.mkdir(parents=True, exist_ok=True)
        self._softhsm2_conf.write_text(
            f"directories.tokendir = {self.tokens}\n"
            "objectstore.backend = file\n"
            "log.level = ERROR\n",
            encoding="utf-8",
        )
        files = {"script": self.folder / "script", "log": self.folder / "log", "state": self._state}
        named = {"module": self.module, "softhsm2_conf": self._softhsm2_conf} | files
        self.path.with_name(self.path.name + ".conf").write_text(
            "".join(f"{key}={path}\n" for key, path in named.items()), encoding="utf-8"
        )


class Workshop:
    """Compiles the shim once and makes numbered modules of it, each over a SoftHSM of its own.

    A file is one module to a process, so two middlewares are two numbers. A number is used again
    for another folder when nothing has it initialised: libraries are never unloaded.
    """

    def __init__(self, folder: Path, compiler: Path, softhsm: Path) -> None:
        self._folder = folder
        self._softhsm = softhsm
        self._binary = folder / "antin_shim.so"
        sources = sorted(SOURCES.glob("*.c"))
        files: list[str | Path] = ["-o", self._binary, *sources, "-ldl"]
        done = subprocess.run(
            [compiler, *_FLAGS, *_SHARED, *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def shim(self, number: int, folder: Path, beside: Shim | None = None) -> Shim:
        """Return module `number`, with its files in `folder`.

        With `beside` it is a second middleware for that shim's tokens: tokens and tries are the
        same, faults and calls are its own.
        """
        place = self._folder / f"middleware{number}"
        path, module = place / "antin_shim.so", place / "libsofthsm2.so"
        if not place.exists():
            place.mkdir()
            shutil.copy(self._binary, path)
            shutil.copy(self._softhsm, module)
        return Shim(path, module, folder, beside)


class _Table(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
    )


def _given(**keys: str | int | None) -> Rule:
    return {key: value for key, value in keys.items() if value is not None}
