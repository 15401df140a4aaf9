"""Images of signatures and seals: looked at before they are decoded, each fault by its own name."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from unit.signing.signing_pages import BLUE, RED, handwriting, png, seal

from pki.errors.tree import InvalidInputError
from signing.display import png as image_module
from signing.display.png import MAX_BYTES, MAX_PIXELS, MAX_SIDE_PX, parse_image, read_image
from signing.display.tables import Ink
from signing.errors.display import (
    ImageBrokenError,
    ImageEmptyError,
    ImageNotPNGError,
    ImageOpaqueError,
    ImageTooLargeError,
)
from signing.errors.files import FileUnreadableError
from verify.errors import TooLargeError


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header_of(width: int, height: int) -> bytes:
    """Return the beginning of a PNG with an alpha channel; its pixels are not there."""
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    )


def test_the_ink_has_a_size_and_not_the_margins():
    image = parse_image(handwriting(), "ky.png")
    assert (image.width_px, image.height_px) == (400, 200)
    assert len(zlib.decompress(image.rgb)) == 400 * 200 * 3
    assert len(zlib.decompress(image.alpha)) == 400 * 200


def test_the_colour_of_the_ink_is_known():
    blue, red = parse_image(handwriting(), "x"), parse_image(seal(), "x")
    assert blue.share_of(Ink.BLUE) > 0.95
    assert blue.share_of(Ink.RED) == 0
    assert red.share_of(Ink.RED) > 0.95
    assert red.share_of(Ink.BLUE) == 0
    black = parse_image(handwriting((0, 0, 0)), "x")
    assert black.share_of(Ink.BLUE) == black.share_of(Ink.RED) == 0


def test_what_is_not_seen_takes_the_colour_of_the_ink():
    """A renderer blends neighbours: white below transparent would make a pale edge."""
    image = parse_image(handwriting(), "x")
    colors = Image.frombytes("RGB", (400, 200), zlib.decompress(image.rgb)).getcolors()
    assert colors == [(400 * 200, BLUE)]


def test_a_palette_with_a_transparent_colour_has_a_transparent_ground():
    image = Image.new("P", (40, 40), 0)
    image.putpalette([255, 255, 255, *RED])
    image.paste(1, (10, 10, 30, 30))
    file = BytesIO()
    image.save(file, "PNG", transparency=0)
    parsed = parse_image(file.getvalue(), "x")
    assert (parsed.width_px, parsed.height_px) == (20, 20)
    assert parsed.share_of(Ink.RED) == 1


def test_a_large_scan_is_thinned_out():
    large = Image.open(BytesIO(handwriting())).resize((3000, 2000))
    parsed = parse_image(png(large), "x")
    assert parsed.width_px == MAX_SIDE_PX
    assert parsed.height_px == pytest.approx(MAX_SIDE_PX / 2, abs=2)
    assert parsed.share_of(Ink.BLUE) > 0.9


@pytest.mark.parametrize(
    "image", [handwriting(ground=255), png(Image.open(BytesIO(handwriting())).convert("RGB"))]
)
def test_a_ground_that_is_not_transparent_is_refused(image):
    with pytest.raises(ImageOpaqueError) as caught:
        parse_image(image, "ky.png")
    assert caught.value.facts == {"name": "ky.png"}


def test_an_image_with_nothing_on_it_is_refused():
    with pytest.raises(ImageEmptyError):
        parse_image(png(Image.new("RGBA", (50, 50), (0, 0, 0, 0))), "x")


def test_a_hundred_megapixels_are_refused_before_they_are_decoded():
    """There is nothing behind the header: decoding would say "broken"."""
    with pytest.raises(ImageTooLargeError) as caught:
        parse_image(header_of(10_000, 10_000), "x")
    assert caught.value.facts["width"] == 10_000
    with pytest.raises(ImageTooLargeError):
        parse_image(header_of(2**31 - 1, 2**31 - 1), "x")
    with pytest.raises(ImageBrokenError):
        parse_image(header_of(MAX_PIXELS // 4000, 4000), "x")


def test_without_the_limit_a_hundred_megapixels_would_be_decoded(monkeypatch):
    """The mutant: what the limit kept from Pillow gets there."""
    monkeypatch.setattr(image_module, "MAX_PIXELS", 10**12)
    with pytest.raises(ImageBrokenError):
        parse_image(header_of(10_000, 10_000), "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xe0" + bytes(60),
        b"GIF89a" + bytes(60),
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
    ],
)
def test_what_is_no_png_is_refused(data):
    with pytest.raises(ImageNotPNGError):
        parse_image(data, "ky.jpg")


@pytest.mark.parametrize("kind", ["cut", "bits", "none"])
def test_a_damaged_png_is_refused(kind):
    whole = handwriting()
    data = {
        "cut": whole[: len(whole) // 2],
        "bits": whole[:60] + bytes(255 - octet for octet in whole[60:]),
        "none": header_of(0, 0) + chunk(b"IEND", b""),
    }[kind]
    with pytest.raises(ImageBrokenError):
        parse_image(data, "x")


@settings(max_examples=80)
@given(st.integers(0, len(handwriting()) - 1), st.binary(min_size=1, max_size=9))
def test_whatever_a_png_holds_is_read_or_refused_in_our_words(position, damage):
    whole = handwriting()
    data = whole[:position] + damage + whole[position + len(damage) :]
    try:
        parse_image(data, "x")
    except InvalidInputError:
        return


def test_files_are_read_up_to_a_limit(tmp_path):
    path = tmp_path / "ky.png"
    path.write_bytes(handwriting())
    assert read_image(path).name == "ky.png"
    with pytest.raises(FileUnreadableError):
        read_image(tmp_path / "absent.png")
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(TooLargeError):
        read_image(path)
