"""Makes a real SoftHSM fail: swaps functions in its own CK_FUNCTION_LIST, and puts them back.

Nothing of Antin is replaced: python-pkcs11 calls through the same table.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FUNCTIONS = {
    "C_GetSlotList": 4,
    "C_GetTokenInfo": 6,
    "C_GetMechanismList": 7,
    "C_GetMechanismInfo": 8,
    "C_InitToken": 9,
    "C_OpenSession": 12,
    "C_CloseSession": 13,
    "C_Login": 18,
    "C_DestroyObject": 22,
    "C_GetAttributeValue": 24,
    "C_SignInit": 42,
    "C_Sign": 43,
    "C_GenerateKeyPair": 59,
}
FLAGS_OFFSET = 96  # CK_TOKEN_INFO: label 32, manufacturer 32, model 16, serial 16
COUNT_LOW, FINAL_TRY, LOCKED = 0x10000, 0x20000, 0x40000
CKR = {
    "GENERAL_ERROR": 0x05,
    "FUNCTION_FAILED": 0x06,
    "DEVICE_ERROR": 0x30,
    "DEVICE_REMOVED": 0x32,
    "MECHANISM_INVALID": 0x70,
    "OPERATION_ACTIVE": 0x90,
    "PIN_INCORRECT": 0xA0,
    "PIN_LEN_RANGE": 0xA2,
    "PIN_EXPIRED": 0xA3,
    "PIN_LOCKED": 0xA4,
    "SESSION_HANDLE_INVALID": 0xB3,
    "TOKEN_NOT_PRESENT": 0xE0,
    "TOKEN_NOT_RECOGNIZED": 0xE1,
    "TOKEN_WRITE_PROTECTED": 0xE2,
    "USER_ALREADY_LOGGED_IN": 0x100,
    "USER_PIN_NOT_INITIALIZED": 0x102,
    "VENDOR": 0x80000123,
}
# Six arguments of a register each are enough for all of them but C_GenerateKeyPair, which is
# never called through.
_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_ulong, *[ctypes.c_void_p] * 6)


class _Table(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68))


class Faults:
    """The function table of one loaded module."""

    def __init__(self, library: Path) -> None:
        table = ctypes.POINTER(_Table)()
        assert ctypes.CDLL(str(library)).C_GetFunctionList(ctypes.byref(table)) == 0
        self._functions = table.contents.functions

    @contextmanager
    def answer(self, function: str, ckr: str) -> Iterator[list[str]]:
        """Let the function answer `ckr`; gives the list of the answers."""
        given: list[str] = []

        def fake(original: object, arguments: tuple[object, ...]) -> int:
            if function == "C_Sign":
                # A failed C_Sign ends the operation, so it is let through; but not the question
                # how long the signature will be, which leaves it open.
                result = original(*arguments)  # type: ignore[operator]
                if not arguments[3]:
                    return result  # type: ignore[no-any-return]
            given.append(ckr)
            return CKR[ckr]

        with self._swapped(function, fake):
            yield given

    @contextmanager
    def counted(self, function: str) -> Iterator[list[str]]:
        """Count the calls and let them through."""
        calls: list[str] = []

        def fake(original: object, arguments: tuple[object, ...]) -> int:
            calls.append(function)
            return original(*arguments)  # type: ignore[operator,no-any-return]

        with self._swapped(function, fake):
            yield calls

    @contextmanager
    def crowd(self, function: str) -> Iterator[list[int]]:
        """Note at each call how many threads are inside; it fails without reaching SoftHSM."""
        inside = 0
        seen: list[int] = []

        def fake(_original: object, _arguments: tuple[object, ...]) -> int:
            nonlocal inside
            inside += 1
            seen.append(inside)
            time.sleep(0.005)  # lets the other threads come in, if nothing holds them
            inside -= 1
            return CKR["GENERAL_ERROR"]

        with self._swapped(function, fake):
            yield seen

    @contextmanager
    def flags(self, raised: int) -> Iterator[None]:
        """Let every token raise these flags."""

        def fake(original: object, arguments: tuple[object, ...]) -> int:
            result = original(*arguments)  # type: ignore[operator]
            if result == 0:
                flags = ctypes.c_ulong.from_address(arguments[1] + FLAGS_OFFSET)  # type: ignore[operator]
                flags.value |= raised
            return result  # type: ignore[no-any-return]

        with self._swapped("C_GetTokenInfo", fake):
            yield

    @contextmanager
    def short_signatures(self, length: int) -> Iterator[None]:
        """Let C_Sign say that it wrote a signature of this length."""

        def fake(original: object, arguments: tuple[object, ...]) -> int:
            result = original(*arguments)  # type: ignore[operator]
            if arguments[3]:  # not when it is only asked how long the signature will be
                ctypes.c_ulong.from_address(arguments[4]).value = length  # type: ignore[arg-type]
            return result  # type: ignore[no-any-return]

        with self._swapped("C_Sign", fake):
            yield

    @contextmanager
    def _swapped(self, function: str, fake: object) -> Iterator[None]:
        position = FUNCTIONS[function]
        address = self._functions[position]
        original = _PROTOTYPE(address)
        callback = _PROTOTYPE(lambda *arguments: fake(original, arguments))  # type: ignore[operator]
        self._functions[position] = ctypes.cast(callback, ctypes.c_void_p).value
        try:
            yield
        finally:
            self._functions[position] = address
