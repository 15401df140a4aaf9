"""Approves, ends and looks at requests as people ask for it on the command line."""

from __future__ import annotations

from datetime import timedelta

from cli.homes.office import Office
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.records.audit import AuditEvent
from pki.records.requests import Case
from pki.requests.filing import (
    USUAL_APPROVAL,
    approval_of,
    approve,
    check_content,
    end,
    facts_of,
    statement_on,
)
from pki.requests.rights import Act


def approve_request(office: Office, request: str, who: Actor, term: timedelta | None) -> Case:
    """Approve a request, until the term is over.

    Raises:
        PKIError: as `pki.requests.filing.approve`.
    """
    desk = judging_desk(office)
    case = desk.case(request)
    check_content(desk, case)  # before anybody's PIN is asked for
    statement = approval_of(case, office.session.clock.now(), term or USUAL_APPROVAL)
    return approve(desk, request, who.sign(office, statement))


def end_request(office: Office, act: Act, request: str, who: Actor) -> Case:
    """Reject, withdraw or review a request.

    Raises:
        PKIError: as `pki.requests.filing.end`.
    """
    desk = judging_desk(office)
    case = desk.case(request)
    statement = statement_on(act, case, office.session.clock.now())
    return end(desk, act, request, who.sign(office, statement))


def check_may_see(office: Office, case: Case, who: Actor) -> None:
    """Record who looks at personal numbers; who may not, does not.

    Raises:
        PKIError: as `pki.requests.desk.Desk.identify`.
    """
    desk, now = judging_desk(office), office.session.clock.now()
    acting = desk.identify(Act.SEE, who.sign(office, statement_on(Act.SEE, case, now)), now)
    event = AuditEvent(now, acting.actor, "request.see", facts_of(case.record))
    office.register.commit((), event)
