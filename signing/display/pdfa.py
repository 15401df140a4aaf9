"""Whether a document says that it is PDF/A-1, which may hold nothing transparent.

Spec: ISO 19005-1 §6.4 (transparency), §6.7.2 (metadata is not compressed), §6.7.11 (its words).
"""

from __future__ import annotations

import re

from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject

from signing.objects import entry

_PART_1 = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*1\s*[\"'<]")
MAX_BYTES = 4 * 1024**2
"""Of metadata that are looked at; they take some 4 KiB."""


def is_pdfa_1(root: DictionaryObject) -> bool:
    """Say whether a document catalogue's metadata claim PDF/A-1."""
    metadata = entry(root, "/Metadata")
    if not isinstance(metadata, StreamObject) or "/Filter" in metadata:
        return False
    return _PART_1.search(metadata.encoded_data[:MAX_BYTES]) is not None
