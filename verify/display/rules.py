"""The display rules as data: what each kind of signature has to look like, and by which article.

Spec: Decree 30/2020/ND-CP Art. 13.7, 25, 32, 33 and Annex I; Circular 05/2025/TT-BNV Art. 8, 41
(not checked against the official texts).
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pki.errors.tree import Bilingual
from verify.display.ink import Ink

Between = tuple[float, float]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Article(_Table):
    """Where a rule stands."""

    vi: str
    en: str

    @property
    def words(self) -> Bilingual:
        """In both languages."""
        return Bilingual(vi=self.vi, en=self.en)


class Order(_Table):
    """The order of signatures."""

    article: Article


class Kind(_Table):
    """What one kind of signature shows."""

    article: Article
    ink: Ink | None = None
    """It shows an image of that colour; None: it shows none."""
    size_mm: Between | None = None
    covers: Between | None = None
    """How much of the person's image it lies over, on its left."""
    right_half: bool = False
    corner: bool = False
    alone: bool = False
    """The agency signs with nobody's signature before it."""
    time: bool = False
    name: bool = False


class Corner(_Table):
    """What counts as top right."""

    top_mm: float


class Words(_Table):
    """How words are set."""

    size_pt: Between
    fonts: tuple[str, ...]
    black: float
    time_seconds: int


class DisplayRules(_Table):
    """All of them."""

    order: Order
    kinds: dict[str, Kind]
    corner: Corner
    words: Words


@cache
def display_rules() -> DisplayRules:
    """Return the rules that come with Antin."""
    text = Path(__file__).with_name("rules.toml").read_text("utf-8")
    return DisplayRules.model_validate(tomllib.loads(text))
