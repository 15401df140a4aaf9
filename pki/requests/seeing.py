"""Who sees personal numbers without a mask, and the log's word that it was asked for.

Whoever has the home alone, before any role was ever granted there, sees what the home holds: the
file is open to that account anyway. The first role ends that for good: from then on somebody signs,
and the role of that certificate must allow it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pki.audit.entry import present
from pki.errors.office import ApprovalMismatchError, RightMissingError
from pki.records.audit import AuditEvent
from pki.records.requests import Signature
from pki.requests.canonical import digest
from pki.requests.desk import Desk
from pki.requests.rights import Act, words_of
from pki.requests.statement import read_statement, write_statement


def has_roles(desk: Desk) -> bool:
    """Say whether a role was ever granted here."""
    return bool(desk.cases.grants())


def see_statement(desk: Desk, about: Mapping[str, str]) -> bytes:
    """Return what has to be signed in order to see the numbers of somebody, or of a list."""
    return write_statement(Act.SEE, desk.clock.now(), **about)


def record_seeing(desk: Desk, by: Signature | str, action: str, about: Mapping[str, str]) -> None:
    """Record who is going to see numbers; who may not, does not.

    Args:
        desk: where roles are.
        by: a signature over `see_statement`; or the account, where no role was ever granted.
        action: of the entry in the audit log.
        about: whose, by codes.

    Raises:
        RightMissingError: an account, where roles were granted; or no role that allows it.
        ApprovalMismatchError: the signature is over something else.
        PKIError: as `Desk.identify`.
    """
    now = present(desk.register, desk.clock)
    if isinstance(by, str):
        if has_roles(desk):
            raise RightMissingError(act=words_of(Act.SEE), fingerprint="-")
        event = AuditEvent(now, by, action, tuple(about.items()))
    else:
        told = read_statement(by.statement, Act.SEE, now)
        if {name: told.get(name) for name in about} != dict(about):
            raise ApprovalMismatchError(request=" ".join(about.values()))
        acting = desk.identify(Act.SEE, by, now)
        facts = {**about, "signature": digest(by.cms)}
        event = AuditEvent(now, acting.actor, action, tuple(facts.items()))
    desk.register.commit((), event)
