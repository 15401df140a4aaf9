"""`antin profile list|show|check`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import session_of, table

group = typer.Typer(help="profile", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", help="profile.list")
def list_profiles(context: typer.Context) -> None:
    """Name the profiles that come with Antin."""
    from pki.profile import BUILT_IN, load_profile

    session = session_of(context)
    profiles = [load_profile(name) for name in BUILT_IN]
    session.put(
        "profile.list/1",
        {"profiles": [{"name": one.name, "kind": one.kind.value} for one in profiles]},
        lambda: table([(one.name, one.kind.value) for one in profiles]),
    )


@group.command("show", help="profile.show")
def show(context: typer.Context, name: Annotated[str, typer.Argument(help="profile.name")]) -> None:
    """Print what a profile demands."""
    import json

    from pki.profile import load_profile

    session = session_of(context)
    data = load_profile(name).model_dump(mode="json")
    session.put(
        "profile.show/1",
        {"profile": data},
        lambda: json.dumps(data, indent=2, ensure_ascii=False),
    )


@group.command("check", help="profile.check")
def check(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="profile.file")]
) -> None:
    """Check a profile file against itself and the law."""
    from cli.files import read_small
    from pki.profile import parse_profile

    session = session_of(context)
    text = read_small(file).decode("utf-8", errors="replace")
    profile = parse_profile(text, str(file))
    session.put(
        "profile.check/1",
        {"file": str(file), "name": profile.name},
        lambda: session.word("cli.profile.sound", file=file, name=profile.name),
    )
