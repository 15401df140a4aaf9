"""`antin audit show|verify|confirm-clock|checkpoint|prove|check-proof`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DoIt, PinSource
from cli.session import session_of

group = typer.Typer(help="audit", no_args_is_help=True, rich_markup_mode=None)
Output = Annotated[Path | None, typer.Option("-o", "--output", help="output")]
Trust = Annotated[list[Path] | None, typer.Option("--trust", help="audit.trust")]


@group.command("show", help="audit.show")
def show(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="audit.limit")] = 20,
) -> None:
    """List the newest entries."""
    from cli.auditing.report import entries_text, entry_object, newest_entries
    from cli.homes.office import open_office

    session = session_of(context)
    with open_office(session) as office:
        entries = newest_entries(office.register, limit)
    session.put(
        "audit.show/1",
        {"entries": [entry_object(told) for told in entries]},
        lambda: entries_text(entries, session),
    )


@group.command("verify", help="audit.verify")
def verify(
    context: typer.Context,
    since: Annotated[list[Path] | None, typer.Option("--since", help="audit.since")] = None,
    trust: Trust = None,
) -> None:
    """Recompute every hash of the log and compare it with what it was."""
    from cli.auditing.log import kept_checkpoint, read_checkpoint, trust_of
    from cli.auditing.report import checkpoint_object
    from cli.homes.office import open_office
    from pki.audit.checkpoint import check_origin
    from pki.audit.verify import recompute

    session = session_of(context)
    with open_office(session) as office:
        trusted = trust_of(office.home, trust or ())
        found = {path: read_checkpoint(session, path, trusted) for path in since or ()}
        kept = kept_checkpoint(session, office.home, trust_of(office.home))
        if kept is not None:
            found[office.home.checkpoint] = kept
        settings = office.home.settings.audit
        for checkpoint in found.values():
            if settings is not None:
                check_origin(checkpoint.head, settings.origin)
        edge = recompute(office.register, [one.head for one in found.values()])
    head = edge.root().hex()
    compared = [checkpoint_object(path, one) for path, one in found.items()]
    session.put(
        "audit.verify/1",
        {"entries": edge.size, "head": head, "compared": compared},
        lambda: "\n".join(
            [
                session.word("cli.audit.whole", entries=edge.size, head=head),
                *(
                    session.word("cli.audit.goes_on", path=path, entries=one.head.size)
                    for path, one in found.items()
                ),
                *([] if found else [session.word("cli.audit.nothing_to_compare")]),
            ]
        ),
    )


@group.command("confirm-clock", help="audit.confirm_clock")
def confirm_clock(context: typer.Context, yes: DoIt = False) -> None:
    """Show this machine's time and the log's last; with --yes, record that a person found it so."""
    from cli.actor import actor
    from cli.homes.office import open_office
    from cli.tokens.dry_run import end_dry_run
    from pki.audit.entry import check_clock
    from pki.audit.entry import confirm_clock as confirm

    session = session_of(context)
    with open_office(session) as office:
        now, last = session.clock.now(), office.register.last_audit_entry()
        check_clock(office.register, now, confirmed=True)
        if yes:
            with office.home.locked():
                confirm(office.register, now, actor=actor())
    recorded = last.at.isoformat(timespec="seconds") if last is not None else None
    session.put(
        "audit.confirm-clock/1",
        {"now": now.isoformat(timespec="seconds"), "recorded": recorded, "confirmed": yes},
        lambda: session.word("cli.audit.clock", now=now, recorded=last.at if last else "-"),
    )
    if not yes:
        end_dry_run(session, "cli.audit.clock_advice")


@group.command("checkpoint", help="audit.checkpoint")
def checkpoint(context: typer.Context, output: Output = None, pin_source: PinSource = None) -> None:
    """Sign the head of the log."""
    from cli.auditing.log import new_checkpoint
    from cli.homes.office import open_office
    from pki.atomic import write_atomically

    session = session_of(context)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        head, written = new_checkpoint(office)
    if output is not None:
        write_atomically(output, written, overwrite=False)
    text = written.decode()
    session.put(
        "audit.checkpoint/1",
        {
            "origin": head.origin,
            "entries": head.size,
            "head": head.root.hex(),
            "checkpoint": text,
            "output": str(output) if output else None,
        },
        lambda: session.word("cli.written", path=output) if output else text.rstrip("\n"),
    )


@group.command("prove", help="audit.prove")
def prove(
    context: typer.Context,
    serial: Annotated[str | None, typer.Argument(help="audit.serial")] = None,
    ca: Annotated[str | None, typer.Option("--ca", help="audit.ca")] = None,
    since: Annotated[Path | None, typer.Option("--since", help="audit.held")] = None,
    trust: Trust = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Prove what the log says of a certificate, and that it only grew."""
    from cli.auditing.log import new_checkpoint, read_checkpoint, trust_of
    from cli.auditing.subject import record_of
    from cli.errors import NothingToProveError
    from cli.homes.office import open_office
    from pki.atomic import write_atomically
    from pki.audit.bundle import prove as make_proof
    from pki.audit.bundle import write_bundle

    session = session_of(context)
    if serial is None and since is None:
        raise NothingToProveError
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        record = record_of(office, serial, ca) if serial else None
        trusted = trust_of(office.home, trust or ())
        held = read_checkpoint(session, since, trusted).head if since else None
        head, signed = new_checkpoint(office)
        bundle = make_proof(office.register, head, signed, record=record, since=held)
    written = write_bundle(bundle)
    if output is not None:
        write_atomically(output, written, overwrite=False)
    session.put(
        "audit.prove/1",
        {
            "log_entries": head.size,
            "entries": len(bundle.entries),
            "since": held.size if held else None,
            "proof": bundle.model_dump(mode="json"),
            "output": str(output) if output else None,
        },
        lambda: session.word("cli.written", path=output) if output else written.decode().rstrip(),
    )


@group.command("check-proof", help="audit.check-proof")
def check_proof(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="audit.file")],
    held: Annotated[Path | None, typer.Option("--checkpoint", help="audit.own")] = None,
    certificate: Annotated[Path | None, typer.Option("--cert", help="audit.cert")] = None,
    trust: Trust = None,
) -> None:
    """Check a proof; needs no register, no network and no home."""
    from cli.auditing.judge import judge_checkpoint
    from cli.auditing.log import read_checkpoint, trust_of
    from cli.auditing.report import proof_object, proof_text
    from cli.auditing.subject import read_certificate_file
    from cli.files import read_small
    from cli.homes.home import find_home, home_directory
    from pki.audit.bundle import check_bundle, check_certificate, parse_bundle

    session = session_of(context)
    home = find_home(home_directory(session.home), session.configuration)
    trusted = trust_of(home, trust or ())
    bundle = parse_bundle(read_small(file))
    own = read_checkpoint(session, held, trusted) if held else None
    signed = judge_checkpoint(bundle.checkpoint.encode(), trusted, session.clock.now())
    entries = check_bundle(bundle, signed.head, held=own.head if own else None)
    if certificate is not None:
        check_certificate(bundle, read_certificate_file(certificate))
    session.put(
        "audit.check-proof/1",
        proof_object(bundle, signed, own, entries),
        lambda: proof_text(signed, own, entries, session),
    )
