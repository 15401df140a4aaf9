"""`antin backup create|verify|restore|key`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DoIt, PinSource
from cli.session import session_of

group = typer.Typer(help="backup", no_args_is_help=True, rich_markup_mode=None)
Source = Annotated[str | None, typer.Option("--passphrase-source", help="backup.passphrase")]
Identities = Annotated[list[Path] | None, typer.Option("--identity", help="backup.identity")]
Published = Annotated[list[str] | None, typer.Option("--published", help="backup.published")]


@group.command("create", help="backup.create")
def create(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="backup.new")],
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", help="backup.recipient")
    ] = None,
    passphrase_source: Source = None,
    with_token_store: Annotated[
        bool, typer.Option("--with-token-store", help="backup.tokens")
    ] = False,
    no_checkpoint: Annotated[
        bool, typer.Option("--no-checkpoint", help="backup.no_checkpoint")
    ] = False,
    pin_source: PinSource = None,
) -> None:
    """Write an encrypted backup of this home while it is used."""
    from cli.homes.office import open_office
    from cli.keeping.create import Wanted, create_backup, manifest_object
    from cli.keeping.openers import recipients_of
    from cli.keeping.report import manifest_text

    session = session_of(context)
    recipients = recipients_of(session, recipient or (), passphrase_source)
    wanted = Wanted(file, recipients, with_token_store, not no_checkpoint)
    with open_office(session, pin_source=pin_source) as office:
        made = create_backup(office, wanted)
    told = {"file": str(file), "sha256": made.sha256, "size": made.size}
    session.put(
        "backup.create/1",
        {**told, **manifest_object(made.manifest)},
        lambda: "\n".join(
            (
                session.word("cli.backup.made", path=file, sha256=made.sha256),
                manifest_text(made.manifest, session),
            )
        ),
    )


@group.command("verify", help="backup.verify")
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="backup.file")],
    identity: Identities = None,
    passphrase_source: Source = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="backup.checkpoint")
    ] = None,
    trust: Annotated[list[Path] | None, typer.Option("--trust", help="backup.trust")] = None,
    published: Published = None,
    alone: Annotated[bool, typer.Option("--alone", help="backup.alone")] = False,
) -> None:
    """Restore a backup in a sandbox and check all of it."""
    from cli.keeping.create import manifest_object
    from cli.keeping.opened import open_backup
    from cli.keeping.openers import identities_of
    from cli.keeping.report import manifest_text, verified_object, verified_text
    from cli.keeping.sandbox import Asked, verify_backup

    session = session_of(context)
    asked = Asked(checkpoint or (), trust or (), published or (), alone)
    identities = identities_of(session, identity or (), passphrase_source)
    with open_backup(file, identities) as backup:
        verified = verify_backup(session, backup, asked)
    told = {"file": str(file), "sha256": backup.sha256, **manifest_object(backup.manifest)}
    session.put(
        "backup.verify/1",
        {**told, **verified_object(verified)},
        lambda: f"{manifest_text(backup.manifest, session)}\n{verified_text(verified, session)}",
    )


@group.command("restore", help="backup.restore")
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="backup.file")],
    identity: Identities = None,
    passphrase_source: Source = None,
    published: Published = None,
    nothing_since: Annotated[
        list[str] | None, typer.Option("--nothing-published-since", help="backup.nothing")
    ] = None,
    register: Annotated[str | None, typer.Option("--register", help="backup.register")] = None,
    yes: DoIt = False,
) -> None:
    """Make a home out of a backup; without `--yes`, say what would be made."""
    from cli.homes.home import home_directory
    from cli.keeping.create import manifest_object
    from cli.keeping.opened import open_backup
    from cli.keeping.openers import identities_of
    from cli.keeping.report import difference_object, difference_text, manifest_text
    from cli.keeping.restore import Wanted, restore_backup
    from cli.tokens.dry_run import end_dry_run

    session = session_of(context)
    directory = home_directory(session.home)
    wanted = Wanted(directory, register, published or (), frozenset(nothing_since or ()))
    identities = identities_of(session, identity or (), passphrase_source)
    with open_backup(file, identities) as backup:
        told = {"home": str(directory), "sha256": backup.sha256}
        told |= manifest_object(backup.manifest)
        if not yes:
            session.put(
                "backup.restore/1",
                {**told, "done": False},
                lambda: manifest_text(backup.manifest, session),
            )
            end_dry_run(session, "cli.backup.restore_advice")
        done = restore_backup(session, backup, wanted)
    differences = [difference_object(one) for one in done.differences]
    session.put(
        "backup.restore/1",
        {**told, "done": True, "authorities": differences},
        lambda: "\n".join(
            (
                session.word("cli.backup.restored", home=directory),
                *(difference_text(one, session) for one in done.differences),
            )
        ),
    )


@group.command("key", help="backup.key")
def key(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="backup.key_file")],
) -> None:
    """Make a pair of keys for backups."""
    from pki.atomic import PRIVATE, write_atomically
    from pki.keeping.keys import new_identity

    session = session_of(context)
    public, secret = new_identity()
    text = f"# public key: {public}\n{secret}\n"
    write_atomically(output, text.encode(), overwrite=False, mode=PRIVATE)
    session.put(
        "backup.key/1",
        {"public_key": public, "output": str(output)},
        lambda: session.word("cli.backup.key_made", path=output, public=public),
    )
