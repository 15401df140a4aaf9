"""The signature fields of a document as JSON and as text."""

from __future__ import annotations

from typing import Any

from cli.session import Session
from pki.words import harmless
from signing.fields import SignatureFieldInfo


def field_object(field: SignatureFieldInfo) -> dict[str, Any]:
    """Return one field for `--json`."""
    return {
        "number": field.number,
        "name": field.name,
        "signed": field.signed,
        "page": field.page,
        "size_mm": list(field.size_mm) if field.size_mm else None,
        "label": field.label,
        "locks": field.locks,
        "seed_values": field.has_seed_values,
    }


def field_text(session: Session, fields: tuple[SignatureFieldInfo, ...]) -> str:
    """Return a line for each field, or that there is none."""
    if not fields:
        return session.word("cli.fields.none")
    return "\n".join(_line(session, field) for field in fields)


def _line(session: Session, field: SignatureFieldInfo) -> str:
    state = session.word("cli.fields.signed" if field.signed else "cli.fields.empty")
    parts = [f"#{field.number}", harmless(field.name), state]
    if field.page is not None:
        parts.append(session.word("cli.fields.page", page=field.page))
    if field.size_mm is not None:
        width, height = field.size_mm
        parts.append(f"{width:g} × {height:g} mm")
    if field.label:
        parts.append(harmless(field.label))
    return "  ".join(parts)
