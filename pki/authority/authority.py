"""An authority at work: it issues, revokes, publishes its list, and tells what was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509

from pki.audit.entry import present
from pki.authority.approval import (
    approvals_for,
    beside_of,
    check_order,
    check_status,
    facts_of,
    moves_of,
)
from pki.authority.crl import build_crl
from pki.authority.deeds import status_deed
from pki.authority.history import StatusAt, judge_status
from pki.authority.issuance import Order, certify, finish
from pki.authority.issuer import Issuer
from pki.authority.succession import check_in_force, check_issues
from pki.blocked import BlockedKeys
from pki.clock import Clock
from pki.errors.authorities import AuthorityNotFoundError
from pki.errors.certificates import CertificateNotFoundError, RevocationReasonError
from pki.errors.office import ApprovalNeededError
from pki.errors.register import RegisterConflictError
from pki.errors.requests import ProfileViolationError
from pki.errors.tree import phrase
from pki.keys import PublicKey
from pki.profile import Profile
from pki.reasons import FINAL_REASONS, check_invalidity
from pki.records.audit import AuditEvent
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    StatusKind,
    serial_text,
)
from pki.records.changes import Abandon, Change, Revoke, StoreCRL
from pki.records.register import Register
from pki.records.requests import MoveRequest, RequestKind, RequestMove, RequestState
from pki.request import CertificateRequest
from pki.requests.desk import Desk
from pki.requests.permission import Permission, Permit
from pki.subject import Subject
from pki.transitions import check_transition


class Authority:
    """An issuer, its record, and the time."""

    def __init__(
        self,
        issuer: Issuer,
        register: Register,
        clock: Clock,
        *,
        blocked: BlockedKeys | None = None,
        desk: Desk | None = None,
    ) -> None:
        self.issuer = issuer
        self.register = register
        self.clock = clock
        self.blocked = blocked or BlockedKeys()
        self.desk = desk
        """Where requests are approved; without one, what takes an approval is refused."""
        self._record: AuthorityRecord | None = None

    def issue(
        self,
        source: CertificateRequest | PublicKey,
        profile: Profile,
        subject: Subject,
        *,
        requester: str,
        lifetime: timedelta | None = None,
    ) -> x509.Certificate:
        """Certify a key: of a request, or straight from the token where it was just made.

        Raises:
            AuthorityRevokedError: this authority is revoked.
            AuthorityRetiredError: another one goes on in its place.
            ProfileViolationError: the profile makes an authority, or does not allow this.
            PKIError: any refusal of `pki.authority.issuance`.
        """
        key = source.public_key if isinstance(source, CertificateRequest) else source
        return self.certify(Order(key, profile, subject, requester, lifetime))

    def certify(self, order: Order) -> x509.Certificate:
        """Take an order of a subscriber the whole way.

        Raises:
            AuthorityRevokedError: this authority is revoked.
            AuthorityRetiredError: another one goes on in its place.
            ProfileViolationError: the profile makes an authority, or does not allow this.
            PKIError: any refusal of `pki.authority.issuance`.
        """
        self._check_profile(order.profile)
        self.check_in_force()
        # That no other goes on in its place is asked where the serial is reserved.
        now = present(self.register, self.clock)
        permission = check_order(self.register, self.desk, order, self.issuer.name, now)
        if permission is not None:
            return self._certify_approved(order, permission, now)
        return certify(
            order,
            self.issuer.signatory(),
            register=self.register,
            clock=self.clock,
            blocked=self.blocked,
        )

    def _certify_approved(
        self, order: Order, permission: Permission, now: datetime
    ) -> x509.Certificate:
        beside = beside_of(permission, order, self.issuer.name, self.register, now)
        signatory, register, clock = self.issuer.signatory(), self.register, self.clock
        if permission.case.state is RequestState.RUNNING:
            begun = register.find_request(self.issuer.name, permission.permit.request)
            open_still = begun is not None and begun.state is CertificateState.RESERVED
            if begun is not None and open_still and begun.request_sha256 == order.asked_sha256:
                return finish(
                    order, begun, signatory, register=register, clock=clock, beside=beside
                )
        return certify(
            order, signatory, register=register, clock=clock, blocked=self.blocked, beside=beside
        )

    def revoke(
        self,
        serial: int,
        reason: x509.ReasonFlags,
        *,
        requester: str = "antin",
        invalidity_date: datetime | None = None,
        permit: Permit | None = None,
    ) -> RevocationRecord:
        """Revoke a certificate, now and for good; one on hold from the date of the hold.

        Args:
            serial: of a certificate this authority issued.
            reason: of RFC 5280, by name; a hold is `pki.authority.life.hold`.
            requester: who asked.
            invalidity_date: since when the key is known or suspected to be compromised.
            permit: the approved request that this carries out, where it takes one.

        Raises:
            CertificateNotFoundError: no such certificate was issued.
            AlreadyRevokedError: it is revoked; the first date and reason stay.
            RevocationReasonError: a hold, or no reason at all.
            InvalidityDateError: the invalidity date lies in the future.
            ClockBeforeRecordError: the clock was set back.
            PKIError: it takes an approval, as `pki.requests.permission` says.

        Spec: RFC 5280 §5.3; X.509 (2019) §9.5.3.1 (the date of the hold stays).
        """
        if reason not in FINAL_REASONS:
            raise RevocationReasonError(reason=reason.value)
        now = present(self.register, self.clock)
        check_invalidity(invalidity_date, now)
        record = self.issued(serial)
        permission = self.check_change(
            RequestKind.REVOKE,
            record,
            now,
            permit=permit,
            reason=reason.value,
            since=invalidity_date,
        )
        standing = self.register.find_revocation(self.issuer.name, serial)
        check_transition(StatusKind.REVOKE, serial, standing)
        since, held_until = (standing.revoked_at, now) if standing else (now, None)
        revocation = RevocationRecord(record.issuer, serial, reason, since, invalidity_date)
        told = {"reason": reason.value, **facts_of(permission)}
        event = self.event("certificate.revoke", now, requester, serial, **told)
        changes = (Revoke(revocation, held_until), *moves_of(permission, now))
        self.register.commit(changes, event)
        return revocation

    def check_change(
        self,
        kind: RequestKind,
        record: CertificateRecord,
        now: datetime,
        *,
        permit: Permit | None,
        **told: Any,  # noqa: ANN401  a reason and a date, as a deed has them
    ) -> Permission | None:
        """Ask whether the status of a certificate may be changed; None where nobody need approve.

        Raises:
            PKIError: it takes an approval, as `pki.requests.permission` says.
        """
        deed = status_deed(kind, record, **told)
        return check_status(self.register, self.desk, record, deed, permit=permit, now=now)

    def issue_crl(
        self, *, requester: str = "antin", delta: bool = False
    ) -> x509.CertificateRevocationList:
        """Issue the next revocation list, full or delta, and store it: from then on it is served.

        Raises:
            RegisterConflictError: another process issued one meanwhile; the newest is as good.
            ClockBeforeRecordError: the clock was set back.
            DeltaNotMadeError: a delta list of an authority that makes none.
            DeltaBaseError: there is no full list yet that a delta could add to.
            SignatureMismatchError: the key's answer does not verify.
            CRLRefusedError: the list may not follow the one before.

        Spec: RFC 5280 §5.
        """
        crl, record = build_crl(
            self.issuer,
            self.register,
            self.record(),
            clock=self.clock,
            requester=requester,
            delta=delta,
        )
        facts = [("issuer", record.issuer), ("number", str(record.number))]
        if record.base_number is not None:
            facts.append(("base", str(record.base_number)))
        event = AuditEvent(self.clock.now(), requester, "crl.issue", tuple(facts))
        self.register.commit((StoreCRL(record),), event)
        return crl

    def recover_open(self, *, requester: str = "antin") -> tuple[CertificateRecord, ...]:
        """Give up what an interruption left reserved: it goes on the next list as revoked.

        A signature may exist that nobody was given; from here on it is worth nothing. Call this
        when no other process issues for this authority.
        """
        now = present(self.register, self.clock)
        query = CertificateQuery(issuer=self.issuer.name, state=CertificateState.RESERVED)
        records = self.register.find_certificates(query)
        return tuple(record for record in records if self._give_up(record, now, requester))

    def status_at(self, serial: int, at: datetime) -> StatusAt:
        """Tell what the status of a serial was at a moment."""
        return judge_status(self.register, self.issuer.name, serial, at=at)

    def record(self) -> AuthorityRecord:
        """Return this authority's record.

        Raises:
            AuthorityNotFoundError: the register does not know it.
        """
        if self._record is None:  # once it is there, it never changes
            self._record = self.register.find_authority(self.issuer.name)
        if self._record is None:
            raise AuthorityNotFoundError(authority=self.issuer.name)
        return self._record

    def check_may_issue(self, profile: Profile) -> None:
        """Refuse at the outset what this authority issues to nobody in bulk, or issues no more.

        Raises:
            AuthorityRevokedError: this authority is revoked.
            AuthorityRetiredError: another one goes on in its place.
            ProfileViolationError: the profile makes an authority.
            ApprovalNeededError: each certificate of the profile is approved by itself.
        """
        self._check_profile(profile)
        needed = approvals_for(self.desk, profile)
        if needed:
            raise ApprovalNeededError(profile=profile.name, approvals=needed)
        self.check_open(profile)

    def check_open(self, profile: Profile) -> None:
        """Refuse what this authority issues to nobody in bulk, approved or not.

        Raises:
            AuthorityRevokedError: this authority is revoked.
            AuthorityRetiredError: another one goes on in its place.
            ProfileViolationError: the profile makes an authority.
        """
        self._check_profile(profile)
        self.check_in_force()
        check_issues(self.register, self.issuer.name)

    def check_in_force(self) -> None:
        """Refuse to issue under a revoked certificate.

        Raises:
            AuthorityNotFoundError: the register does not know this authority.
            AuthorityRevokedError: its certificate is revoked.
        """
        check_in_force(self.register, self.record())

    def issued(self, serial: int, *, of: str | None = None) -> CertificateRecord:
        """Return the record of a certificate that this authority issued, or the one named `of`.

        Raises:
            CertificateNotFoundError: there is none.
        """
        issuer = of or self.issuer.name
        record = self.register.find_certificate(issuer, serial)
        if record is None or not record.was_issued:
            raise CertificateNotFoundError(issuer=issuer, serial=serial_text(serial))
        return record

    def issued_for(self, spki_sha256: str) -> tuple[CertificateRecord, ...]:
        """Return the certificates in force that this authority issued for a key."""
        issuer, state, now = self.issuer.name, CertificateState.ISSUED, self.clock.now()
        query = CertificateQuery(issuer, state, spki_sha256=spki_sha256, not_after_from=now)
        return self.register.find_certificates(query)

    @staticmethod
    def _check_profile(profile: Profile) -> None:
        if profile.is_authority:
            reason = phrase("pki.profile.makes_authority")
            raise ProfileViolationError(profile=profile.name, reason=reason)

    def _give_up(self, record: CertificateRecord, now: datetime, requester: str) -> bool:
        serial, reason = record.serial, x509.ReasonFlags.unspecified
        changes: tuple[Change, ...] = (
            Abandon(record.issuer, serial),
            Revoke(RevocationRecord(record.issuer, serial, reason, now)),
            *self._failed(record, now, requester),
        )
        try:
            event = self.event("certificate.abandon", now, requester, serial)
            self.register.commit(changes, event)
        except RegisterConflictError:
            return False  # completed meanwhile by whoever reserved it
        return True

    def _failed(
        self, record: CertificateRecord, now: datetime, requester: str
    ) -> tuple[MoveRequest, ...]:
        """Return the end of the request that was broken off with a serial, where there is one."""
        if self.desk is None or record.request_id is None:
            return ()
        case = self.desk.cases.find(record.request_id)
        if case is None or case.state is not RequestState.RUNNING:
            return ()
        request, number = case.record.id, case.moves + 1
        return (MoveRequest(RequestMove(request, number, RequestState.FAILED, now, requester)),)

    def event(
        self, action: str, at: datetime, requester: str, serial: int, **facts: str
    ) -> AuditEvent:
        """Return what the audit log is to say of one of this authority's serials."""
        told = {"issuer": self.issuer.name, "serial": serial_text(serial), **facts}
        return AuditEvent(at, requester, action, tuple(told.items()))
