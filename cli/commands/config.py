"""`antin config show`."""

import typer

from cli.session import session_of

group = typer.Typer(help="config", no_args_is_help=True, rich_markup_mode=None)


@group.command("show", help="config.show")
def show(context: typer.Context) -> None:
    """Print the configuration in force, defaults included."""
    from cli.homes.home import get_home, home_directory
    from cli.homes.settings import to_toml

    session = session_of(context)
    home = get_home(home_directory(session.home), session.configuration)
    data = home.settings.model_dump(mode="json", by_alias=True)
    text = f"# {home.directory}\n{to_toml(home.settings)}".rstrip()
    session.put(
        "config/1",
        {"home": str(home.directory), "settings": data},
        lambda: text,
    )
