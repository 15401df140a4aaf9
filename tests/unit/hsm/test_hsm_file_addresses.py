"""`file:` addresses name the path that the system means by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.errors import KeyURIError
from hsm.locate import file_path


@pytest.mark.parametrize(
    ("address", "on_windows", "elsewhere"),
    [
        ("file:keys/seal.p12", "keys/seal.p12", "keys/seal.p12"),
        ("file:/keys/seal.p12", "/keys/seal.p12", "/keys/seal.p12"),
        ("file:///keys/seal.p12", "/keys/seal.p12", "/keys/seal.p12"),
        ("file:C:/keys/seal.p12", "C:/keys/seal.p12", "C:/keys/seal.p12"),
        ("file:C:\\keys\\seal.p12", "C:\\keys\\seal.p12", "C:\\keys\\seal.p12"),
        ("file:///C:/keys/con dấu.p12", "C:/keys/con dấu.p12", "/C:/keys/con dấu.p12"),
        ("file:///c:\\keys\\seal.p12", "c:\\keys\\seal.p12", "/c:\\keys\\seal.p12"),
        ("file:/C:/keys/seal.p12", "C:/keys/seal.p12", "/C:/keys/seal.p12"),
        ("file:///C:seal.p12", "/C:seal.p12", "/C:seal.p12"),
    ],
)
def test_a_drive_is_known_where_there_are_drives(monkeypatch, address, on_windows, elsewhere):
    for system, path in (("win32", on_windows), ("linux", elsewhere), ("darwin", elsewhere)):
        monkeypatch.setattr("sys.platform", system)
        assert file_path(address) == Path(path)


@pytest.mark.parametrize("address", ["C:/keys/seal.p12", "file:", "pkcs11:id=%01"])
def test_what_is_no_file_address(address):
    with pytest.raises(KeyURIError):
        file_path(address)
