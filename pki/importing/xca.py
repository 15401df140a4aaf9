"""XCA's database: certificates, lists and revocations of every authority in it.

It is SQLite, made by somebody else and hostile until shown otherwise: opened for reading only,
nothing of its schema is run, time and sizes are bounded. Private keys in it are encrypted with
XCA's own password and are not touched: the key comes from a token or a file.

Spec: XCA 2.4 (schema 7), as its tables tell: times are `YYYYMMDDHHMMSSZ`, serials hexadecimal,
certificates and lists base64 of DER, `reasonBit` the CRLReason number.
"""

from __future__ import annotations

import binascii
import re
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from pki.errors.tree import phrase
from pki.importing.encoded import take_certificate, take_list
from pki.importing.material import MAX_CRL_NUMBER, Claim, Material, is_usable_serial
from pki.reasons import REASON_CODES

MAGIC = b"SQLite format 3\x00"
_TABLES = ("certs", "crls", "revocations")
_MAX_VALUE = 64 * 1024 * 1024
_STEPS = 100_000
_MAX_ROUNDS = 20_000
"""Of the engine, each `_STEPS`: two thousand million instructions; a million rows take a few."""
_TIME = re.compile(r"\d{14}Z")
_NO_TIME = "99991231235959Z"
_SERIAL = re.compile(r"[0-9A-Fa-f]{1,256}")
_BY_CODE = {code: reason for reason, code in REASON_CODES.items()}


def is_database(path: Path) -> bool:
    """Say whether a file is an SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_database(path: Path, material: Material) -> None:
    """Take all that a database holds; what stops in the middle is an error, not an end.

    Args:
        path: the `.xdb` file.
        material: takes certificates, lists, claims and findings.
    """
    rounds = 0

    def tick() -> int:
        nonlocal rounds
        rounds += 1
        return rounds > _MAX_ROUNDS

    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
            database.set_progress_handler(tick, _STEPS)
            _read(database, path, material)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        words = phrase("pki.importing.database_unread", reason=type(error).__name__)
        material.error(str(path), words)


def _read(database: sqlite3.Connection, path: Path, material: Material) -> None:
    found = {
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if not found.issuperset(_TABLES):
        material.error(str(path), phrase("pki.importing.database_other"))
        return
    authorities: dict[object, bytes] = {}
    for item, text in database.execute("SELECT item, cert FROM certs ORDER BY item"):
        place, data = f"{path}:certs/{item}", _octets(text)
        if data is None or not take_certificate(data, place, material):
            material.warn(place, phrase("pki.importing.certificate_unread"))
        else:
            authorities[item] = data
    for item, text in database.execute("SELECT item, crl FROM crls ORDER BY item"):
        place, data = f"{path}:crls/{item}", _octets(text)
        if data is None or not take_list(data, place, material):
            material.error(place, phrase("pki.importing.list_unread"))
    _read_numbers(database, found, material)
    rows = database.execute(
        "SELECT caId, serial, date, invaldate, reasonBit FROM revocations ORDER BY rowid"
    )
    for number, row in enumerate(rows, 1):
        material.claims += _claims(row, f"{path}:revocations/{number}", authorities, material)


def _read_numbers(database: sqlite3.Connection, tables: set[str], material: Material) -> None:
    """Take the highest number that any authority of the database counted: too high does no harm."""
    if "authority" not in tables:
        return
    for (number,) in database.execute("SELECT max(crlNo) FROM authority"):
        if isinstance(number, int) and 0 < number <= MAX_CRL_NUMBER:
            material.last_crl_number = max(material.last_crl_number, number)


def _claims(
    row: tuple[object, ...], place: str, authorities: dict[object, bytes], material: Material
) -> Iterator[Claim]:
    of, serial, at, since, code = row
    number = int(serial, 16) if isinstance(serial, str) and _SERIAL.fullmatch(serial) else -1
    instant, invalidity = _time(at), _time(since)
    if not is_usable_serial(number) or instant is None or of not in authorities:
        material.error(place, phrase("pki.importing.database_row"))
        return
    reason = x509.ReasonFlags.unspecified
    if code not in {0, None}:
        known = _BY_CODE.get(code) if isinstance(code, int) else None
        if known is None:
            material.warn(place, phrase("pki.importing.index_reason"))
        reason = known or reason
    yield Claim(number, instant, reason, place, invalidity, authorities[of])


def _octets(text: object) -> bytes | None:
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _time(text: object) -> datetime | None:
    if not isinstance(text, str) or not _TIME.fullmatch(text) or text == _NO_TIME:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
