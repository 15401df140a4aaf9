"""What a token says of itself before anybody logs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class PINState(StrEnum):
    """What the token tells about its PIN: flags, never a number of tries.

    Spec: PKCS #11 v3.0 §3.2, CK_TOKEN_INFO flags.
    """

    NORMAL = "normal"
    COUNT_LOW = "count-low"
    """A wrong PIN was given at least once since the last right one."""
    FINAL_TRY = "final-try"
    """One more wrong PIN locks the token."""
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """One token, as seen without a PIN."""

    label: str
    serial: str
    manufacturer: str = ""
    model: str = ""
    slot_id: int = 0
    """Where it is plugged in; may change from one run to the next."""
    pin_state: PINState = PINState.NORMAL
    so_pin_state: PINState = PINState.NORMAL
    """The same of the security officer's PIN."""
    protected_path: bool = False
    """The PIN is typed on the reader's own keys, never here."""
    pin_bytes: range | None = field(default=None, compare=False)
    """How many bytes a PIN of it may have; None where it was not asked or says nothing."""
    initialized: bool = True
    pin_set: bool = True
    """It has a user's PIN."""
    write_protected: bool = False
    hardware: str = ""
    firmware: str = ""
    key_file: Path | None = None
    """Set where no token is meant but a key file, whose password is asked the same way."""
