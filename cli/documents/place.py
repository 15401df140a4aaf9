"""Reads `--place`: words and numbers that say where a signature is to be seen.

    page=1,x=120mm,y=200mm[,width=45mm][,height=25mm]    millimetres from the top left, as seen
    title=Phó Chủ tịch,name=Nguyễn Văn Đức,page=-1       what to look for in the text
    over=Signature1                                      the person whose image a seal goes over
    field=LanhDao                                        an empty field of the document
    1,120,200,45,25                                      page, left, top, width, height

A value with a comma in it stands in quotes: `"title=Trưởng phòng, kiêm Chánh Văn phòng"`.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

from cli.errors import BadOptionError
from signing.display.placement import Placement, Rectangle

FORM = "page=N,x=…mm,y=…mm[,width=…mm,height=…mm] | title=…,name=… | over=FIELD | field=NAME"
LENGTHS = ("x", "y", "width", "height")
WORDS = ("title", "name", "over", "field")


@dataclass(frozen=True, slots=True)
class Place:
    """What `--place` says."""

    placement: Placement
    field: str | None
    """An empty field to sign in."""


def parse_place(text: str) -> Place:
    """Read `--place`.

    Raises:
        BadOptionError: it is none of the forms.
    """
    try:
        parts = next(csv.reader([text], strict=True, skipinitialspace=True), [])
        return _bare(parts) if "=" not in text else _named(parts)
    except (ValueError, csv.Error) as error:
        raise BadOptionError(option="--place", value=text, form=FORM) from error


def _named(parts: list[str]) -> Place:
    said: dict[str, str] = {}
    for part in parts:
        key, mark, value = (each.strip() for each in part.partition("="))
        if not mark or not value or key in said or key not in (*LENGTHS, *WORDS, "page"):
            raise ValueError(part)
        said[key] = value
    lengths = {
        key: _length(said[key], positive=key in LENGTHS[2:]) for key in LENGTHS if key in said
    }
    if ("x" in lengths) != ("y" in lengths):
        raise ValueError("one corner has two numbers")
    corner = (lengths["x"], lengths["y"]) if "x" in lengths else None
    width, height = lengths.get("width"), lengths.get("height")
    rectangle = None
    if corner is not None and width is not None and height is not None:
        rectangle = Rectangle(*corner, width, height)
    placement = Placement(
        page=_page(said["page"]) if "page" in said else None,
        rectangle=rectangle,
        corner_mm=corner,
        width_mm=width,
        height_mm=height,
        title=said.get("title"),
        name=said.get("name"),
        over=said.get("over"),
    )
    return Place(placement, said.get("field"))


def _bare(parts: list[str]) -> Place:
    page, *box = parts
    left, top, width, height = box
    rectangle = Rectangle(
        _length(left, positive=False),
        _length(top, positive=False),
        _length(width, positive=True),
        _length(height, positive=True),
    )
    return Place(Placement(_page(page), rectangle), None)


def _page(text: str) -> int:
    number = int(text)
    if number == 0:
        raise ValueError("pages count from 1")
    return number


def _length(text: str, *, positive: bool) -> float:
    """Return millimetres."""
    number = float(text.strip().removesuffix("mm"))
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        raise ValueError(text)
    return number
