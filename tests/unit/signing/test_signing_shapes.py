"""Documents of other shapes: linearised, in object streams, of thousands of pages, signed often."""

from __future__ import annotations

import subprocess
import time
from functools import cache

import pytest
from unit.signing.signing_world import World, make_pdf

from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.options import SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication

NONE = SigningOptions(display=load_display("none"))
LAST = SigningOptions(placement=Placement(-1, Rectangle(20, 200, 80, 30)))
SHAPES = {
    "linearised": ("--linearize",),
    "object-streams": ("--object-streams=generate",),
    "both": ("--linearize", "--object-streams=generate"),
}
SECONDS = 10.0
"""Of the processor, for 3,000 pages; it takes one to two."""


@cache
def world() -> World:
    return World()


def sign(data: bytes, options: SigningOptions = NONE) -> SignedDocument:
    return sign_document(
        data, signer=world().signer(), options=options, services=world().services()
    )


@pytest.mark.parametrize("words", SHAPES.values(), ids=SHAPES)
def test_shapes_that_programs_give_documents_are_signed_again_and_again(peer, tmp_path, words):
    plain, shaped, signed = (tmp_path / f"{name}.pdf" for name in ("plain", "shaped", "signed"))
    plain.write_bytes(make_pdf(5))
    subprocess.run([str(peer("qpdf")), *words, str(plain), str(shaped)], check=True)
    data = shaped.read_bytes()
    for number in range(4):
        done = sign(data, LAST if number % 2 else NONE)
        assert done.data.startswith(data)
        data = done.data
    assert [each.indication for each in done.report.signatures] == [Indication.TOTAL_PASSED] * 4
    signed.write_bytes(data)
    subprocess.run([str(peer("qpdf")), "--check", str(signed)], check=True, capture_output=True)


@pytest.mark.parametrize("options", [NONE, LAST], ids=["hidden", "last-page"])
def test_thousands_of_pages_take_seconds(options):
    data = make_pdf(3000)
    begun = time.process_time()
    assert sign(data, options).report.indication is Indication.TOTAL_PASSED
    assert time.process_time() - begun < SECONDS


def test_twenty_signatures_all_hold():
    data = make_pdf()
    for _ in range(20):
        done = sign(data)
        data = done.data
    assert [each.indication for each in done.report.signatures] == [Indication.TOTAL_PASSED] * 20
