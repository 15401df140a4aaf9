"""What `add` and `change` do, of whichever kind."""

from __future__ import annotations

from collections.abc import Mapping

from cli.registry.desk import open_desk
from cli.registry.entries import Wish, add_entry, change_entry
from cli.session import Session
from pki.records.people import Entry


def add_new(session: Session, kind: type[Entry], told: Mapping[str, str | None]) -> None:
    """Enter what options say; without a first day, today is it.

    Raises:
        PKIError: it is there, is wrong, or does not fit the others.
    """
    with open_desk(session) as desk:
        given = {name: text for name, text in told.items() if text is not None}
        add_entry(session, desk, kind, {"since": desk.today().isoformat(), **given})


def change_known(session: Session, kind: type[Entry], key: str, wish: Wish) -> None:
    """Change what is there.

    Raises:
        PKIError: it is not there, or the change is wrong or does not fit.
    """
    with open_desk(session) as desk:
        change_entry(session, desk, kind, key, wish)
