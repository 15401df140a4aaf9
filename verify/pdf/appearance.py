"""Form fields that show something else than when they were signed, though their value did not.

The shadow "replace" attack (NDSS 2021) prepares a field whose value is already the attacker's,
shows another text when it is signed, and afterwards only changes the appearance, which passes
for harmless form filling. So: after a signature what a field's appearance shows may change only
together with the field's value. Compared is all that decides how it looks: the state of a button,
what is painted with which fonts and images, in which colour and place, seen or not, through nested
forms; not backgrounds and borders, which viewers draw anew in their own way.

Looked at are the fields and widgets that some revision filled in, one by one and not by their
names, which several may have in common.

Spec: ISO 32000-2 §12.7.4.3 (the appearance renders the value), §12.5.5 (appearance states).
"""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    Reference,
    StreamObject,
)

from verify.errors import MalformedObjectError
from verify.finding import Finding, error
from verify.guard import PDFValue, foreign
from verify.pdf.difference.history import Key, key_of, members
from verify.pdf.document import OpenPDF
from verify.pdf.glyphs import Fonts, Known, told_apart
from verify.pdf.painted import names_used, painted, written
from verify.pdf.values import look_up, read_from

_UNREADABLE = b"unreadable"
_DRAWN_FROM = ("/RV", "/I", "/DA", "/Q", "/MK")
"""What viewers draw a field from besides its value, where they draw it anew."""
_ASKED_FOR = ("/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
_SILENT = frozenset(
    {"/BBox", "/Matrix", "/Resources", "/Length", "/Filter", "/DecodeParms", "/Type", "/Subtype"}
    | {"/FormType", "/Name", "/LastModified", "/PieceInfo", "/Metadata", "/StructParent"}
    | {"/StructParents"}
)
"""Of a form's or image's entries, those that do not say how it looks, or are read otherwise."""
_MOST_ABOVE = 64

_Looks = list[list[bytes] | None]


def find_replaced(pdf: OpenPDF, revision: int) -> tuple[Finding, ...]:
    """Return the fields whose appearance was replaced after `revision`."""
    try:
        filled = _filled_after(pdf, revision)
        above = _owners(pdf) if filled else {}
    except MalformedObjectError:
        return ()  # that cannot be compared is told already, and permits nothing
    known: Known = {}
    found = {
        name: error("integrity.appearance_replaced", field=name)
        for key, name in filled.items()
        if _replaced(pdf, revision, [key, *_above(key, above)], known)
    }
    return tuple(found.values())


def _filled_after(pdf: OpenPDF, revision: int) -> dict[Key, str]:
    """Return fields and widgets that were filled in after a revision, with their names."""
    found = {}
    for later in range(revision + 1, pdf.revisions):
        for change in pdf.comparison.changes(later):
            if change.filled:
                number, generation = map(int, change.object.split())
                found[number, generation] = change.where
    return found


def _owners(pdf: OpenPDF) -> dict[Key, Key]:
    """Return by which field each field and widget is held."""
    owners: dict[Key, Key] = {}
    with foreign("form"):
        roots = look_up(look_up(pdf.reader.root, "/AcroForm"), "/Fields")
        pending = [each for each in members(roots) if isinstance(each, IndirectObject)]
        seen = {key_of(each) for each in pending}
        while pending:
            node = pending.pop()
            field = node.get_object()
            kids = look_up(field, "/Kids") if isinstance(field, DictionaryObject) else None
            for kid in members(kids):
                if isinstance(kid, IndirectObject) and key_of(kid) not in seen:
                    seen.add(key_of(kid))
                    owners[key_of(kid)] = key_of(node)
                    pending.append(kid)
    return owners


def _above(key: Key, owners: dict[Key, Key]) -> Iterator[Key]:
    for _ in range(_MOST_ABOVE):
        if key not in owners:
            return
        key = owners[key]
        yield key


def _replaced(pdf: OpenPDF, revision: int, fields: list[Key], known: Known) -> bool:
    """Say whether a field looks otherwise, though its value is the same.

    Args:
        pdf: the document.
        revision: that was signed.
        fields: the field or widget, and those it is in.
        known: fonts that were looked at.
    """
    try:
        with foreign("field"):
            earlier = pdf.reader.get_historical_resolver(revision)
            before = [_dictionary(earlier, key) for key in fields]
            after = [_dictionary(pdf.reader, key) for key in fields]
    except MalformedObjectError:
        return True
    value = _value(before)
    if value != _value(after):
        return False
    old, new = _looks(before[0], known), _looks(after[0], known)
    if any(look is not None for look in old[:1]):
        return old != new
    # What had no look is drawn from its value by viewers: a look that writes just that is no other.
    return new[0] is not None and not _shows_just(value, after[0], known)


def _dictionary(handler: PDFValue, key: Key) -> DictionaryObject:
    found = handler.get_object(Reference(*key, handler))
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _value(fields: list[DictionaryObject]) -> str | None:
    """Return a field's value, its own or the one it inherits; none where it cannot be read."""
    try:
        with foreign("value"):
            told = (look_up(each, "/V") for each in fields)
            return str(next((value for value in told if value is not None), ""))
    except MalformedObjectError:
        return None


def _looks(widget: DictionaryObject, known: Known) -> _Looks:
    """Return what a widget shows: as it is, under the pointer, pressed, and drawn anew."""
    looks = [_look(widget, key, known) for key in ("/N", "/R", "/D")]
    drawn_from = [key.encode() + told_apart(widget.raw_get(key))
                  for key in _DRAWN_FROM if key in widget]  # fmt: skip
    return [*looks, drawn_from]


def _look(widget: DictionaryObject, which: str, known: Known) -> list[bytes] | None:
    """Return what a widget shows, piece by piece; None when it has no appearance."""
    try:
        with foreign("appearance"):
            found = _inside(widget, "/AP", which)
            if isinstance(found, StreamObject):
                return list(_painted(found, known, seen=set()))
            if not isinstance(found, DictionaryObject):
                return None
            state = str(look_up(widget, "/AS", "/Off"))
            drawn = look_up(found, state)
            pieces = _painted(drawn, known, seen=set()) if isinstance(drawn, StreamObject) else ()
            return [state.encode(), *pieces]
    except MalformedObjectError:
        return [_UNREADABLE]


def _shows_just(value: str | None, widget: DictionaryObject, known: Known) -> bool:
    """Say whether a look shows a value, letter for letter, or nothing, and nothing else."""
    try:
        with foreign("appearance"):
            drawn = _inside(widget, "/AP", "/N")
            if not isinstance(drawn, StreamObject):
                drawn = look_up(drawn, str(look_up(widget, "/AS", "/Off")))
            if not isinstance(drawn, StreamObject):
                return True
            found = written(drawn, drawn.data, Fonts(drawn, known))
    except MalformedObjectError:
        return False
    if not found:
        return found is not None
    both = (found.decode("latin-1"), found.decode("utf-16-be", errors="replace"))
    return any("".join(each.split()) == "".join((value or "").split()) for each in both)


def _painted(form: StreamObject, known: Known, *, seen: set[Reference]) -> Iterator[bytes]:
    """Yield what a form paints, and those that it may draw, each once."""
    reference = read_from(form)
    if reference in seen:
        return
    seen.add(reference)
    yield from _pieces(form, known)
    inner = _inside(form, "/Resources", "/XObject")
    for name in inner if isinstance(inner, DictionaryObject) else ():
        if isinstance(inner[name], StreamObject):
            yield name.encode()
            yield from _painted(inner[name], known, seen=seen)


def _pieces(stream: StreamObject, known: Known) -> Iterator[bytes]:
    for key in sorted(set(stream) - _SILENT):
        yield key.encode() + told_apart(stream.raw_get(key))
    if look_up(stream, "/Subtype") == "/Image":
        yield stream.encoded_data
        return
    yield _numbers(stream, "/BBox", ()) + _numbers(stream, "/Matrix", (1, 0, 0, 1, 0, 0))
    try:
        with foreign("content stream"):
            content = stream.data
            pieces = [
                *painted(stream, content, Fonts(stream, known)),
                *_resources(stream, names_used(content)),
            ]
    except MalformedObjectError:
        pieces = [stream.encoded_data]  # a viewer may know more filters
    yield from pieces


def _resources(stream: StreamObject, used: frozenset[str]) -> Iterator[bytes]:
    """Yield what tells the resources apart that a form asks for."""
    for kind in _ASKED_FOR:
        found = _inside(stream, "/Resources", kind)
        if isinstance(found, DictionaryObject):
            for name in sorted(used & set(found)):
                yield f"{kind} {name}".encode() + told_apart(found.raw_get(name))


def _numbers(stream: StreamObject, key: str, default: tuple[int, ...]) -> bytes:
    found = look_up(stream, key)
    numbers = found if isinstance(found, ArrayObject) else default
    return repr([round(float(each), 1) for each in numbers]).encode()


def _inside(dictionary: DictionaryObject, outer: str, inner: str) -> PDFValue:
    found = look_up(dictionary, outer)
    return look_up(found, inner) if isinstance(found, DictionaryObject) else None
