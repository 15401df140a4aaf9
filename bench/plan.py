"""A whole province under one approval: written, approved and run, against issuing without a plan.

The floor is the same requests issued in bulk, by the same two workers. The peer is the same plan
whose process is killed three times while it runs, and comes to the same end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
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
from pki.authority.bulk import issue_in_bulk
from pki.authority.bulk_work import Demand
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
from pki.register.sql import SQLRegister, open_register
from pki.request import parse_request
from pki.requests.content import Concerned
from pki.requests.desk import Desk
from pki.requests.filing import approval_of, approve
from pki.requests.roles import NewRole, grant_role, grant_statement
from pki.subject import build_subject
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
        assert isinstance(self.authority.register, SQLRegister)
        self.register = self.authority.register
        self.people = People(self.authority)
        self.desk = desk_of(self.register)
        self.people.grant(self.desk)

    def made(self) -> Iterator[Made]:
        """Yield a line for each request: read, its proof verified, as a maker does."""
        for number in range(self._count):
            untrusted, pairs = self.wanted(number)
            key = parse_request(untrusted).public_key
            order = Order(key, self._profile, build_subject(pairs), "")
            yield certificate_item(order, "issuing", Concerned(agency=f"X{number % COMMUNES:03}"))

    def wanted(self, number: int) -> tuple[bytes, tuple[tuple[str, str], ...]]:
        """Return a request and whom it is for."""
        which = number % len(self._requests)
        return self._requests[which], (*issue.OFFICE, ("CN", f"Official {which}"))

    def create(self) -> None:
        """Write the plan and have it approved."""
        making = Making(PlanKind.REISSUE, "bench", self.made())
        plans = self.register.plans
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
            plans=desk.register.plans,  # type: ignore[attr-defined]  # it is an `SQLRegister`
            authority_of=lambda _: authority,
            profile_of=lambda _: self._profile,
            key_of=lambda _: partial(bulk.load_key, self._key_path),
            workers=self._workers,
        )
        statement = run_statement(desk.case(PLAN), desk.clock.now())
        yield from run_plan(running, PLAN, self.people.sign("officer", statement))

    def work(self) -> None:
        self.create()
        self.run()
        self._done = self.count_issued()
        self.register.close()

    def run(self) -> None:
        """Run the plan to its end."""
        for _ in self.steps(self.authority, self.desk):
            pass

    def count_issued(self) -> int:
        """Return how many lines are done."""
        return sum(one.lines for one in self.register.plans.report(PLAN) if one.state == "done")

    def check(self) -> None:
        assert self._done == self._count, self._done

    def close(self) -> None:
        for one in self._workers:
            one.shutdown()


class Killed(Antin):
    """The same plan, killed three times on its way."""

    def run(self) -> None:
        for number in range(1, KILLS + 1):
            self.run_and_die(self._count * number // (KILLS + 1))
        super().run()

    def run_and_die(self, most: int) -> None:
        """Run it in another process, in one thread, which is killed after so many lines."""
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL, status
            return
        try:
            register = open_register(self.folder / "register")
            key = bulk.load_key(self._key_path)
            urls = self.authority.issuer.urls
            authority = open_authority(register, "issuing", key=key, urls=urls, clock=SystemClock())
            self._workers = ()
            for progress in self.steps(authority, desk_of(register)):
                if progress.ended >= most:
                    os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)


class Floor(Antin):
    """The same requests issued in bulk, with nobody's approval."""

    def work(self) -> None:
        demands = (
            Demand(*self.wanted(number), "bench", f"{PLAN}.{number}")
            for number in range(self._count)
        )
        outcomes = issue_in_bulk(
            self.authority,
            self._profile,
            demands,
            open_key=partial(bulk.load_key, self._key_path),
            workers=self._workers,
        )
        self._done = sum(outcome.certificate_der is not None for outcome in outcomes)
        self.register.close()


def desk_of(register: SQLRegister) -> Desk:
    """Return the desk of a register."""
    return Desk(register, register.cases, SystemClock(), own_judge(register), {}, register)


def contenders(count: int) -> tuple[Contender, ...]:
    """Return the plan, bulk issuing without one, and the plan that is killed."""
    return (
        Contender("Antin", partial(Antin, count=count)),
        Contender("floor", partial(Floor, count=count)),
        Contender("killed three times", partial(Killed, count=count)),
    )
