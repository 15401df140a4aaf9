"""An import, done: batch by batch, each a transaction, so that a second run completes a first.

Every serial has an entry of its own in the audit log, in the transaction that records it.

    1. the name is claimed, with the hash of the authority's certificate;
    2. certificates with their revocations, then revoked serials without a certificate;
    3. the register is read back: every revocation of the plan is in it, or the import fails;
    4. only then the authority itself, with the CRL number it goes on from.

Until step 4 there is no such authority, so nobody can issue a list that lacks something. The same
check is made of the list that is issued first (`check_list`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.audit.entry import present, read_content
from pki.clock import Clock
from pki.errors.authorities import AuthorityExistsError
from pki.errors.importing import ImportBlockedError, ImportIncompleteError
from pki.errors.keys import KeyMismatchError
from pki.importing.plan import IMPORTED, Plan
from pki.keys import PrivateKey, certifies
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    StatusChange,
    StatusKind,
    serial_text,
)
from pki.records.changes import (
    AddAuthority,
    Change,
    ChangeStatus,
    ClaimName,
    ImportCertificate,
    RaiseCRLFloor,
    Revoke,
    Step,
)
from pki.records.lists import CRLFloor
from pki.records.register import Register
from pki.transitions import COMPROMISES, is_compromised, is_held

BATCH = 500
"""Certificates a transaction."""
BEGUN = "begun_import"
Progress = Callable[[int, int], None]
"""Takes how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the files do not tell of an authority."""

    key: PrivateKey
    key_uri: str
    profile: str
    """Name of the profile the authority goes on under."""
    crl_lifetime: timedelta
    requester: str


def apply_plan(
    plan: Plan,
    terms: Terms,
    register: Register,
    clock: Clock,
    *,
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Do what a plan says; what stands already is left as it is.

    Raises:
        ImportBlockedError: the plan has a finding of severity error; nothing was done.
        KeyMismatchError: the key is not the authority's; nothing was done.
        AuthorityExistsError: another authority has that name, or its import was begun.
        ImportIncompleteError: the register does not hold all of it afterwards.
        ClockBeforeRecordError: the clock was set back.
        PKIError: whatever the register answers; run it again to go on.
    """
    check_unblocked(plan)
    if not certifies(plan.certificate, terms.key):
        raise KeyMismatchError(authority=plan.name)
    present(register, clock)
    _begin(plan, register, clock.now(), terms.requester)
    done, steps = 0, _steps(plan, register, clock, terms.requester)
    while batch := tuple(islice(steps, BATCH)):
        register.commit_all(batch)
        done += len(batch)
        progress(done, len(plan.records))
    check_register(plan, register)
    _finish(plan, terms, register, clock.now())


def check_unblocked(plan: Plan) -> None:
    """Refuse a plan with a finding that stops it.

    Raises:
        ImportBlockedError: there is one.
    """
    if plan.blocked:
        raise ImportBlockedError(count=len(plan.blocked), first=plan.blocked[0].words)


def _begin(plan: Plan, register: Register, now: datetime, requester: str) -> None:
    """Claim the name; whose import was begun under it stands in the log."""
    own = _certificate_hash(plan)
    standing = register.find_authority(plan.name)
    if standing is not None and standing.certificate_der != _certificate_der(plan):
        raise AuthorityExistsError(authority=plan.name)
    fragment = f'"facts":{{"{BEGUN}":"{plan.name}"'.encode()
    for entry in register.search_audit(fragment):
        read = read_content(entry.content)
        told = dict(read[1].facts) if read else {}
        if told.get("certificate_sha256") != own:
            raise AuthorityExistsError(authority=plan.name)
        return
    if standing is None:
        facts = ((BEGUN, plan.name), ("certificate_sha256", own))
        event = AuditEvent(now, requester, "authority.import.begin", facts)
        register.commit((ClaimName(plan.name),), event)


def _steps(plan: Plan, register: Register, clock: Clock, requester: str) -> Iterator[Step]:
    now = clock.now()
    held = {one.serial for one in register.find_certificates(CertificateQuery(issuer=plan.name))}
    standing = {one.serial: one for one in register.list_revocations(plan.name)}
    wanted = {one.serial: one for one in plan.revocations}
    records = {record.serial: record for record in plan.records}
    for serial in sorted(records.keys() | wanted.keys()):
        changes: list[Change] = []
        record = records.get(serial) or _bare(wanted[serial], now, requester)
        history: tuple[StatusChange, ...] = ()
        if serial not in held:
            changes.append(ImportCertificate(record))
        elif serial in wanted:
            history = register.status_changes(plan.name, serial)
        if serial in wanted:
            changes += _status(wanted[serial], standing.get(serial), history, now)
        if changes:
            event = _event(record, wanted.get(serial), clock.now(), requester)
            yield Step(tuple(changes), event)


def _bare(revocation: RevocationRecord, now: datetime, requester: str) -> CertificateRecord:
    """Return the record of a serial whose certificate is nowhere: it stays on every list."""
    at = revocation.revoked_at
    return CertificateRecord(
        issuer=revocation.issuer,
        serial=revocation.serial,
        state=CertificateState.ABANDONED,
        tbs_der=b"",
        der=None,
        subject="",
        profile=IMPORTED,
        not_before=at,
        not_after=at,
        fingerprint=None,
        spki_sha256="",
        requester=requester,
        reserved_at=now,
    )


def _status(
    wanted: RevocationRecord,
    standing: RevocationRecord | None,
    history: tuple[StatusChange, ...],
    now: datetime,
) -> Iterator[Change]:
    """Yield what makes the register say at least what the old authority said."""
    if is_held(wanted):
        if standing is None and not history:
            yield ChangeStatus(_change(wanted, StatusKind.HOLD, wanted.revoked_at))
    elif standing is None:
        # Released here since: the revocation cannot be of before that.
        since = max((wanted.revoked_at, *(one.at for one in history)))
        yield Revoke(replace(wanted, revoked_at=since))
    elif is_held(standing):
        yield Revoke(replace(wanted, revoked_at=standing.revoked_at), held_until=now)
    elif wanted.reason in COMPROMISES and not is_compromised(standing):
        yield ChangeStatus(_change(wanted, StatusKind.UPGRADE, now))


def _change(wanted: RevocationRecord, kind: StatusKind, at: datetime) -> StatusChange:
    return StatusChange(
        wanted.issuer, wanted.serial, kind, at, wanted.reason, wanted.invalidity_date
    )


def _event(
    record: CertificateRecord, revocation: RevocationRecord | None, now: datetime, requester: str
) -> AuditEvent:
    """Return the entry of one serial, by which `antin audit prove` finds it."""
    facts = [("issuer", record.issuer), ("serial", serial_text(record.serial))]
    if record.fingerprint is not None:
        facts.append(("certificate", record.fingerprint))
    if revocation is not None:
        facts.append(("reason", revocation.reason.value))
        facts.append(("revoked_at", revocation.revoked_at.isoformat()))
    return AuditEvent(now, requester, "certificate.import", tuple(facts))


def check_register(plan: Plan, register: Register) -> None:
    """Refuse to go on unless the register holds every certificate and revocation of the plan.

    Raises:
        ImportIncompleteError: something is lost.
    """
    listed = {one.serial: one for one in register.list_revocations(plan.name)}
    for wanted in plan.revocations:
        if not _is_kept(wanted, listed.get(wanted.serial), register):
            raise ImportIncompleteError(authority=plan.name, serial=serial_text(wanted.serial))
    held = register.find_certificates(CertificateQuery(issuer=plan.name))
    missing = {one.serial for one in plan.records} - {one.serial for one in held}
    if missing:
        raise ImportIncompleteError(authority=plan.name, serial=serial_text(min(missing)))


def check_list(plan: Plan, crl: x509.CertificateRevocationList, register: Register) -> None:
    """Refuse a list that lacks something that the old authority revoked, or has too low a number.

    Raises:
        ImportIncompleteError: something is lost.
    """
    listed = {entry.serial_number for entry in crl}
    for wanted in plan.revocations:
        gone = wanted.serial not in listed
        if gone and not _was_released(wanted, register):
            raise ImportIncompleteError(authority=plan.name, serial=serial_text(wanted.serial))
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    if number <= plan.crl_number:
        raise ImportIncompleteError(authority=plan.name, serial=f"CRL {number}")


def _is_kept(wanted: RevocationRecord, found: RevocationRecord | None, register: Register) -> bool:
    if found is None:
        return _was_released(wanted, register)
    if is_held(found):
        return is_held(wanted)
    return wanted.reason not in COMPROMISES or is_compromised(found)


def _was_released(wanted: RevocationRecord, register: Register) -> bool:
    """Say whether a hold of the old authority was released here, after an earlier run."""
    history = register.status_changes(wanted.issuer, wanted.serial)
    return is_held(wanted) and bool(history) and history[-1].kind is StatusKind.RELEASE


def _finish(plan: Plan, terms: Terms, register: Register, now: datetime) -> None:
    """Record the authority, and from which number its lists go on."""
    changes: list[Change] = []
    if register.find_authority(plan.name) is None:
        changes.append(AddAuthority(_authority(plan, terms, now)))
    own = plan.own
    if own is not None and register.find_certificate(own.issuer, own.serial) is None:
        changes.append(ImportCertificate(own))
    floor = register.crl_floor(plan.name)
    if floor is None or _is_above(plan, floor):
        changes.append(RaiseCRLFloor(CRLFloor(plan.name, plan.crl_number, plan.this_update, now)))
    if not changes:
        return
    facts = (
        ("issuer", plan.name),
        ("certificate_sha256", _certificate_hash(plan)),
        ("crl_number", str(plan.crl_number)),
        ("lists_sha256", hashlib.sha256("\n".join(plan.list_hashes).encode()).hexdigest()),
        ("certificates", str(len(plan.records))),
        ("revocations", str(len(plan.revocations))),
    )
    register.commit(changes, AuditEvent(now, terms.requester, "authority.import", facts))


def _is_above(plan: Plan, floor: CRLFloor) -> bool:
    later = plan.this_update is not None and (
        floor.this_update is None or plan.this_update > floor.this_update
    )
    return plan.crl_number > floor.number or later


def _authority(plan: Plan, terms: Terms, now: datetime) -> AuthorityRecord:
    return AuthorityRecord(
        name=plan.name,
        certificate_der=_certificate_der(plan),
        key_uri=terms.key_uri,
        parent=plan.parent,
        profile=terms.profile,
        crl_lifetime=terms.crl_lifetime,
        created_at=now,
    )


def _certificate_der(plan: Plan) -> bytes:
    return plan.certificate.public_bytes(Encoding.DER)


def _certificate_hash(plan: Plan) -> str:
    return hashlib.sha256(_certificate_der(plan)).hexdigest()
