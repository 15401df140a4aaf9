"""What a copy says of itself, and what a verdict tells of it."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing.copying_world import PAPER, copied, original, sao_y, scan
from unit.signing.outgoing_world import WORLD
from unit.signing.signing_world import NOW, make_pdf

from verify.collect import Collector, verify_online
from verify.document import verify_document
from verify.finding import Severity
from verify.indication import Indication
from verify.pdf.copied import (
    MAX_BYTES,
    SCHEMA,
    CopyKind,
    SourceForm,
    find_source,
    judge_copy,
    read_copy_record,
)
from verify.pdf.document import open_pdf
from verify.policy import default_policy
from verify.render.json import to_json
from verify.render.text import render_text

POLICY = default_policy()
DIGEST = "0123456789abcdef" * 4
RECORD = {
    "schema": SCHEMA,
    "kind": "sao-y",
    "source": {"form": "original", "sha256": DIGEST},
}


def opened(data: bytes):
    return open_pdf(data, name="sao.pdf", limits=POLICY.limits)


def with_root(**entries: object) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(make_pdf()))
    for key, value in entries.items():
        holder = value(writer) if callable(value) else value
        writer.root[pdf_name(f"/{key}")] = holder
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def with_record(record: object, *, text: bytes | None = None, compress: bool = False) -> bytes:
    def pieces(writer):
        private = StreamObject(stream_data=json.dumps(record).encode() if text is None else text)
        if compress:
            private.compress()
        own = DictionaryObject({pdf_name("/Private"): writer.add_object(private)})
        return DictionaryObject({pdf_name("/Antin"): own})

    return with_root(PieceInfo=pieces)


def online(data: bytes):
    services = WORLD.services()
    collector = Collector(services.fetcher, services.clock)
    return verify_online(data, policy=POLICY, trust=WORLD.trust, collector=collector)


def test_a_verdict_names_the_kind_of_copy_and_what_it_was_made_of():
    report = online(sao_y())
    assert report.indication is Indication.TOTAL_PASSED
    (told,) = report.findings
    assert (told.code, told.severity) == ("copied.with_source", Severity.INFO)
    (said,) = to_json(report)["findings"]
    assert "SAO Y" in said["message"]
    assert str(told.facts["sha256"]) in render_text(report)
    assert not online(original()).findings


def test_of_paper_there_is_nothing_to_be_attached():
    report = online(copied(scan(), PAPER).signed.data)
    assert [each.code for each in report.findings] == ["copied.told"]


def test_what_no_valid_signature_covers_is_not_told():
    data = sao_y()
    assert judge_copy(opened(data))
    report = verify_document(data, policy=POLICY, trust=WORLD.trust, at=NOW)
    assert report.indication is Indication.INDETERMINATE
    assert not report.findings


def test_another_file_in_place_of_the_source_is_found():
    def listed(writer):
        file = StreamObject(stream_data=b"another")
        files = DictionaryObject({pdf_name("/F"): writer.add_object(file)})
        spec = DictionaryObject(
            {pdf_name("/AFRelationship"): pdf_name("/Source"), pdf_name("/EF"): files}
        )
        other = DictionaryObject({pdf_name("/AFRelationship"): pdf_name("/Data")})
        return ArrayObject([other, spec])

    writer = IncrementalPdfFileWriter(BytesIO(with_record(RECORD)))
    writer.root[pdf_name("/AF")] = listed(writer)
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    assert find_source(opened(out.getvalue())) == b"another"
    (told,) = judge_copy(opened(out.getvalue()))
    assert (told.code, told.severity) == ("copied.source_differs", Severity.WARNING)


def test_a_record_is_read():
    found = read_copy_record(opened(with_record(RECORD, compress=True)))
    assert found is not None
    assert (found.kind, found.source_form, found.source_sha256) == (
        CopyKind.SAO_Y,
        SourceForm.ORIGINAL,
        DIGEST,
    )


@pytest.mark.parametrize(
    "data",
    [
        make_pdf(),
        with_root(PieceInfo=pdf_string("x")),
        with_record({**RECORD, "schema": "another/1"}),
        with_record({**RECORD, "kind": "sao"}),
        with_record({**RECORD, "source": {"form": "original", "sha256": "0" * 63}}),
        with_record({**RECORD, "source": {"form": "stone", "sha256": DIGEST}}),
        with_record({**RECORD, "source": None}),
        with_record([RECORD]),
        with_record(None, text=b"{"),
        with_record(None, text=b" " * (MAX_BYTES + 1)),
        with_record({**RECORD, "more": "0" * MAX_BYTES}, compress=True),
    ],
)
def test_a_record_that_is_none_counts_for_nothing(data):
    assert read_copy_record(opened(data)) is None
    assert judge_copy(opened(data)) == ()


@pytest.mark.parametrize(
    "files",
    [
        pdf_string("x"),
        ArrayObject(),
        ArrayObject([pdf_string("x")]),
        ArrayObject([DictionaryObject({pdf_name("/AFRelationship"): pdf_name("/Source")})]),
    ],
)
def test_a_list_of_files_that_is_none_has_no_source(files):
    assert find_source(opened(with_root(AF=files))) is None
