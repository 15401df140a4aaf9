"""Every `antin …` and `make …` line that README and docs show is one that exists.

Lines in fenced blocks and spans in backticks count; of a command its words and its options are
compared with the program's own tree, of a target its name with the Makefile.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cli_reference
import pytest

from cli.app import build_whole
from pki.words import Language

FENCE = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`((?:antin|make) [^`\n]+)`")
LINE = re.compile(r"^(?:\$ )?((?:antin|make) .+)$", re.MULTILINE)
STOP = re.compile(r"\s(?:[#&|;<]|>|…).*")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def pages(checkout: Path) -> list[Path]:
    """Return the pages that people read."""
    top = [checkout / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [page for page in (*top, *sorted((checkout / "docs").rglob("*.md"))) if page.exists()]


def commands_in(text: str) -> Iterator[str]:
    """Give every command line shown in a page, without comment and redirection."""
    blocks = "\n".join(FENCE.findall(text)).replace("\\\n", " ")
    for line in (*LINE.findall(blocks), *SPAN.findall(FENCE.sub("", text))):
        yield STOP.sub("", line).strip()


def words_of(line: str) -> list[str]:
    """Return a line's words; brackets and bars of a synopsis are not ours to read."""
    return shlex.split(re.sub(r"[\[\]()]", " ", line))


@cache
def program() -> Any:
    return build_whole(Language.EN)


def options_of(command: Any) -> dict[str, bool]:
    """Return the options of one command, and whether each takes a value."""
    taken = {
        name: not getattr(parameter, "is_flag", False)
        for parameter in command.params
        for name in parameter.opts
    }
    return taken | {"--help": False, "-h": False}


def wrong_with_antin(line: str) -> str | None:
    """Return what the program does not know in `line`."""
    command, known = program(), options_of(program())
    words = iter(words_of(line)[1:])
    for word in words:
        name, _, value = word.partition("=")
        if word.startswith("-") and word != "-":
            if name not in known:
                return f"no option {name}: {line}"
            if known[name] and not value:
                next(words, None)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"no command {word}: {line}"
            command = command.commands[word]
            known |= options_of(command)
    return None


def wrong_with_make(line: str, targets: set[str]) -> str | None:
    """Return what the Makefile does not know in `line`."""
    named = [word for word in words_of(line)[1:] if "=" not in word and not word.startswith("-")]
    return next((f"no target {word}: {line}" for word in named if word not in targets), None)


def wrong_in(text: str, targets: set[str]) -> list[str]:
    """Return everything in a page that does not exist."""
    verdicts = (
        wrong_with_antin(line) if line.startswith("antin ") else wrong_with_make(line, targets)
        for line in commands_in(text)
    )
    return [verdict for verdict in verdicts if verdict]


@pytest.fixture(scope="module")
def targets(checkout) -> set[str]:
    return set(TARGET.findall((checkout / "Makefile").read_text("utf-8")))


def test_every_command_shown_exists(checkout, targets):
    wrong = [
        f"{page.relative_to(checkout)}: {verdict}"
        for page in pages(checkout)
        for verdict in wrong_in(page.read_text("utf-8"), targets)
    ]
    assert not wrong


def test_the_reference_of_the_command_line_is_the_generated_one(checkout):
    assert (checkout / "docs" / "cli.md").read_text("utf-8") == cli_reference.reference()


def test_the_readme_shows_the_two_commands_and_the_program(checkout):
    shown = list(commands_in((checkout / "README.md").read_text("utf-8")))
    assert {"make demo", "make test"} <= set(shown)
    assert any(line.startswith("antin sign ") for line in shown)
    assert any(line.startswith("antin verify ") for line in shown)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ antin conjure x.pdf\n```\n",
        "```\nantin sign x.pdf --no-such-option\n```\n",
        "```sh\n$ antin cert conjure 3f\n```\n",
        "run `make nonsense` first\n",
        "```\n$ make test nonsense\n```\n",
    ],
)
def test_a_planted_command_that_does_not_exist_is_seen(text, targets):
    assert wrong_in(text, targets)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ antin --home h --lang=en sign x.pdf \\\n  --level B-LTA  # why\n```\n",
        "```console\n$ antin verify x.pdf --json | jq .indication\n```\n",
        "```\n$ make bench ARGS=--quick > table.txt\n```\n",
        "`antin serve` and `make test`",
    ],
)
def test_a_command_that_exists_is_not_accused(text, targets):
    assert not wrong_in(text, targets)
    assert list(commands_in(text))
