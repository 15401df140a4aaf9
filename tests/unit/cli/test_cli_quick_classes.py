"""Dataclasses that are made quickly are what Python makes of them: whatever is asked, the same."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from cli.quick_classes import make_classes_quickly

PATCHED = ("_frozen_get_del_attr", "_repr_fn")


def classes() -> list[type]:
    @dataclass(frozen=True)
    class Plain:
        a: int = 1
        b: str = "x"

    @dataclass(frozen=True, slots=True)
    class Slots:
        a: int = 1
        hidden: str = field(default="secret", repr=False)

    @dataclass(frozen=True)
    class Below(Plain):
        c: object = None

    @dataclass(frozen=True)
    class Empty:
        pass

    class Loose(Plain):
        """Not a dataclass itself: it may have more."""

    @dataclass
    class Open:
        a: int = 1

    return [Plain, Slots, Below, Empty, Loose, Open]


def outcome(call: Callable[[], object]) -> tuple[str, str]:
    try:
        return "done", repr(call())
    except Exception as error:  # noqa: BLE001  whatever it is, it must be the same
        return type(error).__name__, str(error)


def told() -> list[object]:
    """Return all that can be seen of objects that are shown and changed."""
    found: list[object] = []
    for cls in classes():
        for name in ("a", "c", "more", "hidden"):
            one = cls()
            found.append(outcome(lambda one=one, name=name: setattr(one, name, 2)))
            found.append(outcome(lambda one=one, name=name: delattr(one, name)))
            found.append(repr(one))
        found += [cls() == cls(), outcome(lambda cls=cls: hash(cls()) == hash(cls()))]
        found.append((cls.__repr__.__qualname__, cls.__setattr__.__qualname__))
    return found


def round_itself() -> str:
    @dataclass(frozen=True)
    class Round:
        inner: list[object]

    one = Round([])
    one.inner.append(one)
    return repr(one)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python compiles once a class")
def test_what_is_made_quickly_is_the_same(monkeypatch: pytest.MonkeyPatch):
    expected, rounded = told(), round_itself()
    for name in PATCHED:
        monkeypatch.setattr(dataclasses, name, getattr(dataclasses, name))
    before = [getattr(dataclasses, name) for name in PATCHED]
    make_classes_quickly()
    assert [getattr(dataclasses, name) for name in PATCHED] != before
    assert told() == expected
    assert any(kind == "FrozenInstanceError" for kind, *_ in filter(None, map(_pair, expected)))
    assert round_itself() == rounded


def _pair(found: object) -> tuple[object, ...] | None:
    return found if isinstance(found, tuple) else None


def test_later_pythons_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    before = dict(vars(dataclasses))
    monkeypatch.setattr(sys, "version_info", (3, 13))
    make_classes_quickly()
    assert vars(dataclasses) == before
