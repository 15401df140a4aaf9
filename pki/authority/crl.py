"""The next revocation list of an authority, signed and past the gate, not yet stored.

The instant is taken first and the revocations are read after, up to one sequence: whatever is
committed by then is on the list, and `last_sequence` says how far it reaches. A delta list tells
what changed between the sequence of the last full list and its own.

Before the signature the register takes the number, for good: a list that was signed and never
stored, because the process ended or another was faster, keeps its number, and the next one takes
a higher one. Full and delta lists count together. The audit log takes number and hash of what will
be signed in the same transaction.

Spec: RFC 5280 §5.2.3 and §5.2.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from pki import der
from pki.audit.entry import present
from pki.authority.crl_der import CRLContent, encode_entries, encode_tbs
from pki.authority.crl_gate import Published, judge_crl
from pki.authority.crl_reader import ReadCRL, read_crl
from pki.authority.issuer import Issuer
from pki.clock import Clock, whole_second
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.files import MalformedDERError
from pki.errors.issuing import SignatureMismatchError
from pki.errors.lists import CRLRefusedError, DeltaBaseError, DeltaNotMadeError
from pki.errors.register import RegisterConflictError
from pki.errors.tree import Phrases
from pki.keys import algorithm_der, sign_data
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord
from pki.records.changes import ReserveCRLNumber
from pki.records.lists import CRLRecord, Snapshot
from pki.records.register import Register
from pki.standing import key_identifier


@dataclass(frozen=True, slots=True)
class _Plan:
    """A list to be made, and what it follows."""

    number: int
    now: datetime
    lifetime: timedelta
    snapshot: Snapshot
    full: CRLRecord | None
    newest_number: int | None
    newest_update: datetime | None
    base_number: int | None
    delta_url: str | None

    @property
    def this_update(self) -> datetime:
        return whole_second(self.now)

    @property
    def next_update(self) -> datetime:
        return self.this_update + self.lifetime


def build_crl(
    issuer: Issuer,
    register: Register,
    authority: AuthorityRecord,
    *,
    clock: Clock,
    requester: str,
    delta: bool = False,
) -> tuple[x509.CertificateRevocationList, CRLRecord]:
    """Reserve a number, sign the list of everything revoked up to now, and check the result.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        DeltaNotMadeError: a delta list of an authority that makes none.
        DeltaBaseError: there is no full list yet that a delta could add to.
        SignatureMismatchError: the key's answer does not verify.
        CRLRefusedError: the list may not follow the one before.
        PKIError: whatever the key or the register raises.
    """

    def plan() -> _Plan:
        return _plan(issuer, register, authority, clock=clock, delta=delta)

    planned, tbs_der = _reserved(issuer, register, plan, requester=requester)
    signature = der.bit_string(sign_data(issuer.key, tbs_der, pss=issuer.pss))
    tail = algorithm_der(issuer.key, pss=issuer.pss) + signature
    crl_der = b"".join((der.head(der.SEQUENCE, len(tbs_der) + len(tail)), tbs_der, tail))
    del tbs_der  # as large as the list
    crl = _check_result(crl_der, issuer, register, planned)
    return crl, CRLRecord(
        issuer=issuer.name,
        number=planned.number,
        this_update=planned.this_update,
        next_update=planned.next_update,
        der=crl_der,
        last_sequence=planned.snapshot.upto,
        base_number=planned.base_number,
    )


def _reserved(
    issuer: Issuer, register: Register, plan: Callable[[], _Plan], *, requester: str
) -> tuple[_Plan, bytes]:
    """Return a plan whose number is its own, and the bytes to be signed."""
    while True:
        planned = plan()
        tbs_der = encode_tbs(_content(issuer, register, planned))
        facts = {
            "issuer": issuer.name,
            "number": str(planned.number),
            "tbs_sha256": hashlib.sha256(tbs_der).hexdigest(),
        }
        event = AuditEvent(planned.now, requester, "crl.reserve", tuple(facts.items()))
        try:
            register.commit((ReserveCRLNumber(issuer.name, planned.number),), event)
        except RegisterConflictError:
            if register.last_crl_number(issuer.name) < planned.number:
                raise
            # Time and revocations are asked again: a higher number never tells of less.
            continue
        return planned, tbs_der


def _plan(
    issuer: Issuer, register: Register, authority: AuthorityRecord, *, clock: Clock, delta: bool
) -> _Plan:
    """Return what the next list is to be.

    Numbers and lists are asked first, then the time, and what is revoked after it: what another
    process writes meanwhile is no sign of a clock that was set back.
    """
    reserved = register.last_crl_number(issuer.name)
    full = register.newest_crl(issuer.name)
    floor = register.crl_floor(issuer.name)
    known = [
        one
        for one in (full, register.newest_crl(issuer.name, delta=True), floor)
        if one is not None
    ]
    now = present(register, clock)
    newest_number = max((one.number for one in known), default=None)
    newest_update = max((one.this_update for one in known if one.this_update), default=None)
    if newest_update is not None and whole_second(now) < newest_update:
        raise ClockBeforeRecordError(now=now, recorded=newest_update)
    upto = register.last_sequence()
    if not delta:
        lifetime, after, base_number = authority.crl_lifetime, None, None
    elif authority.delta_lifetime is None:
        raise DeltaNotMadeError(authority=issuer.name)
    elif full is None:
        raise DeltaBaseError(authority=issuer.name)
    else:
        lifetime, after, base_number = authority.delta_lifetime, full.last_sequence, full.number
    makes_deltas = authority.delta_lifetime is not None
    return _Plan(
        number=max(reserved, newest_number or 0) + 1,
        now=now,
        lifetime=lifetime,
        snapshot=Snapshot(issuer.name, upto, after),
        full=full,
        newest_number=newest_number,
        newest_update=newest_update,
        base_number=base_number,
        delta_url=issuer.urls.delta if makes_deltas else None,
    )


def _content(issuer: Issuer, register: Register, planned: _Plan) -> CRLContent:
    return CRLContent(
        issuer=issuer.certificate.subject,
        key_identifier=key_identifier(issuer.certificate),
        algorithm=algorithm_der(issuer.key, pss=issuer.pss),
        number=planned.number,
        this_update=planned.this_update,
        next_update=planned.next_update,
        expired_since=issuer.certificate.not_valid_before_utc,
        entries=encode_entries(register.list_entries(planned.snapshot)),
        base_number=planned.base_number,
        delta_url=planned.delta_url,
    )


def _check_result(
    crl_der: bytes, issuer: Issuer, register: Register, planned: _Plan
) -> x509.CertificateRevocationList:
    """Return the list if it may be published."""
    try:
        read = read_crl(crl_der)
    except MalformedDERError as error:
        raise SignatureMismatchError(reason="the list cannot be read back") from error
    published = Published(
        issuer=issuer.certificate,
        now=planned.now,
        previous=_read(planned.full),
        newest_number=planned.newest_number,
        newest_update=planned.newest_update,
        snapshot=lambda: wanted_serials(register, planned.snapshot),
    )
    findings = judge_crl(read, published)
    if any(finding.id == "pki.crl.signature" for finding in findings):
        raise SignatureMismatchError(reason="the list does not verify")
    if findings:
        raise CRLRefusedError(authority=issuer.name, reasons=Phrases(findings))
    return read.crl


def wanted_serials(register: Register, snapshot: Snapshot) -> Iterator[str]:
    """Yield the serials that a list of a snapshot must have, in its order."""
    for row in register.list_entries(snapshot):
        yield row[0]


def _read(record: CRLRecord | None) -> ReadCRL | None:
    return read_crl(record.der) if record is not None else None
