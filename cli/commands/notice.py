"""`antin notice send|list`."""

from typing import Annotated

import typer

from cli.session import session_of
from pki.records.notices import Channel, MessageState

group = typer.Typer(help="notice", no_args_is_help=True, rich_markup_mode=None)


@group.command("send", help="notice.send")
def send_notices(
    context: typer.Context,
    to: Annotated[list[Channel] | None, typer.Option("--to", help="notice.to")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="notice.dry_run")] = False,
) -> None:
    """Queue what is due, and send what waits."""
    from cli.exit_status import status_of_error
    from cli.homes.office import open_office
    from cli.notices.sending import Watching, channels_of, preview, send, sole_sender
    from cli.notices.shown import Shown

    session = session_of(context)
    shown = Shown(session, dry_run)
    with open_office(session) as office:
        channels = channels_of(office, tuple(to or ()))
        with sole_sender(office.home):
            shown.begin()
            if dry_run:
                runs = [preview(office, one, Watching(tell=shown.notice)) for one in channels]
            else:
                runs = [send(office, one, Watching(show=shown.mail)) for one in channels]
    shown.end(runs)
    errors = [run.error for run in runs if run.error is not None]
    if errors:
        raise typer.Exit(status_of_error(errors[0]))


@group.command("list", help="notice.list")
def list_notices(
    context: typer.Context,
    state: Annotated[MessageState | None, typer.Option("--state", help="notice.state")] = None,
    channel: Annotated[Channel | None, typer.Option("--to", help="notice.channel")] = None,
    recipient: Annotated[str | None, typer.Option("--recipient", help="notice.recipient")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="notice.limit")] = 100,
) -> None:
    """List messages, newest first, and what they tell."""
    from cli.homes.office import open_office
    from cli.notices.shown import message_object, message_row
    from cli.session import table
    from pki.records.notices import MessageQuery

    session = session_of(context)
    with open_office(session) as office:
        register = office.register
        found = register.find_messages(MessageQuery(channel, state, recipient, limit))
        told = [message_object(one, register.notices_in(one.sequence)) for one in found]
    session.put(
        "notice.list/1",
        {"messages": told},
        lambda: (
            table([message_row(session, one) for one in told]) if told else session.word("cli.none")
        ),
    )
