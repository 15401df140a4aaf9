"""Invariant 25, in the list of processes: what everybody on the machine can read of a command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are read in Linux's /proc"
)

NUMBER = "001099012345"
ANTIN = (sys.executable, "-c", "from cli.app import main; main()")


class Watcher(Thread):
    """Reads arguments and environment of every process there is, over and over."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(daemon=True)
        self.secrets = [one.encode() for one in secrets]
        self.found: set[str] = set()
        self.seen: set[int] = set()
        self.ended = Event()

    def run(self) -> None:
        while not self.ended.wait(0.002):
            for path in Path("/proc").glob("[0-9]*"):
                self._read(path)

    def _read(self, path: Path) -> None:
        for name in ("cmdline", "environ"):
            try:
                told = (path / name).read_bytes()
            except OSError:  # it ended, or is somebody else's
                continue
            if b"cli.app" in told:
                self.seen.add(int(path.name))
            if any(one in told for one in self.secrets):
                self.found.add(name)


@contextmanager
def watching(secrets: list[str]) -> Iterator[Watcher]:
    watcher = Watcher(secrets)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.ended.set()
        watcher.join()


def run(home: Path, *words: object) -> None:
    ran = subprocess.run(
        [*ANTIN, "--home", str(home), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


def test_no_pin_and_no_number_stands_in_the_list_of_processes(demo_home: Path, tmp_path: Path):
    pins = [one.read_text("utf-8").strip() for one in demo_home.glob("pins/*")]
    assert pins
    csr, subject = tmp_path / "a.csr", tmp_path / "subject.toml"
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    csr.write_bytes(made.public_bytes(Encoding.PEM))
    subject.write_text(
        f'C = "VN"\nO = "UBND"\nCN = "Lê Hai"\nUID = "CCCD:{NUMBER}"\n', encoding="utf-8"
    )
    issuing = ("--ca", "issuing")
    with watching([*pins, NUMBER]) as watcher:
        run(demo_home, "crl", "issue", *issuing)
        asked = ("--profile", "official", "--csr", csr, "--subject", subject)
        run(demo_home, "cert", "issue", *issuing, *asked, "-o", tmp_path / "a.pem")
        run(demo_home, "audit", "checkpoint", "-o", tmp_path / "head")
    assert len(watcher.seen) >= 3, "each command was seen"
    assert watcher.found == set()


@pytest.mark.parametrize("where", ["cmdline", "environ"])
def test_what_stands_there_is_found(where: str):
    environment = {**os.environ, **({"SECRET": NUMBER} if where == "environ" else {})}
    words = [NUMBER] if where == "cmdline" else []
    with watching([NUMBER]) as watcher:
        command = [sys.executable, "-c", "import time; time.sleep(1)", *words]
        subprocess.run(command, check=True, env=environment, timeout=60)
    assert watcher.found == {where}
