"""A whole province under one approval: written, approved and run, against issuing without a plan.

The floor is the same requests issued in bulk, by the same two workers. The peer is the same plan
whose process is killed three times while it runs, and comes to the same end.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from bench import bulk, issue
from bench.material import Material
from bench.rounds import Contender, Task
from cli.requests.judge import own_judge
from pki.authority.authority import Authority
from pki.authority.carry_out import run_statement
from pki.authority.create import open_authority
from pki.authority.issuance import Order
from pki.clock import SystemClock
from pki.collecting import collect_seldom
from pki.keys import PrivateKey
from pki.plans.items import certificate_item
from pki.plans.making import Made, Making
from pki.plans.run import Progress, Running, run_plan
from pki.plans.writing import submit_plan, write_plan
from pki.profile import Profile, load_profile
from pki.records.plans import PlanKind
from pki.records.requests import Role, Signature
from pki.register.sql import open_register
from pki.request import parse_request
from pki.requests.content import Concerned
from pki.requests.desk import Desk
from pki.requests.filing import approval_of, approve
from pki.requests.roles import NewRole, grant_role, grant_statement
from pki.subject import build_subject
from pki.urls import AuthorityURLs
from signing.acts import sign_act
from signing.key import SigningKey

PROVINCE = 67_668
COMMUNES = 200
KILLS = 3
PLAN = "P-1"


def profile() -> Profile:
    """Return an official's, of whom there may be any number: few requests are used often."""
    found = load_profile("official")
    of = found.subject.model_copy(update={"active_per_holder": None})
    return found.model_copy(update={"subject": of})


class People:
    """Clerk, approver and officer with certificates of the authority itself."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._keys: dict[str, tuple[PrivateKey, x509.Certificate]] = {}
        official = load_profile("official")
        for code in ("officer", "clerk", "approver"):
            key = generate_private_key(SECP256R1())
            named = build_subject((*issue.OFFICE, ("CN", code)))
            certificate = authority.issue(key.public_key(), official, named, requester="bench")
            self._keys[code] = (key, certificate)

    def grant(self, desk: Desk) -> None:
        for role in (Role.OFFICER, Role.CLERK, Role.APPROVER):
            now = desk.clock.now()
            new = NewRole(role, role.value, self._keys[role.value][1], now)
            by: Signature | str = "account:bench"
            if role is not Role.OFFICER:
                by = self.sign("officer", grant_statement(new, now))
            grant_role(desk, new, by)

    def sign(self, who: str, statement: bytes) -> Signature:
        key, certificate = self._keys[who]
        signer = SigningKey(certificate, (self._authority.issuer.certificate,), lambda: key)
        at = self._authority.clock.now()
        return Signature(statement, sign_act(signer, statement, at=at))


class Antin(Task):
    """A plan, from its requests to its last certificate."""

    def __init__(self, material: Material, count: int) -> None:
        super().__init__(material)
        self._count = count
        self._key_path = material.folder / "issuing.key"
        context = multiprocessing.get_context("spawn")
        self._workers = tuple(
            ProcessPoolExecutor(1, mp_context=context, initializer=collect_seldom)
            for _ in range(bulk.WORKERS)
        )
        self._profile = profile()
        self._requests = tuple(path.read_bytes() for path in material.mixed())

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.authority = issue.new_authority(folder / "register", bulk.load_key(self._key_path))
        self.authority.issue_crl()
        register = self.authority.register
        self.people = People(self.authority)
        self.desk = Desk(register, register.cases, SystemClock(), own_judge(register), {}, register)  # type: ignore[attr-defined, arg-type]
        self.people.grant(self.desk)

    def made(self) -> Iterator[Made]:
        """Yield a line for each request: read, its proof verified, as a maker does."""
        for number in range(self._count):
            untrusted = self._requests[number % len(self._requests)]
            key = parse_request(untrusted).public_key
            subject = build_subject(
                (*issue.OFFICE, ("CN", f"Official {number % len(self._requests)}"))
            )
            order = Order(key, self._profile, subject, "")
            yield certificate_item(order, "issuing", Concerned(agency=f"X{number % COMMUNES:03}"))

    def create(self) -> None:
        """Write the plan and have it approved."""
        making = Making(PlanKind.REISSUE, "bench", self.made())
        plans = self.authority.register.plans  # type: ignore[attr-defined]
        written = write_plan(
            *(self.desk, plans, making),
            plan=PLAN,
            actor="account:bench",
            profile_of=lambda _: self._profile,
        )
        assert written.submission, written.found.faults[:1]
        signed = self.people.sign("clerk", written.submission.statement)
        case = submit_plan(self.desk, plans, written.submission, signed.cms, "account:bench")
        statement = approval_of(case, self.desk.clock.now())
        approve(self.desk, PLAN, self.people.sign("approver", statement))

    def steps(self, authority: Authority, desk: Desk) -> Iterator[Progress]:
        """Run it."""
        running = Running(
            desk=desk,
            plans=authority.register.plans,  # type: ignore[attr-defined]
            authority_of=lambda _: authority,
            profile_of=lambda _: self._profile,
            key_of=lambda _: partial(bulk.load_key, self._key_path),
            workers=self._workers,
        )
        statement = run_statement(desk.case(PLAN), desk.clock.now())
        yield from run_plan(running, PLAN, self.people.sign("officer", statement))

    def work(self) -> None:
        self.create()
        for self.last in self.steps(self.authority, self.desk):
            pass
        self._done = self.count_issued()
        self.authority.register.close()  # type: ignore[attr-defined]

    def count_issued(self) -> int:
        rows = self.authority.register.plans.report(PLAN)  # type: ignore[attr-defined]
        return sum(one.lines for one in rows if one.state == "done")

    def check(self) -> None:
        assert self._done == self._count, self._done

    def close(self) -> None:
        for one in self._workers:
            one.shutdown()
