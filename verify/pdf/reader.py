"""Reads a PDF through pyHanko, nothing twice: object streams, and the bytes a document grew from.

pyHanko 0.38 decompresses an object stream again, and reads its index again, for each object in it:
66 % of the time it took to find the signature fields of 160 real documents. Here a stream is taken
apart once. And a document to which a revision was appended is read from the reader of the document
before: of bytes that are the same (they are compared), the cross-reference data is the same.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DecodeContext,
    DecodeLimits,
    DecodePurpose,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    XRefBuilder,
    XRefSection,
    XRefSectionData,
    XRefSectionType,
)

from verify.content import LOOKS, Content, begins_with, forget, stream_of
from verify.errors import MalformedObjectError
from verify.guard import PDFValue, foreign
from verify.pdf import images, places, predictor, tokens

tokens.use()
places.use()
images.use()
predictor.use()

_DECODING = DecodeLimits(per_stream=StreamDecodeLimits(max_output_size=128 * 1024 * 1024))
"""Half of pyHanko's own: a stream that swells takes twice its size, and 500 MB is too much."""
_HEADER = re.compile(rb"\s*(\d+)\s+(\d+)\s+obj\s*")
_PLAIN = re.compile(rb"<<(?:[^<>()\\%#]++|<<|>>|\([^()\\]*+\)|<[0-9A-Fa-f\s]*+>)*>>\s*")
_BARE = re.compile(rb"[^R(%/]*")
"""No string, comment or name that may hide the end of an object, and no reference."""
_ENDOBJ = re.compile(rb"endobj")
_END_OF_HEAD = re.compile(rb"endobj|stream")
_LONGEST = 16 * 1024
_HEADER_BYTES = 64
_KEPT = 16 * 1024 * 1024
"""Of object streams taken apart, in bytes: those of thousands of pages come and go."""
MOST_INSIDE = 250_000
"""Objects in a stream; programs put some hundred into one. 760 kB took 2.3 GB and 13 s once."""
_INDEX = 32
"""Bytes that number and offset of an object take at most where they are plain."""
_PLACE = 160
"""Bytes that they take when they are read."""


@dataclass(frozen=True, slots=True)
class _ObjectStream:
    """An object stream taken apart."""

    data: bytes
    stream: BytesIO
    places: tuple[tuple[int, int], ...]
    """Object number and offset, in the order of the index."""
    ends: dict[int, int]
    """Where the object at an offset ends at the latest."""


class Reader(PdfFileReader):
    """pyHanko's reader; what it reads and refuses is what that does."""

    def __init__(self, data: Content, *, strict: bool) -> None:
        self._object_streams: dict[int, _ObjectStream | None] = {}
        self._plain = False
        self._looks = 0
        self.data = data
        super().__init__(stream_of(data), strict=strict, decode_limits=_DECODING)
        self.xrefs = places.Places(self, self.xrefs._xref_sections)  # noqa: SLF001  no public accessor
        self._plain = "/Encrypt" not in self.trailer

    def grown(self, data: Content) -> Reader | None:
        """Return the reader of a document that is this one with revisions appended.

        Nothing is taken over but what the bytes before say of cross-references, and the data of
        object streams that no later revision touches: objects and trailers are read anew. None
        where `data` is no such document.

        Raises:
            PdfReadError: pyHanko cannot read what was appended.
        """
        if not begins_with(data, self.data):
            return None
        stream = stream_of(data)
        stream.seek(-1, os.SEEK_END)
        grown = copy.copy(self)
        builder = _NewestRevisions(
            grown, stream, strict=self.strict, last_startxref=places.process_data_at_eof(stream)
        )
        builder.known = self
        sections = builder.read_xrefs()  # type: ignore[no-untyped-call]  # pyHanko's
        if not builder.reached:
            return None
        for section in reversed(self.sections):
            builder.trailer.add_trailer_revision(_trailer_of(section, builder))
        limits = self._decode_context.limits
        vars(grown).update(
            data=data,
            stream=stream,
            resolved_objects={},
            xrefs=places.Places(grown, sections),
            _plain="/Encrypt" not in builder.trailer,
            trailer=builder.trailer,
            last_startxref=builder.last_startxref,
            has_xref_stream=self.has_xref_stream or builder.has_xref_stream,
            _object_streams={},
            _historical_resolver_cache={},
            _security_handler=None,
            _embedded_signatures=None,
            _input_version=None,
            _decode_context=DecodeContext(limits, input_size=len(data)),
        )
        vars(grown).update(_object_streams=self._untouched(grown))
        return grown

    def _untouched(self, grown: Reader) -> dict[int, _ObjectStream | None]:
        """Return the object streams that later revisions leave as they are."""
        if self.encrypted or grown.encrypted:
            return {}
        later = grown.rewritten_since(len(self.sections))
        return {
            number: taken
            for number, taken in self._object_streams.items()
            if generic.Reference(number, 0, grown) not in later
        }

    @property
    def encrypted(self) -> bool:
        """Whether the document is encrypted; pyHanko looks through the trailers for each object."""
        return not self._plain and super().encrypted

    def get_object(self, ref: generic.Reference, *args: PDFValue, **kwargs: PDFValue) -> PDFValue:
        """Return an object; what was read before is not asked whether it is encrypted."""
        if self._plain and not args and not kwargs:
            found = self.resolved_objects.get((ref.generation, ref.idnum))
            if found is not None:
                return found
        return super().get_object(ref, *args, **kwargs)  # type: ignore[no-untyped-call]  # pyHanko's

    @property
    def sections(self) -> list[XRefSection]:
        """The cross-reference sections, oldest first."""
        return self.xrefs._xref_sections  # noqa: SLF001  no public accessor gives entries and extents

    @contextmanager
    def strictly(self) -> Iterator[None]:
        """Read so that no oddity is passed over, whatever the rest of the document needs."""
        usual, self.strict = self.strict, True
        try:
            yield
        finally:
            self.strict = usual

    def read_compressed(self, number: int, place: ObjStreamRef) -> PDFValue:
        """Return an object of an object stream, read anew."""
        return self._get_object_from_stream(number, place.obj_stream_id, place.ix_in_stream)

    def stream_of(self, reference: generic.Reference) -> generic.Reference | None:
        """Return the object stream that an object lies in; None where it lies in none."""
        return self._stream_at(self.xrefs[reference])

    def _stream_at(self, place: PDFValue) -> generic.Reference | None:
        if place is None or isinstance(place, int):
            return None
        return generic.Reference(place.obj_stream_id, 0, self)

    def numbers_in(self, stream: int) -> tuple[int, ...] | None:
        """Return the numbers of the objects in an object stream; None where it is odd."""
        taken = self._object_stream(stream)
        return None if taken is None else tuple(number for number, _ in taken.places)

    def rewritten_since(self, revision: int) -> frozenset[generic.Reference]:
        """Return every object that a revision from this one on defines, moves or frees."""
        return frozenset(
            generic.Reference(idnum, max(generation, 0), self)
            for section in self.sections[revision:]
            for data in (section.xref_data, _hybrid_data(section))
            if data is not None
            for idnum, generation in data.explicit_refs_in_revision
        )

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> PDFValue:
        """Return an object of an object stream; where anything is odd, pyHanko does."""
        taken = self._object_stream(stmnum)
        if taken is None or not 0 <= idx < len(taken.places) or taken.places[idx][0] != idnum:
            return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-untyped-call]  # pyHanko's
        taken.stream.seek(taken.places[idx][1])
        found = generic.read_object(taken.stream, generic.Reference(idnum, 0, self))
        if isinstance(found, generic.StreamObject | generic.IndirectObject):
            return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-untyped-call]  # pyHanko's
        return found

    def _object_stream(self, number: int) -> _ObjectStream | None:
        if number not in self._object_streams:
            taken = self._take_apart(number)
            kept = (each for each in self._object_streams.values() if each is not None)
            if sum(len(each.data) + _PLACE * len(each.places) for each in kept) > _KEPT:
                self._object_streams.clear()
            self._object_streams[number] = taken
        return self._object_streams[number]

    def _take_apart(self, number: int) -> _ObjectStream | None:
        """Return the stream's data and index, or None where pyHanko shall see to it."""
        stream = generic.Reference(number, 0, self).get_object()
        if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
            return None
        data = bytes(stream.read_data(DecodePurpose.OBJECT_STREAM))
        first, count = int(stream["/First"]), int(stream["/N"])
        if count > MOST_INSIDE:
            raise PdfReadError("an object stream holds too many objects")
        if first > count * _INDEX:
            return None
        numbers = data[:first].split()
        if len(numbers) != 2 * count or not all(each.isdigit() for each in numbers):
            return None
        index = [int(each) for each in numbers]
        places = tuple(zip(index[::2], (first + offset for offset in index[1::2]), strict=True))
        if len({idnum for idnum, _ in places}) < count:
            return None
        starts = sorted({offset for _, offset in places})
        ends = dict(zip(starts, (*starts[1:], len(data)), strict=True))
        return _ObjectStream(data, BytesIO(data), places, ends)

    def plain_bytes(self, reference: generic.Reference) -> bytes | None:
        """Return the bytes of a dictionary whose whole text can be told from its bytes.

        That is one without comments and escapes, in names or strings, and not a stream: in it a
        name that does not stand in these bytes is not a key. None for any other object.
        """
        return self.plain_bytes_in(reference)[0]

    def plain_bytes_in(
        self, reference: generic.Reference
    ) -> tuple[bytes | None, generic.Reference | None]:
        """Return `plain_bytes`, and where there are any `stream_of`."""
        if self.encrypted:
            return None, None  # its strings are not what they look like
        try:
            with foreign("object"):
                place = self.xrefs[reference]
                found = self._bytes_of(reference, place)
        except MalformedObjectError:
            return None, None
        if found is None or not _PLAIN.fullmatch(found):
            return None, None
        return found, self._stream_at(place)

    def plain_head(self, reference: generic.Reference, place: PDFValue) -> bytes | None:
        """Return the bytes of a dictionary, also of a stream's, as `plain_bytes` tells them.

        Numbers and the like, arrays of them too, are returned as well.

        Args:
            reference: the object.
            place: where a revision has it.
        """
        try:
            with foreign("object"):
                found = self._bytes_of(reference, place, until=_END_OF_HEAD)
        except MalformedObjectError:
            return None
        if found is None:
            return None
        return found if _PLAIN.fullmatch(found) or _BARE.fullmatch(found) else None

    def _bytes_of(
        self, reference: generic.Reference, place: PDFValue, *, until: re.Pattern[bytes] = _ENDOBJ
    ) -> bytes | None:
        if isinstance(place, int):
            self._looks += 1
            if self._looks % LOOKS == 0:
                forget(self.data)
            header = _HEADER.match(self.data, place, place + _HEADER_BYTES)
            numbers = tuple(map(int, header.groups())) if header else ()
            if header is None or numbers != (reference.idnum, reference.generation):
                return None
            end = until.search(self.data, header.end(), header.end() + _LONGEST)
            return self.data[header.end() : end.start()] if end else None
        if place is None or reference.generation:
            return None
        taken = self._object_stream(place.obj_stream_id)
        if taken is None or not 0 <= place.ix_in_stream < len(taken.places):
            return None
        idnum, start = taken.places[place.ix_in_stream]
        return taken.data[start : taken.ends[start]] if idnum == reference.idnum else None


def _hybrid_data(section: XRefSection) -> XRefSectionData | None:
    return section.xref_data.hybrid.xref_data if section.xref_data.hybrid else None


class _NewestRevisions(XRefBuilder):
    """Reads cross-reference sections, newest first, down to one that is known."""

    known: Reader
    """Of the document before."""
    reached = False

    def _read_xref_table(self, declared_startxref: int) -> int | None:
        return self._unless_known(super()._read_xref_table(declared_startxref))

    def _read_xref_stream(self, declared_startxref: int) -> int | None:
        return self._unless_known(super()._read_xref_stream(declared_startxref))

    def _unless_known(self, previous: int | None) -> int | None:
        self.reached = previous is not None and previous == self.known.last_startxref
        if not self.reached:
            return previous
        # Newest first, as pyHanko gathers them; it then checks all sections together.
        self.sections += reversed(self.known.sections)
        return None


def _trailer_of(section: XRefSection, builder: XRefBuilder) -> generic.DictionaryObject:
    """Read the trailer of a section whose entries are known."""
    meta, stream = section.meta_info, builder.stream
    if meta.xref_section_type is XRefSectionType.STREAM:
        stream.seek(meta.start_location)
        found: generic.DictionaryObject = builder._read_xref_stream_object()[1]  # noqa: SLF001
        return found
    stream.seek(meta.end_location)
    reference = generic.TrailerReference(builder.handler)
    return cast(
        "generic.DictionaryObject",
        generic.DictionaryObject.read_from_stream(stream, reference),
    )
