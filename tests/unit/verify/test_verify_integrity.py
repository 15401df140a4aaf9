"""What a signature covers and what came after it: the harmless stays, the hidden is found."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    append_signature_field,
)
from unit.verify.verify_pki import (
    LATER,
    SIGNED,
    Signing,
    add_store,
    add_timestamp,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    sign,
    stream,
    update,
    write_objects,
)

from verify import examine
from verify.facts import Changes
from verify.indication import Indication, SubIndication
from verify.pdf import appearance, tail

WORLD = make_world()
GOOD = fresh(WORLD, LATER)
SECOND_SIGNATURE = Signing(field="Signature2", stamped=SIGNED + timedelta(minutes=1))
FIELD = (
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) /V ({value}) /F 4 /P 10 0 R"
    " /Rect [50 50 150 70] /DA (/F1 10 Tf) /AP << /N {look} 0 R >> >>"
)


def look(text):
    return stream(
        f"/Tx BMC BT /F1 10 Tf ({text}) Tj ET EMC",
        "/Type /XObject /Subtype /Form /BBox [0 0 100 20]",
    )


def filled(data, value="34", shown=None):
    """Fill the form field in, with an appearance that shows `shown`."""
    size = int(PdfFileReader(BytesIO(data)).trailer["/Size"])
    return update(data, {4: FIELD.format(value=value, look=size), size: look(shown or value)})


def judged(data):
    return judge(data, evidence=GOOD)


def codes(report, index=0):
    return {finding.code for finding in report.signatures[index].findings}


def assert_changed(report, code, index=0):
    """The signature is undecided, the document failed, and the finding names the reason."""
    assert report.indication is Indication.TOTAL_FAILED
    item = report.signatures[index]
    assert item.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert item.changes_after is Changes.OTHER
    assert code in codes(report, index)


def test_later_signatures_time_stamps_and_evidence_are_no_change():
    data = sign(sign(make_pdf()), SECOND_SIGNATURE)
    data = add_timestamp(add_store(data, certificates=(WORLD.tsa,)), SIGNED + timedelta(minutes=3))
    report = judged(data)
    assert report.indication is Indication.TOTAL_PASSED
    assert [item.changes_after for item in report.signatures] == [Changes.NONE] * 3
    assert [item.covers_whole_document for item in report.signatures] == [False, False, True]
    assert [item.revision for item in report.signatures] == sorted(
        item.revision for item in report.signatures
    )


def test_form_filling_is_told_and_permitted():
    report = judged(filled(sign(make_pdf())))
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].changes_after is Changes.FORM_FILLING
    assert "integrity.form_filled" in codes(report)


@pytest.mark.parametrize(
    ("permission", "passes"), [(MDPPerm.NO_CHANGES, False), (MDPPerm.FILL_FORMS, True)]
)
def test_a_certification_says_what_may_be_done(permission, passes):
    how = Signing(metadata={"certify": True, "docmdp_permissions": permission})
    data = sign(make_pdf(), how)
    assert judged(data).indication is Indication.TOTAL_PASSED
    report = judged(filled(data))
    if passes:
        assert report.indication is Indication.TOTAL_PASSED
    else:
        assert report.indication is Indication.TOTAL_FAILED
        assert "integrity.change_not_permitted" in codes(report)


def with_locked_field(data):
    writer = IncrementalPdfFileWriter(BytesIO(data))
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    spec = SigFieldSpec("Signature1", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES)
    append_signature_field(writer, spec)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_locked_field_may_not_be_filled_in():
    data = sign(with_locked_field(make_pdf()))
    assert judged(data).indication is Indication.TOTAL_PASSED
    assert_changed(judged(filled(data)), "integrity.changed_after_signing")


def test_another_page_is_not_permitted():
    data = update(sign(make_pdf()), {11: stream("BT /F1 24 Tf 72 720 Td (Other) Tj ET")})
    assert_changed(judged(data), "integrity.changed_after_signing")


def test_the_first_signature_fails_alone_when_the_change_is_before_the_second():
    changed = update(sign(make_pdf()), {11: stream("BT /F1 24 Tf 72 720 Td (Other) Tj ET")})
    report = judged(sign(changed, SECOND_SIGNATURE))
    assert_changed(report, "integrity.changed_after_signing")
    assert report.signatures[1].indication is Indication.TOTAL_PASSED


def test_one_broken_signature_does_not_hide_the_other():
    data = sign(sign(make_pdf()), SECOND_SIGNATURE)
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    report = judged(data[:start] + b"ffff" + data[start + 4 :])
    assert report.indication is Indication.TOTAL_FAILED
    first, second = report.signatures
    assert first.indication is Indication.TOTAL_PASSED
    assert second.sub_indication is SubIndication.FORMAT_FAILURE


def test_an_intact_earlier_signature_narrows_where_the_change_is():
    data = sign(sign(make_pdf()), SECOND_SIGNATURE)
    first_end = judged(data).signatures[0].byte_range
    position = data.rindex(b"Producer")
    spoiled = data[:position] + b"p" + data[position + 1 :]
    report = judged(spoiled)
    finding = report.signatures[-1].findings[0]
    assert finding.code == "integrity.signed_bytes_differ_later"
    assert finding.facts["intact_until"] == first_end[2] + first_end[3]


@pytest.mark.parametrize("more", [b"\n", b"\r\n \0", b"% a comment\n"])
def test_white_space_and_comments_after_the_end_are_harmless(more):
    assert judged(sign(make_pdf()) + more).indication is Indication.TOTAL_PASSED


HIDDEN = [
    pytest.param(b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n", id="object"),
    pytest.param(
        b"2 0 obj\n<< >>\nendobj\nxref\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9 %", id="isa_B"
    ),
    pytest.param(b"garbage", id="garbage"),
    pytest.param(b"startxref\n17\n", id="pointer"),
]


@pytest.mark.parametrize("more", HIDDEN)
def test_bytes_that_the_cross_references_do_not_reach_are_found(more):
    data = sign(make_pdf())
    assert judged(data).indication is Indication.TOTAL_PASSED
    report = judged(data + more)
    assert report.indication is Indication.TOTAL_FAILED
    assert codes(report) & {"integrity.unreached_bytes", "integrity.dead_pointer"}


def test_an_object_hidden_between_the_objects_of_a_good_update_is_found():
    data = sign(make_pdf())
    hidden = data + b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    reader = PdfFileReader(BytesIO(data))
    size = int(reader.trailer["/Size"])
    whole = write_objects(hidden, {size: "<< >>"}, size=size + 1, prev=reader.last_startxref)
    assert_changed(judged(whole), "integrity.unreached_bytes")


def test_a_reference_led_back_into_the_signed_part_is_found():
    data = sign(make_pdf())
    reader = PdfFileReader(BytesIO(data))
    other = data.index(b"13 0 obj")
    body = data.replace(b"13 0 obj", b"11 0 obj")  # only where it would be found
    size = int(reader.trailer["/Size"])
    table = (
        f"xref\n11 1\n{other:010d} 00000 n \n"
        f"trailer\n<< /Size {size} /Root 1 0 R /Prev {reader.last_startxref} >>\n"
        f"startxref\n{len(data)}\n%%EOF\n"
    )
    assert body != data
    report = judged(data + table.encode())
    assert_changed(report, "integrity.reference_redirected")


def test_an_announced_object_that_is_not_there_is_found():
    data = sign(make_pdf())
    good = update(data, {30: "<< >>"})
    offset = good.index(b"30 0 obj")
    assert judged(good).signatures[0].changes_after is Changes.NONE
    spoiled = good.replace(f"{offset:010d} 00000".encode(), f"{offset + 3:010d} 00000".encode())
    assert_changed(judged(spoiled), "integrity.object_misplaced")


def test_an_object_announced_where_another_one_is_is_found():
    data = sign(make_pdf())
    good = update(data, {30: "<< >>", 31: "<< >>"})
    first, second = (b"%010d 00000" % good.index(b"%d 0 obj" % number) for number in (30, 31))
    assert judged(good).indication is Indication.TOTAL_PASSED
    assert_changed(judged(good.replace(first, second)), "integrity.object_misplaced")


def hybrid(data, shown, *, in_table=(), freed=()):
    """Append objects that a hybrid stream names, and of which a table names some."""
    reader = PdfFileReader(BytesIO(data))
    size = max(int(reader.trailer["/Size"]), max(shown) + 1)
    out, places = data, {}
    for number, body in shown.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    content = "".join(f"01{place:06x}00" for place in places.values()) + ">"
    index = " ".join(f"{number} 1" for number in places)
    head = (
        f"/Type /XRef /Size {size + 1} /W [1 3 1] /Index [{index}] /Root 1 0 R"
        " /Filter /ASCIIHexDecode"
    )
    out += f"{size} 0 obj\n{stream(content, head)}\nendobj\n".encode()
    table = {number: place for number, place in places.items() if number in in_table}
    rows = "".join(f"{n} 1\n{at:010d} 00000 n \n" for n, at in {**table, size: start}.items())
    rows += "".join(f"{number} 1\n0000000000 00001 f \n" for number in freed)
    tail = (
        f"xref\n{rows}trailer\n<< /Size {size + 1} /Root 1 0 R /Prev {reader.last_startxref}"
        f" /XRefStm {start} >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    return out + tail.encode()


def test_a_hybrid_update_after_the_signature_may_make_two_documents_of_one():
    """Who does not look at the stream would still see the old field."""
    data = sign(make_pdf())
    changed = {4: FIELD.format(value="34", look=50), 50: look("34")}
    attack = hybrid(data, changed)
    assert_changed(judged(attack), "integrity.hybrid_after_signature")
    plain = judged(hybrid(data, changed, in_table=(4, 50)))
    assert plain.indication is Indication.TOTAL_PASSED
    assert plain.signatures[0].changes_after is Changes.FORM_FILLING


def test_a_hybrid_update_as_office_programs_write_them_is_one_document():
    """What only the stream names was not there before: nobody sees something else."""
    base = hybrid(make_pdf(), {50: "(a)", 51: "(b)"}, in_table=(51,))
    data = sign(base, Signing(strict=False))
    assert judged(data).indication is Indication.TOTAL_PASSED
    assert judged(hybrid(data, {60: "(c)"})).indication is Indication.TOTAL_PASSED
    freed = judged(hybrid(data, {51: "(c)"}, freed=(51,)))  # it is for everybody
    assert "integrity.hybrid_after_signature" not in codes(freed)
    again = judged(hybrid(data, {50: "(a)"}))  # for others it was not there when it was signed
    assert "integrity.hybrid_after_signature" not in codes(again)


def test_a_hybrid_update_of_what_lay_in_an_object_stream_makes_two_documents():
    reader = PdfFileReader(BytesIO(make_pdf()))
    writer = copy_into_new_writer(reader, writer_kwargs={"stream_xrefs": True})
    packed = writer.prepare_object_stream()
    number = writer.add_object(generic.pdf_name("/a"), obj_stream=packed).idnum
    out = BytesIO()
    writer.write(out)
    data = sign(out.getvalue())
    assert judged(data).indication is Indication.TOTAL_PASSED
    twice = judged(sign(data, SECOND_SIGNATURE))
    assert [item.changes_after for item in twice.signatures] == [Changes.NONE] * 2
    assert "integrity.hybrid_after_signature" in codes(judged(hybrid(data, {number: "/b"})))


def test_mutant_without_the_look_at_hybrid_streams_there_is_one_document(monkeypatch):
    attack = hybrid(sign(make_pdf()), {4: FIELD.format(value="34", look=5)})
    assert "integrity.hybrid_after_signature" in codes(judged(attack))
    monkeypatch.setattr(tail, "_speaks_twice", lambda *_: False)
    assert "integrity.hybrid_after_signature" not in codes(judged(attack))


def test_an_appearance_that_changes_without_its_value_is_the_shadow_attack(monkeypatch):
    data = sign(make_pdf())
    assert judged(filled(data, "34")).indication is Indication.TOTAL_PASSED
    assert judged(filled(data, "12", "12")).indication is Indication.TOTAL_PASSED
    attack = filled(data, "12", "99")
    assert_changed(judged(attack), "integrity.appearance_replaced")
    monkeypatch.setattr(appearance, "_replaced", lambda *_: False)
    assert judged(attack).indication is Indication.TOTAL_PASSED  # what pyHanko alone says


def test_mutant_without_a_look_at_the_tail_hidden_bytes_would_pass(monkeypatch):
    attack = sign(make_pdf()) + b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    assert not judged(attack).passed
    monkeypatch.setattr(examine, "trace_tail", lambda *_: ())
    assert judged(attack).passed
    assert tail.trace_tail is not examine.trace_tail


def byte_range_of(data):
    found = re.search(rb"/ByteRange \[([0-9 ]+)\]( *)", data)
    return found, [int(number) for number in found.group(1).split()]


def with_byte_range(data, numbers):
    found, _ = byte_range_of(data)
    text = b"/ByteRange [" + " ".join(map(str, numbers)).encode() + b"]"
    whole = found.group(0)
    return data.replace(whole, text.ljust(len(whole)))


ODD_RANGES = {
    "does not begin at 0": ((1, 0, 0, 0), "integrity.byte_range_odd"),
    "beyond the file": ((0, 0, 0, 999), "integrity.byte_range_odd"),
    "backwards": ((0, 9000, 0, 0), "integrity.byte_range_odd"),
    "negative": ((0, -9000, 0, 0), "integrity.byte_range_odd"),
    "gap begins too early": ((0, -9, 0, 0), "integrity.gap_is_not_contents"),
    "gap begins too late": ((0, 1, 0, 0), "integrity.gap_is_not_contents"),
    "gap ends too late": ((0, 0, 9, -9), "integrity.gap_is_not_contents"),
}


@pytest.mark.parametrize("why", ODD_RANGES)
def test_a_byte_range_must_be_exactly_around_the_contents(why):
    deltas, code = ODD_RANGES[why]
    data = make_document("B-B")
    _, numbers = byte_range_of(data)
    assert judged(with_byte_range(data, numbers)).passed
    odd = [number + delta for number, delta in zip(numbers, deltas, strict=True)]
    report = judged(with_byte_range(data, odd))
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert code in codes(report)


@pytest.mark.parametrize("count", [3, 6])
def test_a_byte_range_has_four_numbers(count):
    _, numbers = byte_range_of(make_document("B-B"))
    odd = with_byte_range(make_document("B-B"), [*numbers, 0, 0][:count])
    assert judged(odd).sub_indication is SubIndication.FORMAT_FAILURE


def test_a_range_that_ends_before_its_revision_is_found():
    data = make_document("B-B")
    _, (_, first, start, rest) = byte_range_of(data)
    report = judged(with_byte_range(data, [0, first, start, rest - 7]))
    assert report.indication is Indication.TOTAL_FAILED
    assert "integrity.not_a_whole_revision" in codes(report)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"/ByteRange", b"/ByteRangX", "signature.no_byte_range"),
        (b"/Contents <", b"/Contentz <", "signature.no_byte_range"),
    ],
)
def test_a_signature_without_what_it_must_have_is_a_finding(old, new, code):
    report = judged(make_document("B-B").replace(old, new))
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert code in codes(report)


@pytest.mark.parametrize("space", list(b"\t\n\f\r "))
def test_white_space_may_stand_within_an_octet_of_the_contents(space):
    """In the padding, which no signature covers and no octet of which counts."""
    data = bytearray(make_document("B-B"))
    end = data.index(b">", data.rindex(b"/Contents <") + 11)
    assert data[end - 8 : end] == b"0" * 8
    data[end - 3] = data[end - 5] = space
    assert judged(bytes(data)).passed


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (0x00, "integrity.gap_is_not_contents"),
        (0x0B, "signature.no_byte_range"),
        (0x67, "signature.no_byte_range"),
    ],
)
def test_what_is_no_hexadecimal_digit_is_found_in_the_contents(odd, code):
    data = bytearray(make_document("B-B"))
    end = data.index(b">", data.rindex(b"/Contents <") + 11)
    data[end - 3] = data[end - 5] = odd
    report = judged(bytes(data))
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert code in codes(report)


def test_contents_of_zeros_are_no_signature():
    data = make_document("B-B")
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    end = data.index(b">", start)
    report = judged(data[:start] + b"0" * (end - start) + data[end:])
    assert "signature.no_contents" in codes(report)


def test_a_replaced_signature_dictionary_is_found():
    data = sign(make_pdf())
    reader = PdfFileReader(BytesIO(data))
    field = reader.root["/AcroForm"]["/Fields"][1]
    reference = field.raw_get("/V").reference.idnum
    start = data.index(f"{reference} 0 obj".encode())
    body = data[start : data.index(b"endobj", start)].split(b"obj\n", 1)[1]
    again = update(data, {reference: body.decode("latin-1").rstrip()})
    report = judged(again)
    assert not report.passed
    assert report.indication is Indication.TOTAL_FAILED
