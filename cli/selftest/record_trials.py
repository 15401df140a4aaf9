"""Trials of invariants 20 to 25: what is recorded, and what must not be.

Each takes a sandbox, and raises `Broken` where the invariant does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.selftest.sandbox import REQUESTER, Broken, Sandbox, demand, refused
from pki.audit.checkpoint import TreeHead
from pki.audit.entry import confirm_clock
from pki.audit.verify import recompute
from pki.authority.authority import Authority
from pki.clock import ClockBounds
from pki.errors.audit import AuditBrokenError, AuditCutError, AuditRewrittenError
from pki.errors.clock import ClockBeforeRecordError, ClockGapError
from pki.errors.register import RegisterConflictError
from pki.errors.tree import PKIError, phrase
from pki.keeping import reconcile
from pki.keeping.age import DecryptingFile
from pki.keeping.archive import ArchiveReader, KeptRows
from pki.keeping.keys import new_identity, parse_identities, parse_recipient
from pki.keeping.make import Kept, make_backup
from pki.keeping.published import Published, published_by
from pki.records.audit import AuditEntry, AuditEvent
from pki.records.certificates import CertificateState, RevocationRecord
from pki.records.changes import Reserve, Revoke
from pki.records.register import Register
from pki.register.inspection import deletable
from pki.register.restore import restoring
from pki.register.sql import open_register

_NUMBER = "001099012345"
"""A personal number as such are written; nobody's."""


def together(sandbox: Sandbox) -> None:
    """20. An event that cannot be written: what it tells of does not happen."""
    serial = sandbox.issue().serial_number
    now = sandbox.clock.now()
    revocation = RevocationRecord("issuing", serial, x509.ReasonFlags.superseded, now)
    unwritable = AuditEvent(now, REQUESTER, "certificate.revoke", (("x", "\ud800"),))
    try:
        sandbox.register.commit((Revoke(revocation),), unwritable)
    except (PKIError, UnicodeError):
        pass
    else:
        raise Broken(phrase("cli.selftest.untold"))
    revoked = sandbox.register.find_revocation("issuing", serial)
    demand(revoked is None, "cli.selftest.untold")
    before = sandbox.register.last_audit_entry()
    sandbox.issuing.revoke(serial, x509.ReasonFlags.superseded)
    demand(sandbox.register.last_audit_entry() != before, "cli.selftest.untold")


class _Log:
    """A register of which only the log is asked."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        self._entries = tuple(entries)

    def audit_entries(self, *, after: int | None = None) -> Iterator[AuditEntry]:
        """Yield the entries."""
        del after
        yield from self._entries


def tampering_shows(sandbox: Sandbox) -> None:
    """21. With an earlier head of the tree alone, edits, cuts, swaps and insertions are seen."""
    sandbox.issue()
    edge = recompute(sandbox.register)
    head = TreeHead("selftest", edge.size, edge.root())
    sandbox.issue()
    entries = list(sandbox.register.audit_entries())
    recompute(sandbox.register, [head])
    edited = [replace(one, content=one.content.replace(b"issuing", b"issuinG")) for one in entries]
    swapped = [entries[1], entries[0], *entries[2:]]
    inserted = [*entries[:2], entries[1], *entries[2:]]
    for log in (edited, swapped, inserted):
        refused(AuditBrokenError, partial(_recompute, log, head))
    refused(AuditCutError, lambda: _recompute(entries[: head.size - 1], head))
    other = TreeHead("selftest", head.size, bytes(len(head.root)))
    refused(AuditRewrittenError, lambda: _recompute(entries, other))


def nothing_goes(sandbox: Sandbox) -> None:
    """22. No row of a record can be deleted, whoever asks the database."""
    sandbox.issuing.revoke(sandbox.issue().serial_number, x509.ReasonFlags.superseded)
    sandbox.issuing.issue_crl()
    gone = deletable(sandbox.place)
    demand(not gone, "cli.selftest.deleted", tables=gone)


def clock_back(sandbox: Sandbox) -> None:
    """23. Nothing is signed at a time before the last entry of the log."""
    certificate = sandbox.issue()
    sandbox.clock.advance(-timedelta(seconds=1))
    refused(ClockBeforeRecordError, sandbox.issue)
    serial = certificate.serial_number
    reason = x509.ReasonFlags.superseded
    refused(ClockBeforeRecordError, lambda: sandbox.issuing.revoke(serial, reason))
    refused(ClockBeforeRecordError, sandbox.issuing.issue_crl)


def clock_ahead(sandbox: Sandbox) -> None:
    """23. Long after the last entry, nothing is signed until a person vouches for the clock."""
    certificate = sandbox.issue()
    sandbox.register.clock_bounds = ClockBounds(max_gap=timedelta(days=400))
    sandbox.clock.advance(timedelta(days=400))
    sandbox.issue()
    sandbox.clock.advance(timedelta(days=400, seconds=1))
    refused(ClockGapError, sandbox.issue)
    refused(ClockGapError, sandbox.issuing.issue_crl)
    serial, reason = certificate.serial_number, x509.ReasonFlags.superseded
    refused(ClockGapError, lambda: sandbox.issuing.revoke(serial, reason))
    confirm_clock(sandbox.register, sandbox.clock.now(), actor=REQUESTER)
    sandbox.issue()


def restored(sandbox: Sandbox) -> None:
    """24. After a restore, numbers and serials go on above what was published since the backup."""
    sandbox.issuing.issue_crl()
    backup = sandbox.folder / "made.backup"
    public, secret = new_identity()
    now = sandbox.clock.now()
    recipients = [parse_recipient(public)]
    make_backup(
        backup, sandbox.place, Kept(()), recipients=recipients, now=now, tell=lambda _: None
    )
    certificate = sandbox.issue()
    crls = [sandbox.issuing.issue_crl() for _ in range(3)]
    issuer = sandbox.issuing.issuer
    shown = published_by(issuer.certificate, [Published((certificate,), (crls[1],))], "selftest")
    place = sandbox.folder / "restored.db"
    with backup.open("rb") as file, restoring(place, sandbox.clock) as restoration:
        reader = ArchiveReader(DecryptingFile(file, parse_identities(secret)))
        restoration.fill(one for one in reader.members() if isinstance(one, KeptRows))
        record = restoration.register.find_authority("issuing")
        if record is not None:
            difference = reconcile.compare(restoration.register, record, shown, now)
            reconcile.take_in(restoration.register, difference, now=now, requester=REQUESTER)
    register = open_register(place)
    try:
        _go_on(Authority(issuer, register, sandbox.clock), certificate, crls[-1])
    finally:
        register.close()


def nothing_personal(sandbox: Sandbox) -> None:
    """25. A personal number stands in the certificate, and in no entry, error or `repr`."""
    subject = sandbox.someone(UID=f"CCCD:{_NUMBER}")
    order = sandbox.order(subject=subject)
    certificate = sandbox.issuing.certify(order)
    sandbox.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
    errors: list[str] = []
    try:
        sandbox.issuing.certify(replace(order, subject=sandbox.someone(UID=f"CCCD:{_NUMBER}")))
    except PKIError as error:
        errors.append(f"{error!r} {error} {error.facts}")
    told = [entry.content.decode() for entry in sandbox.register.audit_entries()]
    for where, texts in (("repr", [repr(subject), repr(order)]), ("error", errors), ("log", told)):
        demand(not any(_NUMBER in text for text in texts), "cli.selftest.personal", where=where)


def _go_on(
    authority: Authority, certificate: x509.Certificate, crl: x509.CertificateRevocationList
) -> None:
    number, published = _number(authority.issue_crl()), _number(crl)
    demand(number > published, "cli.selftest.number", numbers=(str(published), str(number)))
    known = authority.register.find_certificate("issuing", certificate.serial_number)
    demand(known is not None, "cli.selftest.no_record")
    if known is not None:
        twice = replace(known, state=CertificateState.RESERVED, der=None, fingerprint=None)
        event = AuditEvent(authority.clock.now(), REQUESTER, "certificate.reserve", ())
        refused(RegisterConflictError, lambda: authority.register.commit((Reserve(twice),), event))
    octets = known.der if known is not None else None
    demand(octets == certificate.public_bytes(Encoding.DER), "cli.selftest.no_record")


def _recompute(entries: Iterable[AuditEntry], head: TreeHead) -> object:
    return recompute(cast("Register", _Log(entries)), [head])


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
