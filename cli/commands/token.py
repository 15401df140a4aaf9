"""`antin token list|show|certs|init` and the groups beside them."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import token_doctor, token_keys, token_pin
from cli.options import DoIt, PinSource, SoPinSource
from cli.session import session_of

group = typer.Typer(help="token", no_args_is_help=True, rich_markup_mode=None)
Token = Annotated[str | None, typer.Argument(help="token.which", metavar="LABEL|URI")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="output")]


@group.command("list", help="token.list")
def list_tokens(context: typer.Context) -> None:
    """Show the tokens and the certificates on them; nobody logs in."""
    from cli.tokens.listing import list_everything, listing_text

    session = session_of(context)
    listing = list_everything(session)
    session.put("token.list/1", listing.as_json(), lambda: listing_text(session, listing))
    raise typer.Exit(listing.status)


@group.command("show", help="token.show")
def show(context: typer.Context, token: Token = None) -> None:
    """Show what a token is and can do; nobody logs in."""
    from cli.tokens.choose import choose_token
    from cli.tokens.details import show_token

    session = session_of(context)
    show_token(session, choose_token(session, token))


@group.command("certs", help="token.certs")
def certs(
    context: typer.Context,
    token: Token = None,
    pem: Annotated[bool, typer.Option("--pem", help="token.pem")] = False,
    output: Output = None,
) -> None:
    """Show the certificates on tokens, and whether their keys are there; nobody logs in."""
    from cli.tokens.certificates import put_certificates

    put_certificates(session_of(context), token, as_pem=pem, output=output)


@group.command("init", help="token.init")
def init(
    context: typer.Context,
    label: Annotated[str, typer.Argument(help="token.label")],
    token: Annotated[str | None, typer.Option("--token", help="token.init.token")] = None,
    serial: Annotated[str | None, typer.Option("--serial", help="token.init.serial")] = None,
    erase: Annotated[bool, typer.Option("--erase", help="token.init.erase")] = False,
    yes: DoIt = False,
    pin_source: PinSource = None,
    so_pin_source: SoPinSource = None,
) -> None:
    """Set up one more token in the home's embedded store, or another module's token anew."""
    from cli.tokens.setup import Wanted, set_up

    wanted = Wanted(label, token, serial, erase, yes, pin_source, so_pin_source)
    set_up(session_of(context), wanted)


token_doctor.add_to(group)
token_keys.add_to(group)
group.add_typer(token_pin.group, name="pin")
