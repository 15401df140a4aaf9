"""What holds for every page, every answer of a service and every heap of bytes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf

from pki.errors.tree import PKIError
from signing.coroutine import finish
from signing.display.placement import PageGeometry, Rectangle, check_on_page, in_corner
from signing.display.tables import CornerPlace
from signing.errors.placing import OutsidePageError
from signing.errors.times import TSARejectedError, TSATimeError, TSAWrongAnswerError
from signing.failover import TimestampService, TimestampServices
from signing.options import SigningOptions
from signing.revision import SignatureRequest, prepare_signature
from signing.signer import KeySigner
from signing.tsa import FetchingTimeStamper

WORLD = World()
MM = 72 / 25.4

lengths = st.floats(min_value=1, max_value=5000)
corners = st.floats(min_value=-1000, max_value=1000)


@st.composite
def geometries(draw: st.DrawFn) -> PageGeometry:
    x, y = draw(corners), draw(corners)
    box = (x, y, x + draw(lengths), y + draw(lengths))
    return PageGeometry(
        box, draw(st.sampled_from([0, 90, 180, 270])), draw(st.sampled_from([1.0, 2.5]))
    )


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    corner = st.floats(min_value=-10, max_value=2000)
    side = st.one_of(st.just(0.0), st.floats(min_value=0.01, max_value=2000))
    return Rectangle(draw(corner), draw(corner), draw(side), draw(side))


@given(geometries(), rectangles())
def test_a_rectangle_that_is_taken_lies_on_the_page_with_its_own_size(geometry, rectangle):
    try:
        place = check_on_page(rectangle, geometry, page=1)
    except OutsidePageError:
        return
    left, bottom, right, top = geometry.to_user_space(place)
    x0, y0, x1, y1 = geometry.box
    slack = 0.01 * MM + 1e-6
    assert x0 - slack <= left < right <= x1 + slack
    assert y0 - slack <= bottom < top <= y1 + slack
    sides = (right - left, top - bottom)
    seen = sides[::-1] if geometry.rotate in (90, 270) else sides
    scale = geometry.units_per_mm
    assert seen == pytest.approx((place.width_mm * scale, place.height_mm * scale), abs=1e-6)


@given(geometries())
def test_the_profiles_own_place_always_fits(geometry):
    place = in_corner(CornerPlace(by="corner"), (80.0, 22.0), geometry)
    assert 0 <= place.left_mm <= place.left_mm + place.width_mm <= geometry.width_mm + 1e-6


def sign_bytes(data: bytes) -> None:
    request = SignatureRequest(KeySigner(WORLD.signer()), SigningOptions(), NOW, None, "x.pdf")
    prepare_signature(data, request)


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_our_errors_alone(data):
    with pytest.raises(PKIError):
        sign_bytes(data)


@settings(max_examples=60)
@given(st.integers(0, len(make_pdf()) - 1), st.binary(min_size=1, max_size=12))
def test_a_damaged_document_is_prepared_or_refused_in_our_words(position, damage):
    data = make_pdf()
    with contextlib.suppress(PKIError):
        sign_bytes(data[:position] + damage + data[position + len(damage) :])


def test_the_undamaged_document_is_prepared():
    sign_bytes(make_pdf())


@settings(max_examples=80)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_no_answer_but_the_right_one_is_taken(where, flip):
    """Any one byte of an answer changed: refused in our words, or it did not matter."""
    right: list[bytes] = []

    def change(answer: bytes) -> bytes:
        right.append(answer)
        position = int(where * len(answer))
        return answer[:position] + bytes([answer[position] ^ flip]) + answer[position + 1 :]

    world = World(change_answer=change)
    services = TimestampServices((TimestampService(TSA_URL),), pause=lambda _: None)
    stamper = FetchingTimeStamper(services, fetcher=world, clock=world.clock, trust=world.trust)
    try:
        token = finish(stamper.async_timestamp(bytes(32), "sha256"))
    except (TSARejectedError, TSATimeError, TSAWrongAnswerError):
        return
    content = token["content"]["encap_content_info"]["content"].contents
    assert content in right[0], "what is taken says what the service said"
