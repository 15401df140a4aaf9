"""`antin serve`: CRL, AIA, OCSP and time-stamps over HTTP, and verdicts for document systems."""

from contextlib import ExitStack
from typing import Annotated

import typer

from cli.options import PinSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("serve", help="serve")(serve)


def serve(
    context: typer.Context,
    bind: Annotated[str | None, typer.Option("--bind", help="serve.bind")] = None,
    only: Annotated[str | None, typer.Option("--only", help="serve.only")] = None,
    pin_source: PinSource = None,
) -> None:
    """Serve until stopped; says `ready URL` on stdout once it answers."""
    from cli.homes.home import get_home, home_directory
    from cli.serving.listen import check_reach, listening_socket, parse_bind, tls_of
    from cli.serving.parts import (
        PKI,
        VERIFY,
        authority_part,
        serve_parts,
        verdict_part,
        wanted_parts,
    )
    from cli.serving.reach import check_verdicts_reach, may_be_reached

    session = session_of(context)
    named = wanted_parts(only)
    home = get_home(home_directory(session.home), session.configuration)
    place = parse_bind(bind or home.settings.service.bind)
    check_reach(place, demo=home.settings.demo)
    alone = named == frozenset({VERIFY})
    if named is not None and VERIFY in named:
        check_verdicts_reach(place, home, alone=alone)
    tls = tls_of(home) if alone else None
    # The port comes first: a taken one is said before any PIN is asked.
    with ExitStack() as stack:
        listener = stack.enter_context(listening_socket(place))
        parts = []
        if VERIFY in named if named is not None else may_be_reached(place, home, alone=False):
            parts.append(verdict_part(home))
        if named is None or PKI in named:
            parts.append(authority_part(session, pin_source, stack))
        if home.settings.demo:
            session.tell("cli.demo_home")
        serve_parts(parts, listener, tls)
