"""What README and docs promise, with the tests that prove it: reads the list, writes its page.

`docs/promises.toml` is the list. A test of the house checks that each named test exists;
`--promises` (tests/conftest.py) that each passed in this very run. Run as a program, this file
writes `docs/promises.md`.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITES = ("everyday", "long")
CHECKOUT = Path(__file__).resolve().parent.parent
HEADER = """<!-- Written by `make docs` from docs/promises.toml: change it there. -->
# What is promised, and what proves it

Each line is a promise that a person or a program may build on, and the tests that fail when it is
not kept. `make test` fails unless every test named here passed in that run; those of the long
suites are held to it by `make test-long`.
"""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise and what proves it."""

    id: str
    text: str
    where: tuple[str, ...]
    """Files that state it."""
    tests: tuple[str, ...]
    """`path::function` or `path::Class::function`, parameters left out."""


def load(checkout: Path = CHECKOUT) -> tuple[Promise, ...]:
    """Return the promises in the order of the list."""
    with (checkout / "docs" / "promises.toml").open("rb") as file:
        entries: list[dict[str, Any]] = tomllib.load(file)["promise"]
    return tuple(
        Promise(
            id=entry["id"],
            text=entry["text"],
            where=tuple(entry["where"]),
            tests=tuple(entry["tests"]),
        )
        for entry in entries
    )


def promised_tests(suite: str, checkout: Path = CHECKOUT) -> set[str]:
    """Return the promised tests that run in `suite`."""
    named = {test for promise in load(checkout) for test in promise.tests}
    long = {test for test in named if is_long(test, checkout)}
    return long if suite == "long" else named - long


def find_test(test: str, checkout: Path = CHECKOUT) -> list[ast.AST] | None:
    """Return the module, the class if any, and the function that `test` names; None if missing."""
    path, *names = test.split("::")
    source = checkout / path
    if not names or not source.is_file():
        return None
    chain: list[ast.AST] = [ast.parse(source.read_text(encoding="utf-8"))]
    for name in names:
        found = [
            node
            for node in getattr(chain[-1], "body", [])
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
        ]
        if not found:
            return None
        chain.append(found[-1])
    return chain


def is_long(test: str, checkout: Path = CHECKOUT) -> bool:
    """Say whether `test`, its class or its module carries the mark `long`."""
    return any(_carries_long(node) for node in find_test(test, checkout) or [])


def _carries_long(node: ast.AST) -> bool:
    if isinstance(node, ast.Module):
        marks = [
            statement.value
            for statement in node.body
            if isinstance(statement, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets)
        ]
    else:
        marks = getattr(node, "decorator_list", [])
    return any("pytest.mark.long" in ast.unparse(mark) for mark in marks)


def page(checkout: Path = CHECKOUT) -> str:
    """Return the docs page."""
    parts = [HEADER]
    for promise in load(checkout):
        parts.append(f"\n## {promise.id}\n\n{promise.text}\n\n")
        parts.append(f"Stated in {', '.join(f'`{place}`' for place in promise.where)}.\n\n")
        parts.extend(f"- `{test}`\n" for test in promise.tests)
    return "".join(parts)


if __name__ == "__main__":
    (CHECKOUT / "docs" / "promises.md").write_text(page(), encoding="utf-8")
