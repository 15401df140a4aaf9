"""Reads the shim's log: which calls came, what they were answered, which PINs and data they had.

A PIN never stands in it, only what SoftHSM made of it; data stands in it as a checksum.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CKU_SO, CKU_USER, CKU_CONTEXT_SPECIFIC = 0, 1, 2
CKR_OK = 0


def checksum(data: bytes) -> int:
    """Return what the log says of data that was signed: 64-bit FNV-1a."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came back, or the event before one that may not come back."""

    pid: int
    thread: str
    function: str
    answer: int
    """The CKR that the caller got; -1 for an event."""
    event: str = ""
    """`hang`, `sleep` or `abort`: written as it begins; the call has a line of its own later."""
    inside: int = 0
    """How many calls of this process were in the shim, with this one."""
    session: int | None = None
    user: int | None = None
    pin: str = ""
    """`right` or `wrong` as the token found it, `locked`, or `unchecked` (it never looked)."""
    mechanism: int | None = None
    made: bool = False
    """The token made a signature, whatever the caller was answered."""
    data: int | None = None
    """Checksum of the data that was signed."""
    length: int | None = None
    """Its bytes."""
    question: bool = False
    """Only how long the signature would be was asked."""


def parse_call(line: str) -> Call:
    """Read one line of the log."""
    pid, thread, function, answer, *details = line.split()
    said = dict(word.partition("=")[::2] for word in details)
    is_event = not answer.startswith("0x")
    numbers = {
        name: int(said[name], 16 if name in ("data", "mechanism") else 10)
        for name in ("inside", "session", "user", "mechanism", "data", "length")
        if name in said
    }
    return Call(
        pid=int(pid),
        thread=thread,
        function=function,
        answer=-1 if is_event else int(answer, 16),
        event=answer if is_event else "",
        pin=said.get("pin", ""),
        made="made" in said,
        question="question" in said,
        **numbers,
    )


class CallLog:
    """What all processes that have the shim loaded called, in order; read anew each time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._calls: list[Call] = []
        self._position = 0

    def __call__(self, function: str = "", *, answer: int | None = None) -> tuple[Call, ...]:
        """Return the calls that came back: all, of one function, of one answer."""
        return tuple(
            call
            for call in self._all()
            if not call.event
            and function in ("", call.function)
            and (answer is None or answer == call.answer)
        )

    def events(self, event: str, function: str = "") -> tuple[Call, ...]:
        """Return what began to `hang`, `sleep` or `abort`."""
        return tuple(
            call for call in self._all() if call.event == event and function in ("", call.function)
        )

    def forget(self) -> None:
        """Begin anew: what was called before is no longer counted."""
        self._all()
        self._calls.clear()

    @property
    def logins(self) -> tuple[Call, ...]:
        """Every C_Login that came back."""
        return self("C_Login")

    @property
    def wrong_pins(self) -> int:
        """How often the token found a PIN wrong: each is a try spent."""
        return sum(call.pin == "wrong" for call in self())

    @property
    def signatures(self) -> tuple[Call, ...]:
        """The calls that gave a signature to the caller."""
        return tuple(call for call in self() if call.made and call.answer == CKR_OK)

    @property
    def lost_signatures(self) -> tuple[Call, ...]:
        """The calls in which the token signed, but the caller got an error."""
        return tuple(call for call in self() if call.made and call.answer != CKR_OK)

    @property
    def signed(self) -> Counter[int]:
        """How often the token signed the same data, by `checksum`; lost signatures too."""
        return Counter(call.data for call in self() if call.made and call.data is not None)

    @property
    def sessions_opened(self) -> int:
        """How many sessions the caller was given."""
        return len(self("C_OpenSession", answer=CKR_OK))

    @property
    def sessions_closed(self) -> int:
        """How many sessions the caller closed itself, by C_CloseSession."""
        return len(self("C_CloseSession", answer=CKR_OK))

    @property
    def most_inside(self) -> int:
        """How many calls of one process were in the module at once, at most."""
        return max((call.inside for call in self()), default=0)

    def _all(self) -> list[Call]:
        if self._file.exists():
            with self._file.open("rb") as file:
                file.seek(self._position)
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._position += len(whole)
            self._calls += map(parse_call, whole.decode().splitlines())
        assert all(call.event != "unreadable" for call in self._calls), "too long a script"
        return self._calls
