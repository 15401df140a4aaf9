"""Our quicker reading of PDF syntax against pyHanko's own: the same values, the same refusals."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic, misc, xref

from verify.pdf import tokens

SPACES = st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\t \0", b"% a comment\n", b" " * 300])
HEX = st.lists(
    st.sampled_from([b"0", b"aF", b"123", b" ", b"\n", b"g", b"%", b"00" * 200, b"fe" * 40_000]),
    max_size=8,
).map(b"".join)
NAMES = st.lists(
    st.sampled_from(
        [b"Type", b"F#23", b"#4", b"#zz", b"\xc3\xb4", b"\x80", b"!", b"~", b"N" * 300]
    ),
    max_size=4,
).map(b"".join)
ARRAYS = st.lists(
    st.sampled_from(
        [
            b"1 0 R",
            b"12 3 R",
            b"0 0 R",
            b"01 0 R",
            b"7",
            b"/Name",
            b"<<>>",
            b"1 0 R " * 99,
            b"-1 0 R",
        ]
    ),
    max_size=6,
).map(b" ".join)


def outcome(read, data: bytes):
    """Return value and place in the stream, or the class of what was raised."""
    stream = BytesIO(data)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001  whatever pyHanko raises, ours must too
        return type(error), str(error)
    shown = value.hex() if isinstance(value, bytes) else repr(value)
    return type(value), shown, getattr(value, "autodetected_encoding", None), stream.tell()


def same(ours, theirs, data: bytes) -> None:
    assert outcome(ours, data) == outcome(theirs, data)


@given(HEX, st.sampled_from([b"> rest", b"", b">", b"x>"]))
@example(b"", b">")
def test_hexadecimal_strings(digits, end):
    same(tokens.read_hex_string, tokens._read_hex, b"<" + digits + end)


@given(NAMES, st.sampled_from([b"", b" rest", b"/Next", b"(", b"\0"]))
def test_names(name, end):
    theirs = misc.read_until_delimiter
    same(tokens.read_until_delimiter, theirs, name + end)
    assert outcome(lambda _: tokens.decode_name(name), b"") == outcome(
        lambda _: tokens._decode(name), b""
    )


@given(st.text(max_size=12))
def test_names_are_written_alike(text):
    def write(function):
        def written(_):
            out = BytesIO()
            function(generic.NameObject(text), out)
            return out.getvalue()

        return written

    assert outcome(write(tokens.write_name), b"") == outcome(write(tokens._write_name), b"")


@given(SPACES, SPACES, st.sampled_from([b"x", b"", b"/", b">"]), st.booleans(), st.booleans())
def test_gaps(first, second, end, seek_back, allow_eof):
    def through(read):
        return lambda stream: read(stream, seek_back=seek_back, allow_eof=allow_eof)

    same(
        through(tokens.read_non_whitespace),
        through(tokens._read_solid),
        first + second + end + b" more",
    )


class Handler:
    """What a reader is to a reference."""

    strict = True


@given(ARRAYS, st.sampled_from([b"]", b" ]", b"", b" 4]", b"\n] rest", b"% c\n]"]))
@example(b"12345 0 R " * 20_000, b"]")
@example(b"12345 0 R " * 20_000, b" 4]")
def test_arrays(members, end):
    place = generic.TrailerReference(Handler())
    seen = []

    def through(read):
        def reading(stream):
            array = read(stream, place)
            seen.append([each.container_ref for each in list.__iter__(array)])
            return array

        return reading

    same(through(tokens.read_array), through(tokens._read_array), b"[" + members + end)
    assert all(each is place for found in seen for each in found)


WIDTHS = st.lists(st.integers(0, 3), min_size=2, max_size=4)
ENTRIES = st.lists(st.integers(0, 255), max_size=40).map(bytes)


@given(WIDTHS, ENTRIES, st.lists(st.integers(0, 6), max_size=4), st.booleans())
@example([1, 2, 1], bytes([1, 0, 9, 0, 2, 0, 7, 1, 0, 0, 0, 255]), [0, 3], True)
@example([0, 2, 1], bytes([0, 9, 0]), [4, 1], True)
@example([1, 1, 1], bytes([1, 1, 1]), [], True)
@example([1, 1, 1], bytes([9, 1, 1, 1, 2, 3]), [0, 2], True)
def test_cross_reference_streams(widths, data, index, strict):
    def numbers(values):
        return generic.ArrayObject(map(generic.NumberObject, values))

    stream = generic.StreamObject({generic.pdf_name("/W"): numbers(widths)}, stream_data=data)
    stream[generic.pdf_name("/Size")] = generic.NumberObject(1)
    if index:
        stream[generic.pdf_name("/Index")] = numbers(index)

    def through(parse):
        return lambda _: [
            (each.xref_type, each.location, each.idnum, each.generation)
            for each in parse(stream, strict)
        ]

    same(through(tokens.parse_xref_stream), through(tokens._parse_xref_stream), b"")


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (generic, "read_hex_string_from_stream"),
        (generic, "read_until_delimiter"),
        (generic, "read_non_whitespace"),
        (generic, "_decode_name"),
        (xref, "parse_xref_stream"),
    ],
)
def test_pyhanko_uses_ours(owner, name):
    tokens.use()
    assert getattr(owner, name).__module__ == tokens.__name__
