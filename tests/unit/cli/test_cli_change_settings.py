"""What is added to `antin.toml` leaves the rest as it is, or is not added."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.errors import BadConfigurationError, UnreadableFileError
from cli.homes.change_settings import add_table
from cli.homes.settings import load_settings

TOLD = {"authority": "cấp-2", "certificate": "services/o.pem", "key": 'pkcs11:object="\\x'}
BEFORE = '# ours\nregister = "r.sqlite"\n\n[service]\nbind = "127.0.0.1:1"  # as agreed'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "antin.toml"
    made.write_text(BEFORE, "utf-8")
    made.chmod(0o640)
    return made


def test_what_stands_there_stays_with_its_comments_and_its_readers(path: Path):
    for name in ("cấp-2", "cấp-3"):
        add_table(path, "[[responders]]", {**TOLD, "authority": name})
    assert path.read_text("utf-8").startswith(BEFORE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    first, second = load_settings(path).responders
    assert (first.authority, second.authority) == ("cấp-2", "cấp-3")
    assert first.key == TOLD["key"]


@pytest.mark.parametrize("before", ["responders = []\n", "broken", "[[responders]]\nunknown = 1\n"])
def test_what_would_not_be_valid_is_not_written(path: Path, before: str):
    path.write_text(before, "utf-8")
    with pytest.raises(BadConfigurationError):
        add_table(path, "[[responders]]", TOLD)
    assert path.read_text("utf-8") == before


@pytest.mark.parametrize("octets", [None, b"\xff"])
def test_what_cannot_be_read_is_not_written(path: Path, octets: bytes | None):
    path.unlink() if octets is None else path.write_bytes(octets)
    with pytest.raises(UnreadableFileError):
        add_table(path, "[[responders]]", TOLD)
    assert path.exists() is (octets is not None)
