"""Which files of a home go into a backup: those that it names or is known to need, and no others.

No PIN is among them, nor a private key; the embedded tokens, whose keys their PINs encrypt, are
when they are asked for. A file outside the home is told of and left out: where it belongs after a
restore is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli.files import read_small
from cli.homes.home import Home
from pki.keeping.archive import MAX_FILE, KeptFile, is_safe
from pki.keeping.make import Kept

CONFIGURATION = "antin.toml"
_SECRET = b"PRIVATE KEY-----"


def kept_files(home: Home, configuration: Path, *, with_tokens: bool) -> Kept:
    """Return the files, read, and the names of those that are left out.

    Raises:
        UnreadableFileError: one of them cannot be read, or is larger than `MAX_FILE`.
    """
    files: dict[str, KeptFile] = {CONFIGURATION: KeptFile(CONFIGURATION, _read(configuration))}
    left_out: list[str] = []
    sources = (Path(one.removeprefix("file:")) for one in home.settings.pins.values())
    secret = {home.path(source).resolve() for source in sources}
    for path in _named(home):
        name = _name(home, path)
        if path.resolve() in secret or name is None or _SECRET in _read(path):
            left_out.append(str(path))
        else:
            files[name] = KeptFile(name, _read(path))
    if with_tokens:
        for path in _files(home.tokens):
            if (name := _name(home, path)) is not None and path.resolve() not in secret:
                files[name] = KeptFile(name, _read(path))
    return Kept(tuple(files.values()), tuple(sorted(set(left_out))))


def _named(home: Home) -> Iterator[Path]:
    settings = home.settings
    signers = (*settings.responders, settings.timestamp, settings.audit)
    roots = (
        home.authorities,
        home.checkpoint,
        home.queue,
        home.evidence,
        home.directory / "profiles",
        *home.blocked_keys,
        *map(home.path, settings.verify.trust),
        *(home.path(file) for one in settings.verify.list for file in one.signers),
        *(home.path(one.file) for one in settings.verify.list if one.file is not None),
        *(home.path(one.certificate) for one in signers if one is not None),
    )
    for root in roots:
        yield from _files(root)


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    elif root.is_dir():
        yield from sorted(path for path in root.rglob("*") if path.is_file())


def _name(home: Home, path: Path) -> str | None:
    """Return a file's name inside the home; None where it has none that is safe."""
    if not path.is_relative_to(home.directory):
        return None
    name = path.relative_to(home.directory).as_posix()
    return name if is_safe(name) else None


def _read(path: Path) -> bytes:
    return read_small(path, most=MAX_FILE)
