"""Files that people edit on Windows: a byte order mark in front, CR and LF at the ends of lines."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from cli.homes.settings import load_settings
from cli.issuing.issue_certificate import _from_file
from pki.profile import load_profile
from signing.display.profile import load_display
from verify.policy_file import load_policy

SETTINGS = 'version = 1\n[service]\npublic_url = "https://pki.mẫu.vn"\n'
SUBJECT = 'CN = "Nguyễn Văn Mẫu"\n'


def carried(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "load"),
    [
        (SETTINGS, lambda path: load_settings(path).service.public_url),
        (SUBJECT, _from_file),
        (carried("pki.profiles", "official.toml"), load_profile),
        (carried("verify", "policies/default.toml"), lambda path: load_policy(str(path))),
        (carried("signing.display", "person.toml"), lambda path: load_display(str(path))),
    ],
    ids=["settings", "subject", "profile", "policy", "display"],
)
def test_they_are_read_as_if_written_elsewhere(tmp_path: Path, mark, end, text, load):
    plain, edited = tmp_path / "plain.toml", tmp_path / "edited.toml"
    plain.write_bytes(text.encode())
    edited.write_bytes(f"{mark}{text}".replace("\n", end).encode())
    expected = load(plain)
    assert expected
    # Some keep the file's name; everything else is the same.
    assert repr(load(edited)).replace("edited", "plain") == repr(expected)
