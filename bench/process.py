"""Signing one PDF as a whole process: starting, logging in, signing, writing, ending.

The floor is starting Python and importing what signing a PDF with pyHanko needs, doing nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.material import TOKEN_LABEL, USER_PIN, Material
from bench.real import FIELD
from bench.rounds import Contender, Task
from hsm.embedded import CONFIGURATION, find_softhsm

TIMES = 3
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
_PEER = Path(".bench/bin/pyhanko")


class _Process(Task):
    """Runs a program a few times over."""

    def command(self, target: Path) -> list[str]:
        """Return program and arguments."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return the environment it runs in: compiled modules are kept, as an installer does."""
        return {key: value for key, value in os.environ.items() if key != _UNCOMPILED}

    def work(self) -> None:
        for number in range(TIMES):
            command = self.command(self.folder / f"{number}.pdf")
            done = subprocess.run(
                command, env=self.environment(), capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

    def check(self) -> None:
        for number in range(TIMES):
            assert b"/ETSI.CAdES.detached" in (self.folder / f"{number}.pdf").read_bytes()


class Antin(_Process):
    """`antin sign` with a home whose token store is the bench's."""

    def __init__(self, material: Material, home: str = "home") -> None:
        super().__init__(material)
        self.home = material.folder / home
        (self.home / "trust").mkdir(parents=True)
        (self.home / "authorities").mkdir()
        shutil.copy(material.folder / "root.pem", self.home / "trust")
        shutil.copy(material.folder / "issuing.pem", self.home / "authorities")
        shutil.copytree(material.tokens.directory, self.home / "tokens")
        configuration = self.home / "tokens" / CONFIGURATION
        text = configuration.read_text("utf-8")
        old, new = str(material.tokens.directory), str(self.home / "tokens")
        configuration.write_text(text.replace(old, new), "utf-8")
        settings = '[tokens]\nembedded = true\n[signing]\ndisplay = "none"\n'
        (self.home / "antin.toml").write_text(settings, "utf-8")
        self._pin = self.home / "pin"
        self._pin.touch(mode=0o600)
        self._pin.write_text(USER_PIN, "utf-8")

    def command(self, target: Path, document: Path | None = None) -> list[str]:
        program = Path(sys.executable).with_name("antin")
        key = ("--key", str(self.material.token_key), "--pkcs1")
        certificate = ("--cert", str(self.material.folder / "token.pem"))
        pin = ("--pin-source", f"file:{self._pin}")
        source = str(document or self.material.pdfs()[0])
        home = ("--home", str(self.home))
        return [str(program), *home, "sign", source, "-o", str(target), *key, *certificate, *pin]


class PyHanko(_Process):
    """`pyhanko sign addsig` on the same token."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        identifier = (material.token_key.id or b"").hex()
        lines = (
            "pkcs11-setups:",
            "  bench:",
            f"    module-path: {find_softhsm()}",
            f"    token-label: {TOKEN_LABEL}",
            f'    key-id: "{identifier}"',
            f'    cert-id: "{identifier}"',
            f'    user-pin: "{USER_PIN}"',
        )
        self._configuration = material.folder / "pyhanko.yml"
        self._configuration.write_text("\n".join(lines) + "\n", "utf-8")

    def environment(self) -> dict[str, str]:
        configuration = self.material.tokens.directory / CONFIGURATION
        return {**super().environment(), "SOFTHSM2_CONF": str(configuration)}

    def command(self, target: Path) -> list[str]:
        setup = ("pkcs11", "--p11-setup", "bench")
        document = str(self.material.pdfs()[0])
        add = ("sign", "addsig", "--field", FIELD, "--use-pades")
        configured = ("--config", str(self._configuration))
        return [str(_PEER), *configured, *add, *setup, document, str(target)]


class Floor(_Process):
    """Python, started, with pyHanko's signing imported."""

    def command(self, target: Path) -> list[str]:
        document = str(self.material.pdfs()[0])
        copied = f"import shutil, pyhanko.sign; shutil.copy({document!r}, {str(target)!r})"
        return [sys.executable, "-c", copied]

    def check(self) -> None:
        assert (self.folder / "0.pdf").is_file()


CONTENDERS = (
    Contender("Antin", Antin),
    Contender("floor", Floor),
    *((Contender("pyhanko addsig", PyHanko),) if _PEER.is_file() else ()),
)
