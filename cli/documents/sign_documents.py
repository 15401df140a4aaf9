"""The options of `antin sign`: how a signature shall be, and where each document goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cli.documents.sign_wishes import SignWishes
from cli.errors import BadOptionError, NoHomeError
from cli.homes.home import Home
from signing.later import Later
from signing.options import Level, SigningOptions
from signing.queue import Queue


def sign_later(wishes: SignWishes, home: Home, options: SigningOptions) -> Later | None:
    """Return what is to be queued, by the options or the home; None where all is done at once.

    Raises:
        BadOptionError: nothing is left to be raised at this level, or the documents need a
            password.
        NoHomeError: the queue lies in a home, and there is none.
    """
    rule = "always" if wishes.later else home.settings.signing.later
    if not options.level.needs_timestamp:
        if wishes.later:
            form = "--level B-T | B-LT | B-LTA"
            raise BadOptionError(option="--later", value=options.level.value, form=form)
        return None
    if wishes.password_source is not None:
        # Whoever raises it later does not have the password, and it is kept nowhere.
        if wishes.later:
            raise BadOptionError(option="--later", value="", form="without --password-source")
        return None
    if rule == "never":
        return None
    if not home.directory.is_dir():
        raise NoHomeError(home=home.directory)
    return Later(Queue(home.queue), options.level, rule == "when-away", wishes.tsa)


def for_later(options: SigningOptions) -> SigningOptions:
    """Return how a document is signed that goes out at once: B-B, with room for a time-stamp."""
    return replace(options, level=Level.B_B, timestamp_later=True)


def check_resumable(outputs: Mapping[Path, Path], *, resume: bool) -> None:
    """Check that there is one folder whose journal could tell where to go on.

    Raises:
        BadOptionError: `--resume` without it.
    """
    if resume and len({target.parent for target in outputs.values()}) != 1:
        raise BadOptionError(option="--resume", value="", form="-o DIR")
