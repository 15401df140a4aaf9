"""Where an authority asks whether what it is about to do is approved: the same for every way in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cryptography import x509

from pki.authority.deeds import certificate_deed, status_deed
from pki.authority.issuance import Beside, Followed, Order
from pki.profile import Profile
from pki.reasons import parse_reason
from pki.records.certificates import CertificateRecord, RevocationRecord
from pki.records.changes import Change, EnterRecord, Revoke
from pki.records.register import Register
from pki.records.requests import RequestKind, RequestMove, RequestState, Submit
from pki.requests.canonical import digest
from pki.requests.concern import assigned
from pki.requests.content import Asked, Concerned, Deed
from pki.requests.desk import Desk
from pki.requests.filing import new_request_id
from pki.requests.permission import Permission, Permit, check_approved

CHANGED = parse_reason("affiliationChanged")
"""RFC 5280 §5.3.1: the subject's name or other information was modified, the key is safe."""


def approvals_for(desk: Desk | None, profile: Profile) -> int:
    """Return how many approvals a profile takes: as it says, or as the administration does."""
    return max(profile.approvals, _ruled(desk, profile.name))


def approvals_for_certificate(
    register: Register, desk: Desk | None, record: CertificateRecord
) -> int:
    """Return how many approvals a change of a certificate's status takes.

    Not fewer than it was issued with, whatever is configured now.
    """
    issued_with = register.needed_approvals(record.issuer, record.serial)
    return max(issued_with, _ruled(desk, record.profile))


def check_order(
    register: Register, desk: Desk | None, order: Order, issuer: str, now: datetime
) -> Permission | None:
    """Ask whether a certificate may be issued.

    Raises:
        PKIError: as `pki.requests.permission.check_approved`.
    """
    needed = approvals_for(desk, order.profile)
    if order.replaces is not None:
        of = order.replaced_of or issuer
        needed = max(needed, register.needed_approvals(of, order.replaces))
    if not needed and order.permit is None:
        return None  # nothing to ask, and nothing to write down for it
    deed = certificate_deed(order, issuer)
    return check_approved(desk, deed, order.permit, needed=needed, now=now)


def check_status(
    register: Register,
    desk: Desk | None,
    record: CertificateRecord,
    deed: Deed,
    *,
    permit: Permit | None,
    now: datetime,
) -> Permission | None:
    """Ask whether the status of a certificate may be changed.

    Raises:
        PKIError: as `pki.requests.permission.check_approved`.
    """
    needed = approvals_for_certificate(register, desk, record)
    return check_approved(desk, deed, permit, needed=needed, now=now)


def beside_of(
    permission: Permission, order: Order, issuer: str, register: Register, now: datetime
) -> Beside:
    """Return what is recorded on the way of an approved certificate, and on whom it hangs."""
    concerned, people = Concerned.of(permission.case.record), permission.people

    def settle(certificate: x509.Certificate) -> tuple[Change, ...]:
        done = permission.after_running(RequestState.DONE, now)
        place = (issuer, certificate.serial_number)
        hanging = assigned(concerned, place, people, now) if people is not None else None
        entered = (EnterRecord(hanging),) if hanging is not None else ()
        return (*revoked_with(order, issuer, register, now), *entered, *done)

    return Beside(
        settle,
        reserved=permission.running(now),
        refused=permission.after_running(RequestState.FAILED, now),
        facts=permission.facts,
        told=concerned.told,
    )


def held_at_once(record: CertificateRecord, needed: int, requester: str, now: datetime) -> Submit:
    """Return what tells that a certificate was held without the approval it takes otherwise.

    Whoever may not wait for an approver, holds: a hold can be released, a lost token not called
    back. It stands open until somebody has looked at it.
    """
    deed = status_deed(RequestKind.HOLD, record)
    asked = Asked(
        new_request_id(now),
        RequestKind.HOLD,
        record.issuer,
        record.profile,
        record.serial,
        deed,
        Concerned(),
        needed,
    )
    content = asked.content()
    request = asked.record(digest(content), requester, None, now)
    move = RequestMove(asked.id, 1, RequestState.UNREVIEWED, now, requester)
    return Submit(request, content, move)


def facts_of(permission: Permission | None) -> dict[str, str]:
    """Return what the audit log says of the approvals of a change of status."""
    return permission.facts if permission is not None else {}


def moves_of(permission: Permission | None, now: datetime) -> tuple[Change, ...]:
    """Return the step of a request whose change of status is done in this transaction."""
    return permission.at_once(now) if permission is not None else ()


class Revoking(Followed, Protocol):
    """What follows another certificate, and may end it."""

    @property
    def revokes_replaced(self) -> bool:
        """As of an `Order`."""
        ...


def revoked_with(
    order: Revoking, issuer: str, register: Register, now: datetime
) -> tuple[Change, ...]:
    """Return the revocation of what a change of content replaces; none where nothing is to be."""
    if not order.revokes_replaced or order.replaces is None:
        return ()
    of = order.replaced_of or issuer
    if register.find_revocation(of, order.replaces) is not None:
        return ()  # somebody revoked it meanwhile: the first date and reason stay
    return (Revoke(RevocationRecord(of, order.replaces, CHANGED, now)),)


def _ruled(desk: Desk | None, profile: str) -> int:
    return desk.rules.get(profile, 0) if desk is not None else 0
