"""Annexes in files of their own: signed with the number of the main document that was issued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cli.documents.sign_wishes import SignWishes
from cli.errors import BadOptionError
from cli.homes.home import Home
from cli.homes.outside import outside_of
from cli.session import Session
from signing.annex import read_main
from signing.display.profile import load_display
from signing.reading import read_document

ANNEX = "annex"


def annex_wishes(session: Session, home: Home, wishes: SignWishes, main: Path) -> SignWishes:
    """Return the wishes with the number of the main document, and what the signature says of it.

    Args:
        session: time and language.
        home: trust, policy and network.
        wishes: as they were given; no display stands for the annex's.
        main: the main document.

    Raises:
        BadOptionError: a display that shows no number.
        PKIError: see `read_main`.
    """
    display = wishes.display or ANNEX
    if not any("{number}" in each for each in load_display(display, folder=home.displays).lines):
        form = f"--display {ANNEX}"
        raise BadOptionError(option="--main", value=str(main), form=form)
    services = outside_of(session, home, tsa=wishes.tsa).signing(session.clock)
    strict = wishes.require_status or home.settings.signing.unknown_status == "refuse"
    found = read_main(
        read_document(main, limit=services.policy.limits.document_bytes),
        services=services,
        number=wishes.number,
        name=main.name,
        accept_unknown=not strict,
    )
    # A reason of one's own is kept; beside a commitment there is room for none.
    reason = wishes.reason
    if reason is None and wishes.commitment is None:
        reason = found.reason
    return replace(wishes, display=display, number=found.number, reason=reason)
