"""Prints how large files and functions are, a line a package: a report, not a gate."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGES = ("pki", "hsm", "signing", "verify", "cli")


def lengths(file: Path) -> list[int]:
    """Return the number of lines of every function in `file`."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def size_table(checkout: Path) -> str:
    """Return the sizes style.md speaks of, one line a package."""
    rows = ["package   files  lines: median  max   functions: median  max  over 40"]
    for package in PACKAGES:
        files = sorted((checkout / package).rglob("*.py"))
        lines = sorted(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
        functions = sorted(length for file in files for length in lengths(file)) or [0]
        rows.append(
            f"{package:<9}{len(files):>6}{lines[len(lines) // 2]:>15}{lines[-1]:>5}"
            f"{functions[len(functions) // 2]:>20}{functions[-1]:>5}"
            f"{sum(length > 40 for length in functions):>9}"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(size_table(Path(__file__).resolve().parent.parent))
