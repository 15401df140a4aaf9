"""Hands in what an event asks for, as requests: what was handed in before is left alone."""

from __future__ import annotations

from collections.abc import Iterable

from cli.homes.office import Office
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from pki.authority.approval import approvals_for_certificate
from pki.authority.deeds import status_deed
from pki.authority.erasure import check_not_erased
from pki.errors.events import EventNotYetError
from pki.events.proposals import Proposal, beginning, unsafe_since
from pki.events.rules import Asks
from pki.records.events import EventRecord
from pki.records.requests import Case, RequestKind
from pki.requests.content import Asked, Concerned
from pki.requests.desk import Desk
from pki.requests.filing import prepare_submission, submit

_KINDS = {Asks.HOLD: RequestKind.HOLD, Asks.REVOKE: RequestKind.REVOKE}
"""What is made anew needs a key, and so a request of its own."""


def hand_in(
    office: Office, record: EventRecord, proposals: Iterable[Proposal], who: Actor
) -> tuple[Case, ...]:
    """Hand in the holds and revocations that are to do and were not handed in before.

    Raises:
        EventNotYetError: the event's day has not come.
        PKIError: as `pki.requests.filing.submit`.
    """
    now = office.session.clock.now()
    if now < beginning(record.day):
        raise EventNotYetError(event=record.id, day=record.day.isoformat())
    desk = judging_desk(office)
    wanted = [
        one
        for one in proposals
        if one.own
        and not one.done
        and one.rule.asks in _KINDS
        and desk.cases.find(one.request) is None
    ]
    if not wanted:
        return ()
    sign = who.signer(office)
    cases = []
    for one in wanted:
        submission = prepare_submission(_asked(office, desk, record, one), now)
        cases.append(submit(desk, submission, sign(submission.statement).cms))
    return tuple(cases)


def _asked(office: Office, desk: Desk, record: EventRecord, one: Proposal) -> Asked:
    hanging, kind = one.hanging, _KINDS[one.rule.asks]
    found = office.register.find_certificate(hanging.issuer or "", hanging.serial or 0)
    assert found is not None  # noqa: S101  the proposal was made from it
    check_not_erased(office.register, found)
    since = unsafe_since(record, one.rule)
    deed = status_deed(kind, found, reason=one.rule.reason, since=since)
    concerned = Concerned(hanging.person, hanging.post, hanging.agency, hanging.device)
    needed = approvals_for_certificate(office.register, desk, found)
    place = (found.issuer, found.profile, found.serial)
    return Asked(one.request, kind, *place, deed, concerned, needed)
