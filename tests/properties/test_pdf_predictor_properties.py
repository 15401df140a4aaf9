"""Rows of a cross-reference stream are decoded as pyHanko decodes them, or by pyHanko."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import filters

from verify.pdf import predictor, reader
from verify.pdf.predictor import png_decode


def outcome(decode, data: bytes, columns: int):
    try:
        return decode(memoryview(data), columns)
    except (AssertionError, NotImplementedError, IndexError, ZeroDivisionError) as error:
        return type(error)


@st.composite
def rows(draw):
    """Return rows, nearly all of them of the kind that is written."""
    columns = draw(st.integers(1, 6) | st.integers(-2, 40))
    kind = st.sampled_from([2] * 30 + [0, 1, 3])
    row = st.tuples(kind, st.binary(min_size=max(columns, 0), max_size=max(columns, 0)))
    data = b"".join(bytes((each,)) + octets for each, octets in draw(st.lists(row, max_size=8)))
    return data + draw(st.just(b"") | st.binary(max_size=3)), columns


@given(rows())
@example((b"", 5))
@example((b"\2\xff\2\x01\2\x01", 1))
def test_rows_are_decoded_as_pyhanko_does(given_rows):
    data, columns = given_rows
    assert outcome(png_decode, data, columns) == outcome(predictor._decode, data, columns)


def test_pyhanko_uses_it():
    assert reader.Reader
    assert filters._png_decode is png_decode
    assert png_decode(memoryview(b"\2\1\2\2\3\4"), 2) == b"\1\2\4\6"
