"""`antin request submit|list|show|approve|reject|withdraw|review|run`."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Output, PinSource, RequestId
from cli.session import Session, session_of, table
from pki.records.requests import RequestKind

if TYPE_CHECKING:
    from pki.records.requests import Case
    from pki.requests.rights import Act

group = typer.Typer(help="request", no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="request.id")]
Key = Annotated[str | None, typer.Option("--key", help="request.key")]
Certificate = Annotated[Path | None, typer.Option("--cert", help="sign.cert")]
Person = Annotated[str | None, typer.Option("--person", help="request.person")]
Agency = Annotated[str | None, typer.Option("--agency", help="request.agency")]
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]


@group.command("submit", help="request.submit")
def submit(
    context: typer.Context,
    kind: Annotated[RequestKind, typer.Argument(help="request.kind")],
    serial: Annotated[str | None, typer.Argument(help="cert.serial")] = None,
    key: Key = None,
    cert: Certificate = None,
    ca: Annotated[str | None, typer.Option("--ca", help="cert.ca")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="cert.profile")] = None,
    csr: Annotated[Path | None, typer.Option("--csr", help="cert.csr")] = None,
    subject: Annotated[Path | None, typer.Option("--subject", help="cert.subject")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="cert.set")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="cert.reason")] = None,
    invalidity_date: Annotated[
        datetime | None,
        typer.Option("--invalidity-date", help="cert.invalidity", formats=_MOMENTS),
    ] = None,
    person: Person = None,
    post: Annotated[str | None, typer.Option("--post", help="request.post")] = None,
    agency: Agency = None,
    device: Annotated[str | None, typer.Option("--device", help="request.device")] = None,
    request_id: RequestId = None,
    pin_source: PinSource = None,
) -> None:
    """Hand in a request, signed by whoever asks."""
    from cli.homes.office import open_office
    from cli.requests.signing import Actor
    from cli.requests.submit import Wanted, hand_in

    session = session_of(context)
    wanted = Wanted(
        kind=kind,
        serial=serial,
        ca=ca,
        profile=profile,
        csr=csr,
        subject=subject,
        settings=tuple(settings or ()),
        reason=reason,
        invalidity_date=invalidity_date,
        person=person,
        post=post,
        agency=agency,
        device=device,
        request_id=request_id,
    )
    with open_office(session) as office:
        case = hand_in(office, wanted, Actor(key, cert, pin_source))
    _put(session, "submit", "submitted", case)


@group.command("list", help="request.list")
def list_requests(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="request.all")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="request.overdue")] = False,
    kind: Annotated[RequestKind | None, typer.Option("--kind", help="request.kind")] = None,
    person: Person = None,
    agency: Agency = None,
) -> None:
    """List requests; what is overdue comes first."""
    from cli.homes.office import open_office
    from cli.requests.shown import Filter, case_row, list_cases

    session = session_of(context)
    with open_office(session) as office:
        rows = list_cases(office, Filter(everything, overdue, kind, person, agency))
    session.put(
        "request.list/1",
        {"requests": rows},
        lambda: (
            table([case_row(session, row) for row in rows]) if rows else session.word("cli.none")
        ),
    )


@group.command("show", help="request.show")
def show(
    context: typer.Context,
    request: Id,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="request.unmasked")] = False,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Tell exactly what will be done, who approved, and what became of it."""
    from cli.homes.office import open_office
    from cli.requests.acts import check_may_see
    from cli.requests.details import details_rows
    from cli.requests.shown import case_details
    from cli.requests.signing import Actor

    session = session_of(context)
    with open_office(session) as office:
        case = office.desk().case(request)
        if unmasked:
            check_may_see(office, case, Actor(key, cert, pin_source))
        told = case_details(office, case, unmasked=unmasked)
    session.put("request.show/1", told, lambda: table(details_rows(session, told)))


@group.command("approve", help="request.approve")
def approve(
    context: typer.Context,
    request: Id,
    key: Key = None,
    cert: Certificate = None,
    expires_in: Annotated[
        str | None, typer.Option("--expires-in", help="request.expires_in")
    ] = None,
    pin_source: PinSource = None,
) -> None:
    """Approve exactly what will be done, by a signature."""
    from cli.homes.office import open_office
    from cli.issuing.find_certificates import end_of_span
    from cli.requests.acts import approve_request
    from cli.requests.signing import Actor

    session = session_of(context)
    now = session.clock.now()
    ends = end_of_span(expires_in, now, option="--expires-in")
    term: timedelta | None = ends - now if ends is not None else None
    with open_office(session) as office:
        case = approve_request(office, request, Actor(key, cert, pin_source), term)
    _put(session, "approve", "approved", case)


@group.command("reject", help="request.reject")
def reject(
    context: typer.Context,
    request: Id,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Reject a request."""
    from pki.requests.rights import Act

    _end(session_of(context), Act.REJECT, request, (key, cert, pin_source))


@group.command("withdraw", help="request.withdraw")
def withdraw(
    context: typer.Context,
    request: Id,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Withdraw one's own request."""
    from pki.requests.rights import Act

    _end(session_of(context), Act.WITHDRAW, request, (key, cert, pin_source))


@group.command("review", help="request.review")
def review(
    context: typer.Context,
    request: Id,
    key: Key = None,
    cert: Certificate = None,
    pin_source: PinSource = None,
) -> None:
    """Record that a hold which did not wait for approval was looked at."""
    from pki.requests.rights import Act

    _end(session_of(context), Act.REVIEW, request, (key, cert, pin_source))


@group.command("run", help="request.run")
def run(
    context: typer.Context,
    request: Id,
    key: Key = None,
    cert: Certificate = None,
    profile: Annotated[str | None, typer.Option("--profile", help="cert.same_profile")] = None,
    output: Output = None,
    pin_source: PinSource = None,
    ca_pin_source: Annotated[
        str | None, typer.Option("--ca-pin-source", help="request.ca_pin_source")
    ] = None,
) -> None:
    """Have the authority do what was approved."""
    from cli.homes.office import open_office
    from cli.requests.run import run_request
    from cli.requests.signing import Actor
    from pki.atomic import write_atomically

    session = session_of(context)
    with open_office(session, pin_source=ca_pin_source) as office:
        ran = run_request(office, request, Actor(key, cert, pin_source), profile)
    pem = None
    if ran.done.certificate is not None:
        from cryptography.hazmat.primitives.serialization import Encoding

        pem = ran.done.certificate.public_bytes(Encoding.PEM)
        if output is not None:
            write_atomically(output, pem, overwrite=True)
    record = ran.done.case.record
    serial = ran.done.certificate.serial_number if ran.done.certificate else record.serial
    words = "done" if serial is None else "done_to"
    session.put(
        "request.run/1",
        {
            "request": record.id,
            "state": ran.done.case.state.value,
            "crl_number": ran.crl_number,
            "pem": pem.decode("ascii") if pem else None,
            "output": str(output) if output else None,
        },
        lambda: session.word(f"cli.request.{words}", request=record.id, serial=f"{serial or 0:x}"),
    )


def _end(
    session: Session, act: "Act", request: str, signer: tuple[str | None, Path | None, str | None]
) -> None:
    from cli.homes.office import open_office
    from cli.requests.acts import end_request
    from cli.requests.signing import Actor

    with open_office(session) as office:
        case = end_request(office, act, request, Actor(*signer))
    _put(session, act.value, case.state.value, case)


def _put(session: Session, command: str, words: str, case: "Case") -> None:
    record = case.record
    told = {
        "request": record.id,
        "kind": record.kind.value,
        "state": case.state.value,
        "content_sha256": record.content_sha256,
        "approvals": {"given": case.approved, "needed": record.approvals},
    }
    session.put(
        f"request.{command}/1",
        told,
        lambda: session.word(
            f"cli.request.{words}",
            request=record.id,
            given=case.approved,
            needed=record.approvals,
            content=record.content_sha256,
        ),
    )
