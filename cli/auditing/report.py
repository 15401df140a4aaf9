"""Entries, checkpoints and proofs as the commands show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli.auditing.judge import Checkpoint
from cli.session import Session, table
from pki.audit.bundle import ProofBundle
from pki.audit.entry import read_content
from pki.errors.audit import AuditBrokenError
from pki.records.audit import AuditEvent
from pki.records.register import Register

Told = tuple[int, AuditEvent]


def newest_entries(register: Register, limit: int) -> tuple[Told, ...]:
    """Return the newest entries of a log, oldest first.

    Raises:
        AuditBrokenError: what stands there is no entry.
    """
    last = register.last_audit_entry()
    entries = register.audit_entries(after=max(0, last.sequence - limit) if last else 0)
    found = []
    for entry in entries:
        told = read_content(entry.content)
        if told is None:
            raise AuditBrokenError(sequence=entry.sequence, reason="content is not an entry")
        found.append(told)
    return tuple(found)


def entry_object(told: Told) -> dict[str, Any]:
    """Return an entry as JSON."""
    sequence, event = told
    return {
        "sequence": sequence,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "action": event.action,
        "facts": dict(event.facts),
    }


def entries_text(entries: tuple[Told, ...], session: Session) -> str:
    """Return entries as a table."""
    if not entries:
        return session.word("cli.none")
    return table(
        [
            (
                str(sequence),
                event.at.isoformat(timespec="seconds"),
                event.action,
                event.actor,
                " ".join(f"{name}={value}" for name, value in event.facts),
            )
            for sequence, event in entries
        ]
    )


def checkpoint_object(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return as JSON what a checkpoint was compared with."""
    return {
        "file": str(path),
        "entries": checkpoint.head.size,
        "head": checkpoint.head.root.hex(),
        "signed_at": checkpoint.signed_at.isoformat(),
    }


def proof_object(
    bundle: ProofBundle, checkpoint: Checkpoint, held: Checkpoint | None, entries: tuple[Told, ...]
) -> dict[str, Any]:
    """Return as JSON what a proof proved."""
    return {
        "origin": checkpoint.head.origin,
        "log_entries": checkpoint.head.size,
        "head": checkpoint.head.root.hex(),
        "signed_at": checkpoint.signed_at.isoformat(),
        "since": held.head.size if held else None,
        "certificate": bundle.certificate.model_dump() if bundle.certificate else None,
        "entries": [entry_object(told) for told in entries],
    }


def proof_text(
    checkpoint: Checkpoint, held: Checkpoint | None, entries: tuple[Told, ...], session: Session
) -> str:
    """Return in words what a proof proved."""
    head = checkpoint.head
    signed_at = checkpoint.signed_at
    lines = [
        session.word("cli.audit.proven", origin=head.origin, entries=head.size, at=signed_at),
        session.word("cli.audit.only_grew", entries=held.head.size)
        if held
        else session.word("cli.audit.not_compared"),
    ]
    if entries:
        lines.append(entries_text(entries, session))
    return "\n".join(lines)
