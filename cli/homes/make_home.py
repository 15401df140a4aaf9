"""Makes a home. `antin.toml` is written last: a folder without it is not a home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.errors import BadOptionError, HomeExistsError
from cli.homes.home import Home
from cli.homes.settings import Service, Settings, Tokens, to_toml
from pki.atomic import PRIVATE, write_atomically
from pki.clock import Clock
from pki.errors import OutputUnwritableError
from pki.register.sql import create_register


@dataclass(frozen=True, slots=True)
class MadeHome:
    """What `antin init` made."""

    home: Home
    authorities: tuple[dict[str, Any], ...] = ()
    official: dict[str, Any] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of the command."""
        settings = self.home.settings
        return {
            "home": str(self.home.directory),
            "demo": settings.demo,
            "public_url": settings.service.public_url,
            "authorities": list(self.authorities),
            "official": self.official,
        }


def make_home(directory: Path, clock: Clock, public_url: str | None) -> MadeHome:
    """Make an empty home with an embedded token store.

    Raises:
        HomeExistsError: the folder holds something already.
        BadOptionError: the address is not `http://…` or `https://…`.
        OutputUnwritableError: the folder cannot be made.
    """
    if public_url is not None and not public_url.startswith(("http://", "https://")):
        raise BadOptionError(option="--public-url", value=public_url, form="http://HOST")
    home = Home(
        directory, Settings(tokens=Tokens(embedded=True), service=Service(public_url=public_url))
    )
    with laying(home):
        create_register(home.register, clock).close()
    return MadeHome(home)


@contextmanager
def laying(home: Home) -> Iterator[None]:
    """Make the folder for the block and write the configuration after it; or leave nothing.

    Raises:
        HomeExistsError: the folder holds something already.
        OutputUnwritableError: the folder cannot be made.
    """
    directory = home.directory
    try:
        if directory.exists() and any(directory.iterdir()):
            raise HomeExistsError(home=directory)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        (directory / "trust").mkdir()
        home.authorities.mkdir()
    except OSError as error:
        raise OutputUnwritableError(path=directory, reason=error.strerror or "") from error
    try:
        yield
        write_atomically(
            directory / "antin.toml", to_toml(home.settings).encode(), overwrite=False, mode=PRIVATE
        )
    except BaseException:
        # What was begun is no home; an empty folder lets the next try begin.
        shutil.rmtree(directory, ignore_errors=True)
        raise
