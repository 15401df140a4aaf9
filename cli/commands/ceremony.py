"""`antin ca ceremony run|sign|check`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PinSource, SoPinSource, Yes
from cli.session import session_of

group = typer.Typer(help="ca.ceremony", no_args_is_help=True, rich_markup_mode=None)
Transcript = Annotated[Path, typer.Argument(help="ceremony.transcript")]


@group.command("run", help="ceremony.run")
def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="ceremony.file")],
    rehearse: Annotated[bool, typer.Option("--rehearse", help="ceremony.rehearse")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="ceremony.resume")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="ceremony.output")] = None,
    yes: Yes = False,
    pin_source: PinSource = None,
    so_pin_source: SoPinSource = None,
) -> None:
    """Run a ceremony, or rehearse it on embedded tokens that are thrown away."""
    import hashlib

    from cli.ceremony.run_ceremony import Wanted, run_ceremony

    session = session_of(context)
    wanted = Wanted(file, rehearse, resume, output, yes, pin_source, so_pin_source)
    done = run_ceremony(session, wanted)
    told = {"transcript": str(wanted.transcript), "page": str(wanted.page)}
    digest = hashlib.sha256(done.octets()).hexdigest()
    data = {**told, "rehearsal": rehearse, "steps": len(done.steps), "sha256": digest}
    session.put(
        "ca.ceremony.run/1",
        data,
        lambda: session.word("cli.ceremony.done", path=wanted.transcript, sha256=digest),
    )


@group.command("sign", help="ceremony.sign")
def sign(
    context: typer.Context,
    file: Transcript,
    person: Annotated[str, typer.Option("--person", help="ceremony.person")],
    key: Annotated[str, typer.Option("--key", help="key")],
    cert: Annotated[Path | None, typer.Option("--cert", help="ceremony.cert")] = None,
    pin_source: PinSource = None,
) -> None:
    """Sign a transcript as somebody who was present; it is replayed first."""
    from cli.ceremony.witnesses import sign as sign_for
    from cli.files import read_small
    from pki.ceremony.replay import check_transcript
    from pki.ceremony.transcript import parse_transcript

    session = session_of(context)
    transcript = parse_transcript(read_small(file))
    check_transcript(transcript)
    written = sign_for(
        session,
        file,
        transcript,
        person=person,
        key_uri=key,
        certificate=cert,
        pin_source=pin_source,
    )
    session.put(
        "ca.ceremony.sign/1",
        {"person": person, "signature": str(written)},
        lambda: session.word("cli.written", path=written),
    )


@group.command("check", help="ceremony.check")
def check(
    context: typer.Context,
    file: Transcript,
    certificates: Annotated[
        Path | None, typer.Option("--certificates", help="ceremony.certificates")
    ] = None,
    ceremony: Annotated[Path | None, typer.Option("--ceremony", help="ceremony.approved")] = None,
    rehearsal: Annotated[
        Path | None, typer.Option("--rehearsal", help="ceremony.rehearsal")
    ] = None,
) -> None:
    """Replay a transcript: chain, keys, certificates, lists, signatures."""
    from cli.ceremony.check_ceremony import check_ceremony
    from pki.names import name_text

    session = session_of(context)
    checked = check_ceremony(
        session, file, certificates=certificates, plan=ceremony, rehearsal=rehearsal
    )
    transcript = checked.transcript
    signed = [
        {
            "person": one.person,
            "subject": name_text(one.certificate.subject),
            "signed_at": one.signed_at.isoformat(),
        }
        for one in checked.signatures
    ]
    if not transcript.is_rehearsal and not checked.known:
        session.tell("cli.ceremony.signers_unknown")
    kind = "rehearsed" if transcript.is_rehearsal else "holds"
    steps, count = len(transcript.steps), len(signed)
    session.put(
        "ca.ceremony.check/1",
        {
            "rehearsal": transcript.is_rehearsal,
            "steps": steps,
            "signatures": signed,
            "signers_known": checked.known,
        },
        lambda: session.word(f"cli.ceremony.{kind}", steps=steps, signatures=count),
    )
