"""Plans at the small administration of `pki_office`: makers of lines, and every step by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from cryptography import x509
from pki_office import Office
from pki_world import new_key, someone

from pki.authority.bulk import Workers
from pki.authority.carry_out import run_statement
from pki.authority.issuance import Order
from pki.plans.items import certificate_item, status_item
from pki.plans.making import Made, Making
from pki.plans.run import Progress, Running, run_plan
from pki.plans.writing import Written, submit_plan, write_plan
from pki.profile import Profile, load_profile
from pki.records.certificates import CertificateQuery, CertificateRecord
from pki.records.plans import EndState, PlanItem, PlanKind
from pki.records.requests import Case, RequestKind
from pki.requests.content import Concerned
from pki.strength import check_strength
from pki.subject import subject_of

RENAMED = (
    "UPDATE plan_lines SET deed = CAST(replace(CAST(deed AS TEXT), 'Người {0}', 'Người X') AS BLOB)"
    " WHERE number = {0}"
)
"""Writes another name into a line, by its number."""


@dataclass
class Planning:
    """An office with a desk for plans."""

    office: Office
    workers: Workers | Sequence[Workers] = ()
    profiles: dict[str, Profile] = field(default_factory=dict)

    def profile(self, name: str = "official") -> Profile:
        return self.profiles.get(name) or load_profile(name)

    @property
    def plans(self):
        return self.office.world.register.plans

    def new(self, number: int = 1, agency: str | None = "A-1", **names: str) -> PlanItem:
        subject = someone(**{"CN": f"Người {number}", **names})
        order = Order(new_key().public_key(), self.profile(), subject, "")
        return certificate_item(order, "issuing", Concerned(agency=agency))

    def record(self, certificate: x509.Certificate) -> CertificateRecord:
        found = self.office.world.register.find_certificate("issuing", certificate.serial_number)
        assert found
        return found

    def issue(self, number: int) -> CertificateRecord:
        certificate = self.office.world.issue(
            self.profile(), key=new_key(), subject=someone(CN=f"Người {number}")
        )
        return self.record(certificate)

    def renew(self, record: CertificateRecord) -> PlanItem:
        certificate = x509.load_der_x509_certificate(record.der or b"")
        profile = self.profile(record.profile)
        order = Order(
            *(check_strength(certificate.public_key()), profile, subject_of(certificate), ""),
            longest=profile.renewal,
            replaces=record.serial,
            replaced_of=record.issuer,
        )
        return certificate_item(order, "issuing", Concerned(agency="A-2"))

    def change(self, record: CertificateRecord, **names: str) -> PlanItem:
        certificate = x509.load_der_x509_certificate(record.der or b"")
        subject = someone(**names) if names else subject_of(certificate)
        order = Order(
            *(new_key().public_key(), self.profile(record.profile), subject, ""),
            replaces=record.serial,
            replaced_of=record.issuer,
            revokes_replaced=True,
        )
        return certificate_item(order, "issuing", Concerned(agency="A-2"))

    def status(
        self, kind: RequestKind, record: CertificateRecord, reason: str | None = None
    ) -> PlanItem:
        return status_item(kind, record, Concerned(agency="A-3"), reason=reason)

    def write(self, made: Iterable[Made], plan: str = "P-1", *, skip_bad: bool = False) -> Written:
        making = Making(PlanKind.REISSUE, "Cấp lại", iter(made))
        return write_plan(
            *(self.office.desk, self.plans, making),
            plan=plan,
            actor="account:clerk",
            profile_of=self.profile,
            skip_bad=skip_bad,
        )

    def create(self, made: Iterable[Made], plan: str = "P-1", *, skip_bad: bool = False) -> Case:
        written = self.write(made, plan, skip_bad=skip_bad)
        assert written.submission, [str(one.error) for one in written.found.faults]
        cms = self.office.sign("clerk", written.submission.statement).cms
        return submit_plan(self.office.desk, self.plans, written.submission, cms, "account:clerk")

    def approved(self, made: Iterable[Made], plan: str = "P-1") -> Case:
        return self.office.approve(self.create(made, plan))

    def running(self, workers: Workers | Sequence[Workers] | None = None) -> Running:
        office = self.office
        return Running(
            desk=office.desk,
            plans=self.plans,
            authority_of=lambda _: office.issuing,
            profile_of=self.profile,
            key_of=lambda _: lambda: office.issuing.issuer.key,
            workers=self.workers if workers is None else workers,
        )

    def steps(self, plan: str = "P-1", who: str = "officer") -> Iterator[Progress]:
        case = self.office.desk.case(plan)
        signature = self.office.sign(who, run_statement(case, self.office.now))
        return run_plan(self.running(), plan, signature)

    def run(self, plan: str = "P-1", who: str = "officer") -> Progress:
        *_, last = self.steps(plan, who)
        return last

    def ends(self, plan: str = "P-1") -> dict[int, tuple[EndState, str | None]]:
        found = self.plans.ends(plan, 0, 10**6)
        return {number: (end.state, end.code) for number, end in found.items()}

    def issued(self, plan: str = "P-1") -> dict[str, list[CertificateRecord]]:
        """Return the certificates of a plan, by their request ids."""
        found: dict[str, list[CertificateRecord]] = {}
        for one in self.office.world.register.find_certificates(CertificateQuery()):
            if (one.request_id or "").startswith(f"{plan}."):
                found.setdefault(one.request_id or "", []).append(one)
        return found


def tamper(planning: Planning, statement: str) -> None:
    """Write into the register as somebody does who owns the file: past every guard."""
    path = planning.office.world.register._store.place  # type: ignore[attr-defined]
    with closing(sqlite3.connect(path)) as database:
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in guards.fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
        database.commit()
