"""`antin config show` and `key`."""

from typing import Annotated

import typer

from cli.session import session_of

group = typer.Typer(help="config", no_args_is_help=True, rich_markup_mode=None)


@group.command("show", help="config.show")
def show(context: typer.Context) -> None:
    """Print the configuration in force, defaults included."""
    from cli.homes.home import get_home, home_directory
    from cli.homes.toml_text import to_toml

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    data = home.settings.model_dump(mode="json", by_alias=True)
    text = f"# {home.directory}\n{to_toml(home.settings)}".rstrip()
    session.put(
        "config/1",
        {"home": str(home.directory), "settings": data},
        lambda: text,
    )


@group.command("key", help="config.key")
def key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="config.key.name", metavar="NAME")],
) -> None:
    """Make a key for a document system."""
    from cli.errors import KeyNameTakenError
    from cli.homes.change_settings import add_table
    from cli.homes.home import get_home, home_directory
    from verify.http.callers import hash_of, new_key

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    path = session.configuration or home.directory / "antin.toml"
    with home.locked():
        home = get_home(home.directory, session.configuration)  # as it is under the lock
        if any(one.name == name for one in home.settings.verify.service.key):
            raise KeyNameTakenError(name=name)
        made = new_key()
        add_table(path, "[[verify.service.key]]", {"name": name, "sha256": hash_of(made)})
    session.tell("cli.key_made", name=name)
    session.put("config.key/1", {"name": name, "key": made}, lambda: made)
