"""`antin cert erase`."""

from typing import Annotated, Literal

import typer

from cli.options import DoIt
from cli.session import session_of

Serials = Annotated[list[str], typer.Argument(help="cert.serial")]
Reason = Annotated[Literal["retention", "request"], typer.Option("--reason", help="cert.erase.why")]


def erase(
    context: typer.Context, serials: Serials, reason: Reason = "retention", yes: DoIt = False
) -> None:
    """Erase what certificates say of people, for good, after showing which."""
    from cli.homes.office import open_office
    from cli.issuing.erase_certificates import erase_certificates, plan_erasure, put_erasure
    from cli.tokens.dry_run import end_dry_run

    session = session_of(context)
    with open_office(session) as office:
        records = plan_erasure(office, serials)
        if not yes:
            put_erasure(session, records, reason, done=False)
            end_dry_run(session, "cli.cert.erase_advice")
        with office.home.locked():
            erase_certificates(office, records, reason)
    put_erasure(session, records, reason, done=True)
