"""Documents that offices, libraries and test suites of others made: what signing meets in earnest.

From the corpora beside the checkout (`ANTIN_CORPORA` names another place), each as it was before
its first signature, one of a kind, and only those that pyHanko can sign. Without corpora there are
none, and the job is left out.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field, enumerate_sig_fields

from bench.material import Material

ORIGINS = ("dss-pades", "itext-sign", "pdf-signed-misc", "pyhanko")
FIELD = "Bench"
_END = re.compile(rb"%%EOF[\r\n]{0,2}")


def documents(material: Material) -> tuple[Path, ...]:
    """Return what `gather` put there."""
    return tuple(sorted((material.folder / "real").glob("*.pdf")))


def gather(folder: Path, wanted: int) -> int:
    """Put up to `wanted` documents into `folder/real`; return how many."""
    target = folder / "real"
    target.mkdir()
    known: set[bytes] = set()
    kept: list[bytes] = []
    for data in _candidates():
        digest = hashlib.sha256(data).digest()
        if len(kept) < wanted and digest not in known and _can_be_signed(data):
            known.add(digest)
            kept.append(data)
    for number, data in enumerate(kept):
        (target / f"{number:03}.pdf").write_bytes(data)
    return len(kept)


def _candidates() -> Iterator[bytes]:
    corpora = Path(os.environ.get("ANTIN_CORPORA", "../shared/corpora"))
    for origin in ORIGINS:
        for path in sorted((corpora / origin).rglob("*.pdf")):
            data = path.read_bytes()
            for end in _END.finditer(data):
                if _is_unsigned(data[: end.end()]):
                    yield data[: end.end()]


def _is_unsigned(data: bytes) -> bool:
    with _quietly(), suppress(Exception):  # pyHanko raises of everything: such a one is left out
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        fields = list(enumerate_sig_fields(writer.prev, filled_status=True))
        return writer.security_handler is None and not fields
    return False


def _can_be_signed(data: bytes) -> bool:
    with _quietly(), suppress(Exception):  # the same
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        append_signature_field(writer, SigFieldSpec(FIELD))
        writer.write(io.BytesIO())
        return not writer.prev.xrefs.hybrid_xrefs_present and writer.security_handler is None
    return False


@contextmanager
def _quietly() -> Iterator[None]:
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
