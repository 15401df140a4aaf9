"""Drives the shim of `tests/shim`: a PKCS#11 module over SoftHSM that injects faults.

A `Shim` is loaded by whatever is tried (`shim.path`), here or in another process. Each method that
sets something gives a `Setting`: `with shim.fail(…):` for a block, or without `with` until
`remove()` or `shim.clear()`. Faults change while the module is loaded. `shim.calls` tells what was
called.
"""

from __future__ import annotations

import ctypes
import enum
import itertools
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar
from urllib.parse import quote

import pkcs11
from hsm_shim_calls import CallLog
from pkcs11._pkcs11 import lib as Library  # noqa: N812  pkcs11.lib is a function of that name

SOURCES = Path(__file__).resolve().parents[2] / "shim"
FUNCTIONS = tuple(
    "C_" + name
    for name in re.findall(
        r"^ +(?:OWN|SESSION|PLAIN)\((\w+),", (SOURCES / "cryptoki.h").read_text("utf-8"), re.M
    )
)
"""All functions, in the order of CK_FUNCTION_LIST."""
_FLAGS = ("-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror")
_SHARED = ("-shared", "-fPIC", "-fvisibility=hidden", "-pthread")
_RECORD = struct.Struct("16s32sIIII")  # struct token_record of state.h
_RECORDS = 32
_COUNTS_AT = 48
_COUNTERS = 256  # MOST_COUNTS of state.h


class CKR(enum.IntEnum):
    """Answers of PKCS#11 by the standard's names; any other number will do as well."""

    OK = 0x00
    HOST_MEMORY = 0x02
    SLOT_ID_INVALID = 0x03
    GENERAL_ERROR = 0x05
    FUNCTION_FAILED = 0x06
    ARGUMENTS_BAD = 0x07
    ATTRIBUTE_SENSITIVE = 0x11
    ATTRIBUTE_TYPE_INVALID = 0x12
    DATA_LEN_RANGE = 0x21
    DEVICE_ERROR = 0x30
    DEVICE_MEMORY = 0x31
    DEVICE_REMOVED = 0x32
    FUNCTION_CANCELED = 0x50
    FUNCTION_NOT_SUPPORTED = 0x54
    KEY_HANDLE_INVALID = 0x60
    KEY_FUNCTION_NOT_PERMITTED = 0x68
    MECHANISM_INVALID = 0x70
    MECHANISM_PARAM_INVALID = 0x71
    OBJECT_HANDLE_INVALID = 0x82
    OPERATION_ACTIVE = 0x90
    OPERATION_NOT_INITIALIZED = 0x91
    PIN_INCORRECT = 0xA0
    PIN_INVALID = 0xA1
    PIN_LEN_RANGE = 0xA2
    PIN_EXPIRED = 0xA3
    PIN_LOCKED = 0xA4
    SESSION_CLOSED = 0xB0
    SESSION_COUNT = 0xB1
    SESSION_HANDLE_INVALID = 0xB3
    SESSION_READ_ONLY = 0xB5
    TEMPLATE_INCONSISTENT = 0xD1
    TOKEN_NOT_PRESENT = 0xE0
    TOKEN_NOT_RECOGNIZED = 0xE1
    TOKEN_WRITE_PROTECTED = 0xE2
    USER_ALREADY_LOGGED_IN = 0x100
    USER_NOT_LOGGED_IN = 0x101
    USER_PIN_NOT_INITIALIZED = 0x102
    BUFFER_TOO_SMALL = 0x150
    CRYPTOKI_NOT_INITIALIZED = 0x190
    CRYPTOKI_ALREADY_INITIALIZED = 0x191
    VENDOR = 0x80000123


class Setting:
    """One thing that was set; leaving its block, or `remove`, takes it back."""

    def __init__(self, take_back: Callable[[], None]) -> None:
        self._take_back = take_back
        self._is_set = True
        self.at_end: Callable[[], None] = lambda: None

    def remove(self) -> None:
        """Take it back; a second time does nothing."""
        if self._is_set:
            self._is_set = False
            self.at_end()
            self._take_back()

    def __enter__(self) -> Setting:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.remove()


class Shim:
    """One module with its own tokens, script, log and state of tries.

    `token` is always a token's label as SoftHSM has it; without it, every token is meant.
    """

    _numbers: ClassVar[Iterator[int]] = itertools.count(1)
    _in_use: ClassVar[set[int]] = set()

    def __init__(self, path: Path, module: Path, folder: Path, beside: Shim | None = None) -> None:
        self.path = path
        """The module to load."""
        self.module = module
        """SoftHSM beneath it, a copy of its own."""
        self.folder = folder
        self.tokens: Path = beside.tokens if beside else folder / "tokens"
        self.calls = CallLog(folder / "log")
        self._script = folder / "script"
        self._state: Path = beside._state if beside else folder / "state"
        self._lines: dict[int, str] = {}
        self._settings: dict[int, Setting] = {}
        self._dead: dict[str | None, str] = {}
        self._epoch = self._plug = 1
        self._loaded: list[Library] = []
        self._prepare()

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
        **keys: int | bool,
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
            **keys: `sleep` in ms, `hang`, `abort`, `die` (the sessions on the token), `pull`
                (the token out of its slot until `insert`), `flip` (a bit of the signature),
                `length` (that C_Sign says).
        """
        assert function in FUNCTIONS, function
        first, last = (first, last) if at is None else (at, at)
        ends = {} if last is None else {"to": last}
        wanted = {key: value for key, value in keys.items() if value is not False}
        return self._set(
            "fault",
            token=token,
            function=function,
            answer=int(answer),
            **{"from": first},
            **({"after": 1} if after else {}),
            **ends,
            **wanted,
        )

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
        return self.fault(function, at=at, sleep=round(seconds * 1000))

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
        """Pull the token out (its reader too); it comes back logged out, its sessions dead."""
        setting = self._set("absent", token=token, **({"slot": 1} if reader else {}))
        setting.at_end = lambda: self.sessions_die(token, CKR.DEVICE_REMOVED)
        return setting

    def pulled_during(self, function: str, *, at: int = 1, after: bool = True) -> Setting:
        """Pull the token out in the middle of a call: CKR_DEVICE_REMOVED; `insert` brings it back.

        With `after`, the token had done the work.
        """
        return self.fault(function, CKR.DEVICE_REMOVED, at=at, after=after, pull=True)

    def insert(self) -> None:
        """Put the tokens in again that `pulled_during` took out."""
        self._plug += 1
        self._write()

    def sessions_die(
        self, token: str | None = None, answer: int = CKR.SESSION_HANDLE_INVALID
    ) -> None:
        """Kill every session open now, with its login, as sleep does; new ones can be opened."""
        self._epoch += 1
        where = "" if token is None else f" token={_encode(token)}"
        self._dead.pop(token, None)
        self._dead[token] = f"dead number={self._epoch} answer={int(answer)}{where}"
        self._write()

    def without_spare_slot(self) -> Setting:
        """Hide the slot with the blank token that SoftHSM always has and no reader does."""
        return self.pulled_out("", reader=True)

    def mirrored(self, token: str | None = None) -> Setting:
        """Show the token in a second slot too; it shares login and sessions' fate."""
        return self._set("mirror", token=token)

    # --- what the token says of itself ----------------------------------------------------------

    def presented(
        self, token: str | None = None, *, pin_bytes: range | None = None, **names: str
    ) -> Setting:
        """Let the token say other names.

        Args:
            token: the token.
            pin_bytes: the lengths of a PIN that it takes.
            **names: `label`, `serial`, `model`, `manufacturer`; `description` is the slot's.
        """
        lengths = {} if pin_bytes is None else {"min_pin": pin_bytes[0], "max_pin": pin_bytes[-1]}
        return self._set("present", token=token, **names, **lengths)

    def flags(self, raised: int = 0, cleared: int = 0, token: str | None = None) -> Setting:
        """Force flags of CK_TOKEN_INFO.

        WRITE_PROTECTED also refuses sessions for writing; the others only say so.
        """
        return self._set("flags", token=token, set=int(raised), clear=int(cleared))

    def slot_flags(self, raised: int = 0, cleared: int = 0, token: str | None = None) -> Setting:
        """Force flags of CK_SLOT_INFO."""
        return self._set("slot_flags", token=token, set=int(raised), clear=int(cleared))

    def without_mechanisms(self, *mechanisms: int, token: str | None = None) -> Setting:
        """Neither list these mechanisms nor take them (sign, generate a key pair)."""
        return self._set_each("lack", [{"mechanism": int(one)} for one in mechanisms], token)

    def with_mechanisms(self, *mechanisms: int, token: str | None = None) -> Setting:
        """Claim mechanisms for signing that SoftHSM does not have."""
        return self._set_each("claim", [{"mechanism": int(one)} for one in mechanisms], token)

    def hidden(
        self, attribute: int, object_class: int | None = None, *, token: str | None = None
    ) -> Setting:
        """Hide an attribute of all objects, or of a class: not read, and nothing found by it."""
        of = {} if object_class is None else {"class": int(object_class)}
        return self._set("hide", token=token, attribute=int(attribute), **of)

    # --- PINs -----------------------------------------------------------------------------------

    def tries(
        self, user: int | None = None, so: int | None = None, *, token: str | None = None
    ) -> Setting:
        """Lock the token after so many wrong PINs in a row.

        They are counted always, over all processes and settings; see `wrong_in_a_row`.
        """
        counts = {"user": user, "so": so}
        return self._set("tries", token=token, **{k: v for k, v in counts.items() if v is not None})

    def wrong_in_a_row(self, token: str, *, so: bool = False) -> int:
        """Return how many wrong PINs the token has counted since the last right one."""
        text = self._state.read_bytes() if self._state.exists() else b""
        for _serial, label, user, officer, *_rest in _RECORD.iter_unpack(text[: 64 * _RECORDS]):
            if label.rstrip(b"\0").decode() == token:
                return int(officer if so else user)
        return 0

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
        typed = {"user": user, "so": so, "fresh": fresh}
        given: dict[str, str | int] = {key: pin for key, pin in typed.items() if pin}
        given |= {"cancel": 1} if cancel else {}
        given |= {"delay": round(delay * 1000)} if delay else {}
        return self._set("pin_pad", token=token, **given)

    def always_authenticate(self, token: str | None = None) -> Setting:
        """Let every private key want C_Login(CKU_CONTEXT_SPECIFIC) for each signature."""
        return self._set("always_authenticate", token=token)

    # --- the script -----------------------------------------------------------------------------

    def clear(self) -> None:
        """Take back every setting. Counted tries stay, and sessions that died stay dead."""
        for setting in tuple(self._settings.values()):
            setting.remove()
        self.insert()

    def _set(self, kind: str, *, token: str | None, **keys: str | int) -> Setting:
        return self._set_each(kind, [keys], token)

    def _set_each(self, kind: str, rules: list[dict[str, str | int]], token: str | None) -> Setting:
        number = self._free_number()
        where = {} if token is None else {"token": token}
        self._lines[number] = "\n".join(
            " ".join(
                [kind, f"id={number}"]
                + [f"{key}={_encode(str(value))}" for key, value in (keys | where).items()]
            )
            for keys in rules
        )
        self._settings[number] = Setting(lambda: self._take_back(number))
        self._write()
        return self._settings[number]

    def _take_back(self, number: int) -> None:
        del self._lines[number], self._settings[number]
        self._in_use.remove(number % _COUNTERS)
        self._write()

    def _free_number(self) -> int:
        """Return a number whose counter in the state no other setting uses."""
        number = next(one for one in self._numbers if one % _COUNTERS not in self._in_use)
        self._in_use.add(number % _COUNTERS)
        return number

    def _write(self) -> None:
        ever = [f"epoch number={self._epoch}", f"plug number={self._plug}"]
        text = "\n".join([*ever, *self._dead.values(), *self._lines.values(), ""])
        fresh = self._script.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._script)  # a reader sees the one or the other

    @property
    def _softhsm2_conf(self) -> Path:
        return self.folder / "softhsm2.conf"

    def _prepare(self) -> None:
        for needed in (self.folder, self.tokens):
            needed.mkdir(parents=True, exist_ok=True)
        self._softhsm2_conf.write_text(
            f"directories.tokendir = {self.tokens}\n"
            "objectstore.backend = file\n"
            "log.level = ERROR\n",
            encoding="utf-8",
        )
        files = {"script": self._script, "log": self.folder / "log", "state": self._state}
        named = {"module": self.module, "softhsm2_conf": self._softhsm2_conf} | files
        self.path.with_name(self.path.name + ".conf").write_text(
            "".join(f"{key}={path}\n" for key, path in named.items()), encoding="utf-8"
        )
        self._write()


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


def _encode(text: str) -> str:
    return quote(text, safe="")
