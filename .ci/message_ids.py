"""Which message ids the sources speak of, and with which facts: read from their syntax trees.

An id is used in one of three ways: as the `code` of an error class, as the first words of a
finding or of `say`, or composed (`f"cli.help.{name}"`), where the rest is a word that stands in the
sources too. Facts are seen where a call spells them out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ("pki", "hsm", "signing", "verify", "cli")
SPEAKERS = {
    **{f"verify.finding.{name}": name for name in ("error", "warning", "info", "Finding")},
    "pki.words.say": "say",
}
"""Functions that take a message id, by where they come from."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place that gives facts to a message id."""

    id: str
    facts: frozenset[str] | None
    """None where they cannot be seen."""
    where: str


@dataclass(slots=True)
class Sources:
    """What stands in the five packages."""

    error_codes: dict[str, str] = field(default_factory=dict)
    """The code of every error class, by `module.Class`."""
    uses: list[Use] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    """Every string constant but docstrings."""
    composed: list[re.Pattern[str]] = field(default_factory=list)
    """Every f-string that may make an id, its gaps as groups."""
    modules: set[str] = field(default_factory=set)


def read_sources(checkout: Path) -> Sources:
    """Return what the five packages under `checkout` say."""
    files = [file for package in PACKAGES for file in sorted((checkout / package).rglob("*.py"))]
    trees = {
        file.relative_to(checkout): ast.parse(file.read_text(encoding="utf-8")) for file in files
    }
    return read_trees(trees)


def read_trees(trees: dict[Path, ast.Module]) -> Sources:
    """Return what the syntax trees say, by their paths."""
    sources = Sources()
    for path, tree in trees.items():
        module = _module(path)
        sources.modules.add(module)
        sources.error_codes |= {f"{module}.{name}": code for name, code in _codes(tree)}
        sources.words |= _words(tree)
        sources.composed += _composed(tree)
    for path, tree in trees.items():
        sources.uses += _uses(path, tree, sources.error_codes)
    return sources


def is_used(message_id: str, sources: Sources) -> bool:
    """Say whether any source can ask for `message_id`."""
    return message_id in sources.words or any(
        all(part in sources.words for part in parts) for parts in gaps(message_id, sources)
    )


def gaps(message_id: str, sources: Sources) -> Iterator[tuple[str, ...]]:
    """Give what would stand in the gaps of each f-string that can make `message_id`."""
    for pattern in sources.composed:
        if match := pattern.fullmatch(message_id):
            yield match.groups()


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _codes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for name, value in _constants(node.body):
                if name == "code":
                    yield node.name, value


def _constants(body: Iterable[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value))):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value))):
                yield name, value


def _words(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _composed(tree: ast.Module) -> list[re.Pattern[str]]:
    patterns = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+)"
                for part in node.values
            ]
            if "\\." in "".join(parts) and parts[0] != "(.+)":
                patterns.append(re.compile("".join(parts)))
    return patterns


def _uses(path: Path, tree: ast.Module, codes: dict[str, str]) -> Iterator[Use]:
    known = _in_reach(path, tree, codes)
    speakers = _in_reach(path, tree, SPEAKERS)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        where = f"{path}:{node.lineno}"
        if name in known:
            yield Use(known[name], _keywords(node), where)
        elif name in speakers:
            literal = next(
                (a.value for a in node.args if isinstance(a, ast.Constant) and a.value), None
            )
            if isinstance(literal, str):
                yield Use(literal, _facts(speakers[name], node), where)


def _in_reach(path: Path, tree: ast.Module, named: dict[str, str]) -> dict[str, str]:
    """Return those of `named` (by `module.Name`) that a file defines or imports, by its names."""
    module = _module(path)
    reach = {
        name.removeprefix(f"{module}."): value
        for name, value in named.items()
        if name.rpartition(".")[0] == module
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if value := named.get(f"{node.module}.{alias.name}"):
                    reach[alias.asname or alias.name] = value
    return reach


def _keywords(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    if None in names or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    return frozenset(name for name in names if name)


def _facts(speaker: str, call: ast.Call) -> frozenset[str] | None:
    if speaker in {"error", "warning", "info"}:
        return _keywords(call)
    for argument in call.args[1:]:
        if isinstance(argument, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in argument.keys]
            return None if None in keys else frozenset(map(str, keys))
    return None
