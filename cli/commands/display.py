"""`antin display list|show|check`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.session import Session, session_of, table

group = typer.Typer(help="display", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", help="display.list")
def list_displays(context: typer.Context) -> None:
    """Name the profiles that come with Antin and those of the home."""
    from signing.display.profile import displays_in, known_displays, load_display

    session = session_of(context)
    folder = _folder(session)
    names = (
        *known_displays(),
        *(one for one in displays_in(folder) if one not in known_displays()),
    )
    displays = [load_display(name, folder=folder) for name in names]
    session.put(
        "display.list/1",
        {
            "displays": [
                {"name": name, "about": one.about[session.language], "clause": one.clause}
                for name, one in zip(names, displays, strict=True)
            ]
        },
        lambda: table(
            [
                (name, one.about[session.language] or one.clause)
                for name, one in zip(names, displays, strict=True)
            ]
        ),
    )


@group.command("show", help="display.show")
def show(context: typer.Context, name: Annotated[str, typer.Argument(help="display.name")]) -> None:
    """Print a profile's file, to be the beginning of another."""
    from signing.display.profile import find_display, parse_display

    session = session_of(context)
    text = find_display(name, folder=_folder(session))
    data = parse_display(text, name).model_dump(mode="json")
    session.put("display.show/1", {"display": data}, text.rstrip)


@group.command("check", help="display.check")
def check(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="display.file")]
) -> None:
    """Tell everything that is wrong with a profile file."""
    from cli.exit_status import ExitStatus
    from pki.words import say
    from signing.display.profile import find_mistakes, read_display

    session = session_of(context)
    findings = [
        {
            "place": one.place,
            "code": one.code,
            "message": say(one.reason.id, one.reason.facts, session.language),
        }
        for one in find_mistakes(read_display(file))
    ]
    told = [f"{one['place']}: {one['message']} [{one['code']}]" for one in findings]
    session.put(
        "display.check/1",
        {"file": str(file), "findings": findings},
        lambda: "\n".join(told) or session.word("cli.display.sound", file=file),
    )
    if findings:
        raise typer.Exit(ExitStatus.INVALID_INPUT)


def _folder(session: Session) -> Path:
    """Return where the home keeps its own profiles."""
    from cli.homes.home import find_home, home_directory

    return find_home(home_directory(session.home), session.configuration).displays
