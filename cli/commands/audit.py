"""`antin audit verify`."""

import typer

from cli.session import session_of

group = typer.Typer(help="audit", no_args_is_help=True, rich_markup_mode=None)


@group.callback()
def audit() -> None:
    """Keep `verify` a subcommand while it is the only one."""


@group.command("verify", help="audit.verify")
def verify(context: typer.Context) -> None:
    """Recompute every hash of the log."""
    from cli.homes.office import open_office
    from pki.audit.verify import recompute

    session = session_of(context)
    with open_office(session) as office:
        edge = recompute(office.register)
    head = edge.root().hex()
    session.put(
        "audit.verify/1",
        {"entries": edge.size, "head": head},
        lambda: session.word("cli.audit.whole", entries=edge.size, head=head),
    )
