"""What one run of `antin` was asked globally, and how it talks: data on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from cli.errors import NotConfirmedError
from pki.clock import Clock, SystemClock
from pki.errors.tree import Fact, PKIError
from pki.words import Language, harmless, hint_of, message_of, say


@dataclass(frozen=True, slots=True)
class Session:
    """The global options of one run."""

    language: Language
    as_json: bool = False
    verbose: bool = False
    home: Path | None = None
    configuration: Path | None = None
    clock: Clock = field(default_factory=SystemClock)

    def word(self, message_id: str, **facts: Fact) -> str:
        """Return a sentence of the catalogue in this run's language."""
        return say(message_id, facts, self.language)

    def tell(self, message_id: str, **facts: Fact) -> None:
        """Say a sentence on stderr."""
        typer.echo(self.word(message_id, **facts), err=True)

    def put(self, schema: str, data: Mapping[str, Any], text: Callable[[], str]) -> None:
        """Write a command's result to stdout: one JSON object, or `text()`."""
        if self.as_json:
            typer.echo(json.dumps({"schema": f"antin.{schema}", **data}, ensure_ascii=False))
        else:
            typer.echo(text())

    def put_long(
        self,
        schema: str,
        head: Mapping[str, Any],
        entries: tuple[str, Iterable[Mapping[str, Any]]],
        *,
        text: Callable[[], str],
        row: Callable[[Mapping[str, Any]], str],
    ) -> None:
        """As `put`, of a result that ends in a list too long to be held in memory.

        Args:
            schema: as for `put`.
            head: what stands before the list.
            entries: the list's key, and what stands in it.
            text: gives `head` for people.
            row: gives a line of the list for people.
        """
        key, items = entries
        if not self.as_json:
            typer.echo(text())
            for rows in _batches(map(row, items)):
                typer.echo("\n".join(rows))
            return
        begun = json.dumps({"schema": f"antin.{schema}", **head}, ensure_ascii=False)
        typer.echo(f"{begun[:-1]}, {json.dumps(key)}: [", nl=False)
        texts = (json.dumps(one, ensure_ascii=False) for one in items)
        for number, some in enumerate(_batches(texts)):
            typer.echo((", " if number else "") + ", ".join(some), nl=False)
        typer.echo("]}")

    def confirm(self, question_id: str, *, yes: bool, **facts: Fact) -> None:
        """Ask before what cannot be taken back; without a terminal to ask, `--yes` must say it.

        Raises:
            NotConfirmedError: the answer was no, or nobody could be asked.
        """
        if yes:
            return
        if not sys.stdin.isatty() or not typer.confirm(self.word(question_id, **facts), err=True):
            raise NotConfirmedError

    def put_error(self, error: PKIError) -> None:
        """Report an error: JSON on stdout when asked for, `error:` and `hint:` on stderr else."""
        if self.as_json:
            typer.echo(
                json.dumps({"error": error_object(error, self.language)}, ensure_ascii=False)
            )
            return
        typer.echo(f"error: {message_of(error, self.language)} [{error.code}]", err=True)
        typer.echo(f"hint: {hint_of(error, self.language)}", err=True)


def error_object(error: PKIError, language: Language) -> dict[str, str]:
    """Return the JSON form of an error."""
    return {
        "code": error.code,
        "message": message_of(error, language),
        "hint": hint_of(error, language),
    }


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    """Yield the items some at a time: each writing is flushed."""
    left = iter(items)
    while some := list(islice(left, 1000)):
        yield some


def session_of(context: typer.Context) -> Session:
    """Return the run's session from Typer's context."""
    session = context.obj
    assert isinstance(session, Session)  # noqa: S101  set by the callback before any command runs
    return session


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as aligned text; cells may come from hostile certificates."""
    clean = [tuple(harmless(cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean
    )
    return "\n".join(lines)
