"""`antin cert assign`."""

from typing import Annotated

import typer

from cli.registry_options import Correct, From, OfAgency, OfPerson
from cli.session import session_of


def assign(
    context: typer.Context,
    certificate: Annotated[str, typer.Argument(help="cert.assign.which")],
    person: OfPerson = None,
    agency: OfAgency = None,
    post: Annotated[str | None, typer.Option("--post", help="cert.assign.post")] = None,
    device: Annotated[str | None, typer.Option("--device", help="cert.assign.device")] = None,
    day: From = None,
    correct: Correct = False,
) -> None:
    """Record on which person or agency, post and device a certificate hangs."""
    from cli.homes.office import open_office
    from cli.registry.assigning import Wish, assign

    with open_office(session_of(context)) as office:
        assign(office, certificate, Wish(person, agency, post, device, day, correct))
