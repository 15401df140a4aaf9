"""Finds where objects are as pyHanko does, but quicker.

pyHanko 0.38 reads the numbers before an object and at a document's end byte by byte, asks every
revision for each object, and looks through all trailers, to learn whether the document is
encrypted. What is odd is pyHanko's to read or to refuse; the tests hold the two against each other.

Spec: ISO 32000-2 §7.3.10 (objects), §7.5.5 (trailer).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from io import BufferedReader, BytesIO
from typing import cast

from pyhanko.pdf_utils import generic, reader, xref

from verify.guard import PDFValue
from verify.pdf.entries import parse_xref_stream, parse_xref_table, process_entries

_HEADER = re.compile(
    rb"([0-9]{1,10}) ([0-9]{1,5}) obj[ \n\r\t\f\x00]*+(?=[^ \n\r\t\f\x00%])",
)
_HEADER_BYTES = 64
_END = re.compile(
    rb"[^\r\n][\r\n]{1,2}startxref(?:\r\n|\r|\n)([0-9]{2,15})(?:\r\n|\r|\n)%%EOF(?:\r\n|\r|\n)?\Z"
)
_END_BYTES = 64
_LONGEST_END = 64 * 1024

_read_header = xref.read_object_header
_process_end = reader.process_data_at_eof
_subsume_object: Callable[..., PDFValue] = reader.HistoricalResolver._subsume_object  # noqa: SLF001  nothing public does it


def read_object_header(
    stream: BytesIO,
    strict: bool,  # noqa: FBT001  pyHanko's signature
) -> tuple[int, int]:
    """Return object number and generation, and leave the stream where the object begins."""
    start = stream.tell()
    found = _HEADER.match(stream.read(_HEADER_BYTES))
    if found is not None:
        stream.seek(start + found.end())
        return int(found[1]), int(found[2])
    stream.seek(start)
    numbers: tuple[int, int] = _read_header(stream, strict)  # type: ignore[no-untyped-call]  # pyHanko's
    return numbers


def process_data_at_eof(stream: BytesIO | BufferedReader) -> int:
    """Return where the newest section is, by the end of a document before which the stream is."""
    last = stream.tell()
    begin = max(last + 1 - _END_BYTES, 0)
    stream.seek(begin)
    found = _END.search(stream.read(last + 1 - begin))
    if found is not None:
        return int(found[1])
    # pyHanko reads lines backwards, byte by byte and however long: 0.3 s for each megabyte.
    begin = max(last + 1 - _LONGEST_END, 0)
    stream.seek(begin)
    window = BytesIO(stream.read(last + 1 - begin))
    window.seek(last - begin)
    return _process_end(window)


_MANY = 16
"""So many revisions are not asked one by one where an object is."""


class Places(xref.XRefCache):
    """pyHanko's index of all sections, the newest of which is asked first without detours."""

    def __init__(self, handler: object, sections: list[xref.XRefSection]) -> None:
        super().__init__(handler, sections)
        self._newest_first = tuple(each.xref_data for each in reversed(sections))

    @cached_property
    def _told_by(self) -> dict[int, list[int]]:
        """The revisions but the first that tell of an object, by its number.

        pyHanko asks every revision for every object: with a thousand of them, that is all it does.
        """
        found: dict[int, list[int]] = {}
        for revision, section in enumerate(self._xref_sections[1:], 1):
            main = section.xref_data
            hybrid = (main.hybrid.xref_data,) if main.hybrid else ()
            numbers: set[int] = set()
            for data in (main, *hybrid):
                numbers.update(data.xrefs_in_objstm, data.standard_xrefs, data.freed)
            for number in numbers:
                found.setdefault(number, []).append(revision)
        return found

    def _tell_of(self, number: int, revision: int) -> Iterator[int]:
        """Yield the revisions up to this one that may tell of an object, the newest first."""
        told = self._told_by.get(number, ())
        for index in range(bisect_right(told, revision) - 1, -1, -1):
            yield told[index]
        if revision >= 0:
            yield 0

    def get_historical_ref(
        self, ref: generic.Reference, revision: int
    ) -> int | xref.ObjStreamRef | None:
        """Return where an object lies in a revision, None where it has none."""
        for number in self._tell_of(ref.idnum, revision):
            try:
                found: int | xref.ObjStreamRef | None
                found = self._xref_sections[number].xref_data.try_resolve(ref)
            except KeyError:
                continue
            return found
        return None

    def get_last_change(self, ref: generic.Reference) -> int:
        """Return the last revision that tells of an object.

        Raises:
            KeyError: none does.
        """
        for number in self._tell_of(ref.idnum, self.total_revisions - 1):
            try:
                self._xref_sections[number].xref_data.try_resolve(ref)
            except KeyError:
                continue
            return number
        raise KeyError(ref)

    def __getitem__(self, ref: generic.Reference) -> int | xref.ObjStreamRef | None:
        if len(self._newest_first) > _MANY:
            return self.get_historical_ref(ref, len(self._newest_first) - 1)
        number, generation = ref.idnum, ref.generation
        for data in self._newest_first:
            if not generation and (inside := data.xrefs_in_objstm.get(number)) is not None:
                return inside
            found = data.standard_xrefs.get(number)
            if found is not None:
                if found[0] == generation:
                    return found[1]
            elif number in data.freed or data.hybrid is not None:
                try:
                    return data.try_resolve(ref)
                except KeyError:
                    continue
        return None


def get_object(self: generic.Reference) -> generic.PdfObject:
    """Return what a reference leads to; pyHanko imports a module for each."""
    handler = cast("PDFValue", self.pdf)
    if handler is None:
        return generic.NullObject()
    found: generic.PdfObject = handler.get_object(self).get_object()
    return found


def subsume_object(self: reader.HistoricalResolver, found: PDFValue) -> PDFValue:
    """Return an object of an earlier revision as one of its resolver: a whole number as it is."""
    return found if isinstance(found, generic.NumberObject) else _subsume_object(self, found)


def use() -> None:
    """Have pyHanko use these; doing it twice is doing it once."""
    for owner, name, ours in (
        (xref, "parse_xref_table", parse_xref_table),
        (xref, "parse_xref_stream", parse_xref_stream),
        (xref.XRefSectionData, "process_entries", process_entries),
        (xref, "read_object_header", read_object_header),
        (reader, "read_object_header", read_object_header),
        (reader, "process_data_at_eof", process_data_at_eof),
        (generic.Reference, "get_object", get_object),
        (reader.HistoricalResolver, "_subsume_object", subsume_object),
    ):
        setattr(owner, name, ours)
