"""One object for one document, a line each for many: how results leave commands over files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from cli.exit_status import ExitStatus, status_of_error, worst
from cli.session import Session, error_object
from pki.errors.tree import PKIError
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
    workers: int = 1,
    follow: Callable[[Outcome], None] | None = None,
    attempts: Callable[[Sequence[Path]], Iterator[Outcome]] | None = None,
) -> ExitStatus:
    """Do `work` for each document; in a batch an error is one result and the others go on.

    Args:
        session: where results go.
        schema: of their JSON.
        documents: what is worked on; results come in this order.
        work: does one document; with several workers it is called in as many threads.
        json_lines: one line a document, as it is done.
        workers: how many documents at a time, for work that waits for others.
        follow: is told of each result of a batch before it is shown.
        attempts: does the documents of a batch in another way, and yields what became of each.

    Raises:
        PKIError: from the only document: it is reported as any error is.
    """
    documents = tuple(documents)
    if len(documents) == 1 and not json_lines:
        outcome = work(documents[0])
        session.put(schema, outcome.data, lambda: outcome.text)
        return outcome.status
    outcomes: list[Outcome] = []
    for outcome in (
        attempts(documents) if attempts else _outcomes(session, documents, work, workers)
    ):
        outcomes.append(outcome)
        if follow is not None:
            follow(outcome)
        if json_lines:
            line = {"schema": f"antin.{schema}", **outcome.data}
            typer.echo(json.dumps(line, ensure_ascii=False))
        elif not session.as_json:
            typer.echo(outcome.text)
    if session.as_json and not json_lines:
        many = {"documents": [outcome.data for outcome in outcomes]}
        session.put(schema, many, str)
    return worst(outcome.status for outcome in outcomes)


def _outcomes(
    session: Session, documents: Sequence[Path], work: Callable[[Path], Outcome], workers: int
) -> Iterator[Outcome]:
    if workers == 1:
        for document in documents:
            yield attempt(session, document, work)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda document: attempt(session, document, work), documents)


def attempt(session: Session, document: Path, work: Callable[[Path], Outcome]) -> Outcome:
    """Do `work` for one document of a batch; an error is its result."""
    try:
        return work(document)
    except PKIError as error:
        return failed(session, document, error)


def failed(session: Session, document: Path, error: PKIError) -> Outcome:
    """Return what became of a document that an error stopped."""
    described = error_object(error, session.language)
    text = f"{harmless(str(document))}: error: {described['message']} [{described['code']}]"
    data = {"document": {"name": document.name}, "error": described}
    return Outcome(status_of_error(error), data, text)
