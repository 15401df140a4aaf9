"""The page about displays, and its pictures, are what the code makes now."""

from __future__ import annotations

import display_page
import pytest
from display_pictures import ink, picture, shows_the_same, write_picture
from PIL import Image, ImageChops

from signing.display.profile import known_displays, load_display

SHOWN = [name for name in known_displays() if load_display(name).visible]


def test_the_page_tells_of_every_display_as_it_is(checkout):
    assert set(display_page.ORDER) == set(known_displays())
    assert (checkout / "docs" / "displays.md").read_text("utf-8") == display_page.write_page()


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_shows_what_the_code_draws(checkout, name):
    path = checkout / "docs" / "displays" / f"{name}.png"
    assert path.stat().st_size < 40_000
    with Image.open(path) as there:
        assert shows_the_same(there, picture(name))


def test_there_is_no_picture_of_anything_else(checkout):
    there = {path.stem for path in (checkout / "docs" / "displays").iterdir()}
    assert there == set(SHOWN)


def test_a_picture_that_shows_something_else_is_noticed_and_written_again(tmp_path):
    whole = picture("agency")
    assert all(ink(whole))
    assert ink(picture("annex"))[:2] == (None, None), "black letters have no coloured edges"
    path = tmp_path / "displays" / "agency.png"
    write_picture(path, whole)
    first = path.read_bytes()
    shifted = ImageChops.offset(whole.convert("RGB"), 6, 0)
    assert not shows_the_same(whole, shifted)
    assert not shows_the_same(whole, picture("person"))
    assert not shows_the_same(picture("copy-sao-y"), picture("copy-sao-luc"))
    assert not shows_the_same(whole, whole.resize((whole.width - 9, whole.height)))
    write_picture(path, ImageChops.offset(whole.convert("RGB"), 1, 0))
    assert path.read_bytes() == first
    write_picture(path, shifted)
    assert path.read_bytes() != first
