"""The queue of documents to be raised, for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cli.errors import UnknownNameError
from cli.exit_status import ExitStatus, status_of_error, worst
from cli.homes.home import Home
from cli.homes.outside import Outside
from cli.session import Session, error_object, table
from pki.words import harmless, message_of
from signing.later import Attempt, work_on
from signing.queue import Entry, Queue


def raise_queue(session: Session, home: Home, outside: Outside, *, workers: int = 1) -> ExitStatus:
    """Raise what waits, so many documents at a time, and say what became of each.

    Raises:
        QueueBusyError: another process works on the queue.
    """
    services = outside.signing(session.clock)
    attempts = tuple(work_on(Queue(home.queue), services, workers=workers))
    objects = [_attempt_object(one, session) for one in attempts]
    session.put("extend/1", {"queue": objects}, lambda: _attempts_text(attempts, session))
    return worst(status_of_error(one.error) for one in attempts if one.error is not None)


def forget_entries(session: Session, home: Home, ids: Sequence[str], *, yes: bool) -> ExitStatus:
    """Forget entries, or show which with `yes` false.

    Raises:
        UnknownNameError: no entry is called so.
    """
    queue = Queue(home.queue)
    known = queue.ids()
    for one in ids:
        if one not in known:
            raise UnknownNameError(kind="queue", name=one)
    if yes:
        for one in ids:
            queue.remove(one)
    done = {"forgotten": list(ids) if yes else [], "would_forget": [] if yes else list(ids)}
    word = "cli.queue.forgotten" if yes else "cli.queue.would_forget"
    session.put("queue/1", done, lambda: session.word(word, ids=tuple(ids)))
    return ExitStatus.DONE if yes else ExitStatus.REFUSED


def entries_object(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the JSON form of entries."""
    return [_entry_object(entry) for entry in entries]


def entries_text(session: Session, entries: Sequence[Entry]) -> str:
    """Return entries as a table."""
    if not entries:
        return session.word("cli.queue.empty")
    rows = [
        (entry.id, entry.level, _moment(session, entry), str(entry.path), entry.failure or "")
        for entry in entries
    ]
    return table(rows)


def _moment(session: Session, entry: Entry) -> str:
    return session.word("cli.queue.since", at=entry.added_at, attempts=entry.attempts)


def _entry_object(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "path": str(entry.path),
        "level": entry.level,
        "added_at": entry.added_at.isoformat(),
        "attempts": entry.attempts,
        "next_at": entry.next_at.isoformat() if entry.next_at else None,
        "not_after": entry.not_after.isoformat(),
        "status_until": entry.status_until.isoformat() if entry.status_until else None,
        "failure": entry.failure,
        "refused": entry.refused,
    }


def _attempt_object(attempt: Attempt, session: Session) -> dict[str, Any]:
    error = error_object(attempt.error, session.language) if attempt.error else None
    entry = attempt.entry
    return {
        "id": entry.id,
        "path": str(entry.path),
        "state": attempt.state,
        "level": attempt.level,
        "error": error,
    }


def _attempts_text(attempts: Sequence[Attempt], session: Session) -> str:
    if not attempts:
        return session.word("cli.queue.empty")
    return "\n".join(_attempt_line(one, session) for one in attempts)


def _attempt_line(attempt: Attempt, session: Session) -> str:
    state = session.word(f"cli.queue.state.{attempt.state}", level=attempt.level or "-")
    error = attempt.error
    why = f": {message_of(error, session.language)} [{error.code}]" if error else ""
    return f"{harmless(str(attempt.entry.path))}: {state}{why}"
