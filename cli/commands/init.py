"""`antin init`: makes a home."""

from typing import Annotated

import typer

from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("init", help="init")(init)


def init(
    context: typer.Context,
    demo: Annotated[bool, typer.Option("--demo", help="init.demo")] = False,
    public_url: Annotated[str | None, typer.Option("--public-url", help="init.public_url")] = None,
    register: Annotated[
        str | None, typer.Option("--register", help="init.register", metavar="ADDRESS")
    ] = None,
) -> None:
    """Make a home; with `--demo` a whole administration in small."""
    from cli.errors import BadOptionError
    from cli.homes.home import home_directory
    from cli.homes.make_demo import make_demo
    from cli.homes.make_home import make_home

    session = session_of(context)
    directory = home_directory(session.home)
    if demo and register is not None:
        raise BadOptionError(option="--register", value="--demo", form="antin init --register …")
    if demo:
        made = make_demo(directory, session.clock)
        session.tell("cli.demo_home")
    else:
        made = make_home(directory, session.clock, public_url, register)
    session.put(
        "init/1",
        made.as_json(),
        lambda: session.word("cli.init.done", home=directory),
    )
