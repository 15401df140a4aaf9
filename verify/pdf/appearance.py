"""Form fields that show something else than when they were signed, though their value did not.

The shadow "replace" attack (NDSS 2021) prepares a field whose value is already the attacker's,
shows another text when it is signed, and afterwards only changes the appearance, which passes
for harmless form filling. So: after a signature what a field's appearance shows may change only
together with the field's value. Compared are the state of a button, texts, the fonts they are set
in, images and what is drawn with paths, through nested forms; not colours, backgrounds and borders,
which viewers draw anew in their own way.

Spec: ISO 32000-2 §12.7.4.3 (the appearance renders the value), §12.5.5 (appearance states).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, Reference, StreamObject

from verify.errors import MalformedObjectError
from verify.finding import Finding, error
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.fields import Field, find_fields
from verify.pdf.glyphs import Known, drawn_with
from verify.pdf.strokes import drawn_paths
from verify.pdf.values import look_up, read_from

_SHOWN = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>", re.DOTALL)
_UNREADABLE = b"unreadable"


def find_replaced(pdf: OpenPDF, revision: int) -> tuple[Finding, ...]:
    """Return the fields whose appearance was replaced after `revision`."""
    if revision >= pdf.revisions - 1:
        return ()
    known: Known = {}
    before = {
        field.name: field for field in find_fields(pdf.reader.get_historical_resolver(revision))
    }
    return tuple(
        error("integrity.appearance_replaced", field=field.name)
        for field in find_fields(pdf.reader)
        if field.name in before
        and field.type != "/Sig"
        and _replaced(before[field.name], field, known)
    )


def _replaced(before: Field, after: Field, known: Known) -> bool:
    if _value(before.dictionary) != _value(after.dictionary):
        return False
    old, new = _shown(before.dictionary, known), _shown(after.dictionary, known)
    return any(look is not None for look in old) and old != new


def _value(dictionary: DictionaryObject) -> str | None:
    try:
        with foreign("value"):
            return str(look_up(dictionary, "/V", ""))
    except MalformedObjectError:
        return None


def _shown(dictionary: DictionaryObject, known: Known) -> list[list[bytes] | None]:
    kids = look_up(dictionary, "/Kids")
    widgets: list[PDFValue] = list(kids) if isinstance(kids, ArrayObject) else [dictionary]
    return [_look(widget.get_object(), known) for widget in widgets]


def _look(widget: DictionaryObject, known: Known) -> list[bytes] | None:
    """Return what a widget shows, piece by piece; None when it has no appearance."""
    try:
        with foreign("appearance"):
            normal = _inside(widget, "/AP", "/N")
            if isinstance(normal, StreamObject):
                return list(_painted(normal, known, seen=set()))
            if not isinstance(normal, DictionaryObject):
                return None
            state = str(look_up(widget, "/AS", "/Off"))
            drawn = look_up(normal, state)
            pieces = _painted(drawn, known, seen=set()) if isinstance(drawn, StreamObject) else ()
            return [state.encode(), *pieces]
    except MalformedObjectError:
        return [_UNREADABLE]


def _painted(form: StreamObject, known: Known, *, seen: set[Reference]) -> Iterator[bytes]:
    """Yield the texts and images of a form and of those it may draw, each once."""
    reference = read_from(form)
    if reference in seen:
        return
    seen.add(reference)
    yield from _pieces(form, known)
    inner = _inside(form, "/Resources", "/XObject")
    for name in inner if isinstance(inner, DictionaryObject) else ():
        if isinstance(inner[name], StreamObject):
            yield from _painted(inner[name], known, seen=seen)


def _pieces(stream: StreamObject, known: Known) -> list[bytes]:
    if look_up(stream, "/Subtype") == "/Image":
        return [stream.encoded_data]
    try:
        with foreign("content stream"):
            content = stream.data
            return [
                *drawn_with(stream, content, known),
                *_SHOWN.findall(content),
                *drawn_paths(stream, content),
            ]
    except MalformedObjectError:
        return [stream.encoded_data]  # a viewer may know more filters


def _inside(dictionary: DictionaryObject, outer: str, inner: str) -> PDFValue:
    found = look_up(dictionary, outer)
    return look_up(found, inner) if isinstance(found, DictionaryObject) else None
