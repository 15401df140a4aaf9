"""What must hold of an authority whose process was killed, whenever that was.

What was signed is known from the notes of the keys, which the authority knows nothing of.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from cryptography import x509
from pki_crash_day import (
    CLOCK,
    NAMES,
    NEXT_KEY,
    OFFICIALS,
    REKEYED,
    RENEWED,
    Office,
    follow,
    issue,
    make_authority,
)
from sqlalchemy import select

from pki import der
from pki.audit.verify import verify_audit
from pki.authority.authority import Authority
from pki.authority.signature import assemble
from pki.errors.certificates import RenewRevokedError
from pki.errors.register import NotARegisterError, RegisterUnreachableError
from pki.errors.requests import RequestEndedError
from pki.errors.tree import PKIError
from pki.keys import PublicKey
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)
from pki.register.sql import SQLRegister, create_register, open_register
from pki.register.tables import CRLS
from pki.request import parse_request
from pki.strength import spki_sha256

SQLITE = "sqlite:///"


def examine(office: Office) -> list[str]:
    """Return what is wrong: after the crash, after recovery, and after going on from there."""
    register = _reopened(office)
    if isinstance(register, str):
        return [register]
    try:
        wrong = _look(office, register, "after the crash")
        authorities = [make_authority(register, name) for name in NAMES]
        for authority in authorities:
            wrong += _recovered(register, authority)
        wrong += _look(office, register, "after recovery")
        revoked = issue(authorities[1], 4)
        authorities[1].revoke(revoked.serial_number, x509.ReasonFlags.superseded)
        for authority in authorities:
            office.publish(authority)
        wrong += _repeated(register, authorities[1])
        wrong += _look(office, register, "after going on")
    finally:
        register.close()
    return wrong


def _repeated(register: SQLRegister, issuing: Authority) -> Iterator[str]:
    """Invariant 9: every request is made again, and none has two certificates."""
    for number in range(len(OFFICIALS)):
        with suppress(RequestEndedError):
            issue(issuing, number)
        key = parse_request(OFFICIALS[number][0]).public_key
        first = min(_of_key(register, key), key=lambda record: record.reserved_at)
        followed = number in {REKEYED, RENEWED} and first.was_issued
        if followed:
            with suppress(RequestEndedError, RenewRevokedError):
                follow(issuing, number, first.serial)
        count = len(_of_key(register, key))
        if count != (2 if followed and number == RENEWED else 1):
            yield f"{count} certificates of one request"
        count = len(_of_key(register, NEXT_KEY))
        if followed and number == REKEYED and count != 1:
            yield f"{count} certificates of one request for a new key"


def _of_key(register: SQLRegister, key: PublicKey) -> tuple[CertificateRecord, ...]:
    return register.find_certificates(CertificateQuery(spki_sha256=spki_sha256(key)))


def _reopened(office: Office) -> SQLRegister | str:
    """Open the register; one that was never finished is made anew if nothing was signed."""
    try:
        return open_register(office.url)
    except (NotARegisterError, RegisterUnreachableError) as error:
        if office.notes.exists():
            return f"the register cannot be opened: {error!r}"
        if office.url.startswith(SQLITE):
            for file in office.home.iterdir():
                file.unlink()
        return create_register(office.url, CLOCK)


def _look(office: Office, register: SQLRegister, when: str) -> list[str]:
    wrong = [
        *_sound(office.url),
        *_accounted(office, register),
        *_told(register),
        *_published(office, register),
    ]
    return [f"{when}: {one}" for one in wrong]


def _sound(url: str) -> Iterator[str]:
    if url.startswith(SQLITE):
        connection = sqlite3.connect(url.removeprefix(SQLITE))
        try:
            for check, fine in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
                found = connection.execute(f"PRAGMA {check}").fetchall()
                if found != fine:
                    yield f"{check}: {found}"
        finally:
            connection.close()


def _accounted(office: Office, register: SQLRegister) -> Iterator[str]:
    """Invariants 1, 2 and 14: each signature is known, and nothing means two things."""
    reserved = {
        (record.issuer, record.serial): record.tbs_der
        for record in register.find_certificates(CertificateQuery())
    }
    announced = {
        (facts["issuer"], facts["number"], facts["tbs_sha256"])
        for action, facts in _events(register)
        if action == "crl.reserve"
    }
    meant: dict[tuple[str, str, int], bytes] = {}
    highest: dict[str, int] = {}
    for issuer, tbs in _signed(office):
        kind, number = _number(tbs)
        if meant.setdefault((issuer, kind, number), tbs) != tbs:
            yield f"{kind} {number:x} of {issuer} was signed twice, and means two things"
        if kind == "certificate":
            if reserved.get((issuer, number)) != tbs:
                yield f"certificate {number:x} of {issuer} is not in the register"
            continue
        if (issuer, str(number), _sha256(tbs)) not in announced:
            yield f"list {number} of {issuer} is not in the register"
        if number < highest.get(issuer, 0):
            yield f"list {number} of {issuer} was signed after {highest[issuer]}"
        highest[issuer] = number


def _signed(office: Office) -> Iterator[tuple[str, bytes]]:
    """Yield whose key signed what, in the order in which it did."""
    if office.notes.exists():
        for line in office.notes.read_text("utf-8").splitlines():
            name, _, tbs = line.partition(" ")
            yield name, bytes.fromhex(tbs)


def _number(tbs: bytes) -> tuple[str, int]:
    """Return what signed bytes are, and its serial or number, read with no help of the register."""
    first, second, *_ = der.read_all(der.read(tbs, "noted").content, "noted")
    if first.tag == 0xA0:  # a certificate's version; a list's is a bare number
        return "certificate", x509.load_der_x509_certificate(assemble(tbs, b"")).serial_number
    crl = x509.load_der_x509_crl(der.sequence((tbs, second.whole, der.bit_string(b""))))
    return "list", crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _events(register: SQLRegister) -> Iterator[tuple[str, dict[str, str]]]:
    for entry in register.audit_entries():
        content = json.loads(entry.content)
        yield content["action"], content["facts"]


def _told(register: SQLRegister) -> Iterator[str]:
    """Invariant 20: the log verifies, and tells of each state that there is, and of no other."""
    verify_audit(register)
    told = Counter(
        (action, facts["issuer"], facts.get("serial") or facts["number"])
        for action, facts in _events(register)
        if action != "crl.reserve"
    )
    there: Counter[tuple[str, str, str]] = Counter()
    for record in register.find_certificates(CertificateQuery()):
        place = (record.issuer, serial_text(record.serial))
        there["certificate.reserve", *place] += 1
        if record.der is not None:
            there["certificate.issue", *place] += 1
        revoked = register.find_revocation(record.issuer, record.serial) is not None
        if record.state is CertificateState.ABANDONED:
            there["certificate.abandon" if revoked else "certificate.refuse", *place] += 1
        elif revoked:
            there["certificate.revoke", *place] += 1
        if revoked != (record.state is CertificateState.REVOKED) and record.der is not None:
            yield f"{place} is {record.state}"
    for name in NAMES:
        there.update(("crl.issue", name, str(number)) for number in _stored(register, name))
    for one in sorted((told - there) + (there - told)):
        yield f"the log and the register differ in {one}"


def _stored(register: SQLRegister, name: str) -> list[int]:
    """Return the numbers of the lists that are stored, past the seam, which gives the newest."""
    with register._reading() as connection:
        found = connection.execute(select(CRLS.c.number).where(CRLS.c.issuer == name))
        return list(found.scalars())


def _published(office: Office, register: SQLRegister) -> Iterator[str]:
    """Invariant 15: what lies where it is fetched is whole, and is a list that was stored."""
    for name in NAMES:
        path = office.home / f"{name}.crl"
        if not path.exists():
            continue
        try:
            number = _number(_tbs(path.read_bytes()))[1]
        except (PKIError, ValueError):
            yield f"{path.name} is not a whole list"
        else:
            if number not in _stored(register, name):
                yield f"{path.name} has number {number}, which is not in the register"


def _tbs(crl_der: bytes) -> bytes:
    return x509.load_der_x509_crl(crl_der).tbs_certlist_bytes


def _recovered(register: SQLRegister, authority: Authority) -> Iterator[str]:
    """Invariant 1: what was left open is given up, once, and stands on the next list."""
    name = authority.issuer.name
    query = CertificateQuery(issuer=name, state=CertificateState.RESERVED)
    left = register.find_certificates(query)
    if authority.recover_open() != left or register.find_certificates(query):
        yield f"recovery leaves {name} open"
    before = register.last_audit_entry()
    if authority.recover_open() or register.last_audit_entry() != before:
        yield f"a second recovery of {name} does something"
    crl = authority.issue_crl()
    serials = {one.serial for one in (*left, *register.list_revocations(name))}
    if {entry.serial_number for entry in crl} != serials:
        yield f"the list of {name} is not what was revoked"
