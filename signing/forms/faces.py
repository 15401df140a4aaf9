"""The four faces of the document font: Times New Roman or its equal, and what lies beside it.

Spec: Decree 30/2020/ND-CP, Annex I (upright, bold and italic by the part of a document; not
checked against the official text).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from signing.display.embedded_font import EmbeddedFont
from signing.display.fonts import VIETNAMESE, characters_of, embed_font, find_font

BASE = (
    "0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,;:/()-–×\"'@_&+"
    "ÀÁÃÈÉÌÍÒÓÕÙÚÝĨŨàáãèéìíòóõùúýĩũ"
)
"""Letters that every form has, so that most forms have the same font."""


class Face(StrEnum):
    """A face, by its name in the resources of a page."""

    REGULAR = "R"
    BOLD = "B"
    ITALIC = "I"
    BOLD_ITALIC = "Z"


_SIBLINGS = {
    "times.ttf": ("timesbd.ttf", "timesi.ttf", "timesbi.ttf"),
    "times new roman.ttf": (
        "Times New Roman Bold.ttf",
        "Times New Roman Italic.ttf",
        "Times New Roman Bold Italic.ttf",
    ),
    "times_new_roman.ttf": (
        "Times_New_Roman_Bold.ttf",
        "Times_New_Roman_Italic.ttf",
        "Times_New_Roman_Bold_Italic.ttf",
    ),
    "liberationserif-regular.ttf": (
        "LiberationSerif-Bold.ttf",
        "LiberationSerif-Italic.ttf",
        "LiberationSerif-BoldItalic.ttf",
    ),
    "tinos-regular.ttf": ("Tinos-Bold.ttf", "Tinos-Italic.ttf", "Tinos-BoldItalic.ttf"),
}
"""How the other faces are called beside the upright one."""
Fonts = Mapping[Face, EmbeddedFont]


def find_faces(letters: str) -> Fonts:
    """Return the faces, each with the letters of every form and with those that are asked for.

    A face that is not there, or lacks a letter, is the upright one: no word is lost.

    Raises:
        FontMissingError: no font here has them all.
    """
    wanted = frozenset(BASE + VIETNAMESE + letters)
    regular = find_font("".join(sorted(wanted)))
    names = _SIBLINGS.get(regular.name.lower(), ())
    paths = (regular, *(_beside(regular, name, wanted) for name in names))
    found = (*paths, *[regular] * (len(Face) - len(paths)))
    return {face: embed_font(path, wanted) for face, path in zip(Face, found, strict=True)}


def _beside(regular: Path, name: str, wanted: frozenset[str]) -> Path:
    path = regular.with_name(name)
    return path if wanted <= characters_of(path) else regular
