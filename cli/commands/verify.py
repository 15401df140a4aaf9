"""`antin verify`."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import PasswordSource, PinSource
from cli.session import session_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    app.command("verify", help="verify")(verify)


def verify(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="verify.files", metavar="FILE")],
    signature: Annotated[Path | None, typer.Option("--signature", help="verify.signature")] = None,
    trust: Annotated[list[Path] | None, typer.Option("--trust", help="verify.trust")] = None,
    list_signer: Annotated[
        list[Path] | None, typer.Option("--list-signer", help="verify.list_signer")
    ] = None,
    evidence: Annotated[
        list[Path] | None, typer.Option("--evidence", help="verify.evidence")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            help="verify.at",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
        ),
    ] = None,
    policy: Annotated[str | None, typer.Option("--policy", help="verify.policy")] = None,
    report: Annotated[str | None, typer.Option("--report", help="verify.report")] = None,
    seal: Annotated[str | None, typer.Option("--seal", metavar="KEY", help="verify.seal")] = None,
    seal_cert: Annotated[
        Path | None, typer.Option("--seal-cert", metavar="FILE", help="verify.seal_cert")
    ] = None,
    extract_signed: Annotated[
        Path | None, typer.Option("--extract-signed", help="verify.extract_signed")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="verify.offline")] = False,
    password_source: PasswordSource = None,
    pin_source: PinSource = None,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="json_lines")] = False,
) -> None:
    """Judge documents; the exit status is the verdict."""
    from cli.documents.batch import run_batch
    from cli.documents.extract import signed_target
    from cli.documents.judge import Judge, check_apart, report_target
    from cli.documents.judged import JudgedMany
    from cli.documents.many import judging_apart
    from cli.documents.password import document_password
    from cli.documents.paths import SIGNED, documents_in
    from cli.homes.home import find_home, home_directory
    from cli.homes.outside import Lists, outside_of
    from verify.evidence_files import load_evidence

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    if home.settings.demo:
        session.tell("cli.demo_home")
    documents = documents_in(files, SIGNED)
    check_apart(signature, files, documents)
    password = document_password(session, password_source)
    outside = outside_of(
        session,
        home,
        trust=trust or (),
        policy=policy,
        offline=offline,
        password=password,
        lists=Lists(tuple(list_signer or ()), asked_for=not offline),
        run_began=session.clock.now(),
    )
    target = report_target(report, many=len(documents) > 1)
    sealing = None
    if seal is not None:
        from cli.documents.seal import check_seal, find_seal  # judging alone signs nothing

        check_seal(seal, target)
        sealing = find_seal(session, home, seal, seal_cert, pin_source)
    signed = signed_target(extract_signed, many=len(documents) > 1)
    beside = load_evidence(evidence or (), session.clock.now())
    judge = Judge(
        session,
        outside,
        at,
        offline=offline,
        written=target,
        signed=signed,
        evidence=beside,
        signature=signature,
        seal=sealing,
    )
    with (
        closing(JudgedMany(session, len(documents))) as many,
        judging_apart(judge, len(documents)) as attempts,
    ):
        status = run_batch(
            session,
            "verify/1",
            documents,
            judge,
            json_lines=json_lines,
            follow=many,
            attempts=attempts,
        )
    raise typer.Exit(status)
