"""`antin plan create|show|list|approve|run|report`."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import PinSource
from cli.session import session_of, table

group = typer.Typer(help="plan", no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="plan.id")]
Key = Annotated[str | None, typer.Option("--key", help="request.key")]
Certificate = Annotated[Path | None, typer.Option("--cert", help="sign.cert")]


@group.command("create", help="plan.create")
def create(
    context: typer.Context,
    what: Annotated[Literal["merge", "move"] | None, typer.Argument(help="plan.what")] = None,
    source: Annotated[list[str] | None, typer.Option("--from", help="plan.from")] = None,
    into: Annotated[str | None, typer.Option("--into", help="plan.into")] = None,
    day: Annotated[str | None, typer.Option("--on", help="plan.on", metavar="DAY")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="plan.unit")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="plan.set")] = None,
    csr_folder: Annotated[Path | None, typer.Option("--csr-dir", help="plan.csr_dir")] = None,
    renew_until: Annotated[
        datetime | None,
        typer.Option("--renew-until", help="plan.renew_until", formats=["%Y-%m-%d"]),
    ] = None,
    quarter: Annotated[bool, typer.Option("--quarter", help="plan.quarter")] = False,
    ca: Annotated[str | None, typer.Option("--ca", help="cert.ca")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="cert.profile")] = None,
    title: Annotated[str | None, typer.Option("--title", help="plan.title")] = None,
    plan: Annotated[str | None, typer.Option("--id", help="plan.new_id")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="plan.dry_run")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="plan.skip_bad")] = False,
    minutes_per_key: Annotated[
        float, typer.Option("--minutes-per-key", help="plan.per_key", min=0)
    ] = 5,
    minutes_per_renewal: Annotated[
        float, typer.Option("--minutes-per-renewal", help="plan.per_renewal", min=0)
    ] = 2,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Make a plan, or tell what it would be."""
    from cli.homes.office import open_office
    from cli.plans.create import (
        Measure,
        check_faultless,
        create_plan,
        created_object,
        created_text,
        try_plan,
    )
    from cli.plans.makers import Wanted
    from cli.plans.regrouping import one_file, regroup_wish
    from cli.requests.signing import Actor

    session = session_of(context)
    wanted = Wanted(
        title=title,
        source=one_file(source) if what is None else None,
        regroup=regroup_wish(what, source, into, day, unit, settings),
        csr_folder=csr_folder,
        renew_until=renew_until,
        quarter=quarter,
        ca=ca,
        profile=profile,
    )
    with open_office(session) as office:
        if dry_run:
            created = try_plan(office, wanted)
        else:
            who = Actor(key, cert, pin_source)
            created = create_plan(office, wanted, who, plan, skip_bad=skip_bad)
    spans = (timedelta(minutes=minutes_per_key), timedelta(minutes=minutes_per_renewal))
    told = created_object(session, created, Measure(*spans))
    session.put("plan.create/1", told, lambda: created_text(session, told))
    if not session.as_json or dry_run:
        check_faultless(created, tried=dry_run)
    elif created.case is None:
        raise typer.Exit(3)


@group.command("list", help="plan.list")
def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="request.all")] = False,
) -> None:
    """List plans."""
    from cli.homes.office import open_office
    from cli.plans.shown import list_plans, plan_row

    session = session_of(context)
    with open_office(session) as office:
        rows = list_plans(office, everything=everything)
    session.put(
        "plan.list/1",
        {"plans": rows},
        lambda: (
            table([plan_row(session, row) for row in rows]) if rows else session.word("cli.none")
        ),
    )


@group.command("show", help="plan.show")
def show(context: typer.Context, plan: Id) -> None:
    """Tell what a plan is, once its lines were compared with its head."""
    from cli.homes.office import open_office
    from cli.plans.shown import covered, plan_object, plan_text

    session = session_of(context)
    with open_office(session) as office:
        told = plan_object(office, covered(office, plan))
    session.put("plan.show/1", told, lambda: plan_text(session, told))


@group.command("approve", help="plan.approve")
def approve(
    context: typer.Context,
    plan: Id,
    key: Key = None,
    cert: Certificate = None,
    expires_in: Annotated[
        str | None, typer.Option("--expires-in", help="request.expires_in")
    ] = None,
    pin_source: PinSource = None,
) -> None:
    """Approve every line of a plan, by a signature over its head."""
    from cli.homes.office import open_office
    from cli.issuing.find_certificates import end_of_span
    from cli.plans.shown import covered
    from cli.requests.acts import approve_request
    from cli.requests.signing import Actor

    session = session_of(context)
    now = session.clock.now()
    ends = end_of_span(expires_in, now, option="--expires-in")
    with open_office(session) as office:
        covered(office, plan)
        term = ends - now if ends is not None else None
        case = approve_request(office, plan, Actor(key, cert, pin_source), term)
    given = {"given": case.approved, "needed": case.record.approvals}
    told = {"plan": plan, "content_sha256": case.record.content_sha256, "approvals": given}
    session.put(
        "plan.approve/1",
        told,
        lambda: session.word(
            "cli.request.approved", request=plan, content=case.record.content_sha256, **given
        ),
    )


@group.command("run", help="plan.run")
def run(
    context: typer.Context,
    plan: Id,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
    ca_pin_source: Annotated[
        str | None, typer.Option("--ca-pin-source", help="request.ca_pin_source")
    ] = None,
) -> None:
    """Carry a plan out, or go on with it."""
    from cli.homes.office import open_office
    from cli.plans.run import run as run_it
    from cli.plans.shown import report_object, report_rows
    from cli.requests.signing import Actor

    session = session_of(context)
    with open_office(session, pin_source=ca_pin_source) as office:
        ran = run_it(office, plan, Actor(key, cert, pin_source))
        told = report_object(office, plan)
    lines = {"lines": ran.progress.lines, "ended": ran.progress.ended}
    told = {**told, **lines, "seconds": round(ran.seconds, 1)}
    session.put("plan.run/1", told, lambda: table(report_rows(session, told)))


@group.command("report", help="plan.report")
def report(context: typer.Context, plan: Id) -> None:
    """Tell what became of a plan, by agency."""
    from cli.homes.office import open_office
    from cli.plans.shown import report_object, report_rows

    session = session_of(context)
    with open_office(session) as office:
        told = report_object(office, plan)
    session.put("plan.report/1", told, lambda: table(report_rows(session, told)))
