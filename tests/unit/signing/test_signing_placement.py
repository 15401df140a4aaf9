"""Where a signature stands: millimetres as seen, on pages turned, cropped and scaled."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.signing_world import make_pdf

from signing.display.placement import (
    PageGeometry,
    Placement,
    Rectangle,
    choose_rectangle,
    page_index,
    read_geometry,
)
from signing.display.profile import load_display
from signing.errors import OutsidePageError, PageNotFoundError

PERSON = load_display("person")
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


@pytest.mark.parametrize(("asked", "index"), [(1, 0), (3, 2), (-1, 2), (-3, 0)])
def test_pages_count_from_either_end(asked, index):
    assert page_index(Placement(asked), 3) == index


@pytest.mark.parametrize("asked", [0, 4, -4])
def test_a_page_that_is_not_there_is_refused(asked):
    with pytest.raises(PageNotFoundError) as caught:
        page_index(Placement(asked), 3)
    assert caught.value.facts == {"page": asked, "pages": 3}


def test_the_profiles_own_place_is_at_the_bottom_right():
    geometry = PageGeometry(A4, 0, 1.0)
    place = choose_rectangle(Placement(), PERSON, geometry)
    assert place.left_mm + place.width_mm == pytest.approx(geometry.width_mm - 15)
    assert place.top_mm + place.height_mm == pytest.approx(geometry.height_mm - 20)


def test_the_profiles_own_place_is_drawn_in_on_a_small_page():
    geometry = PageGeometry((0.0, 0.0, 100.0, 30.0), 0, 1.0)
    place = choose_rectangle(Placement(), PERSON, geometry)
    assert (place.left_mm, place.top_mm) == (0, 0)
    assert place.width_mm == pytest.approx(geometry.width_mm)


def test_a_rectangle_asked_for_is_taken_as_it_is():
    asked = Rectangle(10, 10, 50, 20)
    assert choose_rectangle(Placement(1, asked), PERSON, PageGeometry(A4, 0, 1.0)) is asked


@pytest.mark.parametrize(
    "asked",
    [
        Rectangle(-1, 10, 50, 20),
        Rectangle(10, -1, 50, 20),
        Rectangle(200, 10, 50, 20),
        Rectangle(10, 290, 50, 20),
        Rectangle(10, 10, 0, 20),
        Rectangle(10, 10, 20, 0),
    ],
)
def test_a_rectangle_off_the_page_is_refused(asked):
    with pytest.raises(OutsidePageError) as caught:
        choose_rectangle(Placement(1, asked), PERSON, PageGeometry(A4, 0, 1.0))
    assert caught.value.facts == {"page": 1, "width_mm": 210, "height_mm": 297}
