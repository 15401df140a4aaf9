"""The table of known modules, `known_modules.toml`: who makes them and where they lie."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from hsm.discovery.machine import Machine, System
from hsm.errors import ModuleTableError

# No `[` and no leading dot: a pattern means what a person reads in it, and stays below its folder.
_PART = r"[^./\\%\[\x00-\x1f][^/\\%\[\x00-\x1f]*"
_FOLDERS = "SystemRoot|ProgramFiles|ProgramFiles\\(x86\\)|ProgramW6432"
Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")]
Name = Annotated[str, StringConstraints(pattern=rf"^({_PART})$")]
"""A file's name; `*` and `?` stand for what differs from version to version."""
Pattern = Annotated[str, StringConstraints(pattern=rf"^(%({_FOLDERS})%)?(/({_PART}))+$")]
"""An absolute path, or one below a folder that the environment names."""


class Confidence(StrEnum):
    """How sure it is that a file is what its name says, the surest first."""

    STATED = "stated"
    """This machine's owner or one of its packages says so; never in the table."""
    VERIFIED = "verified"
    """Antin's tests load it."""
    REPORTED = "reported"
    """Its maker documents it, or users report it."""
    HINT = "hint"
    """The name was seen in other programs."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KnownModule(_Table):
    """One row: a product on one system."""

    name: Text
    """The product, as users know it."""
    make: Text
    """Who makes the middleware; two products of one make often share a module."""
    system: System
    names: tuple[Name, ...] = ()
    """File names, looked for in the system's library folders."""
    paths: tuple[Pattern, ...] = ()
    confidence: Literal[Confidence.VERIFIED, Confidence.REPORTED, Confidence.HINT]
    source: Text
    """Who says so."""
    notes: str = ""
    aggregate: bool = False
    """It shows the tokens of other modules once more, so it is used only when configured."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.names and not self.paths:
            raise ValueError("neither names nor paths")
        if any("**" in pattern for pattern in (*self.names, *self.paths)):
            raise ValueError("** would search whole trees")
        return self

    @property
    def file_names(self) -> frozenset[str]:
        """The names its file may have; patterns are not among them."""
        every = {*self.names, *(path.rpartition("/")[2] for path in self.paths)}
        return frozenset(name for name in every if not set(name) & set("*?"))


class ModuleTable(_Table):
    """The whole table."""

    folders: dict[System, tuple[Pattern, ...]]
    """Each system's library folders, in the order they are looked through."""
    modules: tuple[KnownModule, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        seen: set[tuple[str, System]] = set()
        for module in self.modules:
            if (key := (module.name, module.system)) in seen:
                raise ValueError(f"{module.name} stands twice for {module.system}")
            seen.add(key)
        return self

    def for_system(self, system: System) -> tuple[KnownModule, ...]:
        """Return the rows of a system, the surest first, as they stand in the file otherwise."""
        order = list(Confidence)
        rows = [module for module in self.modules if module.system is system]
        return tuple(sorted(rows, key=lambda row: order.index(row.confidence)))

    def named(self, file_name: str, system: System) -> KnownModule | None:
        """Return the row that a file's name belongs to; capitals make no difference."""
        wanted = file_name.casefold()
        for row in self.for_system(system):
            if any(wanted == name.casefold() for name in row.file_names):
                return row
        return None

    def found_on(self, machine: Machine) -> Iterator[tuple[KnownModule, Path]]:
        """Give every known module whose file is there, the surest first."""
        patterns = self.folders.get(machine.system, ())
        folders = [folder for pattern in patterns for folder in machine.matches(pattern)]
        for row in self.for_system(machine.system):
            for name in row.names:
                yield from ((row, path) for folder in folders for path in _in(folder, name))
            for pattern in row.paths:
                yield from ((row, path) for path in machine.matches(pattern))


def parse_table(text: str) -> ModuleTable:
    """Read a table of modules.

    Raises:
        ModuleTableError: not TOML, an unknown key, or a value that cannot be.
    """
    try:
        return ModuleTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ModuleTableError(reason=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModuleTableError(reason=f"{where}: {first['msg']}") from error


@cache
def known_modules() -> ModuleTable:
    """Return the table that comes with Antin."""
    return parse_table((files("hsm.discovery") / "known_modules.toml").read_text("utf-8"))


def _in(folder: Path, name: str) -> Iterator[Path]:
    if set(name) & set("*?"):
        try:
            yield from sorted(folder.glob(name))
        except OSError:  # a folder that nobody may list
            return
    elif os.path.lexists(folder / name):
        yield folder / name
