"""Makes a plan as a clerk asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from cli.actor import actor
from cli.homes.office import Office
from cli.plans.makers import Wanted, making_of
from cli.requests.judge import judging_desk
from cli.requests.signing import Actor
from cli.session import Session, error_object, table
from pki.errors.plans import PlanFaultsError
from pki.errors.tree import PKIError
from pki.plans.figures import NEW_KEY, SAME_KEY, figures_of
from pki.plans.making import PlanFault
from pki.plans.writing import Examined, examine, new_plan_id, submit_plan, write_plan
from pki.records.requests import Case


@dataclass(frozen=True, slots=True)
class Created:
    """What was made, or would be."""

    found: Examined
    case: Case | None = None
    """None of what was only tried, or is faulty."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a token is in a clerk's hands."""

    new_key: timedelta = NEW_KEY
    same_key: timedelta = SAME_KEY


def try_plan(office: Office, wanted: Wanted) -> Created:
    """Find what a plan would be; nothing is written.

    Raises:
        PKIError: as `pki.plans.writing.examine`.
    """
    making = making_of(office, wanted)
    return Created(examine(office.desk(), making, cache(office.profile)))


def create_plan(
    office: Office, wanted: Wanted, who: Actor, plan: str | None, *, skip_bad: bool
) -> Created:
    """Write a plan and hand it in, signed by whoever asks.

    Raises:
        PKIError: as `pki.plans.writing.write_plan` and `submit_plan`.
    """
    desk, plans = judging_desk(office), office.register.plans
    number = plan or new_plan_id(office.session.clock.now())
    making = making_of(office, wanted)
    with office.home.locked():
        written = write_plan(
            *(desk, plans, making),
            plan=number,
            actor=actor(),
            profile_of=cache(office.profile),
            skip_bad=skip_bad,
        )
        if written.submission is None:
            return Created(written.found)
        try:
            signature = who.sign(office, written.submission.statement)
        except BaseException:
            sweep_quietly(office, number)
            raise
        return Created(
            written.found, submit_plan(desk, plans, written.submission, signature.cms, actor())
        )


def sweep_quietly(office: Office, plan: str) -> None:
    """Take out lines whose head nobody signed; what fails here is swept another time."""
    from pki.plans.writing import sweep

    try:
        sweep(office.desk(), office.register.plans, plan, actor())
    except PKIError:
        return


def created_object(session: Session, created: Created, measure: Measure) -> dict[str, Any]:
    """Return what was found, as JSON."""
    found, case = created.found, created.case
    figures = figures_of(found.tally, measure.new_key, measure.same_key)
    return {
        "plan": case.record.id if case is not None else None,
        "content_sha256": case.record.content_sha256 if case is not None else None,
        "lines": found.tally.count,
        "kinds": {kind.value: count for kind, count in found.tally.kinds.items()},
        "agencies": {name or "-": count for name, count in sorted(_named(found).items())},
        "approvals": found.needed,
        "token_hours": round(figures.token_time / timedelta(hours=1), 1),
        "crl": {"entries": figures.list_entries, "octets": figures.list_octets},
        "faulty": found.faulty,
        "faults": [_fault(session, one) for one in found.faults],
    }


def created_text(session: Session, told: dict[str, Any]) -> str:
    """Return what was found, for people."""
    rows = [
        (session.word("cli.plan.field.lines"), str(told["lines"])),
        *(
            (session.word(f"cli.request.kind.{kind}"), str(count))
            for kind, count in told["kinds"].items()
        ),
        *((name, str(count)) for name, count in told["agencies"].items()),
        (session.word("cli.plan.field.approvals"), str(told["approvals"])),
        (session.word("cli.plan.field.hours"), str(told["token_hours"])),
        (session.word("cli.plan.field.entries"), str(told["crl"]["entries"])),
        (session.word("cli.plan.field.octets"), str(told["crl"]["octets"])),
    ]
    if told["plan"] is not None:
        rows.insert(0, (session.word("cli.plan.field.plan"), told["plan"]))
        rows.append((session.word("cli.plan.field.content"), told["content_sha256"]))
    return "\n".join((table(rows), *faults_text(told)))


def faults_text(told: dict[str, Any]) -> list[str]:
    """Return a line for each fault."""
    return [
        ": ".join(
            part
            for part in (str(one["line"] or ""), one["about"] or "", one["code"], one["message"])
            if part
        )
        for one in told["faults"]
    ]


def check_faultless(created: Created, *, tried: bool) -> None:
    """Refuse what was not planned for its faults.

    Raises:
        PlanFaultsError: it was not.
    """
    if created.case is None and not tried:
        raise PlanFaultsError(faults=created.found.faulty)


def _named(found: Examined) -> dict[str, int]:
    return {name or "": count for name, count in found.tally.agencies.items()}


def _fault(session: Session, one: PlanFault) -> dict[str, Any]:
    told = error_object(one.error, session.language)
    return {
        "line": one.line,
        "about": one.about,
        "code": told["code"],
        "message": told["message"],
    }
