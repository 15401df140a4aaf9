"""Where a signature stands: millimetres as seen, on pages turned, cropped and scaled."""

from __future__ import annotations

from dataclasses import astuple
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.signing_world import make_pdf

from signing.display.placement import (
    PageGeometry,
    Rectangle,
    check_on_page,
    in_corner,
    page_index,
    read_geometry,
)
from signing.display.tables import CornerPlace
from signing.errors.placing import OutsidePageError, PageNotFoundError

A4 = (0.0, 0.0, 595.0, 842.0)
MM = 72 / 25.4


def page(**entries: object) -> DictionaryObject:
    made = DictionaryObject()
    for key, value in entries.items():
        made[pdf_name(f"/{key}")] = (
            ArrayObject(map(NumberObject, value)) if isinstance(value, list) else value
        )
    return made


@pytest.mark.parametrize(
    ("rotate", "expected"),
    [
        (0, (10, 842 - 20 - 40, 10 + 30, 842 - 20)),
        # turned clockwise: what is seen at the top left lies at the bottom left of the page
        (90, (20, 10, 20 + 40, 10 + 30)),
        (180, (595 - 10 - 30, 20, 595 - 10, 20 + 40)),
        (270, (595 - 20 - 40, 842 - 10 - 30, 595 - 20, 842 - 10)),
    ],
)
def test_a_rectangle_is_turned_with_the_page(rotate, expected):
    geometry = PageGeometry(A4, rotate, 1.0)
    rectangle = Rectangle(10 / MM, 20 / MM, 30 / MM, 40 / MM)
    assert geometry.to_user_space(rectangle) == pytest.approx(expected)


def test_a_turned_page_is_as_wide_as_it_is_high():
    assert PageGeometry(A4, 90, 1.0).width_mm == pytest.approx(842 / MM)
    assert PageGeometry(A4, 90, 1.0).height_mm == pytest.approx(595 / MM)
    assert PageGeometry(A4, 0, 2.0).width_mm == pytest.approx(2 * 595 / MM)


def test_the_crop_box_is_where_millimetres_begin():
    geometry = read_geometry(page(MediaBox=[0, 0, 595, 842], CropBox=[100, 200, 400, 600]))
    assert geometry.to_user_space(Rectangle(0, 0, 10 / MM, 10 / MM)) == pytest.approx(
        (100, 590, 110, 600)
    )


def test_the_crop_box_is_cut_by_the_media_box():
    assert read_geometry(page(MediaBox=[0, 0, 300, 300], CropBox=[-9, 10, 999, 200])).box == (
        0.0,
        10.0,
        300.0,
        200.0,
    )


def test_entries_are_inherited_from_the_page_tree():
    parent = page(MediaBox=[0, 0, 100, 200], Rotate=NumberObject(450))
    geometry = read_geometry(page(Parent=parent))
    assert (geometry.box, geometry.rotate) == ((0.0, 0.0, 100.0, 200.0), 90)


@pytest.mark.parametrize("box", [[1, 2], ["a"]])
def test_a_page_with_no_usable_box_is_taken_for_a4(box):
    broken = page()
    broken[pdf_name("/MediaBox")] = ArrayObject([NumberObject(1)] * len(box))
    assert read_geometry(broken).box == pytest.approx(A4, abs=0.3)
    assert read_geometry(page(Parent=NumberObject(1))).box == pytest.approx(A4, abs=0.3)


def test_inheritance_follows_references():
    data = make_pdf()
    writer = IncrementalPdfFileWriter(BytesIO(data))
    tree = writer.root["/Pages"]
    tree[pdf_name("/CropBox")] = writer.add_object(ArrayObject(map(NumberObject, [5, 6, 70, 80])))
    writer.find_page_for_modification(0)[0].get_object().pop("/MediaBox", None)
    writer.update_container(tree)
    out = BytesIO()
    writer.write(out)
    seen = PdfFileReader(out).root["/Pages"]["/Kids"][0]
    assert read_geometry(seen).box == (5, 6, 70, 80)


def test_a_page_tree_that_is_a_ring_ends():
    ring = page()
    ring[pdf_name("/Parent")] = ring
    assert read_geometry(ring).rotate == 0


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.sampled_from([1.0, 2.5]),
    st.tuples(*[st.floats(-500, 500)] * 2),
    st.tuples(*[st.floats(0.1, 500)] * 4),
)
def test_what_was_put_on_the_page_is_seen_where_it_was_put(rotate, unit, origin, box):
    x, y = origin
    geometry = PageGeometry((x, y, x + 595.0, y + 842.0), rotate, unit)
    rectangle = Rectangle(*box)
    seen = geometry.to_seen(geometry.to_user_space(rectangle))
    assert astuple(seen) == pytest.approx(astuple(rectangle), abs=1e-6)


@pytest.mark.parametrize("unit", [0, -2])
def test_a_user_unit_that_is_none_is_one(unit):
    assert read_geometry(page(UserUnit=NumberObject(unit))).user_unit == 1.0


@pytest.mark.parametrize(("asked", "index"), [(1, 0), (3, 2), (-1, 2), (-3, 0)])
def test_pages_count_from_either_end(asked, index):
    assert page_index(asked, 3) == index


@pytest.mark.parametrize("asked", [0, 4, -4])
def test_a_page_that_is_not_there_is_refused(asked):
    with pytest.raises(PageNotFoundError) as caught:
        page_index(asked, 3)
    assert caught.value.facts == {"page": asked, "pages": 3}


@pytest.mark.parametrize(
    ("corner", "left", "top"),
    [
        ("top-left", 15, 20),
        ("top-right", 210 - 15 - 80, 20),
        ("bottom-left", 15, 297 - 20 - 10),
        ("bottom-right", 210 - 15 - 80, 297 - 20 - 10),
    ],
)
def test_each_corner_has_its_margins(corner, left, top):
    geometry = PageGeometry((0.0, 0.0, 210 * MM, 297 * MM), 0, 1.0)
    place = in_corner(CornerPlace(by="corner", corner=corner), (80, 10), geometry)
    assert astuple(place) == pytest.approx((left, top, 80, 10))


def test_a_corner_is_drawn_in_on_a_small_page():
    geometry = PageGeometry((0.0, 0.0, 100.0, 30.0), 0, 1.0)
    place = in_corner(CornerPlace(by="corner"), (80, 22), geometry)
    assert astuple(place) == pytest.approx((0, 0, geometry.width_mm, geometry.height_mm))


def test_a_rectangle_on_the_page_is_taken_as_it_is():
    asked = Rectangle(10, 10, 50, 20)
    assert check_on_page(asked, PageGeometry(A4, 0, 1.0), page=1) is asked


@pytest.mark.parametrize(
    "asked",
    [
        Rectangle(-1, 10, 50, 20),
        Rectangle(10, -1, 50, 20),
        Rectangle(200, 10, 50, 20),
        Rectangle(10, 290, 50, 20),
        Rectangle(10, 10, 0, 20),
        Rectangle(10, 10, 20, 0),
        Rectangle(float("nan"), 10, 20, 20),
    ],
)
def test_a_rectangle_off_the_page_is_refused(asked):
    with pytest.raises(OutsidePageError) as caught:
        check_on_page(asked, PageGeometry(A4, 0, 1.0), page=1)
    assert caught.value.facts == {"page": 1, "width_mm": 210, "height_mm": 297}
