"""Which language to speak, decided before the commands are declared so that help follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pki.words import Language


def choose_language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language asked for: `--lang`, else ANTIN_LANG, else the locale, else Vietnamese.

    A value that is no language is passed over here; the option itself refuses it later.
    """
    wanted = [_option(arguments), environment.get("ANTIN_LANG")]
    # POSIX's own order of precedence for messages.
    wanted += [environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    for value in wanted:
        for language in Language:
            if value and value.lower().replace("-", "_").split("_")[0] == language.value:
                return language
    return Language.VI


def _option(arguments: Sequence[str]) -> str | None:
    for position, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    return None
