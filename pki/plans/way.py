"""What is asked and recorded on the way of the certificates of a plan.

The same as of any approved request, of a batch at a time: the approvals are judged again before
it is reserved, each reservation names them in the log, and what it comes to stands in the line's
end, in the transaction that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from pki.audit.entry import present
from pki.authority.approval import approvals_for, approvals_for_certificate, revoked_with
from pki.authority.authority import Authority
from pki.authority.bulk_work import Signed
from pki.authority.issuance import complete, refuse, reserve
from pki.authority.renewal import Following, check_may_be_followed, followed
from pki.errors.certificates import RenewHeldError, RenewRevokedError
from pki.errors.issuing import LintFailedError
from pki.errors.office import (
    ApprovalExpiredError,
    ApprovalMismatchError,
    ApprovalNeededError,
    ApprovalsMissingError,
    OwnRequestError,
    RequestRunningError,
    RequestStateError,
    RequestWithdrawnError,
    RightMissingError,
    SignerStatusError,
    SignerUntrustedError,
)
from pki.errors.plans import PlanChangedError
from pki.errors.requests import RequestOpenError
from pki.errors.tree import InvalidInputError, PKIError, RefusedError
from pki.plans.demands import PlannedDemand, deed_in
from pki.profile import Profile
from pki.records.audit import AuditEvent
from pki.records.certificates import (
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    serial_text,
)
from pki.records.changes import Abandon, EnterRecord, Revoke, Step
from pki.records.plans import EndLine, EndState, PlanEnd, PlanLine
from pki.records.requests import RequestKind
from pki.requests.concern import assigned, is_kept
from pki.requests.content import Concerned
from pki.requests.desk import Desk
from pki.requests.permission import Permission, Permit, check_approved
from pki.requests.plan_head import Coverage
from pki.transitions import is_held

PLAN_APPROVALS = 1
"""Of a plan at least: nobody does many things at once alone."""


_OF_THE_PLAN = (
    *(ApprovalExpiredError, ApprovalMismatchError, ApprovalNeededError, ApprovalsMissingError),
    *(OwnRequestError, RequestRunningError, RequestStateError, RequestWithdrawnError),
    *(RightMissingError, SignerStatusError, SignerUntrustedError, PlanChangedError),
)
"""Refusals that stop a plan as a whole, and say nothing of one line."""


def is_final(error: PKIError) -> bool:
    """Say whether an error ends a line: not the machine's, not the plan's, not a crash's."""
    judged = isinstance(error, RefusedError | InvalidInputError)
    return judged and not isinstance(error, (*_OF_THE_PLAN, RequestOpenError))


class PlanWay:
    """The way of the lines of one plan that one authority certifies by one profile."""

    def __init__(
        self, authority: Authority, desk: Desk, coverage: Coverage, permit: Permit, profile: Profile
    ) -> None:
        self._authority = authority
        self._desk = desk
        self._coverage = coverage
        self._permit = permit
        self._profile = profile
        self._permission: Permission | None = None
        self._batch: tuple[PlanLine, ...] = ()
        self._seen: set[int] = set()
        self._kept = False
        self._requester = f"person:{coverage.case.record.requester}"

    @property
    def permission(self) -> Permission:
        """What was found to be approved when it was asked last."""
        return self._permission or self.ask(())

    def ask(self, demands: Sequence[PlannedDemand]) -> Permission:
        """Ask whether the plan is still approved, for certificates like these.

        Raises:
            PKIError: as `pki.requests.permission.check_approved`.
        """
        now = present(self._desk.register, self._desk.clock)
        needed = max(PLAN_APPROVALS, approvals_for(self._desk, self._profile))
        for one in demands:
            if one.replaces is not None and one.replaced_of is not None:
                of = self._desk.register.needed_approvals(one.replaced_of, one.replaces)
                needed = max(needed, of)
        permission = check_approved(
            self._desk, self._coverage.head, self._permit, needed=needed, now=now
        )
        assert permission is not None  # noqa: S101  a permit was given
        self._permission = permission
        return permission

    def demand(self, line: PlanLine) -> PlannedDemand:
        """Return a line as it goes to a worker; what a worker cannot know is asked here."""
        if line.item.serial is None:
            return PlannedDemand(line, self._requester)
        try:
            return self._following(line, line.item.serial)
        except (RefusedError, InvalidInputError) as error:
            return PlannedDemand(line, self._requester, fault=error)

    def _following(self, line: PlanLine, serial: int) -> PlannedDemand:
        told, authority = deed_in(line), self._authority
        of = str(told.get("replaced_of"))
        changed = line.item.kind is RequestKind.CHANGE
        wanted = Following(serial, self._profile, self._requester, of)
        record = followed(authority, wanted)
        if changed:
            standing = authority.register.find_revocation(of, serial)
            if standing is not None:
                named, at = serial_text(serial), standing.revoked_at
                if is_held(standing):
                    raise RenewHeldError(serial=named, held_at=at)
                raise RenewRevokedError(serial=named, revoked_at=at)
        else:
            check_may_be_followed(authority, record, self._profile)
        return PlannedDemand(
            *(line, self._requester, serial, of, changed),
            followed_der=None if changed else record.der,
        )

    def begin(self, profile: Profile) -> None:
        """Ask whether the authority issues."""
        self._authority.check_open(profile)

    def check(self, demands: Sequence[PlannedDemand]) -> None:
        """Judge the approvals anew."""
        self.ask(demands)
        self._batch = tuple(one.line for one in demands)
        self._seen.clear()
        people = self._desk.people
        self._kept = people is not None and is_kept(people)

    def reserve(self, record: CertificateRecord, demand: PlannedDemand) -> Step:
        """Return the reservation, with who approved it; it is none where the plan was withdrawn."""
        changes, event = reserve(record, self._profile, demand)
        facts = (*event.facts, *self.permission.facts.items(), ("line", str(demand.line.number)))
        begun = self._beginning(demand.line, record)
        if begun:
            asked = self.permission.lines_begin(begun, record.reserved_at)
            changes = (*changes, asked)
        return Step(changes, replace(event, facts=facts))

    def _beginning(self, line: PlanLine, record: CertificateRecord) -> tuple[PlanLine, ...]:
        """Return the lines that are asked about in a step of a reservation.

        The whole batch in its first; each in its own where the batch is reserved one by one, which
        is told by a serial's coming again.
        """
        again, first = record.serial in self._seen, not self._seen
        self._seen.add(record.serial)
        if again:
            return (line,)
        return self._batch if first else ()

    def complete(
        self, record: CertificateRecord, certificate_der: bytes, demand: PlannedDemand
    ) -> Step:
        """Return what is recorded with the certificate: its end, and on whom it hangs."""
        now, issuer = self._authority.clock.now(), self._authority.issuer.name
        item, people = demand.line.item, self._desk.people
        concerned = Concerned(item.person, item.post, item.agency, item.device)
        place = (issuer, record.serial)
        kept = people is not None and self._kept
        hanging = assigned(concerned, place, people, now) if kept and people else None
        settled = (
            *revoked_with(demand, issuer, self._authority.register, now),
            *((EnterRecord(hanging),) if hanging is not None else ()),
            end_of(demand.line, now, serial=record.serial),
        )
        changes, event = complete(record, certificate_der, now, demand, settled)
        return Step(changes, replace(event, facts=(*event.facts, *concerned.told.items())))

    def refuse(
        self, record: CertificateRecord, demand: PlannedDemand, error: LintFailedError
    ) -> Step:
        """Return the end of a line whose bytes the linter refused."""
        changes, event = refuse(record)
        return Step((*changes, end_of(demand.line, record.reserved_at, error)), event)

    def settle(self, demand: PlannedDemand, result: Signed) -> Step | None:
        """Return the end of a line that was refused, or whose certificate is there already."""
        now = self._authority.clock.now()
        if isinstance(result, bytes):
            serial = x509.load_der_x509_certificate(result).serial_number
            return ended(demand.line, now, self._permit.actor, serial=serial)
        if not is_final(result):
            return None
        return self._given_up(demand, ended(demand.line, now, self._permit.actor, result))

    def _given_up(self, demand: PlannedDemand, step: Step) -> Step:
        """Return the end of a line, with what a crash had reserved for it given up as well."""
        issuer, register = self._authority.issuer.name, self._desk.register
        begun = register.find_request(issuer, demand.line.request_id)
        if begun is None or begun.state is not CertificateState.RESERVED:
            return step
        reason = x509.ReasonFlags.unspecified
        revoked = Revoke(RevocationRecord(issuer, begun.serial, reason, step.event.at))
        told = {name: value for name, value in step.event.facts if name != "state"}
        event = self._authority.event(
            "certificate.abandon", step.event.at, self._permit.actor, begun.serial, **told
        )
        return Step((Abandon(issuer, begun.serial), revoked, *step.changes), event)


def end_of(
    line: PlanLine, at: datetime, error: PKIError | None = None, serial: int | None = None
) -> EndLine:
    """Return what is recorded of a line that has come to its end."""
    state = EndState.DONE if error is None else EndState.REFUSED
    code = None if error is None else error.code
    return EndLine(PlanEnd(line.plan, line.number, state, at, code, serial))


def ended(
    line: PlanLine,
    at: datetime,
    actor: str,
    error: PKIError | None = None,
    serial: int | None = None,
) -> Step:
    """Return the step that records an end and nothing else."""
    change = end_of(line, at, error, serial)
    record = change.record
    facts = {"request": line.plan, "line": str(line.number), "state": str(record.state)}
    if record.code is not None:
        facts["code"] = record.code
    return Step((change,), AuditEvent(at, actor, "plan.line", tuple(facts.items())))


def needed_for(desk: Desk, profile: Profile | None, line: PlanLine, of: str | None) -> int:
    """Return how many approvals a line takes when it is done by itself.

    Args:
        desk: where the administration's rules are.
        profile: of a certificate; None for a change of status.
        line: which.
        of: who issued the certificate that it is about.
    """
    register, serial = desk.register, line.item.serial
    if profile is None:
        record = register.find_certificate(line.item.issuer, serial or 0)
        return 0 if record is None else approvals_for_certificate(register, desk, record)
    needed = approvals_for(desk, profile)
    if serial is not None:
        needed = max(needed, register.needed_approvals(of or line.item.issuer, serial))
    return needed
