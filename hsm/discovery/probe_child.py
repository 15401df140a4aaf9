"""Loads one PKCS#11 module and says how far it came. Run as a script, in a process of its own.

    python -I -S -X utf8 probe_child.py MODULE MARK SECONDS

It imports what starts fast and nothing of Antin's. A line of JSON, led in by MARK, is written
before and after every call, so that the reader knows where a module died. After SECONDS it ends by
itself, should its reader be gone. Nobody logs in, and no
session is opened. Standard output is the report's alone: what the module prints there goes to
standard error.

Spec: PKCS #11 v3.0 §5.4 (C_Initialize, C_GetInfo), §5.5 (slots and tokens), §3.1 (layout).
"""

import ctypes
import faulthandler
import json
import os
import sys

MAX_SLOTS = 65536
"""More cannot be meant: the number was never written, or by something else."""
TOLD_SLOTS = 256
"""As many slots are told about."""
_PLACES = {
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_GetInfo": 2,
    "C_GetSlotList": 4,
    "C_GetSlotInfo": 5,
    "C_GetTokenInfo": 6,
}
_OK = 0x00
_ALREADY_INITIALIZED = 0x191
_TOKEN_PRESENT = 0x01
_NO_ERROR_BOXES = 0x8003  # SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX

_ULONG = ctypes.c_ulong
_Version = ctypes.c_ubyte * 2


class _Structure(ctypes.Structure):
    # Cryptoki structures are packed to one byte on Windows and laid out naturally elsewhere.
    if os.name == "nt":
        _pack_ = 1


class _FunctionList(_Structure):
    _fields_ = (("version", _Version), ("functions", ctypes.c_void_p * 7))


class _Info(_Structure):
    _fields_ = (
        ("version", _Version),
        ("manufacturer", ctypes.c_ubyte * 32),
        ("flags", _ULONG),
        ("description", ctypes.c_ubyte * 32),
        ("library_version", _Version),
    )


class _SlotInfo(_Structure):
    _fields_ = (
        ("description", ctypes.c_ubyte * 64),
        ("manufacturer", ctypes.c_ubyte * 32),
        ("flags", _ULONG),
        ("hardware", _Version),
        ("firmware", _Version),
    )


class _TokenInfo(_Structure):
    _fields_ = (
        ("label", ctypes.c_ubyte * 32),
        ("manufacturer", ctypes.c_ubyte * 32),
        ("model", ctypes.c_ubyte * 16),
        ("serial", ctypes.c_ubyte * 16),
        ("flags", _ULONG),
        ("session_counts", _ULONG * 4),
        ("max_pin", _ULONG),
        ("min_pin", _ULONG),
        ("memory", _ULONG * 4),
        ("hardware", _Version),
        ("firmware", _Version),
        ("utc_time", ctypes.c_ubyte * 16),
    )


class Stop(Exception):  # noqa: N818  an end, not always an error
    """The module gave an answer after which nothing more is asked."""


class Report:
    """Writes the lines."""

    def __init__(self, handle: int, mark: str) -> None:
        self._handle = handle
        self._mark = mark

    def say(self, **facts: object) -> None:
        """Write one line at once."""
        line = f"\n{self._mark}{json.dumps(facts)}\n".encode()
        while line:
            line = line[os.write(self._handle, line) :]


class Probe:
    """One module, asked step by step."""

    def __init__(self, path: str, report: Report) -> None:
        self._path = path
        self._report = report
        self._functions = _FunctionList()

    def run(self) -> None:
        """Ask everything; the last line is always `done`."""
        try:
            self._load()
            self._call("C_Initialize", None, fine=(_OK, _ALREADY_INITIALIZED))
            try:
                self._ask_info()
                for slot in self._ask_slots():
                    self._ask_slot(slot)
            finally:
                self._call("C_Finalize", None, fine=None)
        except Stop:
            pass
        self._report.say(done=True)

    def _load(self) -> None:
        self._report.say(begin="load")
        try:
            library = ctypes.CDLL(self._path)
        except OSError as error:
            self._report.say(error=str(error)[:2000])
            raise Stop from error
        self._report.say(begin="C_GetFunctionList")
        try:
            get_list = library.C_GetFunctionList
        except AttributeError as error:
            self._report.say(error="")
            raise Stop from error
        get_list.restype = _ULONG
        table = ctypes.POINTER(_FunctionList)()
        self._answer("C_GetFunctionList", get_list(ctypes.byref(table)), (_OK,))
        if ctypes.cast(table, ctypes.c_void_p).value is None:
            raise self._nonsense("no function list")
        self._functions = table.contents

    def _ask_info(self) -> None:
        info = _Info()
        self._call("C_GetInfo", ctypes.byref(info), fine=(_OK,))
        self._report.say(info=_plain(info))

    def _ask_slots(self) -> list[int]:
        count = _ULONG(0)
        self._call("C_GetSlotList", ctypes.c_ubyte(0), None, ctypes.byref(count), fine=(_OK,))
        room = self._plausible(count.value, MAX_SLOTS) + 16  # a reader may come meanwhile
        slots = (_ULONG * room)()
        count.value = room
        self._call("C_GetSlotList", ctypes.c_ubyte(0), slots, ctypes.byref(count), fine=(_OK,))
        found = self._plausible(count.value, room)
        self._report.say(slot_count=found)
        return list(slots)[: min(found, TOLD_SLOTS)]

    def _plausible(self, count: int, most: int) -> int:
        if count > most:
            raise self._nonsense("number of slots")
        return count

    def _ask_slot(self, slot: int) -> None:
        info = _SlotInfo()
        if self._call("C_GetSlotInfo", _ULONG(slot), ctypes.byref(info), fine=None) != _OK:
            return
        self._report.say(slot=slot, slot_info=_plain(info))
        if info.flags & _TOKEN_PRESENT:
            token = _TokenInfo()
            if self._call("C_GetTokenInfo", _ULONG(slot), ctypes.byref(token), fine=None) == _OK:
                self._report.say(slot=slot, token_info=_plain(token))

    def _call(self, name: str, *arguments: object, fine: tuple[int, ...] | None) -> int:
        self._report.say(begin=name)
        address = self._functions.functions[_PLACES[name]]
        if not address:
            raise self._nonsense("no such function")
        # Without a prototype's argument types: every argument is an object that says its own.
        result = ctypes.CFUNCTYPE(_ULONG)(address)(*arguments)
        return self._answer(name, int(result), fine)

    def _answer(self, name: str, result: int, fine: tuple[int, ...] | None) -> int:
        self._report.say(end=name, answer=result)
        if fine is not None and result not in fine:
            raise Stop
        return result

    def _nonsense(self, what: str) -> Stop:
        self._report.say(nonsense=what)
        return Stop()


def _plain(structure: ctypes.Structure) -> dict[str, object]:
    """Return numbers as they are and bytes in hex."""
    facts: dict[str, object] = {}
    for name, kind, *_ in structure._fields_:
        value = getattr(structure, name)
        facts[name] = value if kind is _ULONG else bytes(memoryview(value).cast("B")).hex()
    return facts


def main(arguments: list[str]) -> None:
    """Probe `arguments[1]`; reports are led in by `arguments[2]`, within `arguments[3]` seconds."""
    faulthandler.dump_traceback_later(float(arguments[3]), exit=True)
    if sys.platform == "win32":  # a module that fails opens no box for somebody to click away
        ctypes.windll.kernel32.SetErrorMode(_NO_ERROR_BOXES)
    handle = os.dup(1)
    os.dup2(2, 1)
    Probe(arguments[1], Report(handle, arguments[2])).run()


if __name__ == "__main__":
    main(sys.argv)
    sys.stderr.flush()
    os._exit(0)  # what the module does while its process ends is nobody's concern
