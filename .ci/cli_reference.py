"""Writes `docs/cli.md`: what every command of `antin` says of itself, in English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.app import build_whole
from pki.words import Language

WIDTH = 100
CHECKOUT = Path(__file__).resolve().parent.parent
HEADER = """<!-- Written by `make docs` from the program's own help: change it there. -->
# The command line

Output goes to stdout, words to stderr. `--json`, `--lang`, `--home`, `--config` and `-v` may
stand before and after the subcommand. Exit statuses are in the README.
"""


def command_paths(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, groups first."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from command_paths(child, (*path, name))


def reference() -> str:
    """Return the page."""
    command = build_whole(Language.EN)
    parts = [HEADER]
    parts += [_section(path) for path in command_paths(command)]
    return "\n".join(parts)


def _section(path: tuple[str, ...]) -> str:
    title = " ".join(("antin", *path))
    return f"## {title}\n\n```text\n{_help(path)}\n```\n"


def _help(path: tuple[str, ...]) -> str:
    command: Any = build_whole(Language.EN)
    # A width of its own, so that the page does not depend on whoever's terminal.
    context = command.make_context("antin", [], resilient_parsing=True, max_content_width=WIDTH)
    context.terminal_width = WIDTH
    for word in path:
        child = command.commands[word]
        context = child.make_context(word, [], parent=context, resilient_parsing=True)
        command = child
    return command.get_help(context).rstrip()


if __name__ == "__main__":
    (CHECKOUT / "docs" / "cli.md").write_text(reference(), encoding="utf-8")
