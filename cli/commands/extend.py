"""`antin extend`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PasswordSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("extend", help="extend")(extend)


def extend(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="sign.files", metavar="FILE", show_default=False)
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="extend.output")] = None,
    level: Annotated[str | None, typer.Option("--level", help="extend.level")] = None,
    due_within: Annotated[
        str | None, typer.Option("--due-within", help="extend.due_within")
    ] = None,
    timestamp_only: Annotated[
        bool, typer.Option("--timestamp-only", help="extend.timestamp_only")
    ] = False,
    in_place: Annotated[bool, typer.Option("--in-place", help="extend.in_place")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="sign.overwrite")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="extend.queue")] = False,
    tsa: Annotated[str | None, typer.Option("--tsa", help="sign.tsa")] = None,
    trust: Annotated[list[Path] | None, typer.Option("--trust", help="verify.trust")] = None,
    list_signer: Annotated[
        list[Path] | None, typer.Option("--list-signer", help="verify.list_signer")
    ] = None,
    policy: Annotated[str | None, typer.Option("--policy", help="verify.policy")] = None,
    workers: Annotated[int, typer.Option("--workers", help="extend.workers", min=1, max=64)] = 1,
    password_source: PasswordSource = None,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="json_lines")] = False,
) -> None:
    """Add time-stamps and evidence to documents; each is judged before and after."""
    from cli.documents.batch import run_batch
    from cli.documents.extend_documents import (
        ExtendTask,
        ExtendWishes,
        check_queue_alone,
        extension_plan,
    )
    from cli.documents.password import document_password
    from cli.documents.paths import documents_in
    from cli.homes.home import find_home, home_directory
    from cli.homes.outside import Lists, outside_of

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    if home.settings.demo:
        session.tell("cli.demo_home")
    password = document_password(session, password_source)
    outside = outside_of(
        session,
        home,
        trust=trust or (),
        policy=policy,
        tsa=tsa,
        password=password,
        lists=Lists(tuple(list_signer or ()), asked_for=True),
    )
    if queue or not files:
        check_queue_alone(queue=queue, files=files)
        from cli.documents.queued import raise_queue

        raise typer.Exit(raise_queue(session, home, outside, workers=workers))
    wishes = ExtendWishes(level, due_within, timestamp_only, in_place, overwrite)
    wish = wishes.extension(outside)
    documents = documents_in(files)
    outputs = extension_plan(documents, output, in_place=in_place)
    task = ExtendTask(session, outside, wish, outputs, wishes.existing)
    status = run_batch(session, "extend/1", documents, task, json_lines=json_lines, workers=workers)
    raise typer.Exit(status)
