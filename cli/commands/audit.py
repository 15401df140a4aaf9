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
    from pki.audit import verify_audit

    session = session_of(context)
    with open_office(session) as office:
        count = verify_audit(office.register)
        last = office.register.last_audit_entry()
    head = last.chain_hash.hex() if last else ""
    session.put(
        "audit.verify/1",
        {"entries": count, "head": head},
        lambda: session.word("cli.audit.whole", entries=count, head=head),
    )
