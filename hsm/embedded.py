"""The embedded token: SoftHSM with a configuration and a token directory of its own.

SoftHSM reads the file named by SOFTHSM2_CONF when it is initialised, and that is once a process.
So the variable is set before the module is loaded, it stays set (workers that are spawned inherit
it), and a second directory is refused until the module is closed (`Module.close`). The system's
and the user's own SoftHSM configuration are never read or written.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from hsm.errors import (
    EmbeddedBusyError,
    EmbeddedConflictError,
    EmbeddedDirectoryError,
    LabelTooLongError,
    PINNotAcceptedError,
    SoftHSMMissingError,
    TokenExistsError,
)
from hsm.loading import find_loaded, open_module
from hsm.module import Module
from hsm.pin import Pin
from hsm.posix import keep_private
from hsm.token_setup import set_up_token
from hsm.tokens import TokenInfo
from hsm.uri import same_text

CONFIGURATION = "softhsm2.conf"
LOCK_WAIT_SECONDS = 60.0
"""Long enough for another process to make an RSA-4096 key."""
_VARIABLE = "SOFTHSM2_CONF"
_MAX_LABEL_BYTES = 32
_PIN_BYTES = range(4, 256)  # SoftHSM 2.6: MIN_PIN_LEN and MAX_PIN_LEN

# They end the path in SoftHSM's configuration file, and it has no way to quote them.
_COMMENT_CHARACTERS = "#\n"

_USUAL_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "C:/SoftHSM2/lib/softhsm2-x64.dll",
    "C:/Program Files/SoftHSM2/lib/softhsm2-x64.dll",
)

_OPENING = threading.Lock()
_IN_USE: dict[Path, Path] = {}
"""Which directory each loaded SoftHSM serves: module → directory."""


class FilesLock:
    """One process at a time at the files of a token store; one thread of it may hold it twice.

    SoftHSM 2.6 rewrites a token's file at every login, and truncates it before it takes its own
    lock: of five processes that log in at once, one in ten reads half a file.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # The module's own lock lets one thread in; another that waits here would be its own enemy.
        self._lock = FileLock(
            directory / "files.lock", timeout=LOCK_WAIT_SECONDS, mode=0o600, thread_local=False
        )
        self._counting = threading.Lock()
        self._held = 0

    def __enter__(self) -> None:
        """Wait for the files.

        Raises:
            EmbeddedBusyError: another process kept them for longer than `LOCK_WAIT_SECONDS`.
        """
        with self._counting:
            if not self._held:
                try:
                    self._lock.acquire()
                except Timeout as error:
                    raise EmbeddedBusyError(directory=self._directory) from error
            self._held += 1

    def __exit__(self, *_exception: object) -> None:
        with self._counting:
            self._held -= 1
            if not self._held:
                self._lock.release()


class EmbeddedTokens:
    """SoftHSM tokens that live in one directory, only its owner's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def module(self) -> Module:
        """Load SoftHSM on this directory; what is missing in it is made.

        Raises:
            SoftHSMMissingError: SoftHSM is not installed.
            ModuleUnusableError: it cannot be loaded.
            EmbeddedDirectoryError: the directory cannot be made or written.
            EmbeddedConflictError: this process has SoftHSM loaded for other tokens.
        """
        library = find_softhsm().resolve()
        directory = self._prepare()
        files = FilesLock(directory)
        with _OPENING, files:
            if find_loaded(library) is not None and _IN_USE.get(library) != directory:
                raise EmbeddedConflictError(directory=directory, module=library)
            os.environ[_VARIABLE] = str(directory / CONFIGURATION)
            module = open_module(library, limits=None)
            module.guard_files(files)
            _IN_USE[library] = directory
        return module

    def create_token(self, label: str, user_pin: Pin, so_pin: Pin) -> TokenInfo:
        """Set up one more token.

        Raises:
            LabelTooLongError: more than 32 bytes in UTF-8.
            PINNotAcceptedError: not 4 to 255 bytes.
            TokenExistsError: a token of this label is there.
            PKIError: as `module`.
        """
        if len(label.encode()) > _MAX_LABEL_BYTES:
            raise LabelTooLongError(label=label)
        if any(len(pin.reveal().encode()) not in _PIN_BYTES for pin in (user_pin, so_pin)):
            raise PINNotAcceptedError(token=label)
        module = self.module()
        if any(same_text(label, token.label) for token in module.tokens()):
            raise TokenExistsError(label=label)
        return set_up_token(module, label, user_pin=user_pin, so_pin=so_pin)

    def _prepare(self) -> Path:
        configuration = self.directory / CONFIGURATION
        store = self.directory / "tokens"
        try:
            for folder in (self.directory, store):
                folder.mkdir(parents=True, exist_ok=True)
                keep_private(folder)
            directory = self.directory.resolve(strict=True)
            if not set(str(directory)).isdisjoint(_COMMENT_CHARACTERS):
                raise EmbeddedDirectoryError(directory=self.directory)
            _write_configuration(configuration, directory / "tokens")
        except OSError as error:
            raise EmbeddedDirectoryError(directory=self.directory) from error
        return directory


def find_softhsm() -> Path:
    """Return SoftHSM's module: ANTIN_SOFTHSM_MODULE if set, else the first of the usual places.

    Raises:
        SoftHSMMissingError: it is in none of them.
    """
    told = os.environ.get("ANTIN_SOFTHSM_MODULE")
    places = (told,) if told else _USUAL_PLACES
    for place in places:
        if Path(place).is_file():
            return Path(place)
    raise SoftHSMMissingError(looked=places)


def _write_configuration(path: Path, store: Path) -> None:
    # Written again whenever it differs: a home that was moved must not point to the old place.
    text = (
        f"directories.tokendir = {store}\n"
        "objectstore.backend = file\n"
        "log.level = ERROR\n"
        "slots.removable = false\n"
    )
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    keep_private(fresh)
    fresh.replace(path)
