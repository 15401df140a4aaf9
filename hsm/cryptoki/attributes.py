"""Several attributes of an object in one question: a smart card takes milliseconds for each."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Protocol

from pkcs11 import Attribute, PKCS11Error
from pkcs11.types import Object


class Readable(Protocol):
    """What gives an object's attributes, and raises IndexError for one that it has not."""

    def __getitem__(self, key: Attribute, /) -> Any:  # noqa: ANN401  each attribute has its type
        """Return one attribute."""
        ...


class _Read:
    """Attributes that were read already."""

    def __init__(self, attributes: dict[Attribute, Any]) -> None:
        self._attributes = attributes

    def __getitem__(self, key: Attribute) -> Any:  # noqa: ANN401  each attribute has its type
        if key not in self._attributes:
            raise IndexError(key)
        return self._attributes[key]


def read_attributes(item: Object, attributes: Iterable[Attribute]) -> Readable:
    """Return these attributes of an object, read at once.

    Where that fails, because a token cannot answer for several or one of them is no text or number,
    the object itself is returned: then each is asked for when it is wanted, and fails by itself.
    """
    try:
        return _Read(item.get_attributes(list(attributes)))
    except (PKCS11Error, UnicodeDecodeError, struct.error):
        return item
