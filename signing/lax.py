"""Documents that a strict reading refuses and every program opens: which of them are safe to sign.

A signature says something about what is seen, so all must see the same, before and after:

1. each cross-reference section lies where it is said to lie: a program that has to search for it
   may find other objects than one that does not (the last one may be searched for where all find
   the same, see `signing.damage`);
2. no object has a number beyond the /Size that the newest section tells: it does not count today,
   and would come into sight with the /Size of the next section;
3. every object that the document leads to is where the cross-references say, and reads strictly;
4. what PDFium shows of the document is what it shows of the same objects written anew.

What is left is pedantry: the generation of an entry nobody uses, blanks in a table, the order of
what was freed.
"""

from __future__ import annotations

import re
from io import BytesIO

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, Reference
from pyhanko.pdf_utils.writer import copy_into_new_writer

from signing.damage import read_mended
from signing.display.page_text import READER
from signing.errors.documents import (
    DocumentNeedsRepairError,
    ProgramsDifferError,
)
from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.password import Password
from verify.pdf.document import OpenPDF
from verify.pdf.encryption import unlock
from verify.pdf.reader import Reader

_SECTION = re.compile(rb"[\0\t\n\f\r ]*(?:xref\b|\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+obj)")


def open_lax(data: bytes, *, name: str, password: Password | None) -> Reader:
    """Return a reader that takes the cross-references as they are, and each object strictly.

    Args:
        data: a document that a strict reading refused.
        name: what to call it in messages.
        password: of a document that is encrypted.

    Raises:
        DocumentNeedsRepairError: it can only be read by searching for its objects.
        InvalidInputError, RefusedError: it is not opened with this password.
    """
    mended = read_mended(data, name=name, password=password)
    if mended is not None:
        _check_objects(mended, name)
        return mended
    reader = Reader(data, strict=False)
    reader.strict = True  # from here on; the sections are read
    unlock(reader, name=name, password=password)
    _check_sections(reader, name)
    _check_objects(reader, name)
    return reader


def _check_sections(reader: Reader, name: str) -> None:
    sections = reader.xrefs._xref_sections  # noqa: SLF001  no public accessor gives the extents
    size = sections[-1].meta_info.size
    for section in sections:
        start = section.meta_info.declared_startxref
        if not _SECTION.match(reader.data, start):
            raise DocumentNeedsRepairError(name=name, offset=start)
        numbers = {*section.xref_data.standard_xrefs, *section.xref_data.xrefs_in_objstm}
        if max(numbers, default=0) >= size:
            raise DocumentNeedsRepairError(name=name, offset=section.meta_info.start_location)


def _check_objects(reader: Reader, name: str) -> None:
    """Read everything that the trailer leads to."""
    pending: list[PDFValue] = list(reader.trailer_view.values())
    seen: set[Reference] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, IndirectObject):
            place = reader.xrefs[value.reference]
            if value.reference in seen or place is None:  # what is nowhere is null
                continue
            seen.add(value.reference)
            try:
                with foreign("object"):
                    value = value.get_object()
            except MalformedObjectError as error:
                offset = place if isinstance(place, int) else 0
                raise DocumentNeedsRepairError(name=name, offset=offset) from error
        if isinstance(value, DictionaryObject):
            pending += dict.values(value)
        elif isinstance(value, ArrayObject):
            pending += list.__iter__(value)


def check_seen_alike(pdf: OpenPDF) -> None:
    """Check that PDFium shows the document as it shows the same objects written anew.

    Raises:
        ProgramsDifferError: it does not.
        TextUnreadableError, DocumentTooLargeToLookError: it cannot be looked at.
    """
    copy = BytesIO()
    copy_into_new_writer(pdf.reader).write(copy)
    pages, before = READER.look(bytes(pdf.data), password=pdf.password)
    copied, after = READER.look(copy.getvalue())
    for number, (one, other) in enumerate(zip(before, after, strict=False), 1):
        if one != other:
            raise ProgramsDifferError(name=pdf.name, page=number)
    if pages != copied:
        raise ProgramsDifferError(name=pdf.name, page=min(pages, copied) + 1)
