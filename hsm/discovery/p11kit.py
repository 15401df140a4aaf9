"""Reads p11-kit's configuration: which modules this machine's packages and its user registered.

Files are other people's text. A line that is not understood, a file that cannot be read, a name
that cannot be: each is a finding for the doctor's page, and the rest is read all the same.

Spec: pkcs11.conf(5) of p11-kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PROGRAM = "antin"
"""What `enable-in` and `disable-in` call this program."""
MAX_FILE_BYTES = 64 * 1024
MAX_FILES = 256
"""As many `.module` files as are read of one folder."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,-]*\.module")
_FIELD_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LIST = re.compile(r"[,\s]+")
_MAX_PRIORITY_DIGITS = 9


class Problem(StrEnum):
    """What is wrong with p11-kit's configuration, or why Antin leaves a module out."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    TOO_MANY_FILES = "too many files"
    FILE_NAME = "file name"
    LINE = "line"
    """No `name: value`."""
    VALUE = "value"
    """A value that the field cannot have."""
    NOT_FOR_ANTIN = "not for this program"
    REMOTE = "remote"
    """A command to run instead of a module; Antin runs none."""
    TRUST = "trust policy"
    """It holds certificates to trust and no keys."""


@dataclass(frozen=True, slots=True)
class ConfigFinding:
    """One remark on a configuration file."""

    path: Path
    problem: Problem
    line: int = 0
    """From 1; 0 where the whole file is meant."""
    detail: str = ""
    """The field's name, never its whole text."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What one file says."""

    path: Path
    fields: dict[str, str]
    findings: tuple[ConfigFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredModule:
    """One module that p11-kit would load for Antin."""

    name: str
    """The configuration file's name without `.module`."""
    module: str
    """A path, or a name in p11-kit's module folder."""
    said: Path
    """The file that names it."""
    priority: int = 0
    critical: bool = False
    """For p11-kit nothing works without it."""


def parse_config(data: bytes, path: Path) -> ConfigFile:
    """Read the text of a `.module` or `pkcs11.conf` file; the last of two equal names holds.

    Args:
        data: the file's bytes; comments may be in any encoding.
        path: the file, for the findings.
    """
    fields: dict[str, str] = {}
    findings = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or _FIELD_NAME.fullmatch(name) is None:
            findings.append(ConfigFinding(path, Problem.LINE, number))
        elif not value.isprintable() or "\ufffd" in value:
            findings.append(ConfigFinding(path, Problem.VALUE, number, name))
        else:
            fields[name] = value
    return ConfigFile(path, fields, tuple(findings))


def read_config(path: Path) -> ConfigFile:
    """Read a file; one that is not there says nothing."""
    try:
        if not path.is_file():  # nor is a pipe opened, which would wait for a writer
            return ConfigFile(path, {})
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or ""
        return ConfigFile(path, {}, (ConfigFinding(path, Problem.UNREADABLE, detail=detail),))
    if len(data) > MAX_FILE_BYTES:
        return ConfigFile(path, {}, (ConfigFinding(path, Problem.TOO_LARGE),))
    return parse_config(data, path)


def read_folder(folder: Path) -> tuple[dict[str, ConfigFile], tuple[ConfigFinding, ...]]:
    """Read every `.module` file of a folder; one that is not there is empty."""
    try:
        paths = sorted(p for p in folder.iterdir() if p.name.endswith(".module"))
    except (FileNotFoundError, NotADirectoryError):
        return {}, ()
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or ""
        return {}, (ConfigFinding(folder, Problem.UNREADABLE, detail=detail),)
    findings = []
    if len(paths) > MAX_FILES:
        findings.append(ConfigFinding(folder, Problem.TOO_MANY_FILES))
    found = {}
    for path in paths[:MAX_FILES]:
        if _FILE_NAME.fullmatch(path.name) is None:
            findings.append(ConfigFinding(path, Problem.FILE_NAME))
            continue
        found[path.name.removesuffix(".module")] = file = read_config(path)
        findings += file.findings
    return found, tuple(findings)


def choose_modules(
    files: dict[str, tuple[ConfigFile, ...]],
) -> tuple[tuple[RegisteredModule, ...], tuple[ConfigFinding, ...]]:
    """Return the modules that p11-kit would load for Antin, in its order, and why not the others.

    Args:
        files: by module name, the files that speak of it; what an earlier one says holds.
    """
    modules: list[RegisteredModule] = []
    findings: list[ConfigFinding] = []
    for name, speakers in files.items():
        chosen = _choose(name, speakers)
        if isinstance(chosen, RegisteredModule):
            modules.append(chosen)
        findings += _value_findings(speakers)
        if isinstance(chosen, ConfigFinding):
            findings.append(chosen)
    return tuple(sorted(modules, key=lambda m: (-m.priority, m.name))), tuple(findings)


def _choose(name: str, speakers: tuple[ConfigFile, ...]) -> RegisteredModule | ConfigFinding | None:
    fields = {k: v for file in reversed(speakers) for k, v in file.fields.items()}
    said = next((file.path for file in speakers if "module" in file.fields), speakers[0].path)
    if fields.get("remote"):
        return ConfigFinding(said, Problem.REMOTE, detail="remote")
    if not fields.get("module"):  # a user's empty `module:` takes a system's module away
        return None
    if not _enabled(fields):
        field = "enable-in" if "enable-in" in fields else "disable-in"
        return ConfigFinding(said, Problem.NOT_FOR_ANTIN, detail=field)
    if fields.get("trust-policy") == "yes":
        return ConfigFinding(said, Problem.TRUST, detail="trust-policy")
    return RegisteredModule(
        name,
        fields["module"],
        said,
        priority=_priority(fields.get("priority", "")) or 0,
        critical=fields.get("critical") == "yes",
    )


def _enabled(fields: dict[str, str]) -> bool:
    if "enable-in" in fields:
        return PROGRAM in _LIST.split(fields["enable-in"])
    return PROGRAM not in _LIST.split(fields.get("disable-in", ""))


def _priority(text: str) -> int | None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _MAX_PRIORITY_DIGITS:
        return None
    return int(text)


def _value_findings(speakers: tuple[ConfigFile, ...]) -> Iterator[ConfigFinding]:
    for file in speakers:
        if _priority(file.fields.get("priority", "0")) is None:
            yield ConfigFinding(file.path, Problem.VALUE, detail="priority")
        if file.fields.get("critical", "no") not in {"yes", "no", ""}:
            yield ConfigFinding(file.path, Problem.VALUE, detail="critical")
        if {"enable-in", "disable-in"} <= file.fields.keys():
            yield ConfigFinding(file.path, Problem.VALUE, detail="enable-in, disable-in")
