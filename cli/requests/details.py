"""A request as whoever approves it reads it: what will be done, in words, before it is signed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_public_key

from cli.requests.shown import due_text
from cli.session import Session
from pki.keys import key_type_of
from pki.words import VIETNAM

_FIRST = ("request", "kind", "state", "issuer", "profile", "serial")
_ABOUT = ("person", "post", "agency", "device", "requester", "submitted_at", "content_sha256")
_WORDED = ("kind", "state")
_DAY = 86_400


def details_rows(session: Session, told: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the lines for people of what `cli.requests.shown.case_details` gives."""
    rows = [*_head(session, told), *_deed(session, (told["content"] or {}).get("deed", {}))]
    rows += (
        ("approved", f"{one['person']}, {_time(one['at'])} → {_time(one['expires'])}")
        for one in told["given"]
    )
    rows += (
        ("step", f"{session.word(_state(one['state']))}, {_time(one['at'])}, {one['by']}")
        for one in told["steps"]
    )
    return [(session.word(f"cli.request.field.{name}"), text) for name, text in rows]


def _head(session: Session, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in (*_FIRST, *_ABOUT):
        value = told[name]
        if value is None:
            continue
        if name in _WORDED:
            value = session.word(f"cli.request.{name}.{value}")
        yield name, _time(value) if name == "submitted_at" else str(value)
    if told["due"] is not None:
        yield "due", due_text(session, told)


def _deed(session: Session, deed: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell everything that is approved; what the lines above it say already is left out."""
    for name, value in deed.items():
        if name in {"issuer", "profile", "serial", "recover"} or value in (None, False):
            continue
        if name == "subject":
            yield from ((name, f"{short}={text}") for short, text in value)
        else:
            yield name, _value(session, name, value)


def _value(session: Session, name: str, value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    match name:
        case "key":
            spki = b64decode(value)
            return f"{key_type_of(load_der_public_key(spki))}, SHA-256 {sha256(spki).hexdigest()}"
        case "seconds":
            return session.word("cli.request.days", days=f"{value / _DAY:g}")
        case "change":
            return session.word(f"cli.request.kind.{value}")
        case "invalidity_date":
            return _time(value)
        case _:
            return session.word("cli.yes") if value is True else str(value)


def _state(state: str) -> str:
    return f"cli.request.state.{state}"


def _time(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S %z")
