"""A clerk's file at a home, and the requests that it names."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_runs import Antin, Ran
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PROFILE = ("--ca", "issuing", "--profile", "official")
Row = dict[str, str]


@dataclass
class Clerk:
    """Somebody at a home, with a folder of requests."""

    antin: Antin
    home: Path
    folder: Path
    more: tuple[object, ...] = ()
    rows: list[Row] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "cán bộ.csv"

    @property
    def out(self) -> Path:
        return self.folder / "ra"

    def run(self, *words: object, status: int = 0) -> Ran:
        ran = self.antin("--home", self.home, *words)
        assert ran.status == status, ran
        return ran

    def hire(self, *codes: str) -> None:
        """Let there be two communes, and people in posts of the first."""
        day = ("--since", "2025-07-01")
        for agency in ("X1", "X2"):
            self.run("agency", "add", agency, "--name", f"Xã {agency}", "--tier", "commune", *day)
        for code in codes:
            self.run("person", "add", code, "--name", "Lê Thị Hai", *day)
            named = ("--person", code, "--agency", "X1", "--title", "Văn thư")
            self.run("post", "add", f"P-{code}", *named, *day)

    def ask(self, name: str, **more: str) -> Row:
        """Make a request, and a line for it."""
        write_request(self.folder / f"{name}.csr")
        row = {"csr": f"{name}.csr", "CN": f"Người {name}", **more}
        self.rows.append(row)
        return row

    def write(self, rows: Sequence[Row] | None = None) -> None:
        write_rows(self.path, self.rows if rows is None else rows)

    def said(self, *options: object, status: int = 0) -> Ran:
        common = ("--set", "C=VN", "--set", "O=UBND xã", *self.more)
        return self.run("cert", "bulk", *PROFILE, self.path, *common, *options, status=status)

    def bulk(self, *options: object, status: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.said(*options, "--json", status=status).json
        return found

    def issued(self) -> list[dict[str, Any]]:
        """Return the certificates of this file's people."""
        ran = self.run("cert", "list", "--query", "Người", "--json")
        found: list[dict[str, Any]] = ran.json["certificates"]
        return found


def write_request(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    path.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def read_rows(path: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def software_home(
    antin: Antin, home: Path, folder: Path, *options: object, password: bytes = b""
) -> Path:
    """Make a home whose authorities have their keys in files."""

    def run(*words: object) -> None:
        ran = antin("--home", home, *words)
        assert ran.status == 0, ran

    run("init", "--public-url", "http://ca.example", *options)
    for name, parent in (("root", ()), ("issuing", ("--parent", "root"))):
        locked = BestAvailableEncryption(password) if password else NoEncryption()
        form = (Encoding.PEM, PrivateFormat.PKCS8, locked)
        path = folder / f"{name}.key"
        path.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*form))
        subject = ("--subject", f"C=VN,O=Tỉnh Mẫu,CN=Mẫu {name}", "--key", f"file:{path}")
        run("ca", "create", name, "--profile", name, *parent, *subject)
    return home
