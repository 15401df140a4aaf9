"""Display profiles: TOML files that say what a signature shows, how large and where by default."""

from __future__ import annotations

import string
import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from signing.errors import DisplayMalformedError, DisplayUnknownError

WORDS = frozenset({"name", "title", "organization", "time"})
"""What a line may ask for."""


class DisplayProfile(BaseModel):
    """What one profile file says; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    visible: bool
    lines: tuple[str, ...] = ()
    """Text with `{name}`, `{title}`, `{organization}`, `{time}`; a line whose value the
    certificate lacks is left out."""
    font_size_pt: float = Field(default=10.0, gt=0, le=72)
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Red, green, blue, each from 0 to 1."""
    width_mm: float = Field(default=80.0, gt=0)
    height_mm: float = Field(default=22.0, gt=0)
    margin_right_mm: float = Field(default=15.0, ge=0)
    margin_bottom_mm: float = Field(default=20.0, ge=0)

    @field_validator("lines")
    @classmethod
    def _only_known_words(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        for line in lines:
            for word in words_in(line):
                if word not in WORDS:
                    raise ValueError(f"{{{word}}} is none of {', '.join(sorted(WORDS))}")
        return lines


def words_in(line: str) -> tuple[str, ...]:
    """Return the names that stand in braces in a line.

    Raises:
        ValueError: the braces do not match.
    """
    return tuple(word for _, word, _, _ in string.Formatter().parse(line) if word is not None)


def load_display(name: str) -> DisplayProfile:
    """Return a profile that comes with Antin, or the one in a `.toml` file.

    Raises:
        DisplayUnknownError: neither.
        DisplayMalformedError: the file is not TOML or says what a profile cannot.
    """
    own = known_displays()
    if name in own:
        text = (files("signing.display") / f"{name}.toml").read_text("utf-8")
    elif name.endswith(".toml") and Path(name).is_file():
        text = Path(name).read_text("utf-8-sig", errors="replace")
    else:
        raise DisplayUnknownError(name=name, known=own)
    try:
        return DisplayProfile.model_validate(tomllib.loads(text), strict=False)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise DisplayMalformedError(name=name, reason=_first_line(error)) from error


def known_displays() -> tuple[str, ...]:
    """Return the names of the profiles that come with Antin."""
    entries = files("signing.display").iterdir()
    return tuple(sorted(e.name.removesuffix(".toml") for e in entries if e.name.endswith(".toml")))


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
