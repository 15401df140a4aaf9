"""Form fields that show something else than when they were signed, though their value did not.

The shadow "replace" attack (NDSS 2021) prepares a field whose value is already the attacker's,
shows another text when it is signed, and afterwards only changes the appearance, which passes
for harmless form filling. So: after a signature the text of a field's appearance may change only
together with the field's value.

Spec: ISO 32000-2 §12.7.4.3 (the appearance renders the value).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject

from verify.errors import MalformedObjectError
from verify.finding import Finding, error
from verify.guard import PDFValue, foreign
from verify.pdf.document import OpenPDF
from verify.pdf.fields import Field, find_fields
from verify.pdf.values import look_up

_SHOWN = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>", re.DOTALL)


def find_replaced(pdf: OpenPDF, revision: int) -> tuple[Finding, ...]:
    """Return the fields whose appearance was replaced after `revision`."""
    if revision >= pdf.revisions - 1:
        return ()
    before = {
        field.name: field for field in find_fields(pdf.reader.get_historical_resolver(revision))
    }
    return tuple(
        error("integrity.appearance_replaced", field=field.name)
        for field in find_fields(pdf.reader)
        if field.name in before and field.type != "/Sig" and _replaced(before[field.name], field)
    )


def _replaced(before: Field, after: Field) -> bool:
    try:
        with foreign("appearance"):
            if _value(before.dictionary) != _value(after.dictionary):
                return False
            old, new = _shown(before.dictionary), _shown(after.dictionary)
    except MalformedObjectError:
        return False  # the comparison of revisions judges what cannot be read here
    return bool(old) and old != new


def _value(dictionary: DictionaryObject) -> str:
    return str(look_up(dictionary, "/V", ""))


def _shown(dictionary: DictionaryObject) -> list[list[bytes]]:
    return [_SHOWN.findall(stream.data) for stream in _appearances(dictionary)]


def _appearances(dictionary: DictionaryObject) -> Iterator[StreamObject]:
    kids = look_up(dictionary, "/Kids")
    widgets: list[PDFValue] = list(kids) if isinstance(kids, ArrayObject) else [dictionary]
    for widget in widgets:
        appearance = look_up(widget.get_object(), "/AP")
        normal = look_up(appearance, "/N") if isinstance(appearance, DictionaryObject) else None
        if isinstance(normal, StreamObject):
            yield normal
