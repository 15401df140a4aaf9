"""People with keys in files at a home's desk, as an office tries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_runs import Antin, Ran
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki.clock import FixedClock

APPROVED = "[requests.approvals]\nofficial = 1\n"


@dataclass
class Desk:
    """A home, and who acts there."""

    antin: Antin | None
    home: Path
    folder: Path
    clock: FixedClock | None = None
    ask: Callable[..., dict[str, Any]] | None = None
    """Runs a command in its own way."""

    def __call__(self, *words: object, status: int = 0) -> dict[str, Any]:
        if self.ask is not None:
            return self.ask(*words)
        assert self.antin
        ran = self.antin("--home", self.home, *words, "--json", clock=self.clock)
        assert ran.status == status, ran
        return ran.json  # type: ignore[no-any-return]

    def said(self, *words: object, status: int = 0) -> Ran:
        assert self.antin
        ran = self.antin("--home", self.home, *words, clock=self.clock)
        assert ran.status == status, ran
        return ran

    def hire(self, name: str) -> None:
        """Give somebody a key in a file, and a certificate."""
        csr = self.csr(name)
        self(
            *("cert", "issue", "--ca", "issuing", "--profile", "official", "--csr", csr),
            *("--set", "C=VN", "--set", "O=UBND tỉnh", "--set", f"CN={name}"),
            *("-o", self.folder / f"{name}.crt"),
        )

    def csr(self, name: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.pem").write_bytes(key.private_bytes(*form))
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        path = self.folder / f"{name}.csr"
        path.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    def by(self, name: str) -> tuple[object, ...]:
        """Return the options by which somebody signs."""
        return ("--key", f"file:{self.folder / f'{name}.pem'}", "--cert", self.crt(name))

    def crt(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def ask_approvals(self) -> None:
        """From now on an official's certificate takes an approval."""
        settings = self.home / "antin.toml"
        text = settings.read_text("utf-8")
        assert "[requests.approvals]\n" in text
        settings.write_text(text.replace("[requests.approvals]\n", APPROVED), "utf-8")

    def ask_new(self, name: str, *more: object) -> dict[str, Any]:
        names = ("--set", "C=VN", "--set", "O=UBND tỉnh", "--set", f"CN={name}")
        wanted = ("--ca", "issuing", "--profile", "official", "--csr", self.csr(name))
        return self("request", "submit", "new", *wanted, *names, *more, *self.by("clerk"))


def open_desk(antin: Antin, home: Path, folder: Path, clock: FixedClock | None = None) -> Desk:
    """Give clerk, approver and officer their certificates and roles; then approvals are asked."""
    desk = Desk(antin, home, folder, clock)
    for name in ("clerk", "approver", "officer"):
        desk.hire(name)
    for role in ("officer", "clerk", "approver"):
        signed = () if role == "officer" else desk.by("officer")
        desk("role", "grant", role, desk.crt(role), "--person", role, *signed)
    for name in ("root", "issuing"):
        desk("crl", "issue", "--ca", name)
    desk.ask_approvals()
    return desk
