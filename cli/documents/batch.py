"""One object for one document, a line each for many: how results leave commands over files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from cli.exit_status import ExitStatus, status_of_error, worst
from cli.session import Session, error_object
from pki.errors import PKIError
from pki.words import harmless


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document."""

    status: ExitStatus
    data: dict[str, Any]
    text: str


def run_batch(
    session: Session,
    schema: str,
    documents: Iterable[Path],
    work: Callable[[Path], Outcome],
    *,
    json_lines: bool,
) -> ExitStatus:
    """Do `work` for each document; in a batch an error is one result and the others go on.

    Raises:
        PKIError: from the only document: it is reported as any error is.
    """
    documents = tuple(documents)
    if len(documents) == 1 and not json_lines:
        outcome = work(documents[0])
        session.put(schema, outcome.data, lambda: outcome.text)
        return outcome.status
    outcomes: list[Outcome] = []
    for document in documents:
        outcome = _attempt(session, document, work)
        outcomes.append(outcome)
        if json_lines:
            line = {"schema": f"antin.{schema}", **outcome.data}
            typer.echo(json.dumps(line, ensure_ascii=False))
        elif not session.as_json:
            typer.echo(outcome.text)
    if session.as_json and not json_lines:
        many = {"documents": [outcome.data for outcome in outcomes]}
        session.put(schema, many, str)
    return worst(outcome.status for outcome in outcomes)


def _attempt(session: Session, document: Path, work: Callable[[Path], Outcome]) -> Outcome:
    try:
        return work(document)
    except PKIError as error:
        described = error_object(error, session.language)
        text = f"{harmless(str(document))}: error: {described['message']} [{described['code']}]"
        data = {"document": {"name": document.name}, "error": described}
        return Outcome(status_of_error(error), data, text)
