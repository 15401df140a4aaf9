"""Plans as JSON and as lines of a table."""

from __future__ import annotations

from typing import Any

from cli.homes.office import Office
from cli.requests.shown import calendar_of, case_object, due_text
from cli.session import Session, table
from pki.errors.plans import PlanUnknownError
from pki.records.plans import EndState
from pki.records.requests import OPEN, Case, CaseQuery, RequestKind
from pki.requests.filing import check_content
from pki.requests.plan_head import Coverage, cover, head_of


def covered(office: Office, plan: str) -> Coverage:
    """Return a plan whose lines are those of its head.

    Raises:
        PlanUnknownError: it is no plan.
        PlanChangedError: they are not.
        PKIError: as `pki.requests.filing.check_content`.
    """
    desk = office.desk()
    case = desk.case(plan)
    if case.record.kind is not RequestKind.PLAN:
        raise PlanUnknownError(plan=plan)
    return cover(case, check_content(desk, case), office.register.plans)


def list_plans(office: Office, *, everything: bool) -> list[dict[str, Any]]:
    """Return the plans that are open, or all."""
    now, calendar = office.session.clock.now(), calendar_of(office)
    query = CaseQuery(None if everything else OPEN, RequestKind.PLAN)
    return [
        {**case_object(case, calendar, now), **_head(office, case), **_left(office, case)}
        for case in office.register.cases.list(query)
    ]


def plan_row(session: Session, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a plan as a line of the table."""
    given = row["approvals"]
    return (
        row["request"],
        row["title"],
        session.word(f"cli.request.state.{row['state']}"),
        f"{given['given']}/{given['needed']}",
        f"{row['ended']}/{row['lines']}",
        due_text(session, row),
    )


def plan_object(office: Office, coverage: Coverage) -> dict[str, Any]:
    """Return everything about a plan but its lines."""
    case, cases = coverage.case, office.register.cases
    now = office.session.clock.now()
    return {
        **case_object(case, calendar_of(office), now),
        **_head(office, case),
        **_left(office, case),
        "kinds": {kind.value: count for kind, count in coverage.tally.kinds.items()},
        "agencies": {
            name or "-": count
            for name, count in sorted(
                coverage.tally.agencies.items(), key=lambda one: (one[0] or "", one[1])
            )
        },
        "given": [
            {"person": one.person, "at": one.at.isoformat(), "expires": one.expires_at.isoformat()}
            for one in cases.approvals(case.record.id)
        ],
        "steps": [
            {"state": one.state.value, "at": one.at.isoformat(), "by": one.actor}
            for one in cases.moves(case.record.id)
        ],
    }


def plan_text(session: Session, told: dict[str, Any]) -> str:
    """Return a plan for people."""
    word = session.word
    rows = [
        (word("cli.plan.field.plan"), told["request"]),
        (word("cli.plan.field.title"), told["title"]),
        (word("cli.plan.field.state"), word(f"cli.request.state.{told['state']}")),
        (word("cli.plan.field.lines"), f"{told['ended']}/{told['lines']}"),
        *((word(f"cli.request.kind.{kind}"), str(count)) for kind, count in told["kinds"].items()),
        *((name, str(count)) for name, count in told["agencies"].items()),
        (
            word("cli.plan.field.approvals"),
            f"{told['approvals']['given']}/{told['approvals']['needed']}",
        ),
        *((word("cli.request.field.approved"), one["person"]) for one in told["given"]),
        (word("cli.plan.field.content"), told["content_sha256"]),
    ]
    return table(rows)


def report_object(office: Office, plan: str) -> dict[str, Any]:
    """Return what became of a plan, by agency."""
    case = covered_case(office, plan)
    agencies: dict[str, dict[str, Any]] = {}
    for one in office.register.plans.report(plan):
        told = agencies.setdefault(one.agency or "-", {"done": 0, "refused": {}, "left": 0})
        if one.state is EndState.REFUSED:
            told["refused"][one.code or "-"] = one.lines
        else:
            told["done" if one.state is EndState.DONE else "left"] += one.lines
    return {"plan": plan, "state": case.state.value, "agencies": agencies}


def report_rows(session: Session, told: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a plan's report as lines of a table."""
    word = session.word
    head = tuple(word(f"cli.plan.field.{name}") for name in ("agency", "done", "refused", "left"))
    return [
        head,
        *(
            (
                name,
                str(one["done"]),
                ", ".join(f"{code} {count}" for code, count in one["refused"].items()) or "0",
                str(one["left"]),
            )
            for name, one in told["agencies"].items()
        ),
    ]


def covered_case(office: Office, plan: str) -> Case:
    """Return a plan as a request.

    Raises:
        PlanUnknownError: it is no plan.
    """
    case = office.desk().case(plan)
    if case.record.kind is not RequestKind.PLAN:
        raise PlanUnknownError(plan=plan)
    return case


def _head(office: Office, case: Case) -> dict[str, Any]:
    head = head_of(case, office.register.cases.content(case.record.id))
    return {name: head[name] for name in ("title", "for", "lines", "annex")}


def _left(office: Office, case: Case) -> dict[str, Any]:
    return {"ended": office.register.plans.ended(case.record.id)}
