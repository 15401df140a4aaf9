"""An office at a small administration: clerk, approvers, officer, each with a certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from pki_world import World, make_world, new_key, someone

from cli.requests.judge import own_judge
from pki.authority.authority import Authority
from pki.authority.carry_out import Done, carry_out, run_statement
from pki.authority.deeds import certificate_deed, status_deed
from pki.authority.issuance import Order
from pki.clock import Clock, FixedClock
from pki.keys import PrivateKey
from pki.profile import Profile, load_profile
from pki.records.certificates import CertificateRecord
from pki.records.requests import Case, RequestKind, Role, RoleGrant, Signature
from pki.requests.content import Asked, Concerned
from pki.requests.desk import Desk
from pki.requests.filing import (
    approval_of,
    approve,
    end,
    new_request_id,
    prepare_submission,
    statement_on,
    submit,
)
from pki.requests.rights import Act
from pki.requests.roles import NewRole, end_role, end_statement, grant_role, grant_statement
from signing.acts import sign_act
from signing.key import SigningKey


@dataclass
class Person:
    """Somebody with a certificate and its key."""

    code: str
    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    def sign(self, statement: bytes, at: datetime) -> Signature:
        signer = SigningKey(self.certificate, self.chain, lambda: self.key)
        return Signature(statement, sign_act(signer, statement, at=at))


@dataclass
class Office:
    """A world with a desk, and people who have roles there."""

    world: World
    people: dict[str, Person] = field(default_factory=dict)
    grants: dict[str, RoleGrant] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    concerned: Concerned = field(default_factory=lambda: Concerned(person="CB-1", agency="A-1"))

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def desk(self) -> Desk:
        register = self.world.register
        return Desk(register, register.cases, self.clock, own_judge(register), self.rules, register)

    @property
    def issuing(self) -> Authority:
        self.world.issuing.desk = self.desk
        return self.world.issuing

    @property
    def profile(self) -> Profile:
        return approved_profile()

    def hire(self, code: str, **names: str) -> Person:
        """Give somebody a certificate; no approval is asked for those."""
        key = new_key()
        certificate = self.world.issue(load_profile("official"), key=key, subject=someone(**names))
        person = Person(code, certificate, key, (self.world.issuing.issuer.certificate,))
        self.people[code] = person
        return person

    def grant(self, code: str, role: Role, *, by: str = "officer", **term: datetime) -> RoleGrant:
        person = self.people.get(code) or self.hire(code)
        new = NewRole(role, person.code, person.certificate, **{"since": self.now, **term})  # type: ignore[arg-type]
        if by not in self.people:
            signed: Signature | str = "account:root"
        else:
            signed = self.sign(by, grant_statement(new, self.now))
        self.grants[code] = grant_role(self.desk, new, signed)
        return self.grants[code]

    def dismiss(self, code: str, *, by: str = "officer") -> None:
        grant = self.grants[code].id
        end_role(self.desk, grant, self.sign(by, end_statement(grant, self.now)))

    def sign(self, who: str, statement: bytes) -> Signature:
        return self.people[who].sign(statement, self.now)

    def order(self, key: PrivateKey | None = None) -> Order:
        return Order((key or new_key()).public_key(), self.profile, someone(), "person:clerk")

    def ask_new(
        self, order: Order | None = None, *, number: str | None = None, who: str = "clerk"
    ) -> Case:
        order = order or self.order()
        deed = certificate_deed(order, "issuing")
        kind, serial = RequestKind.NEW, None
        if order.replaces is not None:
            kind, serial = RequestKind.CHANGE, order.replaces
        return self._submit(kind, order.profile, serial, deed, number=number, who=who)

    def ask_status(
        self, kind: RequestKind, record: CertificateRecord, who: str = "clerk", **told: object
    ) -> Case:
        deed = status_deed(kind, record, **told)  # type: ignore[arg-type]
        return self._submit(kind, self.profile, record.serial, deed, number=None, who=who)

    def _submit(
        self,
        kind: RequestKind,
        profile: Profile,
        serial: int | None,
        deed: object,
        *,
        number: str | None,
        who: str,
    ) -> Case:
        asked = Asked(
            number or new_request_id(self.now),
            kind,
            "issuing",
            profile.name,
            serial,
            deed,  # type: ignore[arg-type]
            self.concerned,
            profile.approvals,
        )
        submission = prepare_submission(asked, self.now)
        return submit(self.desk, submission, self.sign(who, submission.statement).cms)

    def approve(
        self, case: Case, who: str = "approver", term: timedelta = timedelta(days=7)
    ) -> Case:
        statement = approval_of(case, self.now, term)
        return approve(self.desk, case.record.id, self.sign(who, statement))

    def end(self, act: Act, case: Case, who: str) -> Case:
        return end(
            self.desk, act, case.record.id, self.sign(who, statement_on(act, case, self.now))
        )

    def run(self, case: Case, who: str = "officer", profile: Profile | None = None) -> Done:
        signature = self.sign(who, run_statement(case, self.now))
        return carry_out(
            self.issuing,
            self.desk,
            case.record.id,
            signature,
            profile=profile or self.profile,
        )

    def later(self, **span: float) -> None:
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(timedelta(**span))


def approved_profile(approvals: int = 1, **changed: object) -> Profile:
    """Return an official's profile that asks for approvals."""
    return load_profile("official").model_copy(update={"approvals": approvals, **changed})


def make_office(folder: Path, place: str | None = None) -> Office:
    """Make an administration whose people have been given their roles."""
    office = Office(make_world(folder, place=place))
    office.world.root.issue_crl()
    office.issuing.issue_crl()
    office.grant("officer", Role.OFFICER, by="nobody yet")
    office.grant("clerk", Role.CLERK)
    for approver in ("approver", "second"):
        office.grant(approver, Role.APPROVER)
    office.grant("auditor", Role.AUDITOR)
    return office
