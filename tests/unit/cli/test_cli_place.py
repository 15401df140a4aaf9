"""`--place`: each form it has, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.documents.place import Place, parse_place
from cli.errors import BadOptionError
from signing.display.placement import Placement, Rectangle

BOX = Rectangle(120, 200, 45, 25)
CORNER = {"corner_mm": (120, 200)}


@pytest.mark.parametrize(
    ("text", "placement", "field"),
    [
        ("1,120,200,45,25", Placement(1, BOX), None),
        ("-1,0,0,45,25", Placement(-1, Rectangle(0, 0, 45, 25)), None),
        ("page=1,x=120mm,y=200mm", Placement(1, **CORNER), None),
        ("x=120, y=200 mm", Placement(**CORNER), None),
        (
            "page=2,x=120mm,y=200mm,width=45mm,height=25mm",
            Placement(2, BOX, **CORNER, width_mm=45, height_mm=25),
            None,
        ),
        ("width=42mm,height=42mm", Placement(width_mm=42, height_mm=42), None),
        ("page=-1", Placement(-1), None),
        ("title=Phó Chủ tịch", Placement(title="Phó Chủ tịch"), None),
        (
            '"title=Trưởng phòng, kiêm nhiệm",name=Lê An',
            Placement(title="Trưởng phòng, kiêm nhiệm", name="Lê An"),
            None,
        ),
        ("over=Signature1", Placement(over="Signature1"), None),
        ("field=LanhDao", Placement(), "LanhDao"),
    ],
)
def test_each_form_is_read(text, placement, field):
    assert parse_place(text) == Place(placement, field)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "here",
        "1,2,3,4",
        "1,2,3,4,5,6",
        "0,1,2,3,4",
        "1,-1,2,3,4",
        "1,1,2,0,4",
        "1,1,2,nan,4",
        "1,1,2,inf,4",
        "page=0",
        "page=one",
        "x=120mm",
        "y=1",
        "x=1cm,y=2",
        "width=0mm",
        "title=",
        "colour=blue",
        "page=1,page=2",
        "page=1,x",
        '"title=a',
    ],
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(BadOptionError) as caught:
        parse_place(text)
    assert caught.value.facts["option"] == "--place"


@given(st.text(max_size=60))
def test_whatever_stands_there_is_a_place_or_our_error(text):
    try:
        parse_place(text)
    except BadOptionError:
        return
