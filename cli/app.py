"""The `antin` program: its global options, its command groups, its error report.

A command's module is read when the command is wanted; the list of commands needs none of them.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.exit_status import status_of_error
from cli.help import translate
from cli.language import choose_language
from cli.late_packages import load_packages_late
from cli.lean import collect_seldom, end, leave_out_aiohttp, leave_out_plugins
from cli.quick_classes import make_classes_quickly
from cli.session import Session
from cli.streams import prepare_streams
from pki.clock import SystemClock
from pki.errors.tree import PKIError
from pki.words import Language

_FLAGS = {"--json", "-v", "--verbose"}
_VALUED = {"--lang", "--home", "--config"}


_MODULES = {
    **{name: name for name in ("init", "upgrade", "upkeep", "doctor")},
    **{name: name for name in ("sign", "fields", "prepare", "number", "copy")},
    **{name: name for name in ("extend", "verify", "serve")},
    "config": "config",
    "ca": "authority",
    "cert": "certificate",
    "request": "request",
    "plan": "plan",
    "role": "role",
    "crl": "crl",
    "audit": "audit",
    "backup": "backup",
    "profile": "profile",
    "display": "display",
    "mandate": "mandate",
    "trust": "trust",
    "evidence": "evidence",
    "queue": "queue",
    "selftest": "selftest",
    "token": "token",
    **{name: name for name in ("agency", "person", "post", "device")},
    "event": "event",
    "form": "form",
    "overview": "overview",
    "notice": "notice",
}
"""Commands and groups in the order of the help, and what module of `cli.commands` declares them.
The help of each is the message of its name."""


class AntinGroup(TyperGroup):
    """Takes the global options at any place and turns errors into statuses."""

    def speak(self, language: Language) -> None:
        """Name the commands that there are, in a language."""
        self._language = language
        self.commands = {name: TyperCommand(name, help=name) for name in _MODULES}
        translate(self, language)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401  Typer's own Command
        """Return a command, read now."""
        del ctx
        return read_command(cmd_name, self._language) if cmd_name in _MODULES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  Typer's own classes
        """Write the list of commands; none is read for it."""
        TyperGroup(commands=dict(self.commands)).format_commands(ctx, formatter)

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


def read_command(name: str, language: Language) -> Any:  # noqa: ANN401  Typer's own Command
    """Return a command or a group by its name, its help in `language`."""
    module = import_module(f"cli.commands.{_MODULES[name]}")
    holder = typer.Typer(rich_markup_mode=None, add_completion=False)
    if hasattr(module, "group"):
        holder.add_typer(module.group, name=name)
    else:
        module.add_to(holder)
    holder.callback()(lambda: None)
    group = typer.main.get_command(holder)
    assert isinstance(group, TyperGroup)  # noqa: S101  the callback makes it one
    command = group.commands[name]
    translate(command, language)
    return command


def build_command(language: Language) -> AntinGroup:
    """Return the program, its help in `language`; its commands are read when they are wanted."""
    command = typer.main.get_command(app)
    assert isinstance(command, AntinGroup)  # noqa: S101  the callback makes it one
    translate(command, language)
    command.speak(language)
    return command


def build_whole(language: Language) -> AntinGroup:
    """Return the program with every command read, for whoever goes through them all."""
    command = build_command(language)
    command.commands = {name: read_command(name, language) for name in _MODULES}
    return command


def main() -> None:
    """Run `antin` with the process's arguments, and end the process."""
    try:
        run()
    except SystemExit as ended:
        if isinstance(ended.code, int):
            end(ended.code)
        raise


def run() -> None:
    """Run `antin` with the process's arguments.

    Raises:
        SystemExit: always; with the status.
    """
    collect_seldom()
    make_classes_quickly()
    leave_out_aiohttp()
    leave_out_plugins()
    load_packages_late()
    prepare_streams((sys.stdout, sys.stderr), os.environ)
    build_command(choose_language(sys.argv[1:], os.environ))(prog_name="antin")
