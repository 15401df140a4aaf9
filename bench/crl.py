"""Revocation lists: read from the register, written, signed, judged and stored.

The peer writes its list from its own index of the same serials, dates and reasons. The floor is
what cannot be left out: the octets of the list are there and need one signature and one file.
"""

from __future__ import annotations

import hashlib
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.material import DER, Material
from bench.rounds import Contender, Task
from pki import der
from pki.authority.authority import Authority
from pki.authority.issuer import Issuer
from pki.clock import SystemClock
from pki.keys import algorithm_der, sign_data
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord
from pki.records.changes import AddAuthority, ClaimName
from pki.records.lists import Snapshot
from pki.register.sql import create_register, open_register
from pki.urls import AuthorityURLs

PROVINCE, MILLION = 67_668, 1_000_000
MOST_MEMORY = 400 * 1024 * 1024
"""Octets of the process that issues, at its peak."""
NAME = "issuing"
REASONS = ("keyCompromise", "superseded", "cessationOfOperation", "affiliationChanged", None)
OPENSSL_CONFIGURATION = """
[ca]
default_ca = bench
[bench]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
certificate = {material}/issuing.pem
private_key = {material}/issuing.key
default_md = sha256
default_crl_days = 7
unique_subject = no
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
"""


def revocations(count: int) -> Iterator[tuple[bytes, datetime, str | None]]:
    """Yield serial, date and reason of each entry, the same for everybody."""
    start = SystemClock().now().replace(microsecond=0, tzinfo=None) - timedelta(days=400)
    for number in range(count):
        octets = hashlib.sha256(b"%d" % number).digest()[:16]
        serial = bytes((octets[0] & 0x3F | 0x40, *octets[1:]))
        yield serial, start + timedelta(seconds=number), REASONS[number % len(REASONS)]


class Antin(Task):
    """`Authority.issue_crl` on SQLite: number, audit log, signature, the gate, the list before."""

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        self._count = count
        path = material.folder / f"lists-{count}.sqlite"
        if not path.exists():
            _fill(material, path, count)
        self._register = open_register(path)
        key = load_pem_private_key((material.folder / "issuing.key").read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        issuer = Issuer(NAME, material.certificate("issuing"), key, AuthorityURLs())
        self._authority = Authority(issuer, self._register, SystemClock())

    def work(self) -> None:
        self._authority.issue_crl(requester="bench")

    def check(self) -> None:
        newest = self._register.newest_crl(NAME)
        assert newest is not None
        assert len(x509.load_der_x509_crl(newest.der)) == self._count
        if self._count == MILLION:
            peak = peak_memory(self.material)
            assert peak < MOST_MEMORY, f"{peak / 1024**2:.0f} MiB"
            print(f"a list of {MILLION} entries: {peak / 1024**2:.0f} MiB at the peak", flush=True)


class OpenSSL(Task):
    """`openssl ca -gencrl`."""

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        self._own = material.folder / f"gencrl-{count}"
        if not self._own.exists():
            self._own.mkdir()
            text = OPENSSL_CONFIGURATION.format(folder=self._own, material=material.folder)
            (self._own / "ca.cnf").write_text(text, "utf-8")
            (self._own / "crlnumber").write_text("01\n", "utf-8")
            with (self._own / "index.txt").open("w", encoding="utf-8") as file:
                file.writelines(_index_line(*entry) for entry in revocations(count))
        self._count = count

    def work(self) -> None:
        options = ["-config", str(self._own / "ca.cnf"), "-out", str(self.folder / "list.pem")]
        subprocess.run(
            ["openssl", "ca", "-gencrl", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def check(self) -> None:
        crl = x509.load_pem_x509_crl((self.folder / "list.pem").read_bytes())
        assert len(crl) == self._count


class Floor(Task):
    """One signature over octets as long as the list's, and the file."""

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        key = load_pem_private_key((material.folder / "issuing.key").read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._key = key
        self._tbs = bytes(50 * count)

    def work(self) -> None:
        signature = der.bit_string(sign_data(self._key, self._tbs))
        whole = der.sequence((self._tbs, algorithm_der(self._key), signature))
        (self.folder / "list.crl").write_bytes(whole)

    def check(self) -> None:
        assert (self.folder / "list.crl").stat().st_size > len(self._tbs)


def contenders(count: int) -> tuple[Contender, ...]:
    """Return Antin, the floor and the peer for lists of that many entries."""
    peers = (Contender("openssl ca -gencrl", partial(OpenSSL, count=count)),)
    return (
        Contender("Antin", partial(Antin, count=count)),
        Contender("floor", partial(Floor, count=count)),
        *(peers if shutil.which("openssl") else ()),
    )


def peak_memory(material: Material) -> int:
    """Return the octets at the peak of a process that issues the next list of a million."""
    code = "import sys; from bench.crl import issue_alone; issue_alone(sys.argv[1])"
    command = [sys.executable, "-c", code, str(material.folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def issue_alone(folder: str) -> None:
    """Issue a list in this process, and say what it took at the peak, as the system counts."""
    Antin(Material(Path(folder), 0, 0), MILLION).work()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _index_line(serial: bytes, at: datetime, reason: str | None) -> str:
    revoked = f"{at:%y%m%d%H%M%SZ}" + (f",{reason}" if reason else "")
    return f"R\t401231235959Z\t{revoked}\t{serial.hex().upper()}\tunknown\t/CN=Official\n"


def _fill(material: Material, path: Path, count: int) -> None:
    """Make a register of revocations alone: certificates have no part in a list."""
    clock = SystemClock()
    register = create_register(path, clock)
    record = AuthorityRecord(
        name=NAME,
        certificate_der=material.certificate("issuing").public_bytes(DER),
        key_uri="file:not-kept",
        parent=None,
        profile="issuing",
        crl_lifetime=timedelta(days=7),
        created_at=clock.now(),
    )
    event = AuditEvent(clock.now(), "bench", "authority.add")
    register.commit((ClaimName(NAME), AddAuthority(record)), event)
    register.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO revocations VALUES (?, ?, ?, ?, ?, NULL)",
            (
                (number, NAME, serial.hex(), reason or "unspecified", f"{at}.000000")
                for number, (serial, at, reason) in enumerate(revocations(count), start=1)
            ),
        )
    register = open_register(path)
    assert sum(1 for _ in register.list_entries(Snapshot(NAME, count))) == count
    register.close()
