"""What a probe found out about one module: data, for the command line and the doctor's page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from hsm.tokens import PINState

_PIN_STATES = (
    (0x40000, PINState.LOCKED),
    (0x20000, PINState.FINAL_TRY),
    (0x10000, PINState.COUNT_LOW),
)


class ProbeState(StrEnum):
    """How far a module came."""

    USABLE = "usable"
    """It answers, and a token is there."""
    NO_TOKEN = "no-token"  # noqa: S105  not a password
    """It answers; its readers are empty, or hold something it does not know."""
    NO_SLOTS = "no-slots"
    """It answers and sees no reader."""
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_A_LIBRARY = "not-a-library"
    """A folder, a pipe, an empty file, a text, a program."""
    WRONG_ARCHITECTURE = "wrong-architecture"
    """`detail` names both: `ELF 32-bit i386 on 64-bit x86-64`."""
    LACKS_DEPENDENCY = "lacks-dependency"
    """The loader misses another library or something in one; `detail` names it if it can."""
    UNLOADABLE = "unloadable"
    """The loader refused it for another reason."""
    NOT_PKCS11 = "not-pkcs11"
    """A library without C_GetFunctionList."""
    CRASHED = "crashed"
    """Its process ended in `stage`; `detail` has the signal or the status."""
    HUNG = "hung"
    """`stage` did not end within the limit."""
    REFUSED = "refused"
    """`stage` answered with the CKR code in `detail`."""
    SERVICE_DOWN = "service-down"
    """As refused, and the smart-card service does not run."""
    MALFORMED = "malformed"
    """What it answered in `stage` cannot be."""
    NOT_PROBED = "not-probed"
    """No process could be started to try it in."""

    @property
    def answers(self) -> bool:
        """Whether the module works, with or without a token in it."""
        return self in {ProbeState.USABLE, ProbeState.NO_TOKEN, ProbeState.NO_SLOTS}


class Stage(StrEnum):
    """The steps of a probe, in their order."""

    START = "start"
    """Python itself; nothing of the module yet."""
    LOAD = "load"
    GET_FUNCTION_LIST = "C_GetFunctionList"
    INITIALIZE = "C_Initialize"
    GET_INFO = "C_GetInfo"
    GET_SLOT_LIST = "C_GetSlotList"
    GET_SLOT_INFO = "C_GetSlotInfo"
    GET_TOKEN_INFO = "C_GetTokenInfo"  # noqa: S105
    FINALIZE = "C_Finalize"


@dataclass(frozen=True, slots=True)
class ProbedToken:
    """What a token says of itself before anybody logs in. Text is cleaned of control characters."""

    label: str
    serial: str
    manufacturer: str
    model: str
    slot_id: int
    flags: int
    """CK_TOKEN_INFO flags as they are."""
    pin_bytes: range | None
    """How many bytes a PIN of it may have; None where it says nothing that can be."""
    hardware: str
    """Version, `1.2`."""
    firmware: str

    @property
    def initialized(self) -> bool:
        """Whether it was set up."""
        return bool(self.flags & 0x400)

    @property
    def pin_set(self) -> bool:
        """Whether it has a user's PIN."""
        return bool(self.flags & 0x08)

    @property
    def protected_path(self) -> bool:
        """Whether the PIN is typed on the reader."""
        return bool(self.flags & 0x100)

    @property
    def write_protected(self) -> bool:
        """Whether nothing can be stored on it."""
        return bool(self.flags & 0x02)

    @property
    def pin_state(self) -> PINState:
        """What the flags tell about the user's PIN."""
        return _pin_state(self.flags)

    @property
    def so_pin_state(self) -> PINState:
        """The same of the security officer's PIN, whose flags lie four bits higher."""
        return _pin_state(self.flags >> 4)


@dataclass(frozen=True, slots=True)
class ProbedSlot:
    """A reader, or what the module calls one."""

    slot_id: int
    description: str
    manufacturer: str
    flags: int
    hardware: str
    firmware: str
    token: ProbedToken | None = None
    trouble: str = ""
    """The CKR code that C_GetTokenInfo answered: a card that this module does not know, say."""

    @property
    def token_present(self) -> bool:
        """Whether something is plugged in, known to the module or not."""
        return bool(self.flags & 0x01)

    @property
    def removable(self) -> bool:
        """Whether the reader takes tokens out and in."""
        return bool(self.flags & 0x02)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One module, tried."""

    path: Path
    """As it was given."""
    state: ProbeState
    stage: Stage = Stage.START
    """Where it stopped; where it came to the end, `C_Finalize`."""
    detail: str = ""
    """A CKR code, a signal, a library's name, an architecture: technical, the same in every
    language."""
    cryptoki_version: str = ""
    library_description: str = ""
    manufacturer: str = ""
    library_version: str = ""
    slots: tuple[ProbedSlot, ...] = ()
    slot_count: int = 0
    """May be more than are told about."""
    chatter: str = field(default="", repr=False)
    """What the module printed, its beginning; may name anything, so it is not shown unasked."""
    duration: timedelta = timedelta()

    @property
    def tokens(self) -> tuple[ProbedToken, ...]:
        """The tokens in its slots, set up or not."""
        return tuple(slot.token for slot in self.slots if slot.token is not None)


def _pin_state(flags: int) -> PINState:
    return next((state for flag, state in _PIN_STATES if flags & flag), PINState.NORMAL)
