"""Documents put together object by object: with two cross-references, odd tables, odd heads."""

from __future__ import annotations

from dataclasses import dataclass, field

CONTENT = b"BT /F1 12 Tf 72 720 Td (Kinh gui) Tj ET"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Return a stream's text."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def plain_objects() -> dict[int, bytes]:
    """Return the objects of a document of one page, with a tree for screen readers (6)."""
    return {
        1: b"<</Type/Catalog/Pages 2 0 R/StructTreeRoot 6 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        4: stream(CONTENT),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        6: b"<</Type/StructTreeRoot>>",
    }


@dataclass
class Assembled:
    """A document on its way; `data` is what there is of it."""

    objects: dict[int, bytes] = field(default_factory=plain_objects)
    head: bytes = b"%PDF-1.7\n"

    def __post_init__(self) -> None:
        self.data = self.head
        self.places: dict[int, int] = {}
        for number, text in self.objects.items():
            self.add(number, text)

    def add(self, number: int, text: bytes) -> int:
        """Append an object and return where it stands."""
        self.places[number] = len(self.data)
        self.data += b"%d 0 obj\n%s\nendobj\n" % (number, text)
        return self.places[number]

    @property
    def size(self) -> int:
        return max(self.places) + 1

    def table(
        self, *, hidden: tuple[int, ...] = (), more: bytes = b"", size: int | None = None
    ) -> int:
        """Append a table of all objects but the hidden ones, with its trailer."""
        start = len(self.data)
        lines = [b"0000000000 65535 f \n"]
        for number in range(1, self.size):
            seen = number in self.places and number not in hidden
            lines.append(
                b"%010d 00000 n \n" % self.places[number] if seen else b"0000000000 65535 f \n"
            )
        trailer = b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (size or self.size, more)
        self.data += b"xref\n0 %d\n%s%s" % (self.size, b"".join(lines), trailer)
        return self.end(start)

    def xref_stream(self, places: dict[int, int]) -> int:
        """Append a cross-reference stream that names these objects."""
        number = self.size
        index = b" ".join(b"%d 1" % each for each in sorted(places))
        entries = b"".join(
            b"\x01" + places[each].to_bytes(4, "big") + b"\0" for each in sorted(places)
        )
        words = b"/Type/XRef/W[1 4 1]/Index[%s]/Size %d/Root 1 0 R" % (index, number + 1)
        return self.add(number, stream(entries, words))

    def end(self, start: int) -> int:
        """Append where the newest table begins, and return that."""
        self.data += b"startxref\n%d\n%%%%EOF\n" % start
        return start

    def second_table(self, more: bytes) -> int:
        """Append a table of nothing, whose trailer says more."""
        start = len(self.data)
        trailer = b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (self.size, more)
        self.data += b"xref\n0 0\n" + trailer
        return self.end(start)


def hybrid(
    hidden: tuple[int, ...] = (6,),
    objects: dict[int, bytes] | None = None,
    differing: dict[int, bytes] | None = None,
) -> bytes:
    """Return a document as Word makes them: a table, then one of nothing that names a stream.

    Args:
        hidden: objects that only the stream names.
        objects: of the document.
        differing: other texts of objects, which the stream names in their place.
    """
    made = Assembled(objects or plain_objects())
    places = dict(made.places)
    for number, text in (differing or {}).items():
        kept = made.places[number]
        places[number] = made.add(number, text)
        made.places[number] = kept
    stream_at = made.xref_stream(places)
    first = made.table(hidden=hidden)
    made.second_table(b"/Prev %d/XRefStm %d" % (first, stream_at))
    return made.data


def plain(**more: object) -> bytes:
    """Return the same document with one table and no stream."""
    made = Assembled()
    made.table(**more)  # type: ignore[arg-type]  # whatever the test says
    return made.data


def plain_with_stream(*, packed: bool = True, hides: bytes = b"", sign: bytes = b"") -> bytes:
    """Return the same document with a stream of cross-references, and one of objects.

    Args:
        packed: whether objects 5 and 6 lie in an object stream.
        hides: one more object in that stream, which nothing names.
        sign: before the places in that stream; `+` is odd and harmless.
    """
    objects = plain_objects()
    inside = {number: objects.pop(number) for number in (5, 6)} if packed else {}
    made = Assembled(objects)
    if inside:
        texts = [*inside.items(), *([(9, hides)] if hides else [])]
        index, held = b"", b""
        for number, text in texts:
            index += b"%d %s%d " % (number, sign, len(held))
            held += text + b" "
        entries = b"/Type/ObjStm/N %d/First %d" % (len(texts), len(index))
        made.add(7, stream(index + held, entries))
    size, at = 9, len(made.data)
    rows = [b"\0" + bytes(5)]
    for number in range(1, size):
        if number in inside:
            rows.append(b"\2" + (7).to_bytes(4, "big") + bytes([number - 5]))
        elif number in made.places or number == size - 1:
            rows.append(b"\1" + made.places.get(number, at).to_bytes(4, "big") + b"\0")
        else:
            rows.append(b"\0" + bytes(5))
    words = b"/Type/XRef/W[1 4 1]/Size %d/Root 1 0 R" % size
    made.end(made.add(size - 1, stream(b"".join(rows), words)))
    return made.data


def point_off(data: bytes, by: int) -> bytes:
    """Return the document with a last pointer that is wrong."""
    before, start = data.rsplit(b"startxref\n", 1)
    number, rest = start.split(b"\n", 1)
    return b"%sstartxref\n%d\n%s" % (before, int(number) + by, rest)


class LeftOpen(Assembled):
    """A document in which one object has no `endobj`."""

    def __init__(self, number: int) -> None:
        self.left_open = number
        super().__init__()

    def add(self, number: int, text: bytes) -> int:
        """Append an object and return where it stands."""
        place = super().add(number, text)
        if number == self.left_open:
            self.data = self.data.removesuffix(b"endobj\n")
        return place
