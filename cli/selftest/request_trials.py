"""Trials of invariants 8 and 9 where something is approved: who did, what it was, and when.

Each takes a sandbox, and raises `Broken` where the invariant does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from cli.requests.judge import own_judge
from cli.selftest.sandbox import REQUESTER, Sandbox, WatchedKey, demand, refused
from pki.authority.approval import approvals_for
from pki.authority.carry_out import carry_out, run_statement
from pki.authority.deeds import certificate_deed
from pki.authority.issuance import Order
from pki.errors.office import (
    ApprovalExpiredError,
    ApprovalNeededError,
    OwnRequestError,
    RequestChangedError,
    RightMissingError,
)
from pki.records.requests import Case, RequestKind, Role, RoleGrant, Signature
from pki.requests.content import Asked, Concerned
from pki.requests.desk import Desk
from pki.requests.filing import approval_of, approve, prepare_submission, submit
from pki.requests.permission import Permit
from pki.requests.roles import NewRole, end_role, end_statement, grant_role, grant_statement
from signing.acts import sign_act
from signing.key import SigningKey


@dataclass(frozen=True, slots=True)
class _Office:
    """A sandbox with people who have roles."""

    sandbox: Sandbox
    desk: Desk
    people: dict[str, SigningKey]

    def sign(self, who: str, statement: bytes) -> Signature:
        signer = self.people[who]
        return Signature(statement, sign_act(signer, statement, at=self.sandbox.clock.now()))

    def grant(self, who: str, role: Role) -> RoleGrant:
        now = self.sandbox.clock.now()
        new = NewRole(role, who, self.people[who].certificate, now)
        by = REQUESTER if role is Role.OFFICER else self.sign("officer", grant_statement(new, now))
        return grant_role(self.desk, new, by)

    def ask(self, number: str, order: Order) -> Case:
        deed, now = certificate_deed(order, "issuing"), self.sandbox.clock.now()
        profile = order.profile
        needed = approvals_for(self.desk, profile)
        asked = Asked(
            number, RequestKind.NEW, "issuing", profile.name, None, deed, Concerned(), needed
        )
        made = prepare_submission(asked, now)
        return submit(self.desk, made, self.sign("clerk", made.statement).cms)

    def approve(self, case: Case, who: str = "approver") -> Case:
        statement = approval_of(case, self.sandbox.clock.now())
        return approve(self.desk, case.record.id, self.sign(who, statement))

    def run(self, case: Case) -> object:
        signature = self.sign("officer", run_statement(case, self.sandbox.clock.now()))
        profile = self.sandbox.profile
        done = carry_out(
            self.sandbox.issuing, self.desk, case.record.id, signature, profile=profile
        )
        return done.certificate


def approved_only(sandbox: Sandbox) -> None:
    """8. What takes an approval is done by nothing else, and is what was approved, still."""
    office = _open(sandbox)
    order = sandbox.order()
    refused(ApprovalNeededError, lambda: sandbox.issuing.certify(order))
    case = office.approve(office.ask("selftest-8", order))
    signature = office.sign("officer", run_statement(case, sandbox.clock.now()))
    permit = Permit(case.record.id, "person:officer", signature)
    other = replace(order, subject=sandbox.someone(), request_id=case.record.id, permit=permit)
    refused(RequestChangedError, lambda: sandbox.issuing.certify(other))
    demand(office.run(case) is not None, "cli.selftest.no_record")
    sandbox.clock.advance(timedelta(seconds=1))
    ended = office.approve(office.ask("selftest-8b", sandbox.order()))
    grants = {one.person: one.id for one in office.desk.cases.grants()}
    statement = end_statement(grants["approver"], sandbox.clock.now())
    end_role(office.desk, grants["approver"], office.sign("officer", statement))
    refused(RightMissingError, lambda: office.run(ended))


def approved_by_another(sandbox: Sandbox) -> None:
    """9. Nobody approves a request of one's own; approvals expire; a retry yields no second."""
    office = _open(sandbox)
    office.grant("clerk", Role.APPROVER)
    case = office.ask("selftest-9", sandbox.order())
    refused(OwnRequestError, lambda: office.approve(case, "clerk"))
    office.approve(case)
    demand(office.run(case) == office.run(case), "cli.selftest.request_twice")
    late = office.approve(office.ask("selftest-9b", sandbox.order()))
    sandbox.clock.advance(timedelta(days=7))
    refused(ApprovalExpiredError, lambda: office.run(late))


def _open(sandbox: Sandbox) -> _Office:
    """Give three people their certificates and roles, and let approvals be asked from then on."""
    issuing, register = sandbox.issuing, sandbox.register
    people = {}
    for name in ("officer", "clerk", "approver"):
        key = WatchedKey()
        certificate = issuing.certify(sandbox.order(key=key))
        people[name] = SigningKey(certificate, (issuing.issuer.certificate,), lambda key=key: key)  # type: ignore[misc]
    rules = {sandbox.profile.name: 1}
    desk = Desk(register, register.cases, sandbox.clock, own_judge(register), rules)
    office = _Office(sandbox, desk, people)
    for name, role in (
        ("officer", Role.OFFICER),
        ("clerk", Role.CLERK),
        ("approver", Role.APPROVER),
    ):
        office.grant(name, role)
    issuing.desk = desk
    return office
