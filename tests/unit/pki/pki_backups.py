"""Backups of the small administration, and what is restored from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import NOW

from pki.clock import Clock, FixedClock
from pki.keeping.age import DecryptingFile
from pki.keeping.archive import ArchiveReader, KeptFile, KeptRows
from pki.keeping.keys import new_identity, parse_identities, parse_recipient
from pki.keeping.make import Kept, Made, make_backup
from pki.keeping.published import Published, PublishedBy, published_by
from pki.keeping.reconcile import Difference, compare, take_in
from pki.records.register import Register
from pki.register.restore import Restoration, restoring

PUBLIC, SECRET = new_identity()
RECIPIENTS, IDENTITIES = [parse_recipient(PUBLIC)], parse_identities(SECRET)
FILES = (KeptFile("antin.toml", b"version = 1\n"), KeptFile("trust/gốc.pem", b"-"))
CLOCK = FixedClock(NOW + timedelta(days=2))


def back_up(register: str | Path, target: Path, files: tuple[KeptFile, ...] = FILES) -> Made:
    return make_backup(
        target, register, Kept(files), recipients=RECIPIENTS, now=NOW, tell=lambda _: None
    )


@dataclass
class Opened:
    """A backup, as it is read."""

    reader: ArchiveReader
    files: list[KeptFile]

    def lines(self) -> Iterator[tuple[str, tuple[bytes, ...]]]:
        for member in self.reader.members():
            if isinstance(member, KeptRows):
                yield member
            else:
                self.files.append(member)


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    with path.open("rb") as file:
        yield Opened(ArchiveReader(DecryptingFile(file, IDENTITIES)), [])


@contextmanager
def restored(path: Path, place: str | Path, clock: Clock = CLOCK) -> Iterator[Restoration]:
    with opened(path) as backup, restoring(place, clock) as restoration:
        restoration.fill(backup.lines())
        yield restoration


def published(
    authority: x509.Certificate,
    *found: x509.Certificate | x509.CertificateRevocationList,
) -> PublishedBy:
    certificates = tuple(one for one in found if isinstance(one, x509.Certificate))
    lists = tuple(one for one in found if isinstance(one, x509.CertificateRevocationList))
    return published_by(authority, [Published(certificates, lists)], "test")


def reconcile(
    restoration: Restoration,
    name: str,
    *found: x509.Certificate | x509.CertificateRevocationList,
) -> Difference:
    register: Register = restoration.register
    record = register.find_authority(name)
    assert record is not None
    issuer = x509.load_der_x509_certificate(record.certificate_der)
    difference = compare(register, record, published(issuer, *found), CLOCK.now())
    take_in(register, difference, now=CLOCK.now(), requester="khôi phục")
    return difference


def pem(one: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return one.public_bytes(Encoding.PEM)
