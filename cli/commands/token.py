"""`antin token list|init|keygen|csr|import`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli.options import KeyTypeName, PinSource
from cli.session import session_of, table

group = typer.Typer(help="token", no_args_is_help=True, rich_markup_mode=None)
Label = Annotated[str, typer.Argument(help="token.label")]
Key = Annotated[str, typer.Option("--key", help="key")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="output")]


@group.command("list", help="token.list")
def list_tokens(context: typer.Context) -> None:
    """Show the tokens and the certificates on them; nobody logs in."""
    from cli.certificate_text import certificate_object
    from cli.homes.home import find_home, home_directory
    from cli.homes.keys import open_modules
    from hsm.search import find_certificates

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    modules = open_modules(home, session=session)
    on_tokens = find_certificates(modules)
    tokens = [
        {
            "label": token.label,
            "serial": token.serial,
            "model": token.model,
            "module": str(module.path),
            "pin": token.pin_state.value,
            "certificates": [
                {**certificate_object(one.certificate), "key": str(one.uri)}
                for one in on_tokens
                if one.module is module and one.token.serial == token.serial
            ],
        }
        for module in modules
        for token in module.tokens()
    ]
    session.put(
        "token.list/1",
        {"tokens": tokens},
        lambda: "\n".join(_token_text(token) for token in tokens) or session.word("cli.none"),
    )


def _token_text(token: Mapping[str, object]) -> str:
    certificates = token["certificates"]
    assert isinstance(certificates, list)  # noqa: S101  made so a few lines above
    rows = [(str(token["label"]), str(token["serial"]), str(token["pin"]))]
    rows += [("", one["serial"], one["subject"]) for one in certificates]
    return table(rows)


@group.command("init", help="token.init")
def init(context: typer.Context, label: Label, pin_source: PinSource = None) -> None:
    """Set up one more token in the home's embedded store."""
    from cli.issuing.make_token import make_token

    session = session_of(context)
    token = make_token(session, label, pin_source)
    session.put(
        "token.init/1",
        {"label": token.label, "serial": token.serial},
        lambda: session.word("cli.token.made", label=token.label, serial=token.serial),
    )


@group.command("keygen", help="token.keygen")
def keygen(
    context: typer.Context,
    label: Label,
    key_type: Annotated[KeyTypeName, typer.Option("--key-type", help="key_type")],
    name: Annotated[str, typer.Option("--name", help="token.key_name")] = "antin",
    pin_source: PinSource = None,
) -> None:
    """Make a key pair on a token; the private half never leaves it."""
    from cli.homes.home import find_home, home_directory
    from cli.homes.keys import PINs, open_modules
    from hsm.generate import generate_key
    from hsm.search import find_token
    from hsm.uri import KeyURI
    from pki.keys import KeyType

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    pins = PINs(session, home, pin_source)

    def make() -> KeyURI:
        module, token = find_token(open_modules(home, session=session), KeyURI(token=label))
        pin = pins.ask(token)
        return generate_key(module, label, pin, label=name, key_type=KeyType(key_type))

    uri = pins.retrying(make)
    session.put("token.keygen/1", {"key": str(uri)}, lambda: str(uri))


@group.command("csr", help="token.csr")
def csr(
    context: typer.Context,
    key: Key,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Write a request that proves who holds the key; its subject is decided by the authority."""
    from cli.issuing.make_token import request_pem
    from cli.issuing.pem import put_pem

    session = session_of(context)
    put_pem(session, "token.csr/1", request_pem(session, key, pin_source), output)


@group.command("import", help="token.import")
def import_file(
    context: typer.Context,
    key: Key,
    file: Annotated[Path, typer.Argument(help="token.file")],
    pin_source: PinSource = None,
) -> None:
    """Put an issued certificate beside its key on the token."""
    from cli.issuing.make_token import keep_certificate

    session = session_of(context)
    serial = keep_certificate(session, key, file, pin_source)
    session.put(
        "token.import/1",
        {"key": key, "serial": serial},
        lambda: session.word("cli.token.imported", serial=serial),
    )
