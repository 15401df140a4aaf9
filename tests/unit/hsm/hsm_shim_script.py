"""The script of a shim: its lines, each taken back on its own. What they mean: `script.h`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar
from urllib.parse import quote

_COUNTERS = 256  # MOST_COUNTS of state.h

Rule = dict[str, str | int]


class Setting:
    """One thing that was set; leaving its block, or `remove`, takes it back."""

    def __init__(self, take_back: Callable[[], None]) -> None:
        self._take_back = take_back
        self._is_set = True
        self.at_end: Callable[[], None] = lambda: None

    def remove(self) -> None:
        """Take it back; a second time does nothing."""
        if self._is_set:
            self._is_set = False
            self.at_end()
            self._take_back()

    def __enter__(self) -> Setting:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.remove()


class Script:
    """The file, written anew at each change, in one step."""

    _numbers: ClassVar[Iterator[int]] = itertools.count(1)
    _in_use: ClassVar[set[int]] = set()

    def __init__(self, file: Path, plug: int) -> None:
        self._file = file
        self._lines: dict[int, str] = {}
        self._settings: dict[int, Setting] = {}
        self._dead: dict[str | None, str] = {}
        self._epoch = 1
        self.plug = plug
        self._write()

    def set(self, kind: str, token: str | None, *rules: Mapping[str, str | int]) -> Setting:
        """Add rules of one kind, which are taken back together."""
        number = self._free_number()
        lines = [self._line(kind, token, {"id": number, **rule}) for rule in rules]
        self._lines[number] = "\n".join(lines)
        self._settings[number] = Setting(lambda: self._take_back(number))
        self._write()
        return self._settings[number]

    def clear(self) -> None:
        """Take back everything that was set."""
        for setting in tuple(self._settings.values()):
            setting.remove()

    def kill_sessions(self, token: str | None, answer: int) -> None:
        """End the sessions of now; those that are opened afterwards live. Never taken back."""
        self._epoch += 1
        rule: Rule = {"number": self._epoch, "answer": answer}
        self._dead.pop(token, None)
        self._dead[token] = self._line("dead", token, rule)
        self._write()

    def plug_in(self, plug: int) -> None:
        """Put in again the tokens that were pulled out under an earlier number."""
        self.plug = plug
        self._write()

    def _line(self, kind: str, token: str | None, rule: Rule) -> str:
        keys: Rule = rule if token is None else rule | {"token": token}
        return " ".join([kind, *(f"{key}={quote(str(keys[key]), safe='')}" for key in keys)])

    def _free_number(self) -> int:
        """Return a number whose counter in the state no other setting uses."""
        number = next(one for one in self._numbers if one % _COUNTERS not in self._in_use)
        self._in_use.add(number % _COUNTERS)
        return number

    def _take_back(self, number: int) -> None:
        del self._lines[number], self._settings[number]
        self._in_use.remove(number % _COUNTERS)
        self._write()

    def _write(self) -> None:
        ever = [f"epoch number={self._epoch}", f"plug number={self.plug}"]
        text = "\n".join([*ever, *self._dead.values(), *self._lines.values(), ""])
        fresh = self._file.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._file)  # a reader sees the one or the other
