"""`antin serve`: CRL, AIA, OCSP and time-stamps over HTTP."""

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
    pin_source: PinSource = None,
) -> None:
    """Serve until stopped; says `ready URL` on stdout once it answers."""
    from cli.homes.office import open_office
    from cli.issuing.listen import check_reach, listening_socket, parse_bind, run
    from cli.issuing.services import Services
    from cli.upkeep.keeper import Keeper
    from cli.upkeep.raising import Raising, RaisingThread
    from cli.upkeep.report import alarm_row
    from cli.upkeep.work import Upkeep
    from pki.upkeep.alarm import Alarm

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office:
        settings = office.home.settings
        place = parse_bind(bind or settings.service.bind)
        check_reach(place, demo=settings.demo)
        # The port comes first: a taken one is said before any PIN is asked.
        listener = listening_socket(place)
        with listener:

            def tell(alarm: Alarm) -> None:
                typer.echo(": ".join(alarm_row(alarm, session)), err=True)

            keeper = Keeper(Upkeep(office), tell=tell)
            raising = RaisingThread(Raising(session, office.home), tell=tell)
            services = Services(office, health=keeper.health)
            if settings.demo:
                session.tell("cli.demo_home")
            host, port = listener.getsockname()[:2]
            keeper.start(services.reload)

            def ready() -> None:
                typer.echo(f"ready http://{host}:{port}")
                if settings.upkeep.automatic:
                    raising.start()

            def stopping() -> None:
                raising.stop()
                keeper.stop()

            run(services.app, listener, ready=ready, stopping=stopping)
