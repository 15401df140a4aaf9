"""What a copy says of itself: of which document it is, and how that was judged.

Antin's copies have a record in the document catalogue, `/PieceInfo /Antin /Private`, a stream of
JSON. It says as much as the signature that covers it.

Spec: ISO 32000-2 §14.5 (page-piece dictionaries), §7.11.4, §14.13 (the source as associated file);
Decree 30/2020/ND-CP Art. 3.10 to 3.12, Art. 25 (not checked against the official text).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject

from pki.errors.tree import Fact, phrase
from verify.errors import MalformedObjectError
from verify.finding import Finding, info, warning
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.values import look_up

SCHEMA = "antin.copy-record/1"
MAX_BYTES = 1024 * 1024
MAX_FILES = 64
_DIGEST = re.compile("[0-9a-f]{64}")


class CopyKind(StrEnum):
    """The three forms of copy."""

    SAO_Y = "sao-y"
    SAO_LUC = "sao-luc"
    TRICH_SAO = "trich-sao"


class SourceForm(StrEnum):
    """What a copy is made of."""

    ORIGINAL = "original"
    COPY = "copy"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class CopyRecord:
    """What a document says of itself as a copy; not to be believed without its signature."""

    kind: CopyKind
    source_form: SourceForm
    source_sha256: str
    """Of the document that was copied; of the scan where that was paper."""


def read_copy_record(pdf: OpenPDF) -> CopyRecord | None:
    """Return what a document says of itself as a copy; None where it says nothing that counts."""
    try:
        with foreign("copy record"):
            told = _told(pdf)
            if told is None or told.get("schema") != SCHEMA:
                return None
            source = told["source"]
            digest = str(source["sha256"])
            if not _DIGEST.fullmatch(digest):
                return None
            return CopyRecord(CopyKind(told["kind"]), SourceForm(source["form"]), digest)
    except MalformedObjectError:
        return None


def find_source(pdf: OpenPDF) -> bytes | None:
    """Return the document that a copy brings along; None where there is none."""
    try:
        with foreign("associated file"):
            files = look_up(pdf.reader.root, "/AF")
            count = min(len(files), MAX_FILES) if isinstance(files, ArrayObject) else 0
            for index in range(count):
                described = files[index]
                if look_up(described, "/AFRelationship") == "/Source":
                    stream = look_up(look_up(described, "/EF"), "/F")
                    return bytes(stream.data)
    except MalformedObjectError:
        pass
    return None


def judge_copy(pdf: OpenPDF) -> tuple[Finding, ...]:
    """Return what is to be told of a copy whose signatures hold; nothing of other documents."""
    record = read_copy_record(pdf)
    if record is None:
        return ()
    source = find_source(pdf)
    facts: dict[str, Fact] = {
        "kind": phrase(f"copied.kind.{record.kind.value}"),
        "form": phrase(f"copied.form.{record.source_form.value}"),
        "sha256": record.source_sha256,
    }
    if source is None:
        return (info("copied.told", **facts),)
    if hashlib.sha256(source).hexdigest() == record.source_sha256:
        return (info("copied.with_source", **facts),)
    return (warning("copied.source_differs", **facts),)


def _told(pdf: OpenPDF) -> dict[str, Any] | None:
    pieces: PDFValue = pdf.reader.root
    for key in ("/PieceInfo", "/Antin", "/Private"):
        pieces = look_up(pieces, key) if isinstance(pieces, DictionaryObject) else None
    if not isinstance(pieces, StreamObject) or len(pieces.encoded_data) > MAX_BYTES:
        return None
    data = pieces.data
    found = json.loads(data) if len(data) <= MAX_BYTES else None
    return found if isinstance(found, dict) else None
