"""`antin form`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import PinSource
from cli.registry_options import SeeingCertificate, SeeingKey, seeing
from cli.session import session_of

Number = Literal["01", "02", "03", "04", "05", "06", "07"]
"""As `pki.forms.form.NUMBERS`."""
Service = Literal["renew", "change", "both"]


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("form", help="form")(form)


def form(
    context: typer.Context,
    number: Annotated[Number, typer.Argument(help="form.number", metavar="NN")],
    output: Annotated[Path, typer.Option("-o", "--output", help="form.output")],
    serials: Annotated[list[str] | None, typer.Argument(help="form.serials")] = None,
    people: Annotated[list[str] | None, typer.Option("--person", help="form.person")] = None,
    post: Annotated[str | None, typer.Option("--post", help="form.post")] = None,
    agencies: Annotated[list[str] | None, typer.Option("--agency", help="form.agency")] = None,
    names: Annotated[list[str] | None, typer.Option("--name", help="form.name")] = None,
    requests: Annotated[list[str] | None, typer.Option("--request", help="form.request")] = None,
    service: Annotated[Service | None, typer.Option("--service", help="form.service")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="form.reason")] = None,
    sender: Annotated[str | None, typer.Option("--sender", help="form.sender")] = None,
    signer: Annotated[str | None, typer.Option("--signer", help="form.signer")] = None,
    receiver: Annotated[str | None, typer.Option("--receiver", help="form.receiver")] = None,
    symbol: Annotated[str | None, typer.Option("--number", help="form.symbol")] = None,
    date: Annotated[str | None, typer.Option("--date", help="form.date")] = None,
    place: Annotated[str | None, typer.Option("--place", help="form.place")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="form.unmasked")] = False,
    key: SeeingKey = None,
    cert: SeeingCertificate = None,
    pin_source: PinSource = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
) -> None:
    """Write a form of Decree 68/2024 filled from the register."""
    from cli.documents.outgoing import read_date
    from cli.forms.make import make_form
    from cli.forms.wish import FormWish
    from cli.homes.office import open_office
    from pki.forms.form import load_form

    wish = FormWish(
        output=output,
        serials=tuple(serials or ()),
        people=tuple(people or ()),
        post=post,
        agencies=tuple(agencies or ()),
        names=tuple(names or ()),
        requests=tuple(requests or ()),
        reason=reason,
        service=service,
        sender=sender,
        signer=signer,
        receiver=receiver,
        symbol=symbol,
        day=read_date(date) if date is not None else None,
        place=place,
        who=seeing(key, cert, pin_source) if unmasked else None,
        overwrite=overwrite,
    )
    with open_office(session_of(context)) as office:
        make_form(office, load_form(number), wish)
