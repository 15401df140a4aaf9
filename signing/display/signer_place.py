"""Where a page leaves room for the signer: between the title of the post and the full name.

    CHỦ TỊCH                the title: one line or a few, one below the other
                            ← here
    Nguyễn Văn Đức          the name: a line of its own, maybe behind an army rank or a degree

The name in a sentence is no such place, nor is one with no room above it. Where there are two, or
none, a person has to say: a signature in a wrong place is worse than none.

Spec: Decree 30/2020/ND-CP, Annex I (not checked against the official text).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signing.display.fold import fold
from signing.display.lines import Line
from signing.display.placement import Rectangle

_RANK_WORDS = ("chuẩn", "thiếu", "trung", "thượng", "đại", "úy", "tá", "tướng", "đô", "đốc")
RANKS = frozenset(map(fold, _RANK_WORDS))
"""Words of ranks that stand in front of a name; degrees have a full stop (`TS.`, `PGS.TS.`)."""
DEPUTY = frozenset(map(fold, ("KT.", "TL.", "TUQ.", "TM.")))
"""What begins the line of somebody else's title, or of the body, in whose place one signs."""
ACTING = fold("Q.")
LEAST_ROOM_MM = 8.0
"""Lines of one paragraph stand nearer to each other than this."""
MOST_ROOM_MM = 90.0
TITLE_LINES = 4
"""`TM. ỦY BAN NHÂN DÂN / KT. CHỦ TỊCH / PHÓ CHỦ TỊCH`, and a remark below."""
ONE_BLOCK_MM = 6.0
"""Lines of a title stand nearer to each other than this."""
LEAST_TITLE = 4
"""A line of fewer letters says nothing about a title."""


@dataclass(frozen=True, slots=True)
class SignerRoom:
    """The room between title and name on one page."""

    page: int
    """Index from 0."""
    middle_mm: float
    """Between the middles of the two lines, from the left edge of the page."""
    top_mm: float
    """The foot of the title."""
    bottom_mm: float
    """The head of the name."""
    title: tuple[str, ...] = ()
    """The lines of the title, from the top."""

    @property
    def height_mm(self) -> float:
        """From the title to the name."""
        return self.bottom_mm - self.top_mm

    def centred(self, width_mm: float, height_mm: float) -> Rectangle:
        """Return the rectangle of that size in the middle of the room."""
        middle = (self.top_mm + self.bottom_mm) / 2
        return Rectangle(self.middle_mm - width_mm / 2, middle - height_mm / 2, width_mm, height_mm)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a search came upon."""

    rooms: tuple[SignerRoom, ...]
    names: int
    """Lines that are the name, with room above them or not."""


def find_rooms(pages: Iterable[tuple[int, tuple[Line, ...]]], name: str, title: str) -> Seen:
    """Return every room between a title and the name.

    Args:
        pages: index and lines of each page.
        name: the signer's.
        title: of the signer's post; empty where it is not known and any title will do.
    """
    rooms: list[SignerRoom] = []
    names = 0
    for index, lines in pages:
        for line in lines:
            if is_name(line.text, name):
                names += 1
                rooms += _room_above(index, line, lines, fold(title))
    return Seen(tuple(rooms), names)


def is_name(text: str, name: str) -> bool:
    """Say whether a line is the name, alone or behind a rank or a degree."""
    words, wanted = text.strip().rstrip(".,").split(), fold(name)
    while words and fold("".join(words)) != wanted:
        first = words.pop(0)
        if not first.endswith(".") and fold(first) not in RANKS:
            return False
    return bool(words)


def _room_above(page: int, name: Line, lines: tuple[Line, ...], title: str) -> Iterator[SignerRoom]:
    above = sorted(
        (line for line in lines if _is_above(line, name)),
        key=lambda line: line.box.bottom_mm,
        reverse=True,
    )
    if not above:
        return
    nearest = above[0]
    room = name.box.top_mm - nearest.box.bottom_mm
    block = _block(above)
    if LEAST_ROOM_MM <= room <= MOST_ROOM_MM and (not title or _says(block, title)):
        middle = (nearest.middle_mm + name.middle_mm) / 2
        words = tuple(line.text for line in reversed(block))
        yield SignerRoom(page, middle, nearest.box.bottom_mm, name.box.top_mm, words)


def _is_above(line: Line, name: Line) -> bool:
    """Say whether a line ends above the name, in its column."""
    apart = max(line.box.left_mm, name.box.left_mm) - min(line.box.right_mm, name.box.right_mm)
    return apart < 0 and line.box.bottom_mm <= name.box.top_mm


def _block(above: list[Line]) -> list[Line]:
    """Return the lines of the title, from the lowest up."""
    block = above[:1]
    for line in above[1:TITLE_LINES]:
        if block[-1].box.top_mm - line.box.bottom_mm > ONE_BLOCK_MM:
            break
        block.append(line)
    return block


def _says(block: list[Line], title: str) -> bool:
    """Say whether one of the lines begins the title, or the title begins it.

    A certificate may say "Chủ tịch Ủy ban nhân dân xã" where the page says "CHỦ TỊCH".
    """
    own = [fold(line.text).removeprefix(ACTING) for line in reversed(block)]
    for first, line in enumerate(own):
        if any(line.startswith(sign) for sign in DEPUTY) or len(line) < LEAST_TITLE:
            continue
        whole = "".join(own[first:])  # a long title takes several lines
        if whole.startswith(title) or title.startswith((line, whole)):
            return True
    return False
