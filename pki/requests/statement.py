"""What somebody signs in order to act: which act, on what, when. The signature is kept with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pki.errors.office import StatementInvalidError
from pki.requests.canonical import canonical, read_canonical
from pki.requests.rights import Act

FORMAT = "antin.act/1"
FRESH = timedelta(minutes=15)
"""A statement of another day is none for today: nobody can hand it in a second time."""


def write_statement(act: Act, at: datetime, **told: str) -> bytes:
    """Return the octets that are to be signed."""
    return canonical({"format": FORMAT, "act": act.value, "at": written(at), **told})


def read_statement(untrusted: bytes, act: Act, now: datetime | None = None) -> dict[str, str]:
    """Return what a statement says.

    Args:
        untrusted: its octets.
        act: what it must be about.
        now: the present, where it must have been made just now.

    Raises:
        StatementInvalidError: it is none, of something else, or of another time.
    """
    told = read_canonical(untrusted)
    if told is None or told.get("format") != FORMAT or told.get("act") != act.value:
        raise StatementInvalidError
    if not all(isinstance(value, str) for value in told.values()):
        raise StatementInvalidError
    made = instant(told.get("at", ""))
    if now is not None and abs(now - made) > FRESH:
        raise StatementInvalidError
    return told


def written(at: datetime) -> str:
    """Return an instant as statements and requests have it: UTC, whole seconds."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def instant(untrusted: str) -> datetime:
    """Read an instant back.

    Raises:
        StatementInvalidError: it is none.
    """
    try:
        found = datetime.strptime(untrusted, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  Z is UTC
    except ValueError as error:
        raise StatementInvalidError from error
    return found.replace(tzinfo=UTC)
