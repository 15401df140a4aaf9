"""Makes a home. `antin.toml` is written last: a folder without it is not a home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.errors import BadOptionError, HomeExistsError
from cli.homes.home import Home
from cli.homes.settings import Service, Settings, Tokens
from cli.homes.toml_text import to_toml
from pki.atomic import PRIVATE, write_atomically
from pki.clock import Clock
from pki.errors.files import OutputUnwritableError
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


def make_home(
    directory: Path, clock: Clock, public_url: str | None, register: str | None = None
) -> MadeHome:
    """Make an empty home with an embedded token store and a new register.

    Args:
        directory: of the home; must not be there, or be empty.
        clock: tells when the register was made.
        public_url: the address that certificates will name.
        register: where the register is to be, if not in a file of the home.

    Raises:
        HomeExistsError: the folder holds something already.
        BadOptionError: the address is not `http://…` or `https://…`, or has a password in it.
        OutputUnwritableError: the folder cannot be made.
        PKIError: the register cannot be made there.
    """
    if public_url is not None and not public_url.startswith(("http://", "https://")):
        raise BadOptionError(option="--public-url", value=public_url, form="http://HOST")
    settings = Settings(tokens=Tokens(embedded=True), service=Service(public_url=public_url))
    if register is not None:
        settings = settings.model_copy(update={"register_place": _checked(register)})
    home = Home(directory, settings)
    with laying(home):
        create_register(home.register, clock).close()
    return MadeHome(home)


def _checked(register: str) -> str:
    try:
        return Settings.model_validate({"register": register}).register_place
    except ValidationError:
        # Neither the value nor pydantic's words: what is wrong with it is that it has a password.
        form = "postgresql://USER@HOST/DATABASE?passfile=FILE"
        raise BadOptionError(option="--register", value="…", form=form) from None


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
