"""Damage that a document's cross-references tell of: what can be put up with, and what cannot.

Put up with is a last `startxref` that names another place than the section before it. What is
appended has a pointer of its own, and names the section where it is: from then on no program has
to search. Before that all must find the same, also those that search for objects all over again:

1. with the pointer mended the document reads strictly, and is of one revision and one section;
2. every byte is an object that the section names, the section, a comment or blank;
3. nothing else in the bytes looks like an object, a table or a trailer, not within a stream either;
4. object streams hold what the section says and no more.

Not put up with is an object without its `endobj`. One signature would hold everywhere; but pyHanko
and what is built on it do not compare such revisions, and no second one would hold there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import pairwise

from pyhanko.pdf_utils.generic import Reference, StreamObject
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSection, XRefSectionType

from signing.errors.documents import DocumentNeedsRepairError
from verify.content import LOOKS, Content, forget, stream_of
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.password import Password
from verify.pdf.document import OpenPDF
from verify.pdf.encryption import unlock
from verify.pdf.reader import Reader
from verify.pdf.tail import trace_tail

_CLOSING = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
_OBJECT = re.compile(rb"(?<![0-9])[0-9]+\s+[0-9]+\s+obj\b")
_KEYWORD = re.compile(rb"(?<![a-z])(?:xref|trailer|startxref)\b")
_AT_END = 1024


def read_mended(data: bytes, *, name: str, password: Password | None) -> Reader | None:
    """Return a reader of a document whose last pointer is wrong, and nothing else.

    Args:
        data: a document that a strict reading refused.
        name: what to call it in messages.
        password: of a document that is encrypted.

    Raises:
        InvalidInputError, RefusedError: it is not opened with this password.
    """
    closing = _CLOSING.search(data, max(0, len(data) - _AT_END))
    if closing is None:
        return None
    start = _last_section(data, closing.start())
    mended = data[: closing.start()] + b"startxref\n%d\n%%%%EOF\n" % start
    with suppress(MalformedObjectError), foreign("PDF"):
        reader = Reader(mended, strict=True)
        access = unlock(reader, name=name, password=password)
        if _is_found_alike(OpenPDF(name, mended, reader, strict=True, access=access), start):
            reader.data, reader.stream = data, stream_of(data)
            return reader
    return None


def _last_section(data: bytes, closing: int) -> int:
    """Return where the table or the stream before the last pointer begins, if it is one."""
    table = data.rfind(b"xref", 0, closing)
    if table > data.rfind(b"endobj", 0, closing):
        return table
    places = [found.start() for found in _OBJECT.finditer(data, 0, closing)]
    return places[-1] if places else 0


def _is_found_alike(pdf: OpenPDF, start: int) -> bool:
    if pdf.revisions != 1 or trace_tail(pdf, 0):
        return False
    section, data = pdf.sections[0], pdf.data
    named = {offset for _, offset in section.xref_data.standard_xrefs.values()}
    if section.meta_info.xref_section_type is XRefSectionType.STREAM:
        named.add(start)
        keywords = [b"startxref"]
    else:
        keywords = [b"xref", b"trailer", b"startxref"]
    return (
        {found.start() for found in _OBJECT.finditer(data)} == named
        and [found.group(0) for found in _KEYWORD.finditer(data)] == keywords
        and _streams_hold_what_is_named(pdf, section)
    )


def _streams_hold_what_is_named(pdf: OpenPDF, section: XRefSection) -> bool:
    inside = section.xref_data.xrefs_in_objstm
    for number, (generation, _) in section.xref_data.standard_xrefs.items():
        held = Reference(number, generation, pdf.reader).get_object()
        if not isinstance(held, StreamObject) or held.get("/Type") != "/ObjStm":
            continue
        numbers = pdf.reader.numbers_in(number)
        if numbers is None:
            return False
        if any(inside.get(each) != ObjStreamRef(number, at) for at, each in enumerate(numbers)):
            return False
    return True


def check_ended(pdf: OpenPDF) -> None:
    """Check that every object has its `endobj`.

    Raises:
        DocumentNeedsRepairError: one has none.
    """
    places = {
        offset
        for section in pdf.sections
        for _, offset in section.xref_data.standard_xrefs.values()
    }
    places.discard(0)  # of a number that is said to be used and is not
    bounds = sorted(
        {*places, *(section.meta_info.start_location for section in pdf.sections), len(pdf.data)}
    )
    for number, (start, end) in enumerate(pairwise(bounds)):
        if number % LOOKS == 0:
            forget(pdf.data)
        if start in places and not _ends(pdf.data, start, end):
            raise DocumentNeedsRepairError(name=pdf.name, offset=start)


def _ends(data: Content, start: int, end: int) -> bool:
    """Say whether an object ends; the last bytes before the next one tell it of nearly all."""
    near = max(start, end - _AT_END)
    return data.rfind(b"endobj", near, end) >= 0 or data.rfind(b"endobj", start, near) >= 0
