"""Records as a ZIP that needs no program of ours: certificates, lists and answers as files."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterable
from typing import Any

from signing.errors.ledger import EvidenceUnreadableError
from signing.ledger import Ledger

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The same records make the same file."""


def export_records(ledger: Ledger, ids: Iterable[str]) -> bytes:
    """Return a ZIP of records: for each a folder with `record.json`, `signer.cer` and the evidence.

    `ledger.jsonl` is in it whole: it names nobody, and shows that the records are those kept then.

    Raises:
        EvidenceNotFoundError, EvidenceErasedError, EvidenceUnreadableError: of a record.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for record_id in dict.fromkeys(ids):
            record = ledger.read(record_id)
            for name, data in _files(ledger, record_id, record):
                _add(archive, f"{record_id}/{name}", data)
        _add(archive, "ledger.jsonl", ledger.chain.read_bytes())
    return out.getvalue()


def _files(ledger: Ledger, record_id: str, record: dict[str, Any]) -> list[tuple[str, bytes]]:
    found = [
        ("record.json", ledger.content(record_id) or b""),
        ("signer.cer", base64.b64decode(record["signer"])),
    ]
    kinds = (("certificates", "cer"), ("ocsp_responses", "ocsp"))
    for name, suffix in kinds:
        for number, text in enumerate(record[name], start=1):
            found.append((f"{name}/{number}.{suffix}", base64.b64decode(text)))
    for number, each in enumerate(record["crls"], start=1):
        found.append((f"crls/{number}.crl", _list(ledger, record_id, each)))
    return found


def _list(ledger: Ledger, record_id: str, each: dict[str, str]) -> bytes:
    if "der" in each:
        return base64.b64decode(each["der"])
    try:
        return ledger.list_file(each["sha256"]).read_bytes()
    except OSError as error:
        raise EvidenceUnreadableError(id=record_id) from error


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)
