"""What a signature covers: the byte range around its own /Contents, and the revision it ends.

The range must be `[0 a b c]`: from the first byte to the `<` of the hex string that is
/Contents, and from after its `>` to the end of a revision. Nothing else may stand in the gap.

Spec: ISO 32000-2 §12.8.1; EN 319 142-1 §5.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ByteStringObject, EncryptedObjAccess, TextStringObject

from verify.content import Content
from verify.errors import MalformedObjectError
from verify.finding import Finding, error
from verify.guard import foreign
from verify.pdf.document import OpenPDF
from verify.pdf.fields import SignatureField

_SPACE = b"\t\n\f\r "
_HEX = re.compile(rb"<[0-9A-Fa-f\t\n\f\r ]*>")
_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF(?:\r\n|\r|\n)?\Z")


@dataclass(frozen=True, slots=True)
class Covered:
    """A byte range that is what it must be."""

    byte_range: tuple[int, int, int, int]
    contents: bytes
    """What the gap holds, decoded."""

    @property
    def end(self) -> int:
        """First byte after the signed range."""
        return self.byte_range[2] + self.byte_range[3]

    def pieces(self, data: Content) -> tuple[memoryview, memoryview]:
        """Return the signed bytes."""
        view = memoryview(data)
        _, length, start, _ = self.byte_range
        return view[:length], view[start : self.end]


def read_range(pdf: OpenPDF, field: SignatureField) -> Covered | Finding:
    """Return what the signature covers, or what is wrong with its byte range."""
    try:
        with foreign("signature dictionary"):
            numbers = tuple(int(item) for item in field.signature["/ByteRange"])
            raw = field.signature.raw_get("/Contents", decrypt=EncryptedObjAccess.RAW)
            if not isinstance(raw, TextStringObject | ByteStringObject):
                return error("signature.no_contents")
            contents = raw.original_bytes
    except MalformedObjectError:
        return error("signature.no_byte_range")
    problem = _misplaced(pdf.data, numbers)
    if problem is not None:
        return problem
    _, length, start, rest = numbers
    # White space may stand anywhere in it, within an octet too (ISO 32000-2 §7.3.4.3).
    gap = bytes.fromhex(pdf.data[length + 1 : start - 1].translate(None, _SPACE).decode("ascii"))
    if not contents or not gap.strip(b"\0"):
        return error("signature.no_contents")
    if gap != contents or not _inside(pdf, field, length):
        return error("integrity.gap_is_not_contents")
    return Covered((0, length, start, rest), gap)


def _misplaced(data: Content, numbers: tuple[int, ...]) -> Finding | None:
    shown = " ".join(map(str, numbers[:8]))
    if len(numbers) != 4 or min(numbers) < 0:
        return error("integrity.byte_range_odd", byte_range=shown)
    first, length, start, rest = numbers
    if first != 0 or not length < start or start + rest > len(data):
        return error("integrity.byte_range_odd", byte_range=shown)
    gap = data[length:start]
    if not _HEX.fullmatch(gap) or len(gap.translate(None, _SPACE)) % 2:
        return error("integrity.gap_is_not_contents")
    return None


def _inside(pdf: OpenPDF, field: SignatureField, gap_start: int) -> bool:
    """Say whether the gap lies in the object that is, or holds, the signature dictionary."""
    location = pdf.reader.xrefs[field.reference]
    if not isinstance(location, int):
        return False  # an object stream is compressed: no byte range could leave a gap there
    return location < gap_start and b"endobj" not in pdf.data[location:gap_start]


def signed_revision(pdf: OpenPDF, end: int) -> int | None:
    """Return the index of the revision that ends at `end`, or None if none does.

    The bytes up to `end` must close with the startxref of that revision, hold the
    cross-reference data of it and all before, and of none after.
    """
    closing = _END.search(pdf.data[max(0, end - 64) : end])
    if closing is None:
        return None
    inside = [section.meta_info.end_location <= end for section in pdf.sections]
    count = sum(inside)
    if not count or not all(inside[:count]):
        return None
    if pdf.sections[count - 1].meta_info.declared_startxref != int(closing.group(1)):
        return None
    return count - 1
