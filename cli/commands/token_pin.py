"""`antin token pin change|unblock`."""

from typing import Annotated

import typer

from cli.options import FinalTry, NewPinSource, PinSource, SoPinSource
from cli.session import session_of

group = typer.Typer(help="token.pin", no_args_is_help=True, rich_markup_mode=None)
Token = Annotated[str | None, typer.Argument(help="token.which", metavar="LABEL|URI")]


@group.command("change", help="token.pin.change")
def change(
    context: typer.Context,
    token: Token = None,
    pin_source: PinSource = None,
    new_pin_source: NewPinSource = None,
    final_try: FinalTry = False,
) -> None:
    """Change the user's PIN of a token."""
    from cli.tokens.pins import Wanted
    from cli.tokens.pins import change as change_pin

    change_pin(session_of(context), Wanted(token, pin_source, new_pin_source, final_try))


@group.command("unblock", help="token.pin.unblock")
def unblock(
    context: typer.Context,
    token: Token = None,
    so_pin_source: SoPinSource = None,
    new_pin_source: NewPinSource = None,
    final_try: FinalTry = False,
) -> None:
    """Give the user of a token a new PIN, by the security officer's."""
    from cli.tokens.pins import Wanted
    from cli.tokens.pins import unblock as unblock_pin

    unblock_pin(session_of(context), Wanted(token, so_pin_source, new_pin_source, final_try))
