"""`antin token keygen|csr|import|delete`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DoIt, KeyTypeName, PinSource
from cli.session import session_of

Key = Annotated[str, typer.Option("--key", help="key")]


def add_to(group: typer.Typer) -> None:
    """Declare the commands."""
    group.command("keygen", help="token.keygen")(keygen)
    group.command("csr", help="token.csr")(csr)
    group.command("import", help="token.import")(import_file)
    group.command("delete", help="token.delete")(delete)


def keygen(
    context: typer.Context,
    label: Annotated[str, typer.Argument(help="token.which", metavar="LABEL|URI")],
    key_type: Annotated[KeyTypeName, typer.Option("--key-type", help="key_type")],
    name: Annotated[str, typer.Option("--name", help="token.key_name")] = "antin",
    pin_source: PinSource = None,
) -> None:
    """Make a key pair on a token; the private half never leaves it."""
    from cli.tokens.keys import put_new_key
    from pki.keys import KeyType

    put_new_key(
        session_of(context), label, key_type=KeyType(key_type), label=name, pin_source=pin_source
    )


def csr(
    context: typer.Context,
    key: Key,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="output")] = None,
    pin_source: PinSource = None,
) -> None:
    """Write a request that proves who holds the key; its subject is decided by the authority."""
    from cli.issuing.pem import put_pem
    from cli.tokens.keys import request_pem

    session = session_of(context)
    put_pem(session, "token.csr/1", request_pem(session, key, pin_source), output)


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="token.file")],
    key: Annotated[str | None, typer.Option("--key", help="token.import.key")] = None,
    pin_source: PinSource = None,
) -> None:
    """Put an issued certificate beside its key on the token."""
    from cli.tokens.keys import keep_certificate

    keep_certificate(session_of(context), key, file, pin_source)


def delete(
    context: typer.Context,
    token: Annotated[str | None, typer.Argument(help="token.which", metavar="LABEL|URI")] = None,
    key: Annotated[str | None, typer.Option("--key", help="token.delete.key")] = None,
    key_id: Annotated[str | None, typer.Option("--id", help="token.delete.id")] = None,
    certificate_only: Annotated[
        bool, typer.Option("--certificate-only", help="token.delete.certificate_only")
    ] = False,
    abandon: Annotated[
        list[str] | None, typer.Option("--abandon", help="token.delete.abandon")
    ] = None,
    yes: DoIt = False,
    pin_source: PinSource = None,
) -> None:
    """Remove a key and its certificates from a token, after showing what goes."""
    from cli.tokens.deletion import Wanted
    from cli.tokens.deletion import delete as delete_objects

    wanted = Wanted(token, key, key_id, certificate_only, tuple(abandon or ()), yes)
    delete_objects(session_of(context), wanted, pin_source)
