"""Authorities that were interrupted before they came to be.

A root is its own issuer: where its making is killed, a serial stands reserved under a name that no
authority bears, and there is none to give it up. A signature may exist that nobody was given.
"""

from __future__ import annotations

from pki.audit.entry import present
from pki.clock import Clock
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    serial_text,
)
from pki.records.changes import Abandon
from pki.records.register import Register


def give_up_unmade(
    register: Register, clock: Clock, *, requester: str
) -> tuple[CertificateRecord, ...]:
    """Give up what is reserved under names of no authority; the names are free again.

    Call this when no other process makes an authority. Nothing is revoked: a root that nobody
    trusts is in no list but its own.

    Raises:
        ClockBeforeRecordError: the clock was set back.
        PKIError: whatever the register raises.
    """
    known = {authority.name for authority in register.list_authorities()}
    open_ = register.find_certificates(CertificateQuery(state=CertificateState.RESERVED))
    left = tuple(record for record in open_ if record.issuer not in known)
    for record in left:
        now = present(register, clock)
        facts = (("issuer", record.issuer), ("serial", serial_text(record.serial)))
        event = AuditEvent(now, requester, "certificate.abandon", facts)
        register.commit((Abandon(record.issuer, record.serial),), event)
    return left
