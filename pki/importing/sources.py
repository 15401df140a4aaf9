"""The shapes in which authorities keep their files, and what is read of each.

`openssl ca`: `index.txt`, `crlnumber`, `newcerts/`, lists and the authority's certificate beside.
EasyRSA 3: the same index in `pki/`, certificates in `issued/` and `certs_by_serial/`, those revoked
and renewed in folders of their own. A folder: any certificates and lists. XCA: its database
(`pki.importing.xca`).

Spec: openssl-ca(1); EasyRSA 3.1 `easyrsa` for its folders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from pki.errors.importing import ImportSourceError
from pki.errors.tree import phrase
from pki.importing.encoded import read_file, take_file
from pki.importing.index_txt import read_index
from pki.importing.material import MAX_CRL_NUMBER, Material
from pki.importing.xca import is_database, read_database

MAX_FILES = 2_000_000
CERTIFICATE_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p7b", ".p7c")
_LISTS = (".crl",)
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,64}")
_AUTHORITY_FILES = ("ca.crt", "cacert.pem", "ca.pem", "certs/ca.crt", "certs/ca.cert.pem")
_KEY_FILES = ("private/ca.key", "private/cakey.pem", "private/ca.key.pem", "ca.key")


class Shape(StrEnum):
    """Who kept the files."""

    OPENSSL = "openssl"
    EASYRSA = "easyrsa"
    XCA = "xca"
    FOLDER = "folder"


def read_source(path: Path, shape: Shape | None = None) -> tuple[Shape, Material]:
    """Return all that stands in a folder, file or database.

    Args:
        path: the authority's folder, XCA's database, or one file of certificates or lists.
        shape: None finds it out.

    Raises:
        ImportSourceError: nothing there, or not of that shape.
    """
    if not path.exists():
        raise ImportSourceError(path=path, shape=shape.value if shape else "-")
    found = shape or shape_of(path)
    if not _fits(path, found):
        raise ImportSourceError(path=path, shape=found.value)
    material = Material()
    _READERS[found](path, material)
    return found, material


def shape_of(path: Path) -> Shape:
    """Say who kept the files; a file that is no database is taken as a folder of one."""
    if path.is_file():
        return Shape.XCA if is_database(path) else Shape.FOLDER
    folder = _home_of(path)
    if (folder / "index.txt").is_file():
        is_easyrsa = (folder / "issued").is_dir() or (folder / "certs_by_serial").is_dir()
        return Shape.EASYRSA if is_easyrsa else Shape.OPENSSL
    return Shape.FOLDER


def _fits(path: Path, shape: Shape) -> bool:
    if shape is Shape.XCA:
        return path.is_file() and is_database(path)
    return shape is Shape.FOLDER or (_home_of(path) / "index.txt").is_file()


def _home_of(path: Path) -> Path:
    """Return EasyRSA's `pki`, where the folder above it was named."""
    return path / "pki" if (path / "pki" / "index.txt").is_file() else path


def _read_authority(path: Path, material: Material) -> None:
    """Read a folder with an index: `openssl ca` and EasyRSA."""
    folder = _home_of(path)
    read_index(folder / "index.txt", material)
    _read_crl_number(folder / "crlnumber", material)
    _read_folder(folder, material)
    for name in _AUTHORITY_FILES:
        if (folder / name).is_file() and material.authority is None:
            beside = Material()
            take_file(folder / name, beside)
            if len(beside.certificates) == 1:
                material.authority = beside.certificates[0].certificate
    material.key = next((folder / name for name in _KEY_FILES if (folder / name).is_file()), None)


def _read_crl_number(path: Path, material: Material) -> None:
    """Read the number that the next list was to bear: the one before it may have been used."""
    if not path.exists():
        return
    data = read_file(path, material, may_revoke=True)
    text = (data or b"").strip()
    if not _HEXADECIMAL.fullmatch(text):
        material.error(str(path), phrase("pki.importing.crl_number_unread"))
    elif (number := int(text, 16) - 1) > MAX_CRL_NUMBER:
        material.error(str(path), phrase("pki.importing.crl_number_large"))
    else:
        material.last_crl_number = max(material.last_crl_number, number)


def _read_folder(path: Path, material: Material) -> None:
    for count, file in enumerate(walk_files(path, material, (*CERTIFICATE_SUFFIXES, *_LISTS)), 1):
        if count > MAX_FILES:
            material.error(str(path), phrase("pki.importing.too_many", count=MAX_FILES))
            return
        name = file.name.lower()
        # `crl.pem` is what openssl's and EasyRSA's pages call a list.
        is_list = name.endswith(_LISTS) or name.startswith("crl")
        take_file(file, material, is_list=is_list)


def walk_files(path: Path, material: Material, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield a file, or those of a folder and of all in it whose names end so.

    Args:
        path: what was named; a file is given whatever its name.
        material: takes a finding of each folder that cannot be read.
        suffixes: in lower case, with their points.
    """
    if path.is_file():
        yield path
        return

    def unread(error: OSError) -> None:
        place = str(error.filename or path)
        material.error(place, phrase("pki.importing.unreadable", reason=error.strerror or ""))

    # Private keys are not opened, and links are not followed out of the folder.
    for folder, folders, names in os.walk(path, onerror=unread):
        folders[:] = sorted(one for one in folders if one != "private")
        for name in sorted(names):
            if name.lower().endswith(suffixes):
                yield Path(folder) / name


def _read_xca(path: Path, material: Material) -> None:
    read_database(path, material)


_READERS: dict[Shape, Callable[[Path, Material], None]] = {
    Shape.OPENSSL: _read_authority,
    Shape.EASYRSA: _read_authority,
    Shape.XCA: _read_xca,
    Shape.FOLDER: _read_folder,
}
