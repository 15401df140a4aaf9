"""Opens for judging what does not open as a whole, but says that it was signed.

An attack that spoils the end of a file makes some viewers repair it and show what was slipped in. A
refusal to read it would be right by luck. So the revision that a signature says it covers is
opened in its place, and what follows it in the file is looked at as bytes that nothing leads to.
Where not even that can be read, the verdict is that something was signed and cannot be read.

Nobody signs or changes what was opened so: `open_pdf` refuses it.

Spec: ISO 32000-2 §7.5.6, §12.8.1.
"""

from __future__ import annotations

import re
from dataclasses import replace

from verify.content import Content
from verify.errors import BrokenPDFError
from verify.password import Password
from verify.pdf.document import OpenPDF, open_pdf
from verify.pdf.fields import find_signature_fields
from verify.pdf.reader import Reader
from verify.policy import Limits

_RANGE = re.compile(
    rb"/ByteRange\s{0,16}\[\s{0,16}(\d{1,12})\s{1,16}(\d{1,12})\s{1,16}(\d{1,12})\s{1,16}(\d{1,12})"
)
_NOTHING = (
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages << /Type /Pages /Kids [] /Count -1 >> >>\n"
    b"endobj\n"
    b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 /Root 1 0 R >>\n"
)
MAX_COPIED = 64 * 1024 * 1024
"""Bytes: what was signed of a larger file is not copied to be looked at alone."""
MAX_TRIES = 8


def open_for_judging(
    data: Content, *, name: str, limits: Limits, password: Password | None = None
) -> OpenPDF:
    """Open a document, or where it does not open what in it says that it was signed.

    Args:
        data: the file's bytes.
        name: what to call it in messages.
        limits: of the policy.
        password: for a document that is encrypted; not used for others.

    Raises:
        PKIError: see `open_pdf`.
    """
    try:
        return open_pdf(data, name=name, limits=limits, password=password)
    except BrokenPDFError as broken:
        ends = [end for end in signed_ends(data) if end <= MAX_COPIED]
        for end in ends[:MAX_TRIES]:
            try:
                found = open_pdf(data[:end], name=name, limits=limits, password=password)
            except BrokenPDFError:
                continue
            if find_signature_fields(found, name=name, limit=limits.signatures):
                return replace(found, data=data, strict=False)
        if not _says_it_was_signed(data):
            raise
        return _unreadable(data, name, reason=str(broken.facts["reason"]))


def signed_ends(data: Content) -> list[int]:
    """Return where the byte ranges that stand in a file end, within it, the last one first."""
    ends = set()
    for found in _RANGE.finditer(data):
        ends.add(int(found.group(3)) + int(found.group(4)))
    return sorted((end for end in ends if 0 < end < len(data)), reverse=True)


def _says_it_was_signed(data: Content) -> bool:
    """Say whether a file that cannot be read as a document has a signature dictionary in it."""
    return _RANGE.search(data) is not None and data.find(b"/Contents") >= 0


def _unreadable(data: Content, name: str, *, reason: str) -> OpenPDF:
    """Return a document with nothing in it, in the place of one that cannot be read."""
    nothing = _NOTHING + b"startxref\n%d\n%%%%EOF\n" % _NOTHING.index(b"xref")
    reader = Reader(nothing, strict=True)
    return OpenPDF(name, data, reader, strict=False, unreadable=reason)
