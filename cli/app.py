"""The `antin` program: its global options, its command groups, its error report."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.commands import (
    audit,
    authority,
    backup,
    certificate,
    config,
    crl,
    display,
    doctor,
    evidence,
    extend,
    fields,
    importing,
    init,
    profile,
    queue,
    selftest,
    serve,
    sign,
    token,
    upgrade,
    upkeep,
    verify,
)
from cli.exit_status import status_of_error
from cli.help import translate
from cli.language import choose_language
from cli.session import Session
from cli.streams import prepare_streams
from pki.clock import SystemClock
from pki.errors import PKIError
from pki.words import Language

_FLAGS = {"--json", "-v", "--verbose"}
_VALUED = {"--lang", "--home", "--config"}


class AntinGroup(TyperGroup):
    """Takes the global options at any place and turns errors into statuses."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  Typer's own Context
        """Move global options to the front, so they may stand after the subcommand too."""
        return super().parse_args(ctx, hoisted(args))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  Typer's own Context
        """Run the command; an error of Antin's tree is reported once, here."""
        try:
            return super().invoke(ctx)
        except PKIError as error:
            session = ctx.obj if isinstance(ctx.obj, Session) else Session(Language.VI)
            session.put_error(error)
            if session.verbose:
                traceback.print_exception(error)
            raise typer.Exit(status_of_error(error)) from error


def hoisted(args: list[str]) -> list[str]:
    """Return the arguments with every global option in front; nothing after `--` is moved."""
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(args) and args[position] != "--":
        argument = args[position]
        name = argument.split("=", 1)[0]
        if argument in _FLAGS or (name in _VALUED and "=" in argument):
            front.append(argument)
        elif argument in _VALUED:
            front += args[position : position + 2]
            position += 1
        else:
            rest.append(argument)
        position += 1
    return front + rest + args[position:]


app = typer.Typer(
    name="antin",
    cls=AntinGroup,
    help="app",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="json")] = False,
    lang: Annotated[Language | None, typer.Option("--lang", help="lang")] = None,
    home: Annotated[Path | None, typer.Option("--home", help="home")] = None,
    config_file: Annotated[Path | None, typer.Option("--config", help="config_file")] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="verbose")] = False,
) -> None:
    """Keep the global options for the command that follows.

    The context's object may be a clock: whoever calls the program as a function tells the time.
    """
    language = lang or choose_language([], os.environ)
    clock = context.obj or SystemClock()
    context.obj = Session(language, as_json, verbose, home, config_file, clock)


for group in (init, upgrade, upkeep, doctor, sign, fields, extend, verify, serve):
    group.add_to(app)
importing.add_to(authority.group, certificate.group)
for name, group in {
    "config": config,
    "ca": authority,
    "cert": certificate,
    "crl": crl,
    "audit": audit,
    "backup": backup,
    "profile": profile,
    "display": display,
    "evidence": evidence,
    "queue": queue,
    "selftest": selftest,
    "token": token,
}.items():
    app.add_typer(group.group, name=name)


def build_command(language: Language) -> TyperGroup:
    """Return the whole program as one command whose help speaks `language`."""
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)  # noqa: S101  the callback makes it one
    translate(command, language)
    return command


def main() -> None:
    """Run `antin` with the process's arguments."""
    prepare_streams((sys.stdout, sys.stderr), os.environ)
    build_command(choose_language(sys.argv[1:], os.environ))(prog_name="antin")
