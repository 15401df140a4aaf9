"""Says whether this machine has a font that visible signatures can use; nothing but Python needed.

`make setup` asks before anything is installed, so this reads the files itself: a font of the right
name is not enough, for older Liberation fonts have no "ễ". What signing takes is decided by
`signing.display.fonts`, which looks at every character that will be shown.

Spec: OpenType, `cmap` table, formats 4 and 12.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "times.ttf",
    "Times New Roman.ttf",
    "Times_New_Roman.ttf",
    "LiberationSerif-Regular.ttf",
    "Tinos-Regular.ttf",
)
LETTER = ord("ễ")


def candidates() -> Iterator[Path]:
    """Yield font files of the known names in the system's and the user's folders."""
    home = Path(os.environ.get("HOME", "/nonexistent"))
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    folders += [home / ".local/share/fonts", home / ".fonts", home / "Library/Fonts"]
    folders += [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    wanted = {name.lower() for name in NAMES}
    for folder in folders:
        for directory, _, names in os.walk(folder):
            yield from (Path(directory) / name for name in names if name.lower() in wanted)


def has_letter(font: bytes) -> bool:
    """Say whether the font maps "ễ" to a glyph."""
    count = struct.unpack_from(">H", font, 4)[0]
    tables = [struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(count)]
    start = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    count = struct.unpack_from(">H", font, start + 2)[0]
    for number in range(count):
        _, _, offset = struct.unpack_from(">HHI", font, start + 4 + 8 * number)
        if any(first <= LETTER <= last for first, last in ranges(font, start + offset)):
            return True
    return False


def ranges(font: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of characters that a subtable maps."""
    kind = struct.unpack_from(">H", font, at)[0]
    if kind == 4:
        doubled = struct.unpack_from(">H", font, at + 6)[0]
        lasts = struct.unpack_from(f">{doubled // 2}H", font, at + 14)
        firsts = struct.unpack_from(f">{doubled // 2}H", font, at + 16 + doubled)
        yield from zip(firsts, lasts, strict=True)
    elif kind == 12:
        for group in range(struct.unpack_from(">I", font, at + 12)[0]):
            first, last, _ = struct.unpack_from(">III", font, at + 16 + 12 * group)
            yield first, last


def usable(path: Path) -> bool:
    """Say whether the file can be read and has the letter."""
    try:
        return has_letter(path.read_bytes())
    except (OSError, struct.error, StopIteration):
        return False


if __name__ == "__main__":
    sys.exit(not any(map(usable, candidates())))
