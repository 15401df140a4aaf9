"""The reader: object streams taken apart once, documents that grew, fields that need no reading."""

from __future__ import annotations

import re
from dataclasses import replace
from io import SEEK_END, BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer
from unit.verify.verify_pki import LATER, make_document, make_pdf, make_world, update

from pki.errors.tree import PKIError
from verify.document import verify_document, verify_opened
from verify.errors import BrokenPDFError
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import find_fields, find_signature_fields
from verify.pdf.places import process_data_at_eof
from verify.pdf.reader import Reader
from verify.policy import default_policy
from verify.report import Report

POLICY = default_policy()
LIMITS = POLICY.limits
SIGNED = "<< /FT /Sig /T (S) /V << /Type /Sig /SubFilter /x >> >>"


def opened(data: bytes) -> OpenPDF:
    return open_pdf(data, name="cv.pdf", limits=LIMITS)


def signed_names(pdf: OpenPDF) -> list[str]:
    return [field.name for field in find_signature_fields(pdf, name="cv.pdf", limit=100)]


def names_read_in_full(pdf: OpenPDF) -> list[str]:
    """Return the same without any short way."""
    return [
        field.name
        for field in find_fields(pdf.reader)
        if field.type == "/Sig" and field.dictionary.get("/V", generic.NullObject()) is not None
        and "/V" in field.dictionary
    ]  # fmt: skip


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_a_document_that_grew_is_judged_as_if_it_were_opened_anew(level):
    data, trust = make_document(level), make_world().trust
    whole = verify_document(data, policy=POLICY, trust=trust, at=LATER, name="cv.pdf")
    ends = [found.end() for found in re.finditer(rb"%%EOF\n", data)]
    assert len(ends) > 1
    for end in ends:
        before = opened(data[:end])
        verify_opened(before, policy=POLICY, trust=trust, at=LATER)
        grown = before.grown(data, limits=LIMITS)
        assert grown.revisions == len(ends)
        assert verify_opened(grown, policy=POLICY, trust=trust, at=LATER) == whole


def test_every_document_of_the_corpora_is_judged_alike_grown_or_whole(corpora):
    """Each is opened as it was before its last revision, then grows."""
    trust = make_world().trust
    compared = 0
    for path in sorted((corpora / "pyhanko").rglob("*.pdf")):
        data = path.read_bytes()
        ends = [found.end() for found in re.finditer(rb"%%EOF(?:\r\n|\n|\r)?", data)]
        if len(ends) < 2:
            continue
        try:
            before = opened(data[: ends[-2]])
            whole = verify_document(data, policy=POLICY, trust=trust, at=LATER, name="cv.pdf")
            verify_opened(before, policy=POLICY, trust=trust, at=LATER)
        except PKIError:
            continue
        grown = before.grown(data, limits=LIMITS)
        judged = verify_opened(grown, policy=POLICY, trust=trust, at=LATER)
        assert told(judged) == told(whole), path.name
        compared += 1
    assert compared > 20


def told(report: Report) -> object:
    """Return the report, but for pyHanko's own words, which name addresses in memory."""
    return replace(
        report,
        signatures=[
            replace(
                each,
                findings=[
                    found for found in each.findings if found.code != "integrity.what_changed"
                ],
            )
            for each in report.signatures
        ],
    )


def test_other_bytes_in_front_are_read_anew():
    data = make_document("B-B")
    other = make_pdf(3)
    assert not data.startswith(other)
    grown = opened(other).grown(data, limits=LIMITS)
    assert grown.data == data
    assert opened(other).reader.grown(data) is None
    assert signed_names(grown) == signed_names(opened(data)) != []


def test_a_chain_that_leaves_the_document_before_out_is_read_anew():
    """The appended revision does not lead back: it is a document of its own."""
    first, second = make_pdf(), make_pdf(1)
    start = int(re.search(rb"startxref\n(\d+)", second).group(1))
    moved = second.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + len(first)))
    moved = re.sub(
        rb"(\d{10}) 00000 n",
        lambda found: b"%010d 00000 n" % (int(found.group(1)) + len(first)),
        moved,
    )
    data = first + moved
    assert opened(first).reader.grown(data) is None
    assert opened(first).grown(data, limits=LIMITS).revisions == 1


def test_what_cannot_be_read_is_refused_as_ever():
    with pytest.raises(BrokenPDFError):
        opened(make_pdf()).grown(make_pdf()[:-40] + b"xx", limits=LIMITS)


TURNED = {
    "the field itself": {4: SIGNED},
    "its value": {6: "<< /Type /Sig /SubFilter /x >>"},
    "its type": {7: "/Sig"},
    "its parent's type": {8: "<< /T (P) /FT /Sig /Kids [9 0 R] >>"},
    "the list of its children": {8: "<< /T (P) /Kids 13 0 R >>", 13: "[9 0 R 14 0 R]", 14: SIGNED},
    "the form": {1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [15 0 R] >> >>",
                 15: SIGNED},
}  # fmt: skip
BEFORE = {
    1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R 5 0 R 8 0 R] >> >>",
    4: "<< /FT /Tx /T (A) >>",
    5: "<< /FT 7 0 R /T (B) /V 6 0 R >>",
    6: "null",
    7: "/Tx",
    8: "<< /T (P) /Kids [9 0 R] >>",
    9: "<< /T (C) /V << /Type /Sig /SubFilter /x >> >>",
}


@pytest.mark.parametrize("change", TURNED.values(), ids=TURNED)
def test_a_field_that_became_signed_is_found_whatever_of_it_was_changed(change):
    before = opened(update(make_pdf(), BEFORE))
    assert signed_names(before) == []
    both = {**change, 7: "/Sig", 6: "<< /Type /Sig >>"} if set(change) & {6, 7} else change
    data = update(before.data, both)
    grown = before.grown(data, limits=LIMITS)
    assert grown.reader is not None
    assert signed_names(grown) == signed_names(opened(data)) != []


@pytest.mark.parametrize("guard", ["rewritten_since", "_stream_at"])
def test_without_the_guard_a_changed_field_would_be_missed(guard, monkeypatch):
    before = opened(in_object_stream(["<< /FT /Tx /T (A) >>"]))
    assert signed_names(before) == []
    data = with_stream_replaced(before, ["<< /FT /Sig /T (A) /V << /SubFilter /x >> >>"])
    assert signed_names(before.grown(data, limits=LIMITS)) == ["A"]
    nothing = {"rewritten_since": lambda *_: frozenset(), "_stream_at": lambda *_: None}
    monkeypatch.setattr(Reader, guard, nothing[guard])
    before = opened(before.data)
    assert signed_names(before) == []
    assert signed_names(before.grown(data, limits=LIMITS)) == []


def in_object_stream(fields: list[str]) -> bytes:
    """Return a document whose form fields lie in an object stream."""
    writer = PdfFileWriter(stream_xrefs=True)
    stream = writer.prepare_object_stream()
    references = [
        writer.add_object(parsed(body), obj_stream=stream) for body in fields
    ]  # fmt: skip
    form = generic.DictionaryObject({generic.pdf_name("/Fields"): generic.ArrayObject(references)})
    writer.root[generic.pdf_name("/AcroForm")] = form
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def parsed(body: str):
    reader = PdfFileReader(BytesIO(make_pdf()))
    found = generic.read_object(BytesIO(body.encode() + b" "), generic.TrailerReference(reader))
    assert isinstance(found, generic.DictionaryObject)
    return found


def with_stream_replaced(
    before: OpenPDF, fields: list[str], *, change=lambda _stream: None, numbers=None
) -> bytes:
    """Append a revision that defines the object stream itself anew."""
    field = before.reader.root["/AcroForm"]["/Fields"].raw_get(0).reference
    container = before.reader.stream_of(field)
    writer = IncrementalPdfFileWriter(BytesIO(before.data))
    named = numbers or [field.idnum + n for n in range(len(fields))]
    index = "".join(f"{each} {sum(map(len, fields[:n]))} " for n, each in enumerate(named))
    stream = generic.StreamObject(stream_data=(index + "".join(fields)).encode())
    stream[generic.pdf_name("/Type")] = generic.pdf_name("/ObjStm")
    stream[generic.pdf_name("/N")] = generic.NumberObject(len(fields))
    stream[generic.pdf_name("/First")] = generic.NumberObject(len(index))
    change(stream)
    writer.objects[(0, container.idnum)] = stream
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


SPELLINGS = [
    "<< /FT /Sig /T (S) /V << /a 1 >> >>",
    "<< /FT /S#69g /T (S) /V << /a 1 >> >>",
    "<< /F#54 /Sig /T (S) /V << /a 1 >> >>",
    "<< /T (endobj) /FT /Sig /V << /a 1 >> >>",
    "<< /T (a >> endobj b) /FT /Sig /V << /a 1 >> >>",
    "<< /T (a\\\\) >> endobj) /FT /Sig /V << /a 1 >> >>",
    "<< % >> endobj\n /FT /Sig /T (S) /V << /a 1 >> >>",
    "<< /FT /Tx /T (/Sig) /V (x) >>",
    "<< /FT 7 0 R /T (S) /V << /a 1 >> >>",
    "<< /T (S) /Kids [16 0 R] >>",
    "<< /T (S) /Kids [17 0 R] /FT /Sig >>",
    "<< /FT /Tx /T (A) >>",
    "<< /FT /Btn /T <FEFF1EC7> /MK << /CA (\u00e9) >> >>",
    "<< /FT /Sig /T (empty) >>",
    "(not a dictionary)",
    "<< /FT /Tx /T (unbalanced >>",
]


@given(st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=6))
@example(SPELLINGS)
def test_fields_that_are_not_read_are_no_signatures(spellings):
    numbers = range(20, 20 + len(spellings))
    roots = " ".join(f"{number} 0 R" for number in numbers)
    data = update(
        make_pdf(),
        {
            1: f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{roots}] >> >>",
            7: "/Sig",
            16: "<< /FT /Sig /T (K) /V << /a 1 >> >>",
            17: "<< /T (L) /V << /a 1 >> >>",
            **dict(zip(numbers, spellings, strict=True)),
        },
    )
    pdf = opened(data)
    assert signed_names(pdf) == names_read_in_full(opened(data))


def test_plain_fields_are_not_read():
    """What makes it quick: objects stay unread."""
    pdf = opened(update(make_pdf(), {4: "<< /FT /Tx /T (A) /V (x) >>"}))
    assert signed_names(pdf) == []
    assert (0, 4) not in pdf.reader.resolved_objects
    assert names_read_in_full(pdf) == []
    assert (0, 4) in pdf.reader.resolved_objects


def test_object_streams_are_read_as_pyhanko_reads_them():
    data = in_object_stream([f"<< /T (field {n}) /FT /Tx >>" for n in range(9)])
    ours, theirs = Reader(data, strict=True), PdfFileReader(BytesIO(data))
    numbers = sorted(number for each in theirs.xrefs._xref_sections
                     for number in each.xref_data.xrefs_in_objstm)  # fmt: skip
    assert len(numbers) >= 9
    for number in numbers:
        assert ours.get_object(generic.Reference(number, 0, ours)) == theirs.get_object(
            generic.Reference(number, 0, theirs)
        )
    assert len(ours._object_streams) == 1


@pytest.mark.parametrize(
    ("old", "new"), [(b"/ObjStm", b"/ObjStx"), (b"/N 9", b"/N 3"), (b"/N 9", b"/N 8")]
)
def test_an_odd_object_stream_is_refused_as_pyhanko_refuses_it(old, new):
    data = in_object_stream([f"<< /T (field {n}) /FT /Tx >>" for n in range(9)])
    assert old in data
    refusals = []
    odd = data.replace(old, new)
    for reader in (Reader(odd, strict=True), PdfFileReader(BytesIO(odd))):
        last = max(reader.xrefs._xref_sections[0].xref_data.xrefs_in_objstm)
        with pytest.raises((AssertionError, PdfReadError)) as caught:
            reader.get_object(generic.Reference(last, 0, reader))
        refusals.append((type(caught.value), str(caught.value)))
    assert refusals[0] == refusals[1]


FIELD = "<< /FT /Tx /T (A) >>"


@pytest.mark.parametrize(
    ("fields", "twice", "type_"),
    [
        (["1 0 R "], False, "/ObjStm"),
        ([FIELD, FIELD], True, "/ObjStm"),
        ([FIELD], False, "/Other"),
    ],
    ids=["a reference", "a number twice", "no object stream"],
)
def test_what_does_not_belong_into_an_object_stream_is_pyhankos_to_judge(fields, twice, type_):
    before = opened(in_object_stream([FIELD]))
    field = before.reader.root["/AcroForm"]["/Fields"].raw_get(0).reference

    def change(stream):
        stream[generic.pdf_name("/Type")] = generic.pdf_name(type_)

    numbers = [field.idnum] * 2 if twice else None
    data = with_stream_replaced(before, fields, change=change, numbers=numbers)
    found = []
    for reader in (Reader(data, strict=True), PdfFileReader(BytesIO(data))):
        try:
            found.append(reader.get_object(generic.Reference(field.idnum, 0, reader)))
        except (AssertionError, PdfReadError) as error:
            found.append((type(error), str(error)))
    assert found[0] == found[1]
    wanted = generic.Reference(field.idnum, 0)
    plain = Reader(data, strict=True).plain_bytes(wanted)
    assert plain is None
    assert Reader(data, strict=True).plain_bytes(generic.Reference(9999, 0)) is None
    assert before.reader.plain_bytes(wanted) is not None


def test_object_streams_are_let_go_when_there_are_many(monkeypatch):
    monkeypatch.setattr("verify.pdf.reader._KEPT", 0)
    first = in_object_stream([FIELD])
    writer = IncrementalPdfFileWriter(BytesIO(first))
    stream = writer.prepare_object_stream()
    more = writer.add_object(parsed(FIELD), obj_stream=stream)
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    reader = Reader(out.getvalue(), strict=True)
    field = reader.root["/AcroForm"]["/Fields"].raw_get(0).reference
    for reference in (field, more.reference, field):
        reader.resolved_objects.clear()
        assert reader.get_object(generic.Reference(reference.idnum, 0, reader))["/T"] == "A"
        assert len(reader._object_streams) == 1


def test_a_document_that_was_read_laxly_grows_by_being_read_anew():
    data = make_document("B-B")
    before = replace(opened(make_pdf()), strict=False)
    assert before.grown(data, limits=LIMITS).data == data


def test_an_encrypted_document_grows_by_being_read_anew():
    """pyHanko decrypts as it reads: what was read before is not taken over."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer.encrypt("owner", "")
    out = BytesIO()
    writer.write(out)
    before = opened(out.getvalue())
    later = IncrementalPdfFileWriter(BytesIO(before.data))
    later.encrypt("")
    later.root[generic.pdf_name("/Lang")] = generic.pdf_string("vi")
    later.update_root()
    out = BytesIO()
    later.write(out)
    grown = before.grown(out.getvalue(), limits=LIMITS)
    assert grown.revisions == 2
    assert grown.reader.root["/Lang"] == "vi"


def test_bytes_that_cannot_be_told_are_not_plain():
    before = opened(in_object_stream([FIELD]))
    wanted = before.reader.root["/AcroForm"]["/Fields"].raw_get(0).reference
    data = with_stream_replaced(before, [FIELD], change=lambda stream: stream.pop("/First"))
    assert Reader(data, strict=True).plain_bytes(wanted) is None
    odd = with_stream_replaced(before, [FIELD, ""], numbers=[wanted.idnum])
    assert Reader(odd, strict=True).plain_bytes(wanted) is None
    pdf = opened(make_pdf())
    moved = pdf.data.replace(b"4 0 obj", b"5 0 obj", 1)
    assert pdf.reader.plain_bytes(generic.Reference(4, 0)) is not None
    assert Reader(moved, strict=True).plain_bytes(generic.Reference(4, 0)) is None


def test_object_streams_that_nothing_touches_are_not_taken_apart_again():
    before = in_object_stream([SIGNED])
    pdf = opened(before)
    assert signed_names(pdf) == ["S"]
    kept = {number: each for number, each in pdf.reader._object_streams.items() if each}
    assert kept
    untouched = pdf.reader.grown(update(before, {99: "null"}))
    for number, taken in kept.items():
        assert untouched._object_streams[number] is taken
        replaced = pdf.reader.grown(update(before, {number: "null"}))
        assert number not in replaced._object_streams


@pytest.mark.parametrize("breaks", [0, 1, 20])
def test_a_table_that_goes_on_behind_the_end_is_refused_and_not_read_for_ever(breaks):
    """A hundred bytes that tell of nine lines where there are two; pyHanko never came back."""
    head = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    table = b"xref\n0 9\n" + b"0000000016 00000 n \n" * 2 + b"\n" * breaks
    with pytest.raises(BrokenPDFError):
        opened(head + table + b"\nstartxref\n%d\n%%%%EOF" % len(head))


class Counted(BytesIO):
    """Counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


def test_the_end_is_looked_for_in_the_end_alone():
    end = b"\nstartxref\n7\n%%EOF\n"
    for before, after, found in (
        (b"", b"", 7),
        (b"", b" " * 900, 7),
        (bytes(2**20), b"", 7),
        (b"", bytes(2**20), None),
        (b"\n", b"%%EOF".rjust(2**20), None),
    ):
        stream = Counted(b"%PDF-1.7" + before + end + after)
        stream.seek(-1, SEEK_END)
        if found is None:
            with pytest.raises(PdfReadError):
                process_data_at_eof(stream)
        else:
            assert process_data_at_eof(stream) == found
        assert stream.reads < 10


def test_a_reference_of_no_document_leads_to_nothing():
    open_pdf(make_pdf(), name="x", limits=default_policy().limits)
    assert generic.Reference(1, 0, None).get_object() == generic.NullObject()
