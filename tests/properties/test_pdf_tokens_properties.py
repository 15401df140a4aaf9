"""Our quicker reading of PDF syntax against pyHanko's own: the same values, the same refusals."""

from __future__ import annotations

import os
from io import BytesIO
from types import SimpleNamespace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic, misc, reader, xref

from verify.pdf import entries, objects, places, tokens

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


@given(st.text(max_size=12) | st.text(st.characters(min_codepoint=24, max_codepoint=127)))
@example("(Nguyễn)")
@example("D:20261122(\\)\x7f")
def test_text_is_written_alike(text):
    def write(function, encoding):
        def written(_):
            out, string = BytesIO(), generic.TextStringObject(text)
            string.force_output_encoding = encoding
            function(string, out)
            return out.getvalue()

        return written

    for encoding in (None, *generic.TextStringEncoding):
        ours, theirs = write(tokens.write_text, encoding), write(tokens._write_text, encoding)
        assert outcome(ours, b"") == outcome(theirs, b"")


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

    def get_object(self, _reference):
        """Return what every reference leads to: the length of a stream."""
        return generic.NumberObject(4)


PLACE = generic.TrailerReference(Handler())
TOKENS = st.sampled_from(
    [
        *(b"/Type", b"/Type", b"/A#42", b"/\xc3", b"/Length 4", b"/Length 9 0 R", b"/"),
        *(b"7", b"-1", b"+3.5", b".5", b"4.", b"-", b"1.2.3", b"12 0 R", b"0 0 R", b"1  0 R"),
        *(b"99999 65535 R", b"1 0 Rx", b"1" * 30, b"true", b"false", b"null", b"nil"),
        *(
            b"(text)",
            b"(a\\(b\\)\\n\\101)",
            b"(a(b)c)",
            b"(\\9)",
            b"(\\\n)",
            b"(\xfe\xff\0A)",
            b"(\0)",
        ),
        *(b"(" + b"x" * 2000 + b")", b"(" + b"\xe2\x82" * 40_000 + b")", b"(", b"(\\777)"),
        *(b"<41 4>", b"<", b"<zz>", b"<" + b"ab" * 40_000 + b">", b"%c\n", b"  \t\0"),
        *(b"<<", b"<<", b">>", b">>", b"[", b"[", b"]", b"]", b"<<>>", b"[]", b"{", b"R"),
        *(b"1 0 R " * 99, b"1234 0 R " * 9000, b"[" * 40 + b"]" * 40, b"/K<<" * 20 + b">>" * 20),
    ]
)
MEMBERS = st.lists(TOKENS, max_size=9).map(b" ".join) | st.lists(TOKENS, max_size=9).map(b"".join)
PAIRS = st.lists(
    st.tuples(st.integers(0, 3).map(lambda each: b"/K%d " % each), TOKENS).map(b"".join), max_size=4
).map(b" ".join)
AFTER = st.sampled_from(
    [
        *(b"", b" ", b" endobj", b"\nstream\nabcd\nendstream ", b"\nstream\r\nabc\nendstream "),
        *(b"%c\nstream\nabcd endstream\n", b"startxref\n5", b"stream", b"x", b"]", b">> "),
    ]
)


def shown(value) -> object:
    """Return all that can be told of an object, and where it says it lies.

    But for whole numbers, of which nobody asks that.
    """
    if isinstance(value, generic.NumberObject):
        return type(value).__name__, repr(value), int(value)
    place = "here" if value.container_ref is PLACE else value.container_ref
    kind = type(value).__name__, place, getattr(value, "autodetected_encoding", None)
    if isinstance(value, dict):
        data = value.encoded_data if isinstance(value, generic.StreamObject) else None
        return kind, data, [(type(key), key, shown(each)) for key, each in dict.items(value)]
    if isinstance(value, list):
        return kind, [shown(each) for each in list.__iter__(value)]
    if isinstance(value, generic.IndirectObject):
        return kind, value.reference, value.reference.pdf is PLACE.reader
    if isinstance(value, generic.NullObject | generic.BooleanObject):
        return kind, bool(value)
    return kind, repr(value), str(value), value.__class__.__mro__[1](value)


def read_alike(ours, theirs, data: bytes) -> bool:
    """Hold two readers against each other; return whether they read it."""
    found = []
    for read in (ours, theirs):
        stream = BytesIO(data)
        try:
            found.append((shown(read(stream, PLACE)), stream.tell()))
        except Exception as error:  # noqa: BLE001  whatever pyHanko raises, ours must too
            found.append((type(error), str(error)))
    assert found[0] == found[1]
    return not isinstance(found[0][0], type)


@given(MEMBERS, AFTER)
@example(b"12345 0 R " * 20_000, b"]")
@example(b"12345 0 R " * 20_000, b" 4]")
@example(b"12345 0 R " * 110_000, b"]")
@example(b"%c\n1", b"]")
def test_arrays(members, end):
    read_alike(objects.read_array, objects._read_array, b"[" + members + end)
    read_alike(objects.read_array, objects._read_array, b"[" + members + b"]" + end)


@given(MEMBERS | PAIRS, AFTER)
@example(b"/Length 4", b"\nstream\nabcd\nendstream ")
@example(b"/Length 9 0 R", b" stream\nabcd\nendstream ")
@example(b"/A 1 /A 2", b"")
@example(b"/Contents <" + b"00" * 30_000 + b">/B (c)", b" endobj")
@example(b"/Contents (" + b"0" * 60_000 + b")/B/C", b" endobj")
def test_dictionaries(held, end):
    theirs = objects._read_dictionary
    read_alike(objects.read_dictionary, theirs, b"<<" + held + end)
    read_alike(objects.read_dictionary, theirs, b"<<" + held + b">>" + end)


@pytest.mark.parametrize("octet", range(256))
def test_each_octet_in_text_is_read_alike(octet):
    for text in (bytes((octet,)), b"a%cb" % octet):
        assert shown(objects.text_string(text)) == shown(generic.pdf_string(text))


def test_what_is_plain_is_read_in_one_go(monkeypatch):
    def not_asked(*_):
        raise AssertionError

    monkeypatch.setattr(objects, "_read_dictionary", not_asked)
    monkeypatch.setattr(objects, "_read_array", not_asked)
    plain = b"<</A[1 0 R(x)<41>]/B<</C true/D -1.5>>/E null/F 7>>"
    assert objects.read_dictionary(BytesIO(plain), PLACE)["/B"]["/C"].value is True
    assert len(objects.read_array(BytesIO(b"[[]<<>>]"), PLACE)) == 2
    with pytest.raises(AssertionError):
        objects.read_dictionary(BytesIO(b"<</A%c\n1>>"), PLACE)
    with pytest.raises(AssertionError):
        objects.read_dictionary(BytesIO(b"<</A 1>> "), PLACE, as_metadata_stream=True)
    with pytest.raises(AssertionError):
        objects.read_array(BytesIO(b"[1] "), PLACE, generic.ContentOpReading.IN_OBJECT)


def test_what_is_longer_than_is_looked_at_is_left_to_pyhanko(monkeypatch):
    monkeypatch.setattr(objects, "_SIZES", (16, 32))
    for count, theirs in ((9, False), (99, True)):
        asked = []
        monkeypatch.setattr(objects, "_read_array", lambda *found, asked=asked: asked.append(found))
        objects.read_array(BytesIO(b"[" + b"1 " * count + b"]"), PLACE)
        assert bool(asked) is theirs


WIDTHS = st.lists(st.integers(0, 3), min_size=2, max_size=4)
ENTRIES = st.lists(st.integers(0, 255), max_size=40).map(bytes)


@given(WIDTHS, ENTRIES, st.lists(st.integers(0, 6), max_size=4), st.booleans())
@example([1, 2, 1], bytes([1, 0, 9, 0, 2, 0, 7, 1, 0, 0, 0, 255]), [0, 3], True)
@example([0, 2, 1], bytes([0, 9, 0]), [4, 1], True)
@example([1, 1, 1], bytes([1, 1, 1]), [], True)
@example([1, 1, 1], bytes([9, 1, 1, 1, 2, 3]), [0, 2], True)
def test_cross_reference_streams(widths, data, index, strict):
    assume(any(widths))  # rows of no bytes are refused

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

    same(through(entries.parse_xref_stream), through(entries._parse_stream), b"")


LINES = st.sampled_from(
    [
        *(b"0000000016 00000 n \n", b"0000000016 00000 n\r\n", b"0000000000 65535 f \r"),
        *(b"0000000016 65535 n \n", b"0000000016 99999 f \n", b"0000000016 00000 n\n"),
        *(b"0000000016 00000 x \n", b"        16 00000 n \n", b"0000000016 00000 n \r\n", b"%"),
    ]
)
USUAL = st.sampled_from(
    [b"0000000016 00000 n \n", b"0000000016 00001 n\r\n", b"0000000000 00000 f \r"]
)
SUBSECTIONS = st.tuples(
    st.integers(0, 9), st.integers(-1, 1), st.lists(USUAL, max_size=4) | st.lists(LINES, max_size=4)
).map(
    lambda each: b"%d %d\n" % (each[0], len(each[2]) + each[1] * (each[0] == 5)) + b"".join(each[2])
)
TRAILERS = st.sampled_from(
    [b"trailer <<", b"trailer\r\n\n<<", b"trailer%c\n<<", b"trailer", b"", b"\n<<"]
)


def sections_read_with(parse, process):
    """Return a reader of a section that tells all of what it noted, and the highest number."""

    def read(stream):
        data = xref.XRefSectionData()
        highest = process(data, parse(stream), strict=True)
        return highest, sorted(vars(data).items())

    return read


def same_sections(ours, theirs, data: bytes) -> None:
    same(
        sections_read_with(ours, entries.process_entries),
        sections_read_with(theirs, entries._process_entries),
        data,
    )


@given(
    st.lists(SUBSECTIONS, max_size=3).map(b"".join), TRAILERS, st.sampled_from([b"", b"\n", b" "])
)
@example(b"0 3\n" + b"0000000016 00000 n \n" * 3, b"trailer <<", b"\n")
@example(b"0 0\n", b"trailer <<", b"\n")
@example(b"0 1\n0000000016 99999 n \n", b"trailer <<", b"\n")
def test_cross_reference_tables(subsections, trailer, before):
    def through(parse):
        return lambda stream: parse(entries._Whole(stream), strict=True)

    data = before + subsections + trailer
    same_sections(through(entries.parse_xref_table), through(entries._parse_table), data)


@pytest.mark.parametrize("end", [b"\n" + b"x" * 18, b"0 0\nx"])
def test_a_table_that_says_too_much_of_itself_does_not_keep_us_reading(end):
    """What is looked for begins so near the end that pyHanko steps back behind where it was."""
    table = BytesIO(b"0 %d\n0000000016 00000 n \n" % (1 + (end[:1] == b"\n")) + end)
    with pytest.raises(misc.PdfReadError, match="behind the end"):
        list(entries.parse_xref_table(table, strict=True))


@given(ENTRIES, st.lists(st.integers(0, 6), max_size=4))
@example(bytes([1, 0, 9, 0, 2, 0, 7, 1, 0, 0, 0, 255]), [0, 3])
@example(bytes([1, 0, 9, 0, 2, 0, 7, 1]), [3, 1, 0, 1])
def test_what_is_noted_of_cross_reference_streams(data, index):
    def stream_with(parse):
        dictionary = {"/W": [1, 2, 1], "/Index": index, "/Size": [3]}
        made = generic.StreamObject(stream_data=data)
        for key, numbers in dictionary.items():
            values = generic.ArrayObject(map(generic.NumberObject, numbers))
            made[generic.pdf_name(key)] = values[0] if key == "/Size" else values
        return lambda _: parse(made, strict=True)

    same_sections(stream_with(entries.parse_xref_stream), stream_with(entries._parse_stream), b"")


def rows_read(handler, *, widths=(1, 1, 1), index=(0, 2), data=bytes(6)):
    stream = generic.StreamObject(stream_data=data)
    for key, numbers in (("/W", widths), ("/Index", index)):
        stream[generic.pdf_name(key)] = generic.ArrayObject(map(generic.NumberObject, numbers))
    stream.container_ref = generic.Reference(1, 0, handler)
    return len(list(entries.parse_xref_stream(stream, strict=True)))


def test_rows_are_counted_through_all_streams_of_a_document(monkeypatch):
    monkeypatch.setattr(entries, "MOST_ROWS", 5)
    handler = SimpleNamespace()
    assert rows_read(handler) == rows_read(handler) == 2
    with pytest.raises(misc.PdfReadError, match="too many rows"):
        rows_read(handler)
    assert rows_read(SimpleNamespace()) == 2


def test_rows_of_no_bytes_are_none_or_refused():
    assert rows_read(SimpleNamespace(), widths=(0, 0, 0), index=(0, 0), data=b"") == 0
    assert rows_read(SimpleNamespace(), widths=(0, 1, 0), data=bytes(2)) == 2
    with pytest.raises(misc.PdfReadError, match="no bytes"):
        rows_read(SimpleNamespace(), widths=(0, 0, 0), data=b"")


def test_places_in_streams_are_told_as_pyhanko_tells_them():
    data = xref.XRefSectionData()
    entries.process_entries(data, entries.Entries([(2, (7, 1), 3, 0)]), strict=True)
    found, place = data.xrefs_in_objstm, xref.ObjStreamRef(7, 1)
    assert found[3] == found.get(3) == place
    assert (list(found.items()), list(found.values())) == ([(3, place)], [place])
    assert found.get(4) is None
    assert found.get(4, 5) == 5


def test_a_generation_beyond_all_is_refused_as_pyhanko_does():
    sections = generic.ArrayObject(map(generic.NumberObject, [1, 1]))
    widths = generic.ArrayObject(map(generic.NumberObject, [1, 1, 3]))
    stream = generic.StreamObject(stream_data=bytes([1, 9, 1, 0, 0]))
    stream[generic.pdf_name("/W")], stream[generic.pdf_name("/Index")] = widths, sections

    def through(parse):
        return lambda _: parse(stream, strict=True)

    same_sections(through(entries.parse_xref_stream), through(entries._parse_stream), b"")


@given(
    st.sampled_from(
        [b"12 0 obj", b"12 0 obj ", b" 12 0 obj", b"12  0 obj", b"x", b"12 0 foo", b""]
    ),
    SPACES,
    st.sampled_from([b"<<", b"%c\n<<", b""]),
)
def test_headers_of_objects(header, gap, end):
    def through(read):
        return lambda stream: read(stream, strict=True)

    same(through(places.read_object_header), through(places._read_header), header + gap + end)


BREAKS = st.sampled_from([b"\n", b"\r", b"\r\n", b" \n", b"\n\n", b""])


@given(
    st.lists(BREAKS, min_size=4, max_size=4),
    st.sampled_from([b"7", b"x", b"07", b"116", b"-1", b"7 "]),
)
@example([b"\n", b"\n", b"\n", b""], b"116")
@example([b"\n", b"\n", b"\r\n", b"\n"], b"7")
@example([b"\r\n", b"\r\n", b"\r\n", b"\r\n"], b"17")
def test_ends_of_documents(breaks, number):
    def through(process):
        def read(stream):
            stream.seek(-1, os.SEEK_END)
            found = process(stream)
            stream.seek(0)
            return found

        return read

    first, second, third, last = breaks
    for before in (b"%PDF-1.7\n%", b"%PDF-1.7 trailer <<>>", b"%PDF" + b"x" * 99):
        end = first + b"startxref" + second + number + third + b"%%EOF" + last
        same(through(places.process_data_at_eof), through(places._process_end), before + end)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(0, 2)), max_size=9))
def test_places_of_objects(found):
    sections = []
    for start in range(0, len(found), 3):
        data = xref.XRefSectionData()
        rows = [
            (kind, (None, 9, (7, 0))[kind], number, 0 if kind == 2 else generation)
            for kind, number, generation in found[start : start + 3]
        ]
        entries.process_entries(data, entries.Entries(rows), strict=True)
        sections.append(xref.XRefSection(None, data))
    if len(sections) > 1:
        sections[0].xref_data.hybrid = sections.pop()
    meta = xref.XRefSectionMetaInfo(xref.XRefSectionType.STANDARD, 9, 0, 0, 0, None)
    sections = [xref.XRefSection(meta, each.xref_data) for each in sections]
    ours, theirs = places.Places(None, sections), xref.XRefCache(None, sections)
    for number in range(6):
        for generation in range(3):
            reference = generic.Reference(number, generation)
            assert ours[reference] == theirs[reference]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (generic, "read_hex_string_from_stream"),
        (generic, "read_until_delimiter"),
        (generic, "read_non_whitespace"),
        (generic, "_decode_name"),
        (xref, "parse_xref_stream"),
        (xref, "parse_xref_table"),
        (xref.XRefSectionData, "process_entries"),
        (xref, "read_object_header"),
        (reader, "read_object_header"),
        (reader, "process_data_at_eof"),
        (generic.DictionaryObject, "read_from_stream"),
        (generic.ArrayObject, "read_from_stream"),
    ],
)
def test_pyhanko_uses_ours(owner, name):
    tokens.use()
    places.use()
    assert getattr(owner, name).__module__.startswith("verify.pdf.")
