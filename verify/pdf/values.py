"""Looks keys up in PDF dictionaries with references followed, and where those were read."""

from __future__ import annotations

from typing import cast

from pyhanko.pdf_utils.generic import DictionaryObject, NullObject, Reference

from verify.guard import PDFValue


def look_up(dictionary: DictionaryObject, key: str, default: PDFValue = None) -> PDFValue:
    """Return the value of `key`, dereferenced, or `default` when it is absent or null.

    Spec: ISO 32000-2 §7.3.7 (a null value is as good as none).
    """
    if key not in dictionary:
        return default
    found = dictionary.raw_get(key).get_object()
    return default if isinstance(found, NullObject) else found


def read_from(dictionary: DictionaryObject) -> Reference:
    """Return the indirect object that the dictionary is, or lies in."""
    # All but what lies in the trailer is in one, and nothing in the trailer is asked about.
    return cast("Reference", dictionary.container_ref)
