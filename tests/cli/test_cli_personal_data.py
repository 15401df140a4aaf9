"""Where names and numbers of people are, and where they are not (docs/personal-data.md)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from cli_runs import Ran

from pki.register.sql import open_register

PERSONAL = ("Nguyễn", "000000000001", "Chủ tịch")
"""The demonstration's official: name, number, title."""


def test_the_log_tells_of_a_life_without_a_name(
    antin: Callable[..., Ran], demo_home: Path, official, tmp_path: Path
):
    home, serial = ("--home", demo_home), official["serial"]
    steps = (
        ("cert", "hold", serial, "--yes"),
        ("cert", "release", serial, "--yes"),
        ("cert", "renew", serial),
        ("cert", "revoke", serial, "--reason", "superseded", "--yes"),
        ("cert", "import", demo_home / "trust", "--yes"),
        ("audit", "checkpoint", "-o", tmp_path / "log.checkpoint"),
        ("audit", "prove", serial, "-o", tmp_path / "log.proof"),
        ("upkeep", "--yes"),
    )
    for step in steps:
        assert antin(*home, *step).status == 0, step
    shown = antin(*home, "cert", "show", serial).out
    assert all(word in shown for word in PERSONAL), "the certificate itself does tell"
    register = open_register(demo_home / "register.sqlite")
    entries = [entry.content.decode("utf-8") for entry in register.audit_entries()]
    register.close()
    files = [(tmp_path / name).read_bytes().decode("utf-8") for name in ("log.checkpoint",)]
    assert len(entries) > 20
    for text in (*entries, *files):
        assert not any(word in text for word in PERSONAL), text


def test_requests_are_not_kept(antin: Callable[..., Ran], demo_home: Path, tmp_path: Path):
    csr = tmp_path / "a.csr"
    made = ("token", "csr", "--key", "pkcs11:token=services;object=ocsp", "-o", csr)
    assert antin("--home", demo_home, *made).status == 0
    subject = ("--set", "C=VN", "--set", "O=Tỉnh Mẫu", "--set", "CN=Antin Demo OCSP")
    issue = ("cert", "issue", "--ca", "issuing", "--profile", "ocsp", "--csr", csr, *subject)
    issued = antin("--home", demo_home, *issue)
    assert issued.status == 0, issued
    body = "".join(csr.read_text("ascii").splitlines()[1:-1])
    request = b64decode(body)
    found = [
        path for path in demo_home.rglob("*") if path.is_file() and request in path.read_bytes()
    ]
    assert found == []
