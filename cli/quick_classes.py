"""Makes frozen dataclasses in less time, where Python compiles text for each of their methods.

Up to Python 3.12 `dataclasses` writes every method as text and compiles it, six for a frozen class:
a seventh of the processor time of `antin sign one.pdf`, which loads hundreds of classes. What
refuses a change and what shows an object need no text: here they are functions that do the same.
They run when something is wrong or shown, so that nothing gets slower. Later Pythons compile once a
class and are left alone.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import Field, FrozenInstanceError
from reprlib import recursive_repr
from typing import Any

_Fields = tuple[Field[Any], ...] | list[Field[Any]]


def make_classes_quickly() -> None:
    """Make dataclasses so from here on; those that are made stay as they are."""
    if sys.version_info < (3, 13):
        vars(dataclasses).update(_frozen_get_del_attr=_refusals, _repr_fn=_shown)


def _refusals(
    cls: Any,  # noqa: ANN401  a class, for `super`
    fields: _Fields,
    _globals: dict[str, Any],
) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return what refuses to set and to delete, as `dataclasses._frozen_get_del_attr` does."""
    names = frozenset(one.name for one in fields)

    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: object, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _shown(fields: _Fields, _globals: dict[str, Any]) -> Callable[[object], str]:
    """Return what shows an object, as `dataclasses._repr_fn` does."""
    names = tuple(one.name for one in fields)

    def __repr__(self: object) -> str:  # noqa: N807
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    return recursive_repr()(__repr__)
