"""Documents that swell, go round in circles or have too much of something: judged within bounds.

Each in a process with the bounds of the verdict service: what takes longer than a minute or wants
more than 500 MiB would end in `verify.judging_too_long` or `verify.judging_ended`.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.xref import XRefCache
from unit.verify.verify_pki import (
    LATER,
    Signing,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    sign,
    update,
)

from pki.errors.tree import PKIError
from verify.evidence import Evidence
from verify.facts import Changes
from verify.http.limits import Limits
from verify.http.memory_posix import bound_memory
from verify.http.processes import Processes
from verify.indication import Indication
from verify.pdf import changes, reader
from verify.pdf.document import open_pdf
from verify.pdf.reader import Reader
from verify.policy import default_policy
from verify.trust import TrustStore

BOUNDS = Limits()
BASIC = {
    1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    4: b"<< /Fields [5 0 R] /SigFlags 3 >>",
    5: b"<< /FT /Sig /T (S) >>",
}
GIGABYTE = 1 << 30


def in_bounds(data: bytes, trust: TrustStore, evidence: Evidence) -> str:
    """Judge in this process; return what came of it."""
    with bound_memory(BOUNDS.memory_bytes):
        try:
            return judge(data, trust=trust, evidence=evidence).indication.value
        except PKIError as error:
            return error.code


@pytest.fixture(scope="module")
def judged() -> Iterator[object]:
    processes = Processes(1)

    def ask(data: bytes) -> str:
        world = make_world()
        _, future = processes.schedule(
            in_bounds, data, world.trust, fresh(world, LATER), seconds=BOUNDS.seconds
        )
        return future.result()

    yield ask
    processes.stop()


def write(objects: dict[int, bytes], more: str = "") -> bytes:
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start, top = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % top
    rows = (places.get(number) for number in range(1, top))
    out += b"".join(
        b"%010d 00000 n \n" % place if place else b"0000000000 65535 f \n" for place in rows
    )
    out += b"trailer\n<< /Size %d /Root 1 0 R %b >>\n" % (top, more.encode())
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def swelling(size: int, *, twice: bool = False, more: bytes = b"") -> bytes:
    data, filters = zlib.compress(bytes(size), 9), b"/FlateDecode"
    if twice:
        data, filters = zlib.compress(data, 9), b"[/FlateDecode /FlateDecode]"
    head = b"<< %b /Filter %b /Length %d >>\nstream\n" % (more, filters, len(data))
    return head + data + b"\nendstream"


def with_references_in_a_stream(body: bytes, entries: dict[int, tuple[int, int]]) -> bytes:
    """Return a document whose cross-references are a stream; `entries` lie in object streams."""
    out, rows = (
        bytearray(b"%PDF-1.7\n"),
        dict.fromkeys(range(8), (0, 0))
        | {number: (2, where) for number, (where, _) in entries.items()},
    )
    for number, content in {**BASIC, 6: body}.items():
        if number not in entries:
            rows[number] = (1, len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    rows[7] = (1, start)
    table = b"".join(
        bytes([kind]) + place.to_bytes(4, "big") + b"\0" for kind, place in rows.values()
    )
    head = b"7 0 obj\n<< /Type /XRef /Size 8 /W [1 4 1] /Root 1 0 R /Length %d >>\n" % len(table)
    tail = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out + head + b"stream\n" + table + tail)


def an_object_stream_that_swells() -> bytes:
    stream = swelling(GIGABYTE // 2, twice=True, more=b"/Type /ObjStm /N 1 /First 4")
    return with_references_in_a_stream(stream, {5: (6, 0)})


def a_list_in_the_store_that_swells() -> bytes:
    data = make_document("B-T")
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    catalog = re.findall(rb"\n%d 0 obj\s*<<(.*?)>>\s*endobj" % root, data, re.DOTALL)[-1]
    store = "/DSS << /Certs [90 0 R] /CRLs [90 0 R] /OCSPs [90 0 R] >>"
    return update(data, {
        root: f"<< {catalog.decode('latin-1')} {store} >>",
        90: swelling(GIGABYTE // 4).decode("latin-1"),
    })  # fmt: skip


def references_that_swell() -> bytes:
    rows = zlib.compress(bytes(6 * (1 << 25)), 9)
    out = b"%PDF-1.7\n" + b"".join(
        b"%d 0 obj\n%b\nendobj\n" % (number, body) for number, body in BASIC.items()
    )
    head = b"7 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Root 1 0 R" % (1 << 25)
    head += b" /Filter /FlateDecode /Length %d >>\nstream\n" % len(rows)
    return out + head + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(out)


def many_references(rows: int) -> bytes:
    """Return a signed document whose newest cross-references are a small stream of many rows."""
    data = make_document("B-B")
    before = int(data[data.rindex(b"startxref") :].split()[1])
    root = re.findall(rb"/Root (\d+ 0 R)", data)[-1]
    size = max(int(each) for each in re.findall(rb"/Size (\d+)", data))
    own = b"\1" + len(data).to_bytes(4, "big") + b"\0"
    table = own + (b"\2" + size.to_bytes(4, "big") + b"\1") * rows
    packed = zlib.compress(table, 9)
    head = b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Root %b /Prev %d /Index [%d %d]" % (
        *(size, size + rows + 1, root, before),
        *(size, rows + 1),
    )
    tail = b" /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (
        len(packed),
        packed,
    )
    return data + head + tail + b"startxref\n%d\n%%%%EOF\n" % len(data)


def an_object_stream_of_millions() -> bytes:
    return in_an_object_stream(b"0 0 " * 15_000_000, b"/N 15000001")


def an_object_stream_with_a_long_index() -> bytes:
    return in_an_object_stream(b"0 0 " * 15_000_000, b"/N 1")


def in_an_object_stream(index: bytes, more: bytes) -> bytes:
    """Return a document whose signature field lies in an object stream that packs well."""
    index = b"5 0 " + index
    noise = hashlib.shake_256(b"").digest(700_000)  # packed, it may be 100 times less
    data = zlib.compress(index + BASIC[5] + noise, 9)
    head = b"<< /Type /ObjStm %b /First %d /Filter /FlateDecode /Length %d >>\nstream\n" % (
        *(more, len(index), len(data)),
    )
    return with_references_in_a_stream(head + data + b"\nendstream", {5: (6, 0)})


def references_by_the_million() -> bytes:
    return many_references(3_000_000)


def references_of_no_bytes() -> bytes:
    return many_references(1).replace(b"/W [1 4 1]", b"/W [0 0 0]")


def references_in_a_ring() -> bytes:
    return write(BASIC | {4: b"<< /Fields 5 0 R >>", 5: b"6 0 R", 6: b"5 0 R"})


def fields_that_are_each_other_s_children() -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 60))
    return write(
        BASIC | dict.fromkeys(range(5, 60), b"<< /T (x) /Kids [%b] /Parent 5 0 R >>" % kids)
    )


def a_revision_before_itself() -> bytes:
    whole = write(BASIC, "/Prev 0000000")
    return whole.replace(b"/Prev 0000000", b"/Prev %07d" % whole.rindex(b"xref\n0"))


def a_length_that_is_itself() -> bytes:
    return write(BASIC | {5: b"<< /Length 5 0 R >>\nstream\nabc\nendstream"})


def brackets_without_end() -> bytes:
    return write(BASIC | {5: b"[" * 200_000 + b"]" * 200_000})


def a_token_of_brackets() -> bytes:
    data = make_document("B-B")
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    end = data.index(b">", start)
    return data[:start] + (b"3080" * ((end - start) // 4)).ljust(end - start, b"0") + data[end:]


def ten_thousand_signatures(count: int = 10_000) -> bytes:
    value = b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> >>"
    numbers = range(6, 6 + count)
    fields = {number: b"<< /FT /Sig /T (S%d) /V 5 0 R >>" % number for number in numbers}
    named = b" ".join(b"%d 0 R" % number for number in numbers)
    return write(BASIC | {4: b"<< /Fields [%b] >>" % named, 5: value} | fields)


def as_many_signatures_as_may_be() -> bytes:
    return ten_thousand_signatures(default_policy().limits.signatures)


def revisions(data: bytes, count: int) -> bytes:
    """Append revisions that change nothing: each tells of one more object, which nobody wants."""
    out = bytearray(data)
    before = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+ 0 R)", data)[-1]
    size = max(map(int, re.findall(rb"/Size (\d+)", data)))
    for number in range(count):
        place = len(out)
        out += b"%d 0 obj\n(%d)\nendobj\n" % (size, number)
        start = len(out)
        out += b"xref\n%d 1\n%010d 00000 n \ntrailer\n" % (size, place)
        out += b"<< /Size %d /Root %b /Prev %d >>\n" % (size + 1, root, before)
        out += b"startxref\n%d\n%%%%EOF\n" % start
        before = start
    return bytes(out)


def ten_thousand_revisions() -> bytes:
    return revisions(make_document("B-B"), 10_000)


def a_million_objects() -> bytes:
    many = dict.fromkeys(range(6, 1_000_006), b"null")
    return update(sign(write(BASIC | many), Signing(stamped=None)), {7: "<< /A 1 >>"})


def test_an_object_stream_is_taken_apart_where_it_is_no_monster(monkeypatch):
    good = Reader(in_an_object_stream(b"", b"/N 1"), strict=True)
    assert good.numbers_in(6) == (5,)
    assert Reader(in_an_object_stream(b"0 0 " * 9, b"/N 1"), strict=True).numbers_in(6) is None
    monkeypatch.setattr(reader, "MOST_INSIDE", 1)
    assert Reader(in_an_object_stream(b"", b"/N 1"), strict=True).numbers_in(6) == (5,)
    with pytest.raises(PdfReadError, match="too many objects"):
        Reader(in_an_object_stream(b"7 0 ", b"/N 2"), strict=True).numbers_in(6)


EXPECTED = {
    an_object_stream_that_swells: "INDETERMINATE",
    a_list_in_the_store_that_swells: "TOTAL-PASSED",
    references_that_swell: "verify.pdf_broken",
    references_in_a_ring: "INDETERMINATE",
    references_by_the_million: "TOTAL-FAILED",
    an_object_stream_of_millions: "INDETERMINATE",
    an_object_stream_with_a_long_index: "INDETERMINATE",
    references_of_no_bytes: "TOTAL-FAILED",
    fields_that_are_each_other_s_children: "INDETERMINATE",
    a_revision_before_itself: "verify.pdf_broken",
    a_length_that_is_itself: "INDETERMINATE",
    brackets_without_end: "INDETERMINATE",
    a_token_of_brackets: "TOTAL-FAILED",
    ten_thousand_signatures: "verify.too_many_signatures",
    as_many_signatures_as_may_be: "TOTAL-FAILED",
    ten_thousand_revisions: "TOTAL-FAILED",
}


@pytest.mark.parametrize("make", EXPECTED, ids=lambda make: make.__name__)
def test_what_is_too_much_of_something_is_judged_within_bounds(judged, make):
    assert judged(make()) == EXPECTED[make]


def test_what_is_not_too_much_of_anything_is_judged_there_too(judged):
    assert judged(make_document("B-LTA")) == "TOTAL-PASSED"


@pytest.mark.long
def test_a_million_objects_are_judged_within_bounds(judged):
    assert judged(a_million_objects()) == "TOTAL-FAILED"
    assert judged(many_references(999_000)) == judged(many_references(9)) == "TOTAL-FAILED"


def test_so_many_revisions_after_a_signature_are_compared(monkeypatch):
    data = make_document("B-LTA")  # two come after the signature
    for most, passes in ((2, True), (1, False)):
        monkeypatch.setattr(changes, "MAX_REVISIONS", most)
        report = judge(data)
        signature = report.signatures[0]
        assert (report.indication is Indication.TOTAL_PASSED) is passes
        assert (signature.changes_after is Changes.OTHER) is not passes
        told = {one.code for one in signature.findings}
        assert ("integrity.changes_unreadable" in told) is not passes


@pytest.mark.parametrize("count", [0, 3, 40])
def test_an_object_is_found_in_every_revision_where_pyhanko_finds_it(count):
    freed = b"xref\n0 1\n0000000003 65535 f \n3 1\n0000000000 00001 f \n"
    data = update(update(make_pdf(), {3: "<< >>", 4: "null"}), {3: "[ ]", 50: "(new)"})
    before = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    trailer = b"trailer\n<< /Size 51 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    data += freed + trailer % (before, len(data))
    reader = open_pdf(revisions(data, count), name="x.pdf", limits=default_policy().limits).reader
    assert isinstance(reader, Reader)
    theirs = XRefCache(reader, reader.sections)
    for number in range(60):
        for generation in (0, 1):
            ref = generic.Reference(number, generation, reader)
            found = [
                (cache[ref], *(cache.get_historical_ref(ref, each) for each in range(-1, 50)))
                for cache in (reader.xrefs, theirs)
            ]
            assert found[0] == found[1], ref
            assert last_change(reader.xrefs, ref) == last_change(theirs, ref)


def last_change(cache: XRefCache, ref: generic.Reference) -> int | None:
    try:
        return cache.get_last_change(ref)
    except KeyError:
        return None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("null", True),
        ("[1 2.5 true <0aff>]", True),
        ("[5 0 R]", False),
        ("[(endobj) 5 0 R]", False),
        ("[/endobj 5 0 R]", False),
        ("[1 %endobj\n5 0 R]", False),
        ("<< /A 5 0 R >>", True),
    ],
)
def test_what_has_no_reference_for_sure_is_told_from_its_bytes(text, plain):
    reader = Reader(update(make_pdf(), {40: text}), strict=True)
    reference = generic.Reference(40, 0, reader)
    assert (reader.plain_head(reference, reader.xrefs[reference]) is not None) is plain
