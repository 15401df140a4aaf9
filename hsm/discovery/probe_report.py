"""Reads what the probing process wrote, as hostile text: a module shares that process.

A line that is no JSON, a name or a number that cannot be, is left out; nothing here raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hsm.discovery.probe_result import ProbedSlot, ProbedToken, ProbeState, Stage

MAX_PIN_BYTES = 1024
"""Longer ones are CK_UNAVAILABLE_INFORMATION or nonsense."""
MAX_SLOTS = 256
"""As many as the probing process tells of."""
_MAX_NUMBER = 2**64
_ANSWERS = {
    0x00: "CKR_OK",
    0x01: "CKR_CANCEL",
    0x02: "CKR_HOST_MEMORY",
    0x03: "CKR_SLOT_ID_INVALID",
    0x05: "CKR_GENERAL_ERROR",
    0x06: "CKR_FUNCTION_FAILED",
    0x07: "CKR_ARGUMENTS_BAD",
    0x08: "CKR_NO_EVENT",
    0x09: "CKR_NEED_TO_CREATE_THREADS",
    0x0A: "CKR_CANT_LOCK",
    0x30: "CKR_DEVICE_ERROR",
    0x31: "CKR_DEVICE_MEMORY",
    0x32: "CKR_DEVICE_REMOVED",
    0x54: "CKR_FUNCTION_NOT_SUPPORTED",
    0xE0: "CKR_TOKEN_NOT_PRESENT",
    0xE1: "CKR_TOKEN_NOT_RECOGNIZED",
    0xE2: "CKR_TOKEN_WRITE_PROTECTED",
    0x150: "CKR_BUFFER_TOO_SMALL",
    0x190: "CKR_CRYPTOKI_NOT_INITIALIZED",
    0x191: "CKR_CRYPTOKI_ALREADY_INITIALIZED",
}
_SERVICE_ANSWERS = {"CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR"}
_FINE = {0x00, 0x191}
_STAGES = frozenset(stage.value for stage in Stage)
_DECISIVE = {
    Stage.GET_FUNCTION_LIST,
    Stage.INITIALIZE,
    Stage.GET_INFO,
    Stage.GET_SLOT_LIST,
}
# What loaders say: glibc, musl, macOS, Windows (through Python).
_LACKING = (
    re.compile(r"(\S+): cannot open shared object file"),
    re.compile(r"Error loading shared library ([^:]+):"),
    re.compile(r"Library not loaded: (\S+)"),
    re.compile(r"undefined symbol: ([^\s,]+)"),
    re.compile(r"version `([^']+)' not found"),
    re.compile(r"\(or one of its (dependencies)\)"),
)
_NO_LIBRARY = ("invalid ELF header", "file too short", "cannot dynamically load")
_OTHER_MACHINE = ("wrong ELF class", "incompatible architecture", "WinError 193")


@dataclass(frozen=True, slots=True)
class Reported:
    """What the lines come to."""

    stage: Stage = Stage.START
    done: bool = False
    load_error: str | None = None
    """The loader's words; empty where C_GetFunctionList is lacking."""
    nonsense: str = ""
    refusal: tuple[Stage, str] | None = None
    cryptoki_version: str = ""
    library_description: str = ""
    manufacturer: str = ""
    library_version: str = ""
    slot_count: int = 0
    slots: dict[int, ProbedSlot] = field(default_factory=dict)
    current_slot: int = 0


def read_report(lines: Iterable[bytes]) -> Reported:
    """Return what the process reported, one JSON object a line."""
    reported = Reported()
    for line in lines:
        try:
            facts = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(facts, dict):
            reported = _take(reported, _Facts(facts))
    return reported


def judge_report(reported: Reported, *, service_stopped: bool) -> tuple[ProbeState, str]:
    """Return the state and its detail, for a process that came to its end by itself."""
    if reported.nonsense:
        return ProbeState.MALFORMED, reported.nonsense
    if reported.load_error is not None:
        return _judge_load_error(reported.stage, reported.load_error)
    if reported.refusal is not None:
        _, answer = reported.refusal
        down = service_stopped and answer in _SERVICE_ANSWERS
        return ProbeState.SERVICE_DOWN if down else ProbeState.REFUSED, answer
    if not reported.slot_count:
        return ProbeState.NO_SLOTS, ""
    if not any(slot.token for slot in reported.slots.values()):
        return ProbeState.NO_TOKEN, ""
    return ProbeState.USABLE, ""


def harmless(text: str, *, keep_lines: bool = False) -> str:
    """Return text whose control and formatting characters are written out as escapes."""
    return "".join(
        c if c.isprintable() or (keep_lines and c == "\n") else ascii(c)[1:-1] for c in text
    )


def _take(reported: Reported, facts: _Facts) -> Reported:
    if (begun := facts.stage("begin")) is not None:
        return replace(reported, stage=begun)
    if (ended := facts.stage("end")) is not None:
        return _take_answer(reported, ended, facts.number("answer"))
    if (info := facts.inner("info")) is not None:
        return replace(
            reported,
            cryptoki_version=info.version("version"),
            library_description=info.text("description", 32),
            manufacturer=info.text("manufacturer", 32),
            library_version=info.version("library_version"),
        )
    if (slot := facts.inner("slot_info")) is not None:
        return _put_slot(reported, _slot(facts.number("slot"), slot))
    if (token := facts.inner("token_info")) is not None:
        known = reported.slots.get(facts.number("slot"))
        return (
            _put_slot(reported, replace(known, token=_token(known, token))) if known else reported
        )
    return replace(
        reported,
        done=reported.done or facts.values.get("done") is True,
        slot_count=facts.number("slot_count") or reported.slot_count,
        nonsense=facts.words("nonsense") or reported.nonsense,
        load_error=facts.words("error", reported.load_error),
    )


def _take_answer(reported: Reported, stage: Stage, answer: int) -> Reported:
    if answer in _FINE:
        return reported
    name = _ANSWERS.get(answer, f"CKR {answer:#x}")
    if stage in _DECISIVE:
        return replace(reported, refusal=reported.refusal or (stage, name))
    slot = reported.slots.get(reported.current_slot)
    if stage is Stage.GET_TOKEN_INFO and slot is not None:
        return _put_slot(reported, replace(slot, trouble=name))
    return reported


def _put_slot(reported: Reported, slot: ProbedSlot) -> Reported:
    if len(reported.slots) >= MAX_SLOTS and slot.slot_id not in reported.slots:
        return reported
    slots = reported.slots | {slot.slot_id: slot}
    return replace(reported, slots=slots, current_slot=slot.slot_id)


def _slot(slot_id: int, facts: _Facts) -> ProbedSlot:
    return ProbedSlot(
        slot_id,
        facts.text("description", 64),
        facts.text("manufacturer", 32),
        facts.number("flags"),
        facts.version("hardware"),
        facts.version("firmware"),
    )


def _token(slot: ProbedSlot, facts: _Facts) -> ProbedToken:
    shortest, longest = facts.number("min_pin"), facts.number("max_pin")
    sound = shortest <= longest <= MAX_PIN_BYTES and longest > 0
    return ProbedToken(
        facts.text("label", 32),
        facts.text("serial", 16),
        facts.text("manufacturer", 32),
        facts.text("model", 16),
        slot.slot_id,
        facts.number("flags"),
        range(shortest, longest + 1) if sound else None,
        facts.version("hardware"),
        facts.version("firmware"),
    )


def _judge_load_error(stage: Stage, words: str) -> tuple[ProbeState, str]:
    if stage is Stage.GET_FUNCTION_LIST:
        return ProbeState.NOT_PKCS11, ""
    if any(sign in words for sign in _OTHER_MACHINE):
        return ProbeState.WRONG_ARCHITECTURE, words
    if any(sign in words for sign in _NO_LIBRARY):
        return ProbeState.NOT_A_LIBRARY, words
    for pattern in _LACKING:
        if (found := pattern.search(words)) is not None:
            return ProbeState.LACKS_DEPENDENCY, found[1]
    return ProbeState.UNLOADABLE, words


class _Facts:
    """One line's values, each asked for as what it should be."""

    def __init__(self, values: dict[str, object]) -> None:
        self.values = values

    def stage(self, name: str) -> Stage | None:
        value = self.values.get(name)
        return Stage(value) if isinstance(value, str) and value in _STAGES else None

    def inner(self, name: str) -> _Facts | None:
        value = self.values.get(name)
        return _Facts(value) if isinstance(value, dict) else None

    def number(self, name: str) -> int:
        value = self.values.get(name)
        return value if type(value) is int and 0 <= value < _MAX_NUMBER else 0

    def words(self, name: str, otherwise: str | None = None) -> str | None:
        value = self.values.get(name)
        return harmless(" ".join(value[:2000].split())) if isinstance(value, str) else otherwise

    def text(self, name: str, size: int) -> str:
        """Return a field that is padded with blanks, or by some modules with NULs."""
        return harmless(self._bytes(name)[:size].decode("utf-8", "replace").rstrip("\0 "))

    def version(self, name: str) -> str:
        found = self._bytes(name)
        return f"{found[0]}.{found[1]}" if len(found) == 2 else ""

    def _bytes(self, name: str) -> bytes:
        value = self.values.get(name)
        try:
            return bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            return b""
