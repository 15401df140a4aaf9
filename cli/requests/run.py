"""Carries out a request as an officer asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from cli.actor import actor
from cli.homes.office import Office
from cli.issuing.roll_over import issuing_for
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.authority.carry_out import Done, carry_out, complete_recovery, run_statement
from pki.errors.plans import PlanAloneError
from pki.records.requests import CERTIFYING, RequestKind, RequestState
from pki.requests.concern import check_concerned
from pki.requests.content import Concerned


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it, and the list that tells of it."""

    done: Done
    crl_number: int | None


def run_request(office: Office, request: str, officer: Actor, profile: str | None) -> Ran:
    """Do what was approved, and publish a list where the status of a certificate changed.

    Raises:
        PKIError: any refusal of the request or of the authority.
    """
    desk = judging_desk(office)
    case = desk.case(request)
    if case.record.kind is RequestKind.PLAN:
        raise PlanAloneError(plan=request)
    if case.state is RequestState.SUBMITTED:  # before a PIN is asked for
        about, now = Concerned.of(case.record), office.session.clock.now()
        check_concerned(case.record.kind, about, office.register, now, new=False)
    signature = officer.sign(office, run_statement(case, office.session.clock.now()))
    kind = case.record.kind
    if kind is RequestKind.RECOVER:
        return Ran(Done(complete_recovery(desk, request, signature)), None)
    follows = kind in {RequestKind.RENEW, RequestKind.CHANGE}
    issuer = case.record.issuer
    authority = issuing_for(office, issuer) if follows else office.authority(issuer)
    authority.desk = desk
    loaded = office.profile(profile or case.record.profile) if kind in CERTIFYING else None
    with office.home.locked():
        done = carry_out(authority, desk, request, signature, profile=loaded)
        if kind in CERTIFYING and kind is not RequestKind.CHANGE:
            return Ran(done, None)
        authority.issue_crl(requester=actor())
    newest = office.register.newest_crl_head(authority.issuer.name)
    return Ran(done, newest.number if newest else None)
