"""Looks a key up in a PDF dictionary with the reference followed, as `dict.get` does not."""

from __future__ import annotations

from pyhanko.pdf_utils.generic import DictionaryObject

from verify.guard import PDFValue


def look_up(dictionary: DictionaryObject, key: str, default: PDFValue = None) -> PDFValue:
    """Return the value of `key`, dereferenced, or `default` when the dictionary lacks it."""
    return dictionary[key] if key in dictionary else default  # noqa: SIM401  get() does not follow references
