"""Help in the reader's language: commands and options are declared with message ids.

`help="sign"` at a command or option stands for the message `cli.help.sign`; the texts are put in
once, over the finished command tree, so that a command module stays free of languages.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from pki.words import Language, knows, say

_BUILT_IN = {"install_completion": "install-completion", "show_completion": "show-completion"}
"""Options that Typer declares itself."""


def translate(command: Any, language: Language) -> None:  # noqa: ANN401  Typer's vendored Click classes
    """Replace the message ids in a command tree by their sentences in `language`."""
    command.help = _text(command.help, language)
    for parameter in command.params:
        named = _BUILT_IN.get(parameter.name or "")
        # An argument of Typer's has no help until one is given; every one of ours has an id.
        if named or getattr(parameter, "help", None):
            parameter.help = _text(named or parameter.help, language)
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            translate(child, language)


def _text(name: str | None, language: Language) -> str | None:
    if name is None or not knows(f"cli.help.{name}", language):
        return name
    return say(f"cli.help.{name}", {}, language)
