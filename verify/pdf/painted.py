"""What an appearance paints, one operator after the other, with all that decides how it looks.

Texts with their font, size, place and colour; paths, images, clipping, transparency. Left out is
what paints nothing, and a field's background and border, rectangles as large as the field under
its text: viewers draw them anew in their own way. Text in the colour of the ground is not seen.

Spec: ISO 32000-2 §8.4 (graphics state), §8.5 (paths), §9.3, §9.4 (text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyhanko.pdf_utils.generic import ArrayObject, StreamObject

from verify.pdf.glyphs import Fonts
from verify.pdf.operations import Operand, Operation, read_operations
from verify.pdf.values import look_up

_BUILD = frozenset({"m", "l", "c", "v", "y", "h", "re"})
_PAINT = frozenset({"f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "n"})
_FILLED = frozenset({"f", "F", "f*", "B", "B*", "b", "b*"})
_CLIP = frozenset({"W", "W*"})
_MOVE = frozenset({"Td", "TD", "Tm", "T*"})
_SHOW = frozenset({"Tj", "TJ", "'", '"'})
_SILENT = frozenset({"BMC", "EMC", "MP", "DP", "BX", "EX", "ET"})
_OF_TEXT = frozenset({"Tf", "Tc", "Tw", "Tz", "TL", "Ts", "Tr"})
_OF_STROKES = frozenset({"stroke", "CS", "w", "J", "j", "M", "d", "i", "ri"})
_PLAIN_COLORS = {"g": "fill", "rg": "fill", "k": "fill", "G": "stroke", "RG": "stroke",
                 "K": "stroke"}  # fmt: skip
_COLORS = {"sc": "fill", "scn": "fill", "SC": "stroke", "SCN": "stroke"}
_SPACES = {"cs": "fill", "CS": "stroke"}
_GROWING = frozenset({"cm", "gs"})
_DEFAULTS: dict[str, tuple[Operand, ...]] = {
    "Tc": (0.0,), "Tw": (0.0,), "Tz": (100.0,), "Ts": (0.0,), "Tr": (0.0,)
}  # fmt: skip
_FILL_ONLY = 0.0
"""Text rendering mode."""
_BLACK = (0.0, 0.0, 0.0)
_ALIKE = 0.2
"""Colours nearer to each other than this, of one, cannot be told apart."""
_NEAR = 0.9
"""A rectangle of so much of the field's width and height is its background or border."""

_State = dict[str, tuple[object, ...]]


def painted(form: StreamObject, content: bytes, fonts: Fonts) -> Iterator[bytes]:
    """Yield what a form paints.

    Args:
        form: the appearance, or a form inside it.
        content: its operators.
        fonts: tells its fonts apart.

    Raises:
        MalformedObjectError: the operators cannot be read.
    """
    yield from _Painter(_box(form), content, fonts).run()


def names_used(content: bytes) -> frozenset[str]:
    """Return the names that operators ask for, of resources and others.

    Raises:
        MalformedObjectError: the operators cannot be read.
    """
    return frozenset(
        operand
        for each in read_operations(content)
        for operand in each.operands
        if isinstance(operand, str)
    )


def written(form: StreamObject, content: bytes, fonts: Fonts) -> bytes | None:
    """Return the octets of all texts; None where something else is painted too.

    Raises:
        MalformedObjectError: the operators cannot be read.
    """
    painter = _Painter(_box(form), content, fonts)
    pieces = list(painter.run())
    return b"".join(painter.texts) if len(pieces) == painter.shown else None


@dataclass(slots=True)
class _Painter:
    """Follows the state that operators set, and yields what they paint with it."""

    box: tuple[float, float, float, float]
    content: bytes
    fonts: Fonts
    states: list[_State] = field(default_factory=lambda: [{"fill": _BLACK, "stroke": _BLACK}])
    path: list[tuple[object, ...]] = field(default_factory=list)
    clip: str | None = None
    place: list[tuple[object, ...]] = field(default_factory=list)
    ground: tuple[object, ...] | None = None
    shown: int = 0
    texts: list[bytes] = field(default_factory=list)

    def run(self) -> Iterator[bytes]:
        for each in read_operations(self.content):
            if each.name in _PAINT:
                yield from self._paint(each.name)
            elif each.name in _SHOW:
                yield self._show(each)
            elif not self._follow(each):
                if each.name == "BI":  # what it paints stands between the operators
                    yield self.content
                yield _told(each.name, _rounded(each.operands), self._state(frozenset()))

    def _follow(self, each: Operation) -> bool:
        """Note what an operator sets; say whether that is all it does."""
        name, operands = each.name, _rounded(each.operands)
        state = self.states[-1]
        if name == "q":
            self.states.append(dict(state))
        elif name == "Q":
            del self.states[max(1, len(self.states) - 1) :]
        elif name in _BUILD:
            self.path.append((name, *operands))
        elif name in _CLIP:
            self.clip = name
        elif name in _MOVE:
            self.place.append((name, *operands))
        elif name == "BT":
            self.place = []
        elif name in _SILENT:
            pass
        else:
            return self._set(name, each.operands, state)
        return True

    def _set(self, name: str, exact: tuple[Operand, ...], state: _State) -> bool:
        operands = _rounded(exact)
        if name in _PLAIN_COLORS:
            state[_PLAIN_COLORS[name]] = _color(name, exact)
        elif name in _SPACES:
            state[_SPACES[name]] = (name, *operands)
        elif name in _COLORS:
            state[_COLORS[name]] = (*state[_COLORS[name]], name, *_rounded(exact, 2))
        elif name in _GROWING:
            state[name] = (*state.get(name, ()), operands)
        elif name == "Tf":
            state[name] = (self.fonts.told_apart(operands), *operands[1:])
        elif name in _OF_TEXT or name in _OF_STROKES:
            state[name] = operands
            if operands == _DEFAULTS.get(name):
                del state[name]
        else:
            return name == "BDC" and operands[:1] != ("/OC",)
        return True

    def _state(self, left_out: frozenset[str]) -> list[tuple[str, tuple[object, ...]]]:
        return sorted((key, told) for key, told in self.states[-1].items() if key not in left_out)

    def _show(self, each: Operation) -> bytes:
        state = self.states[-1]
        self.shown += 1
        for operand in each.operands:
            parts = operand if isinstance(operand, tuple) else (operand,)
            self.texts += [part for part in parts if isinstance(part, bytes)]
        mode = state.get("Tr", (_FILL_ONLY,))
        left_out = _OF_STROKES if mode == (_FILL_ONLY,) else frozenset()
        seen = self.ground is None or not _alike(self.ground, state["fill"])
        strings = _rounded(each.operands)
        return _told(each.name, strings, (seen, self.place, self._state(left_out)))

    def _paint(self, name: str) -> Iterator[bytes]:
        state, path = self.states[-1], self.path
        ground = _is_ground(path, self.box)
        if name != "n":
            if ground and not self.shown and "cm" not in state and _is_plain(state["fill"]):
                self.ground = state["fill"] if name in _FILLED else self.ground
            else:
                left_out = _OF_TEXT | (_OF_STROKES if name in ("f", "F", "f*") else frozenset())
                yield _told(name, path, self._state(left_out))
        if self.clip is not None and not (ground and "cm" not in state):
            state["clip"] = (*state.get("clip", ()), (self.clip, *path))
        self.path, self.clip = [], None


def _told(*what: object) -> bytes:
    return repr(what).encode()


def _rounded(operands: tuple[Operand, ...], digits: int = 1) -> tuple[Operand, ...]:
    return tuple(
        round(each, digits)
        if isinstance(each, float)
        else tuple(round(one, digits) if isinstance(one, float) else one for one in each)
        if isinstance(each, tuple)
        else each
        for each in operands
    )


def _color(name: str, operands: tuple[Operand, ...]) -> tuple[object, ...]:
    """Return red, green and blue where they can be told."""
    told = [round(each, 2) for each in operands if isinstance(each, float)]
    if name in ("g", "G") and len(told) == 1:
        return (*told, *told, *told)
    if name in ("rg", "RG") and len(told) == len(_BLACK):
        return tuple(told)
    if name in ("k", "K") and len(told) == len(_BLACK) + 1:
        return tuple(round((1 - each) * (1 - told[-1]), 2) for each in told[:-1])
    return (name, *operands)


def _is_plain(color: tuple[object, ...]) -> bool:
    """Say whether a colour is one, and no pattern."""
    return len(color) == len(_BLACK) and all(isinstance(each, float) for each in color)


def _alike(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    if not _is_plain(one) or not _is_plain(other):
        return False
    both = zip(one, other, strict=True)
    return all(
        abs(left - right) < _ALIKE
        for left, right in both
        if isinstance(left, float) and isinstance(right, float)
    )


def _is_ground(path: list[tuple[object, ...]], box: tuple[float, float, float, float]) -> bool:
    """Say whether a path is one rectangle as large as the field."""
    if len(path) != 1 or path[0][0] != "re" or len(path[0]) != len(("re", "x", "y", "w", "h")):
        return False
    x, y, wide, high = (each if isinstance(each, float) else 0.0 for each in path[0][1:])
    left, low, width, height = box
    room = 1 - _NEAR
    return (
        wide >= _NEAR * width
        and high >= _NEAR * height
        and x <= left + room * width
        and y <= low + room * height
    )


def _box(form: StreamObject) -> tuple[float, float, float, float]:
    """Return corner, width and height; of a form without a box nothing is as large as it."""
    box = look_up(form, "/BBox")
    if not isinstance(box, ArrayObject) or len(box) != len(("x", "y", "X", "Y")):
        return 0.0, 0.0, float("inf"), float("inf")
    left, low, right, high = (float(each) for each in box)
    return min(left, right), min(low, high), abs(right - left), abs(high - low)
