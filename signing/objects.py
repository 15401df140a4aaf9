"""Reading PDF objects through pyHanko."""

from __future__ import annotations

from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject, PdfObject


def entry(holder: object, key: str) -> PdfObject | None:
    """Return the value of a dictionary's entry, references followed; None where there is none.

    pyHanko's `DictionaryObject.get` is `dict.get`: it hands out references as they stand.
    """
    if isinstance(holder, IndirectObject):
        holder = holder.get_object()
    if not isinstance(holder, DictionaryObject) or key not in holder:
        return None
    value: PdfObject = holder[key]
    return value
