"""A PDF of a gigabyte, as scanners make them: a whole process, beside `sha256sum` and `cp`."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image

from bench.material import Material
from bench.paired import Ways
from bench.process import Antin as Process

GIGABYTE = 1024**3
SIDE = 1600


def scan_of(material: Material, size: int) -> Path:
    """Return a PDF of a little more than `size` bytes, made once a run."""
    path = material.folder / f"scan-{size}.pdf"
    if not path.exists():
        write_scan(path, size)
    return path


def write_scan(path: Path, size: int) -> None:
    """Write pages of one large JPEG each, until there are so many bytes."""
    page = BytesIO()
    Image.frombytes("L", (SIDE, SIDE), secrets.token_bytes(SIDE * SIDE)).save(page, "JPEG")
    jpeg = page.getvalue()
    count = -(-size // len(jpeg))
    offsets = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        for number, body in enumerate(_objects(jpeg, count), 1):
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
        trailer = b"<< /Size %d /Root 1 0 R >>" % (len(offsets) + 1)
        file.write(b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, start))


def _objects(jpeg: bytes, count: int) -> Iterator[bytes]:
    yield b"<< /Type /Catalog /Pages 2 0 R >>"
    kids = b" ".join(b"%d 0 R" % (3 + 3 * number) for number in range(count))
    yield b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids)
    for number in range(count):
        image, content = 4 + 3 * number, 5 + 3 * number
        yield (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /XObject << /I %d 0 R >> >> >>" % (content, image)
        )
        yield (
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray"
            b" /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream"
            % (SIDE, SIDE, len(jpeg), jpeg)
        )
        drawn = b"q 595 0 0 842 0 0 cm /I Do Q"
        yield b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn)


class Scan(Ways):
    """`antin sign` with a policy that takes such documents; and what reads and copies them."""

    def __init__(self, material: Material, size: int) -> None:
        self._source = scan_of(material, size)
        self._target = material.folder / "scan-signed.pdf"
        antin = Process(material, home="home-scan")
        self._environment = antin.environment()
        self._command = antin.command(self._target, document=self._source)
        text = files("verify").joinpath("policies/default.toml").read_text("utf-8")
        allowed = text.replace("document_bytes = 134217728", f"document_bytes = {2 * size + 10**6}")
        assert allowed != text
        policy = antin.home / "large.toml"
        policy.write_text(allowed, "utf-8")
        with (antin.home / "antin.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'[verify]\npolicy = "{policy}"\n')
        self._memory = 0.0
        self.ways = {"antin": self._sign, "memory": lambda: self._memory, "floor": self._copy}

    def check(self) -> None:
        self._sign()
        with self._target.open("rb") as file:
            file.seek(-16 * 1024, os.SEEK_END)
            assert b"/ETSI.CAdES.detached" in file.read()
        pdfsig = shutil.which("pdfsig")
        if pdfsig:
            command = [pdfsig, "-nocert", self._target]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert "Signature is Valid" in done.stdout, done.stdout + done.stderr

    def logins(self) -> int:
        return 1  # of a process that has ended

    def _sign(self) -> float:
        self._target.unlink(missing_ok=True)
        start = time.perf_counter()
        running = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert running.stderr is not None
        told = running.stderr.read()
        running.stderr.close()
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        assert running.returncode == 0, told
        self._memory = used.ru_maxrss / 1024  # Linux counts KiB
        return time.perf_counter() - start

    def _copy(self) -> None:
        self._target.unlink(missing_ok=True)
        subprocess.run(["sha256sum", self._source], check=True, capture_output=True)
        subprocess.run(["cp", self._source, self._target], check=True)


def scan_lines(size: int, times: dict[str, float]) -> list[tuple[str, ...]]:
    """Return how long it takes, and how much memory."""
    name = f"signing a PDF of {size / GIGABYTE:.1f} GB, a whole process"
    ratio = f"{times['antin'] / times['floor']:.2f}"
    beside = f"sha256sum and cp: {times['floor']:.2f} s"
    memory = f"{times['memory']:.0f} MB"
    return [
        (name, f"{times['antin']:.2f} s", ratio, "≤ 3", beside),
        (f"{name}: memory", memory, f"{times['memory'] / 300:.2f}", "≤ 1", "300 MB"),
    ]
