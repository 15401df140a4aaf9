"""`antin person erase`."""

from typing import Annotated

import typer

from cli.commands.certificate_erasure import Reason
from cli.options import DoIt
from cli.session import session_of

Codes = Annotated[list[str], typer.Argument(help="person.erase.codes")]


def erase(
    context: typer.Context, codes: Codes, reason: Reason = "retention", yes: DoIt = False
) -> None:
    """Erase names, numbers and addresses of people, for good, after showing whose."""
    from cli.homes.office import open_office
    from cli.registry.erasing import erase_planned, plan_people, put_people
    from cli.tokens.dry_run import end_dry_run

    session = session_of(context)
    with open_office(session) as office:
        people = plan_people(office, codes)
        if not yes:
            put_people(session, people, reason, done=False)
            end_dry_run(session, "cli.cert.erase_advice")
        with office.home.locked():
            erase_planned(office, people, reason)
    put_people(session, people, reason, done=True)
