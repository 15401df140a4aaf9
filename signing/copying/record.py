"""What a copy carries beside its pages: a record of what it was made of, and the document itself.

The record is JSON in the document catalogue (`verify.pdf.copied` reads it); the document is an
associated file, "Source". An extract does not bring the document along: what was left out would
go with it.

Spec: ISO 32000-2 §14.5, §14.13.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils.embed import EmbeddedFileObject, EmbeddedFileParams, FileSpec, embed_file
from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject, pdf_date, pdf_name
from pyhanko.pdf_utils.writer import PdfFileWriter

from pki.words import VIETNAM, harmless
from signing.copying.source import JudgedSource
from verify.pdf.copied import SCHEMA, CopyKind
from verify.report import SignatureReport

LONGEST_NAME = 200


def record_of(
    kind: CopyKind,
    source: JudgedSource,
    document: dict[str, Any],
    *,
    pages: tuple[int, ...],
    number: str | None,
    at: datetime,
) -> dict[str, Any]:
    """Return what a copy says of itself.

    Args:
        kind: of the copy.
        source: the verdict.
        document: name, hash and number of pages of what was copied.
        pages: that were copied, from 1.
        number: and symbol of the copy.
        at: when it was made.
    """
    return {
        "schema": SCHEMA,
        "kind": kind.value,
        "made_at": _instant(at),
        "number": number,
        "pages": list(pages),
        "source": {
            "form": source.form.value,
            "told": source.told,
            **document,
            **_verdict(source),
        },
    }


def _verdict(source: JudgedSource) -> dict[str, Any]:
    report = source.report
    if report is None:
        return {}
    return {
        "indication": report.indication.value,
        "policy": report.policy,
        "judged_at": _instant(report.judged_at),
        "status_unknown": list(source.undecided),
        "signatures": [_signature(each) for each in report.signatures],
    }


def put_record(writer: PdfFileWriter, record: dict[str, Any], at: datetime) -> None:
    """Put the record into the catalogue of a new document."""
    text = json.dumps(record, ensure_ascii=False, indent=1).encode()
    own = DictionaryObject(
        {
            pdf_name("/LastModified"): pdf_date(at.astimezone(VIETNAM)),
            pdf_name("/Private"): writer.add_object(StreamObject(stream_data=text)),
        }
    )
    writer.root[pdf_name("/PieceInfo")] = DictionaryObject({pdf_name("/Antin"): own})


def put_source(writer: PdfFileWriter, data: bytes, name: str) -> None:
    """Put the document that was copied into the copy, as the file it is made of."""
    params = EmbeddedFileParams(embed_checksum=False)
    file = EmbeddedFileObject.from_file_data(
        writer, data, compress=False, params=params, mime_type="application/pdf"
    )
    plain = name_of(name)
    spec = FileSpec(
        file_spec_string=plain,
        file_name=plain,
        embedded_data=file,
        description="Tệp được sao",
        af_relationship=pdf_name("/Source"),
    )
    embed_file(writer, spec)


def name_of(name: str) -> str:
    """Return a document's name as a copy keeps it."""
    return harmless(name)[-LONGEST_NAME:]


def _signature(signature: SignatureReport) -> dict[str, Any]:
    signer, time = signature.signer, signature.best_signature_time
    return {
        "field": harmless(signature.field),
        "kind": signature.kind.value,
        "indication": signature.indication.value,
        "signer": harmless(signer.common_name or "") if signer else None,
        "serial": signer.serial if signer else None,
        "time": _instant(time) if time else None,
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).replace(microsecond=0).isoformat()
