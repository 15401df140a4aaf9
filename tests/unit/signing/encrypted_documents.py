"""Documents as qpdf encrypts them, in each way there is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

USER, OWNER = "mo-ra", "chủ sở hữu"
KINDS = {
    "rc4-40": ("40",),
    "rc4-128": ("128", "--use-aes=n"),
    "aes-128": ("128", "--use-aes=y"),
    "aes-256": ("256",),
}
LEGACY_OWNER = "chu-so-huu"
"""Older kinds take Latin letters alone."""


def owner_of(kind: str) -> str:
    """Return the owner's password of a document of that kind."""
    return OWNER if kind == "aes-256" else LEGACY_OWNER


def encrypt(
    peer: Callable[[str], Path],
    folder: Path,
    data: bytes,
    kind: str = "aes-256",
    *permissions: str,
    user: str = USER,
) -> bytes:
    """Return the document encrypted; `permissions` are qpdf's words, as `--modify=none`."""
    plain, done = folder / "plain.pdf", folder / "encrypted.pdf"
    plain.write_bytes(data)
    weak = () if kind == "aes-256" else ("--allow-weak-crypto",)
    command = (*weak, "--encrypt", user, owner_of(kind), *KINDS[kind], *permissions, "--")
    subprocess.run([str(peer("qpdf")), *command, str(plain), str(done)], check=True)
    return done.read_bytes()


def without_length(data: bytes) -> bytes:
    """Return an AES-128 document that tells its length in the filter alone, as many do."""
    assert data.count(b"/Length 128") == 1
    return data.replace(b"/Length 128", b"           ")
