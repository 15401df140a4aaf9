"""What one signature shows on its page: images and words, how large, where and in which colour.

Read from the appearance stream of its field by an interpreter of the few operators that move,
colour, write and paint images. Nothing is drawn and no font program is run; what goes beyond the
budget is not read at all.

Spec: ISO 32000-2 §12.5.5 (appearance streams), §8.4.4, §9.4 (operators).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject

from verify.display.budget import MOST_DEPTH, Budget
from verify.display.fonts import Font, read_font
from verify.display.ink import Color, Ink, ink_of
from verify.display.matrix import SAME, Box, Matrix, box_of, is_sound, times
from verify.errors import MalformedObjectError
from verify.pdf.geometry import POINTS_PER_MM
from verify.pdf.operations import Operand, Operation, read_operations
from verify.pdf.values import look_up

_BLACK: Color = (0.0, 0.0, 0.0)
_UNSEEN = 3
"""Text rendering mode."""
_TILT = 0.02
_UNIT: Box = (0.0, 0.0, 1.0, 1.0)
_BANDS = {"g": 1, "rg": 3, "k": 4}


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image, in millimetres on the page as seen."""

    box: Box
    ink: Ink | None

    @property
    def width_mm(self) -> float:
        """How wide it is."""
        return self.box[2] - self.box[0]

    @property
    def height_mm(self) -> float:
        """How high it is."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class ShownText:
    """Words that were written in one go."""

    text: str
    size_pt: float
    font: str
    color: Color | None
    upright: bool
    """Neither turned nor mirrored, as the page is seen."""
    place: tuple[float, float]


@dataclass(slots=True)
class Shown:
    """All that a signature shows."""

    images: list[ShownImage] = field(default_factory=list)
    texts: list[ShownText] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _State:
    matrix: Matrix
    fill: Color | None = _BLACK
    font: Font | None = None
    size: float = 0.0
    stretch: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    unseen: bool = False


def read_shown(form: StreamObject, matrix: Matrix, budget: Budget) -> Shown:
    """Return what a form XObject shows.

    Args:
        form: the appearance stream.
        matrix: from its own coordinates (its /Matrix counted in) to millimetres as seen.
        budget: how much may be read.

    Raises:
        MalformedObjectError: it cannot be read, or is too much.
    """
    reader = _Reader(budget)
    reader.form(form, _State(matrix), look_up(form, "/Resources"), 0)
    return reader.shown


class _Reader:
    """Interprets one appearance."""

    def __init__(self, budget: Budget) -> None:
        self.shown = Shown()
        self._budget = budget
        # With the dictionary itself: no other takes its place in memory, and so its number.
        self._fonts: dict[int, tuple[DictionaryObject, Font]] = {}

    def form(self, form: StreamObject, state: _State, resources: object, depth: int) -> None:
        """Read one form and those it paints."""
        if depth > MOST_DEPTH:
            raise MalformedObjectError(what="appearance", reason="forms too deep")
        content = self._budget.inflate(form)
        if content is None:
            raise MalformedObjectError(what="appearance", reason="filter")
        _Drawing(self, state, resources, depth).run(content)

    def font(self, dictionary: DictionaryObject) -> Font:
        """Return a font, read once."""
        if id(dictionary) not in self._fonts:
            self._fonts[id(dictionary)] = dictionary, read_font(dictionary, self._budget)
        return self._fonts[id(dictionary)][1]

    def paint(self, image: StreamObject, state: _State) -> None:
        """Note an image."""
        box = box_of(_UNIT, state.matrix)
        if is_sound(*box):
            self.shown.images.append(ShownImage(box, ink_of(image, state.fill, self._budget)))

    def write(self, string: bytes, state: _State, line: Matrix) -> None:
        """Note a text."""
        if state.font is None or state.unseen or not string:
            return
        text = self._budget.letters_of(state.font.read(string))
        own: Matrix = (state.size * state.stretch, 0.0, 0.0, state.size, 0.0, state.rise)
        a, b, c, d, e, f = times(times(own, line), state.matrix)
        if not is_sound(a, b, c, d, e, f):
            return
        high, wide = math.hypot(c, d), math.hypot(a, b)
        # As seen, y grows downwards: upright letters run to the right, and up.
        upright = a > 0 and d < 0 and abs(b) <= _TILT * wide and abs(c) <= _TILT * high
        self.shown.texts.append(
            ShownText(text, high * POINTS_PER_MM, state.font.name, state.fill, upright, (e, f))
        )


class _Drawing:
    """The operators of one content stream."""

    def __init__(self, reader: _Reader, state: _State, resources: object, depth: int) -> None:
        self._reader = reader
        self._state = state
        self._resources = resources
        self._depth = depth
        self._saved: list[_State] = []
        self._line = SAME

    def run(self, content: bytes) -> None:
        for operation in read_operations(content):
            self._reader._budget.operator()  # noqa: SLF001  one interpreter in two classes
            numbers = tuple(each for each in operation.operands if isinstance(each, float))
            if not (self._graphics(operation, numbers) or self._place(operation.name, numbers)):
                self._words(operation, numbers)

    def _graphics(self, operation: Operation, numbers: tuple[float, ...]) -> bool:
        match operation.name, numbers:
            case "q", _:
                self._saved.append(self._state)
            case "Q", _ if self._saved:
                self._state = self._saved.pop()
            case "cm", (a, b, c, d, e, f):
                matrix = times((a, b, c, d, e, f), self._state.matrix)
                self._state = replace(self._state, matrix=matrix)
            case ("g" | "rg" | "k") as name, _ if len(numbers) == _BANDS[name]:
                self._state = replace(self._state, fill=_color(numbers))
            case (("sc" | "scn" | "cs"), _):
                self._state = replace(self._state, fill=_color(numbers))
            case "Do", _:
                self._paint(_name(operation.operands))
            case _:
                return False
        return True

    def _place(self, name: str, numbers: tuple[float, ...]) -> bool:
        """Move the line of text."""
        match name, numbers:
            case "BT", _:
                self._line = SAME
            case "Tm", (a, b, c, d, e, f):
                self._line = (a, b, c, d, e, f)
            case (("Td" | "TD"), (x, y)):
                self._line = times((1.0, 0.0, 0.0, 1.0, x, y), self._line)
                if name == "TD":
                    self._state = replace(self._state, leading=-y)
            case "T*", _:
                self._next_line()
            case _:
                return False
        return True

    def _words(self, operation: Operation, numbers: tuple[float, ...]) -> None:
        match operation.name, operation.operands:
            case "Tf", _ if numbers:
                self._state = replace(self._state, font=self._font(operation), size=numbers[0])
            case "Tz", _ if numbers:
                self._state = replace(self._state, stretch=numbers[0] / 100)
            case "TL", _ if numbers:
                self._state = replace(self._state, leading=numbers[0])
            case "Ts", _ if numbers:
                self._state = replace(self._state, rise=numbers[0])
            case "Tr", _ if numbers:
                self._state = replace(self._state, unseen=numbers[0] == _UNSEEN)
            case "Tj", (bytes() as string,):
                self._write(string)
            case "TJ", (tuple() as pieces,):
                self._write(b"".join(each for each in pieces if isinstance(each, bytes)))
            case (("'" | '"'), (*_, bytes() as string)):
                self._next_line()
                self._write(string)
            case _:
                pass  # paths, clips, marks and shadings are not looked at

    def _next_line(self) -> None:
        self._line = times((1.0, 0.0, 0.0, 1.0, 0.0, -self._state.leading), self._line)

    def _write(self, string: bytes) -> None:
        self._reader.write(string, self._state, self._line)

    def _font(self, operation: Operation) -> Font | None:
        found = self._resource("/Font", _name(operation.operands))
        return self._reader.font(found) if isinstance(found, DictionaryObject) else None

    def _paint(self, name: str) -> None:
        found = self._resource("/XObject", name)
        if not isinstance(found, StreamObject):
            return
        if look_up(found, "/Subtype") == "/Image":
            self._reader.paint(found, self._state)
            return
        own = look_up(found, "/Matrix")
        matrix = matrix_in(own)
        state = replace(self._state, matrix=times(matrix, self._state.matrix))
        self._reader.form(
            found, state, look_up(found, "/Resources", self._resources), self._depth + 1
        )

    def _resource(self, kind: str, name: str) -> object:
        if not isinstance(self._resources, DictionaryObject):
            return None
        held = look_up(self._resources, kind)
        return look_up(held, name) if isinstance(held, DictionaryObject) else None


def matrix_in(value: object) -> Matrix:
    """Return a matrix of the document; the one that changes nothing where it is none."""
    numbers: list[float] = []
    if isinstance(value, ArrayObject) and len(value) == len(SAME):
        numbers = [float(value[index]) for index in range(len(SAME))]
    if not numbers or not is_sound(*numbers):
        return SAME
    a, b, c, d, e, f = numbers
    return (a, b, c, d, e, f)


def _name(operands: tuple[Operand, ...]) -> str:
    return next((each for each in operands if isinstance(each, str)), "")


def _color(numbers: tuple[float, ...]) -> Color | None:
    """Return a colour by how many numbers name it; None for patterns and inks."""
    match tuple(min(max(each, 0.0), 1.0) for each in numbers):
        case (gray,):
            return gray, gray, gray
        case (red, green, blue):
            return red, green, blue
        case (cyan, magenta, yellow, black):
            left = 1 - black
            return (1 - cyan) * left, (1 - magenta) * left, (1 - yellow) * left
        case _:
            return None
