"""A home: one folder with configuration, register, embedded tokens, trust anchors and cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.errors import BusyHomeError, NoHomeError
from cli.homes.settings import Settings, load_settings

LOCK_WAIT_SECONDS = 5.0
"""How long a writer waits for another; issuing one certificate takes far less."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one installation lies."""

    directory: Path
    settings: Settings

    @property
    def register(self) -> Path | str:
        """The register's database file, or its address."""
        place = self.settings.register_place
        return place if "://" in place else self.path(Path(place))

    @property
    def has_register(self) -> bool:
        """Whether there may be a register: of an address that is only known by asking."""
        return isinstance(self.register, str) or self.register.is_file()

    @property
    def tokens(self) -> Path:
        """The embedded token store."""
        return self.directory / "tokens"

    @property
    def authorities(self) -> Path:
        """Certificates of the home's own authorities: signers need them and open no register."""
        return self.directory / "authorities"

    @property
    def blocked_keys(self) -> tuple[Path, ...]:
        """Lists of keys that certify nobody, and folders of them."""
        own = self.directory / "blocked-keys"
        named = (self.path(one) for one in self.settings.authorities.blocked_keys)
        return (*((own,) if own.exists() else ()), *named)

    @property
    def displays(self) -> Path:
        """The administration's own display profiles, `NAME.toml` each."""
        return self.directory / "displays"

    @property
    def mandates(self) -> Path:
        """Who may sign in whose place, a TOML file each."""
        return self.directory / "mandates"

    @property
    def queue(self) -> Path:
        """Documents that were given out and wait to be raised, a small file each."""
        return self.directory / "queue"

    @property
    def evidence(self) -> Path:
        """What is kept about each signature."""
        return self.directory / "evidence"

    @property
    def cache(self) -> Path:
        """Answers of CRL services that may be used again."""
        return self.directory / "cache"

    @property
    def lists(self) -> Path:
        """Trusted lists as they were fetched."""
        return self.directory / "lists"

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint of the audit log that this home signed."""
        return self.directory / "checkpoint"

    def path(self, relative: Path) -> Path:
        """Return a path of the configuration, resolved at the home."""
        return self.directory / relative

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for changing it; only one process does at a time.

        Raises:
            BusyHomeError: another process held it for longer than `LOCK_WAIT_SECONDS`.
        """
        from filelock import FileLock, Timeout  # many commands change nothing

        try:
            with FileLock(self.directory / "lock", timeout=LOCK_WAIT_SECONDS):
                yield
        except Timeout as error:
            raise BusyHomeError(home=self.directory) from error


def home_directory(option: Path | None) -> Path:
    """Return the home's folder: the option, else ANTIN_HOME, else the platform's data folder."""
    if option is not None:
        return option.absolute()
    if named := os.environ.get("ANTIN_HOME"):
        return Path(named).absolute()
    from platformdirs import user_data_path

    return user_data_path("antin", appauthor=False)


def find_home(directory: Path, configuration: Path | None) -> Home:
    """Return the home as configured; where there is none, one with the defaults.

    Raises:
        BadConfigurationError, NewerHomeError, UnreadableFileError: from the configuration.
    """
    return Home(directory, load_settings(configuration or directory / "antin.toml"))


def get_home(directory: Path, configuration: Path | None) -> Home:
    """Return the home, which must have been made by `antin init`.

    Raises:
        NoHomeError: no `antin.toml` there.
    """
    if configuration is None and not (directory / "antin.toml").exists():
        raise NoHomeError(home=directory)
    return find_home(directory, configuration)
