"""In whose place a signer signs, as the lines above the name say it.

    TL. CHỦ TỊCH
    KT. CHÁNH VĂN PHÒNG         for the deputy of the head of office, who signs by order
    PHÓ CHÁNH VĂN PHÒNG

KT (ký thay) is a deputy's, TL (thừa lệnh) by order, TUQ (thừa ủy quyền) by authorisation. TM (thay
mặt) is no mandate: the head signs for the body the head leads.

Spec: Decree 30/2020/ND-CP Art. 13, Annex I (not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from signing.display.fold import fold


class Capacity(StrEnum):
    """How somebody signs who is not the head."""

    KT = "KT"
    TL = "TL"
    TUQ = "TUQ"

    @property
    def article(self) -> str:
        """The rule about it."""
        return f"Decree 30/2020/ND-CP Art. 13.{_PARAGRAPHS[self]}"


_PARAGRAPHS = {Capacity.KT: 1, Capacity.TUQ: 3, Capacity.TL: 4}
_SIGNS = {fold(f"{each}."): each for each in Capacity}


@dataclass(frozen=True, slots=True)
class Acting:
    """One line: how, and in whose place."""

    capacity: Capacity
    title: str
    """Of the post in whose place it is, as written; empty where it was only said how."""


def read_acting(lines: Iterable[str]) -> tuple[Acting, ...]:
    """Return in whose places somebody signs, the outermost first; none for a head.

    Args:
        lines: of the title above the name, from the top.
    """
    found = ((line, _capacity_of(line)) for line in lines)
    return tuple(
        Acting(capacity, line.strip()[len(capacity) + 1 :].strip(" ."))
        for line, capacity in found
        if capacity is not None
    )


def _capacity_of(line: str) -> Capacity | None:
    folded = fold(line)
    return next((each for sign, each in _SIGNS.items() if folded.startswith(sign)), None)
