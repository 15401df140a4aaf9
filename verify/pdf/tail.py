"""Looks at the bytes after a signed range: is every one of them where the file's own chain leads?

A reader that follows the cross-reference chain does not see objects the chain does not reach,
while viewers that rebuild a damaged chain show them (incremental saving attack, CCS 2019:
pyHanko 0.38 judged such a file intact). So everything after the signed end must be an object
that a cross-reference section names, such a section with its trailer, its startxref, a comment
or white space.

Spec: ISO 32000-2 §7.5.6 (incremental updates).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    XRefSection,
    XRefSectionData,
    XRefSectionType,
    read_object_header,
)

from verify.content import Content
from verify.errors import MalformedObjectError
from verify.finding import Finding, error
from verify.guard import foreign
from verify.pdf.document import OpenPDF

_BETWEEN = re.compile(rb"(?:[\0\t\n\f\r ]+|%[^\r\n]*|startxref\s+\d+)*")
_POINTER = re.compile(rb"startxref\s+(\d+)")
_END_OF_OBJECT = re.compile(rb"[\0\t\n\f\r ]*endobj")
_XREF_KEYWORD = 16
"""How far before its data the keyword `xref` may stand: white space is tolerated."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Something after a signed range that does not belong there."""

    offset: int
    finding: Finding


def trace_tail(pdf: OpenPDF, start: int) -> tuple[Trace, ...]:
    """Return what the bytes from `start` hold that the cross-reference chain does not reach."""
    traces: list[Trace] = list(_odd_sections(pdf, start))
    extents = []
    for offset, number in sorted(_named_objects(pdf, start)):
        end = _object_end(pdf, offset, number)
        if end is None:
            traces.append(Trace(offset, error("integrity.object_misplaced", offset=offset)))
        else:
            extents.append((offset, end))
    traces += _odd_in_streams(pdf, start)
    extents += [extent for section in pdf.sections if (extent := _table(pdf, section, start))]
    traces += _between(pdf, sorted(extents), start)
    return tuple(sorted(traces, key=lambda trace: trace.offset))


def _all_data(section: XRefSection) -> Iterator[XRefSectionData]:
    yield section.xref_data
    if section.xref_data.hybrid is not None:
        yield section.xref_data.hybrid.xref_data


def _named_objects(pdf: OpenPDF, start: int) -> set[tuple[int, int]]:
    """Return offset and number of each object after `start` that some section names."""
    named = set()
    for section in pdf.sections:
        for data in _all_data(section):
            for number, (_, offset) in data.standard_xrefs.items():
                if offset >= start:
                    named.add((offset, number))
        meta = section.meta_info
        stream = meta.stream_ref if meta.xref_section_type is XRefSectionType.STREAM else None
        if stream is not None and meta.start_location >= start:
            named.add((meta.start_location, stream.idnum))
    return named


def _object_end(pdf: OpenPDF, offset: int, number: int) -> int | None:
    stream = pdf.reader.stream
    try:
        with foreign("object"):
            stream.seek(offset)
            found, generation = read_object_header(stream, strict=False)
            if found != number:
                return None
            reference = generic.Reference(found, generation, pdf.reader)
            with pdf.reader.strictly():
                generic.read_object(stream, reference)
            end = _END_OF_OBJECT.match(pdf.data, stream.tell())
            return end.end() if end else None
    except MalformedObjectError:
        return None


def _odd_in_streams(pdf: OpenPDF, start: int) -> Iterator[Trace]:
    """Find objects in later object streams that only a lax reading can read.

    Where a key stands twice readers differ on which of them counts.
    """
    if pdf.strict:
        return  # each is read strictly when it is read
    for section in pdf.sections:
        if section.meta_info.start_location < start:
            continue
        for data in _all_data(section):
            for number, place in data.xrefs_in_objstm.items():
                try:
                    with foreign("object"), pdf.reader.strictly():
                        pdf.reader.read_compressed(number, place)
                except MalformedObjectError:
                    yield Trace(start, error("integrity.object_misplaced", offset=start))


def _table(pdf: OpenPDF, section: XRefSection, start: int) -> tuple[int, int] | None:
    """Return the extent of a classical section with its trailer, if it lies after `start`."""
    meta = section.meta_info
    if meta.xref_section_type is XRefSectionType.STREAM or meta.end_location <= start:
        return None
    begin = pdf.data.rfind(b"xref", meta.start_location - _XREF_KEYWORD, meta.start_location + 1)
    stream = pdf.reader.stream
    try:
        with foreign("trailer"):
            stream.seek(meta.end_location)
            generic.DictionaryObject.read_from_stream(stream, generic.TrailerReference(pdf.reader))
            return (begin if begin >= 0 else meta.start_location, stream.tell())
    except MalformedObjectError:
        return None


def _between(pdf: OpenPDF, extents: list[tuple[int, int]], start: int) -> Iterator[Trace]:
    pointers = {section.meta_info.declared_startxref for section in pdf.sections}
    position = start
    for begin, end in [*extents, (len(pdf.data), len(pdf.data))]:
        if begin > position:
            yield from _unexplained(pdf.data, position, begin, pointers=pointers)
        position = max(position, end)


def _unexplained(data: Content, begin: int, end: int, *, pointers: set[int]) -> Iterator[Trace]:
    matched = _BETWEEN.match(data, begin, end)
    stopped = matched.end() if matched else begin
    if stopped < end:
        yield Trace(stopped, error("integrity.unreached_bytes", offset=stopped, end=end))
    for pointer in _POINTER.finditer(data, begin, stopped):
        if int(pointer.group(1)) not in pointers:
            yield Trace(pointer.start(), error("integrity.dead_pointer", offset=pointer.start()))


def _odd_sections(pdf: OpenPDF, start: int) -> Iterator[Trace]:
    """Find later sections that point back into what was signed, or speak with two tongues."""
    for index, section in enumerate(pdf.sections):
        meta = section.meta_info
        if meta.start_location < start:
            continue
        if _speaks_twice(pdf, section, index):
            yield Trace(meta.start_location, error("integrity.hybrid_after_signature"))
        for number, (generation, offset) in section.xref_data.standard_xrefs.items():
            reference = generic.Reference(number, generation, pdf.reader)
            before = pdf.reader.xrefs.get_historical_ref(reference, index - 1)
            if offset < start and before != offset:
                yield Trace(
                    meta.start_location,
                    error("integrity.reference_redirected", object=f"{number} {generation}"),
                )


def _speaks_twice(pdf: OpenPDF, section: XRefSection, index: int) -> bool:
    """Say whether a hybrid section is what makes two documents of one.

    Readers differ on whether they look at its stream. It may name what the table names as well,
    and, as office programs have it, what was not there for others before either.

    Spec: ISO 32000-2 §7.5.8.4.
    """
    hybrid = section.xref_data.hybrid
    if hybrid is None:
        return False
    for number, generation in hybrid.xref_data.explicit_refs_in_revision:
        reference = generic.Reference(number, max(generation, 0), pdf.reader)
        before = pdf.reader.xrefs.get_historical_ref(reference, index - 1)
        now = pdf.reader.xrefs.get_historical_ref(reference, index)
        alike = before is not None and before == _in_tables(pdf, number, index - 1)
        if alike and now != _in_tables(pdf, number, index):
            return True
    return False


def _in_tables(pdf: OpenPDF, number: int, index: int) -> int | ObjStreamRef | None:
    """Return where an object is for a reader that looks at no hybrid stream."""
    for section in reversed(pdf.sections[: index + 1]):
        data = section.xref_data
        if number in data.freed:
            return None
        if number in data.xrefs_in_objstm:
            return data.xrefs_in_objstm[number]
        if number in data.standard_xrefs:
            return data.standard_xrefs[number][1]
    return None
