"""The font of visible signatures: Times New Roman or a font of the same metrics, from this machine.

Found, never carried: Times New Roman may not be given away, and Decree 30/2020 asks for it. A font
is taken only when it has a glyph for every character to be shown, so that "Nguyễn" cannot come out
as boxes. What is embedded holds those glyphs alone.

Loaded by whoever has words to show: fontTools takes 0.13 s to load, a fifth of a whole
`antin sign one.pdf`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont, TTLibError

from signing.display.embedded_font import EmbeddedFont, FontMetrics, build_font
from signing.display.letters import normalise
from signing.errors.display import FontMissingError

FONT_VARIABLE = "ANTIN_FONT"
"""Environment variable that names a font file, tried first."""

FILE_NAMES = (
    "times.ttf",
    "Times New Roman.ttf",
    "Times_New_Roman.ttf",
    "LiberationSerif-Regular.ttf",
    "Tinos-Regular.ttf",
)
"""Times New Roman as Windows, macOS and Debian's msttcorefonts name it, then its equals."""

VIETNAMESE = (
    "ĂÂĐÊÔƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ"
    "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
)
"""Letters that tell a Vietnamese font from any other, for looking without a text in hand."""


def find_font(
    text: str = VIETNAMESE,
    *,
    environment: Mapping[str, str] | None = None,
    folders: Iterable[Path] | None = None,
) -> Path:
    """Return a font file with a glyph for every character of `text`.

    Args:
        text: what will be shown.
        environment: in place of the process's own.
        folders: in place of the system's font folders.

    Raises:
        FontMissingError: none here has them all.
    """
    wanted = frozenset(normalise(text)) - frozenset("\n")
    missing = wanted
    for path in _candidates(os.environ if environment is None else environment, folders):
        lacking = wanted - characters_of(path)
        if not lacking:
            return path
        missing = min(missing, lacking, key=len)
    raise FontMissingError(missing="".join(sorted(missing)))


def cut_font(path: Path, characters: frozenset[str]) -> bytes:
    """Return the font at `path` with the glyphs of these characters and no others."""
    with TTFont(path, lazy=True, fontNumber=0, recalcTimestamp=False) as font:
        options = subset.Options(
            hinting=False, layout_features=[], name_IDs=[1, 2, 6], notdef_outline=True
        )
        options.drop_tables += ["FFTM", "GPOS", "GSUB", "GDEF", "kern"]  # nobody shapes it again
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(characters)))
        subsetter.subset(font)
        result = BytesIO()
        font.save(result)
    return result.getvalue()


@lru_cache(maxsize=16)
def embed_font(path: Path, characters: frozenset[str]) -> EmbeddedFont:
    """Return the font at `path`, cut down to these characters.

    Made once for a font and a set of characters: cutting takes 60 ms (measured with Liberation
    Serif), putting the result into a document well under one.
    """
    data = cut_font(path, characters)
    with TTFont(BytesIO(data)) as font:
        cmap, advances = font.getBestCmap(), font["hmtx"]
        scale = 1000 / font["head"].unitsPerEm
        letters = {chr(code): name for code, name in cmap.items()}
        head, lines = font["head"], font["hhea"]
        metrics = FontMetrics(
            name=font["name"].getDebugName(6) or "Serif",
            glyphs={each: font.getGlyphID(name) for each, name in letters.items()},
            widths={each: advances[name][0] * scale for each, name in letters.items()},
            ascent=lines.ascent * scale,
            descent=lines.descent * scale,
            box=tuple(side * scale for side in (head.xMin, head.yMin, head.xMax, head.yMax)),
            glyph_count=font["maxp"].numGlyphs,
        )
    return build_font(data, metrics)


@lru_cache(maxsize=32)
def characters_of(path: Path) -> frozenset[str]:
    """Return the characters a TrueType file has glyphs for; none when it is not one."""
    try:
        # The file is opened here: TTFont leaves it open when it is no font.
        with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=0) as font:
            if "glyf" not in font:  # outlines of another kind, which are embedded otherwise
                return frozenset()
            return frozenset(chr(code) for code in font.getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()


def system_folders(platform: str, environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Return where fonts lie on `platform` (a value of `sys.platform`)."""
    if platform == "win32":
        windows = Path(environment.get("WINDIR", "C:/Windows")) / "Fonts"
        local = environment.get("LOCALAPPDATA")
        own = (Path(local) / "Microsoft/Windows/Fonts",) if local else ()
        return (windows, *own)
    if platform == "darwin":
        return (
            Path("/System/Library/Fonts/Supplemental"),
            Path("/System/Library/Fonts"),
            Path("/Library/Fonts"),
            home / "Library/Fonts",
        )
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
    )


def _candidates(environment: Mapping[str, str], folders: Iterable[Path] | None) -> Iterator[Path]:
    if named := environment.get(FONT_VARIABLE):
        yield Path(named)
    places = folders or system_folders(sys.platform, environment, Path.home())
    found = _files_by_name(places)
    for name in FILE_NAMES:
        yield from found.get(name.lower(), ())


def _files_by_name(folders: Iterable[Path]) -> dict[str, list[Path]]:
    wanted = {name.lower() for name in FILE_NAMES}
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                if name.lower() in wanted:
                    found.setdefault(name.lower(), []).append(Path(place) / name)
    return found
