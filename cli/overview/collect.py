"""Counts a home's certificates and gives them out in the form that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import typer

from cli.homes.office import Office
from cli.overview.keeping import COUNTS
from cli.overview.numbers import overview_object, overview_rows
from cli.session import Session
from pki.atomic import write_atomically
from pki.watching.counts import CountedRegister, count
from pki.watching.overview import Overview, look_over
from pki.watching.sheet import csv_lines

_HEAD = ("section", "name", "what", "count")


def look_over_office(office: Office, *, recount: bool = False) -> Overview:
    """Return the overview of now.

    Args:
        office: has the register; what was counted before is kept in its home.
        recount: count everything again.

    Raises:
        PKIError: whatever the register answers.
    """
    register = cast("CountedRegister", office.register)
    now = office.session.clock.now()
    counts = count(register, now, office.home.cache / COUNTS, anew=recount)
    return look_over(register, counts, now)


def put_overview(session: Session, found: Overview, *, as_csv: bool, html: Path | None) -> None:
    """Write it as CSV, as JSON or as text, and as a page where one is asked for.

    Raises:
        OutputUnwritableError, DiskFullError: see `pki.atomic`.
    """
    if html is not None:
        from cli.overview.page import overview_page  # loads jinja2

        write_atomically(html, overview_page(session, found).encode(), overwrite=True)
    if as_csv:
        for line in csv_lines(_HEAD, overview_rows(found)):
            typer.echo(line)
        return

    def text() -> str:
        from cli.overview.text import overview_text

        return overview_text(session, found)

    data = {**overview_object(found), "output": str(html) if html else None}
    session.put("overview/1", data, text)
