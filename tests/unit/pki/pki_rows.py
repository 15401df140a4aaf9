"""Fills a register with as many certificates as a province has, or as many as years leave behind.

The rows are of the size and shape of real ones, with names as people have them, and say nothing
that is true: no key stands behind them. They go past `Register.commit`, thousands a second, so
nothing of them is in the audit log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from pki_world import NOW
from sqlalchemy import bindparam, insert, update

from pki.holder import holder_of
from pki.records.certificates import CertificateState
from pki.register.folding import fold
from pki.register.sql import SQLRegister
from pki.register.tables import CERTIFICATES, NAMES

FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Đặng", "Bùi")
MIDDLES = ("Văn", "Thị", "Hữu", "Ngọc", "Đức", "Minh", "Thanh", "Xuân", "Quốc")
GIVEN = ("An", "Bình", "Cường", "Dũng", "Giang", "Hà", "Hải", "Hạnh", "Hiếu", "Hòa", "Hùng")
GIVEN += ("Hương", "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Phúc", "Quân", "Sơn")
OFFICES = tuple(f"UBND xã {name}" for name in ("Đông Hà", "Tây Sơn", "Bắc Ái", "Nam Đàn"))
TBS, DER = 900, 1000
"""Octets of a certificate of an official, P-256."""
BATCH = 5000


def subject(number: int) -> str:
    """Return the name of the person with that number: no two share the last part."""
    family = FAMILIES[number % len(FAMILIES)]
    middle = MIDDLES[number // 10 % len(MIDDLES)]
    given = GIVEN[number // 90 % len(GIVEN)]
    office = OFFICES[number // 1980 % len(OFFICES)]
    return f"UID=CCCD:{number:012},CN={family} {middle} {given},O={office},C=VN"


def fill(register: SQLRegister, issuer: str, count: int) -> None:
    """Put that many issued certificates of an issuer into the register."""
    numbers = iter(range(count))
    store = register._store
    while batch := [_row(issuer, number) for number in islice(numbers, BATCH)]:
        with store.writer.connect() as connection, connection.begin():
            store.enter(connection)
            if (
                batch[0]["serial"] == _serial(0)
                and not connection.execute(NAMES.select().where(NAMES.c.name == issuer)).first()
            ):
                connection.execute(insert(NAMES), {"name": issuer})
            connection.execute(insert(CERTIFICATES), batch)
            connection.execute(_ISSUE, list(_issued(batch)))
    _tidy(register)


_ISSUE = (
    update(CERTIFICATES)
    .where(
        CERTIFICATES.c.issuer == bindparam("of_issuer"),
        CERTIFICATES.c.serial == bindparam("of_serial"),
    )
    .values(
        state=CertificateState.ISSUED, der=bindparam("der"), fingerprint=bindparam("fingerprint")
    )
)


def _row(issuer: str, number: int) -> dict[str, Any]:
    name, key = subject(number), hashlib.sha256(b"%d" % number).hexdigest()
    return {
        "issuer": issuer,
        "serial": _serial(number),
        "state": CertificateState.RESERVED,
        "tbs_der": _octets(number, TBS),
        "subject": name,
        "profile": "official",
        "not_before": NOW,
        "not_after": NOW + timedelta(days=number % 1096, seconds=number % 86400),
        "spki_sha256": key,
        "requester": "account:vanthu",
        "reserved_at": NOW,
        "subject_folded": fold(name),
        "holder": holder_of(name),
    }


def _issued(batch: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in batch:
        der = row["tbs_der"] + bytes(DER - TBS)
        fingerprint = hashlib.sha256(der).hexdigest()
        place = {"of_issuer": row["issuer"], "of_serial": row["serial"]}
        yield {**place, "der": der, "fingerprint": fingerprint}


def _serial(number: int) -> int:
    return int.from_bytes(hashlib.sha256(b"serial %d" % number).digest()[:16]) >> 1 | 1 << 126


def _octets(number: int, count: int) -> bytes:
    seed = hashlib.sha512(b"%d" % number).digest()  # as a signature, it does not compress
    return (seed * (count // len(seed) + 1))[:count]


def _tidy(register: SQLRegister) -> None:
    """Do what the engine would do by and by: tell its planner how many rows there are."""
    engine = register._store.engine
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
