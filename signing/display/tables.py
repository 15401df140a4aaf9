"""The tables of a display profile's file, each value within its own bounds.

Whether the tables go together is `signing.display.profile`'s.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pki.words import Language

Millimetres = Annotated[float, Field(ge=0, le=2000, allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Ink(StrEnum):
    """The colours that a rule asks of an image."""

    RED = "red"
    BLUE = "blue"


class Table(BaseModel):
    """A table of the file: no key that is not known, and no change once it is read."""

    # Built when it is used: most of them are read as parts of another.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class About(Table):
    """What the profile is for, in one sentence of each language."""

    vi: str = ""
    en: str = ""

    def __getitem__(self, language: Language) -> str:
        return self.vi if language is Language.VI else self.en


class ImageTable(Table):
    """The image that the signer brings: a handwritten signature, a seal."""

    ink: Ink | None = None
    """The colour it must have; None for any."""
    width_mm: Length
    """Of the ink: transparent margins are cut away. The image keeps its proportions."""
    height_mm: Length
    exact: bool = False
    """Drawn at that very size or refused, as a seal is; otherwise made smaller where room lacks."""


class TextTable(Table):
    """The words."""

    lines: Annotated[tuple[str, ...], Field(min_length=1, max_length=12)]
    """Text with `{name}`, `{title}`, `{organization}`, `{number}`, `{time}`; a line whose value
    is not known is left out."""
    required: tuple[str, ...] = ()
    """Values without which nothing is signed."""
    font_size_pt: float = Field(default=10.0, gt=0, le=72)
    color: tuple[Share, Share, Share] = (0.0, 0.0, 0.0)
    """Red, green, blue, each from 0 to 1."""
    align: Literal["left", "center", "right"] = "left"
    width_mm: Length = 80.0
    """Lines longer than this are broken between words; the height follows from the lines."""
    exact: bool = False
    """In that very size or refused; otherwise made smaller where room lacks."""


class CornerPlace(Table):
    """In a corner of a page."""

    by: Literal["corner"]
    page: Annotated[int, Field(ge=-1, le=1)] = -1
    """1 for the first page, -1 for the last."""
    corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = "bottom-right"
    margin_x_mm: Millimetres = 15.0
    margin_y_mm: Millimetres = 20.0


class SignerPlace(Table):
    """Between the signer's title and the signer's name, found in the text of the pages."""

    by: Literal["signer"]
    clearance_mm: Millimetres = 1.0
    """Left free below the title and above the name."""


class PersonPlace(Table):
    """Over the left of the image of the person who has signed before."""

    by: Literal["person"]
    share: Share = 1 / 3
    """How much of that image's width is covered."""


Place = Annotated[CornerPlace | SignerPlace | PersonPlace, Field(discriminator="by")]


class ProfileTables(Table):
    """One kind of display, its tables not yet held against each other."""

    name: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$")
    visible: bool
    clause: str = ""
    """The rule it carries out."""
    about: About = About()
    agency_alone: bool = False
    """The agency signs with nobody's signature before it: copies, separate annexes, archives."""
    official: bool = False
    """What it is for is an official paper: it takes a certificate for official duty."""
    label: str = Field(default="Chữ ký số của {name}", max_length=200)
    """What a screen reader says of the field."""
    image: ImageTable | None = None
    text: TextTable | None = None
    place: Place | None = None
