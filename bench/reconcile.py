"""Reconciling another authority's certificates with the people list of a province.

The peer is `cryptography` parsing the same certificates: names, times, extensions. The floor is the
same rows, read from the file and not looked at.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import cache, partial
from itertools import islice
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bench.material import Material
from bench.rounds import Contender, Task
from pki.clock import SystemClock, whole_second
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import gather_octets
from pki.records.audit import AuditEvent
from pki.records.changes import EnterRecord
from pki.records.people import Agency, AgencyTier, Entry, Person, PersonState, Post
from pki.register.sql import SQLRegister, create_register, open_register
from pki.watching.reconcile import ReconcileTally, reconcile
from pki.watching.roll import Roll

PROVINCE = 67_668
AGENCIES = 200
RETIRED = 50
"""One in so many retired, and still has a certificate."""
BATCH = 1000
_KNOWN = date(2025, 7, 1)


def name_of(number: int) -> str:
    return f"Nguyễn Văn {number:05}"


def number_of(number: int) -> str:
    return f"001090{number:06}"


def agency_of(number: int) -> str:
    return f"UBND xã {number % AGENCIES:03}"


def ders(count: int) -> Iterator[bytes]:
    """Yield certificates as the Government's authority issues them, all of one key."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cơ quan chứng thực khác")])
    begin = whole_second(SystemClock().now()) - timedelta(days=100)
    point = x509.UniformResourceIdentifier("http://ca.example/a.crl")
    extensions = (
        x509.BasicConstraints(ca=False, path_length=None),
        x509.KeyUsage(*(True, True, *(False,) * 7)),
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
        x509.CRLDistributionPoints([x509.DistributionPoint([point], None, None, None)]),
    )
    for number in range(count):
        pairs = (
            (NameOID.COUNTRY_NAME, "VN"),
            (NameOID.ORGANIZATION_NAME, "UBND tỉnh Mẫu"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, agency_of(number)),
            (NameOID.COMMON_NAME, name_of(number)),
            (NameOID.USER_ID, f"CCCD:{number_of(number)}"),
        )
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs])
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), number + 1)
        builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=1800))
        for one in extensions:
            builder = builder.add_extension(one, critical=False)
        yield builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def entries(count: int) -> Iterator[Entry]:
    """Yield the people list: agencies, people, posts."""
    first = {"version": 1, "follows": 0, "effective": _KNOWN, "recorded_at": SystemClock().now()}
    for number in range(AGENCIES):
        tier = AgencyTier.COMMUNE
        code = f"X{number:03}"
        yield Agency(**first, code=code, name=agency_of(number), tier=tier, since=_KNOWN)  # type: ignore[arg-type]
    for number in range(count):
        yield Person(
            **first,  # type: ignore[arg-type]
            code=f"NV{number:05}",
            name=name_of(number),
            surname="Nguyễn",
            given_name=f"Văn {number:05}",
            citizen_number=number_of(number),
            state=PersonState.RETIRED if number % RETIRED == 0 else PersonState.ACTIVE,
            since=_KNOWN,
        )
    for number in range(count):
        yield Post(
            **first,  # type: ignore[arg-type]
            code=f"CV{number:05}",
            person=f"NV{number:05}",
            agency=f"X{number % AGENCIES:03}",
            title="Chuyên viên",
            since=_KNOWN,
        )


def make(path: Path, count: int) -> None:
    """Make a register with so many certificates of others, and as many people."""
    clock = SystemClock()
    with closing(create_register(path, clock)) as register:
        waiting = entries(count)
        while batch := list(islice(waiting, BATCH)):
            event = AuditEvent(clock.now(), "bench", "bench")
            register.commit([EnterRecord(entry) for entry in batch], event)
        found = gather_octets(ders(count), "bench")
        bring_foreign(found, register, clock, ForeignWish("bench", record=True))


@cache
def made(folder: Path, count: int) -> Path:
    """Return the register of that size, made by whoever comes first."""
    path = folder / f"people-{count}.sqlite"
    if not path.exists():
        make(path.with_suffix(".new"), count)
        for old in path.parent.glob(f"{path.stem}.new*"):
            old.rename(old.with_name(old.name.replace(".new", ".sqlite")))
    return path


class Antin(Task):
    """`antin cert reconcile`, without writing the findings."""

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        self._count, self._path = count, made(material.folder, count)

    def work(self) -> None:
        now = SystemClock().now()
        self._tally = ReconcileTally()
        register: SQLRegister
        with closing(open_register(self._path)) as register:
            roll = Roll(register, now.date())
            self._found = sum(1 for _ in reconcile(register, roll, now, self._tally))

    def check(self) -> None:
        assert (self._tally.certificates, self._tally.matched) == (self._count, self._count)
        assert self._found == -(-self._count // RETIRED), self._tally.found


class Rows(Task):
    """The rows of people and certificates, read and put into nothing."""

    STATEMENTS = (
        "SELECT * FROM people",
        "SELECT * FROM posts",
        "SELECT * FROM watched_certificates JOIN watched_subjects USING (sequence)",
    )

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        self._count, self._path = count, made(material.folder, count)

    def work(self) -> None:
        with closing(sqlite3.connect(self._path)) as database:
            self._read = [len(database.execute(one).fetchall()) for one in self.STATEMENTS]

    def check(self) -> None:
        assert self._read == [self._count] * 3


class Parsing(Rows):
    """What any program must do that keeps nothing but the certificates: parse each."""

    def work(self) -> None:
        seen = hashlib.sha256()
        with closing(sqlite3.connect(self._path)) as database:
            for (der,) in database.execute("SELECT der FROM foreign_certificates"):
                one = x509.load_der_x509_certificate(der)
                told = (one.subject, one.issuer, one.not_valid_after_utc, one.extensions)
                seen.update(f"{len(told)}{one.serial_number}".encode())
        self._seen = seen.hexdigest()

    def check(self) -> None:
        assert self._seen


def contenders(count: int) -> tuple[Contender, ...]:
    """Return Antin, the floor, and the peer."""
    return (
        Contender("Antin", partial(Antin, count=count)),
        Contender("floor", partial(Rows, count=count)),
        Contender("cryptography, parsing", partial(Parsing, count=count)),
    )
