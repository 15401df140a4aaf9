"""`antin ca rollover|cross`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import DoIt, KeyTypeName, Output, PinSource
from cli.session import session_of


def rollover(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="ca.name")],
    successor: Annotated[str, typer.Argument(help="ca.successor")],
    subject: Annotated[str | None, typer.Option("--subject", help="ca.new_subject")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="ca.same_profile")] = None,
    key: Annotated[str | None, typer.Option("--key", help="key")] = None,
    key_type: Annotated[KeyTypeName | None, typer.Option("--key-type", help="key_type")] = None,
    token: Annotated[str | None, typer.Option("--token", help="ca.token")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="ca.links")] = None,
    yes: DoIt = False,
    pin_source: PinSource = None,
) -> None:
    """Let an authority go on with a new key; without `--yes`, say what would be done."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from cli.certificate_text import certificate_object
    from cli.homes.office import open_office
    from cli.issuing.roll_over import Wanted, check_possible, roll_over
    from cli.tokens.dry_run import end_dry_run
    from pki.keys import KeyType

    session = session_of(context)
    kind = KeyType(key_type) if key_type else None
    wanted = Wanted(name, successor, subject, profile, key, kind, token, output)
    told = {"name": name, "successor": successor}
    with open_office(session, pin_source=pin_source) as office:
        if not yes:
            check_possible(office, name)
            session.put(
                "ca.rollover/1",
                {**told, "done": False},
                lambda: session.word("cli.ca.would_retire", **told),
            )
            end_dry_run(session, "cli.ca.rollover_advice")
        with office.home.locked():
            done = roll_over(office, wanted)
    links = [
        {
            **certificate_object(certificate),
            "pem": certificate.public_bytes(Encoding.PEM).decode("ascii"),
            "output": str(output / file) if output else None,
        }
        for file, certificate in done.links
    ]
    certificate = certificate_object(done.successor.issuer.certificate)
    session.put(
        "ca.rollover/1",
        {**told, "done": True, **certificate, "links": links, "responder": done.responder},
        lambda: session.word("cli.ca.retired", **told),
    )


def cross(
    context: typer.Context,
    ca: Annotated[str, typer.Option("--ca", help="ca.crossing")],
    certificate: Annotated[Path | None, typer.Option("--certificate", help="ca.theirs")] = None,
    csr: Annotated[Path | None, typer.Option("--csr", help="ca.their_csr")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="ca.their_subject")] = None,
    profile: Annotated[str, typer.Option("--profile", help="ca.cross_profile")] = "cross",
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="ca.until")
    ] = None,
    output: Output = None,
    pin_source: PinSource = None,
) -> None:
    """Certify the key of another authority."""
    from cli.homes.office import open_office
    from cli.issuing.cross_certify import Wanted
    from cli.issuing.cross_certify import cross as certify
    from cli.issuing.pem import put_issued

    session = session_of(context)
    # The day that is named is the last one: it counts whole.
    last = until.replace(hour=23, minute=59, second=59, tzinfo=UTC) if until else None
    wanted = Wanted(ca, profile, certificate, csr, subject, last)
    with open_office(session, pin_source=pin_source) as office, office.home.locked():
        made = certify(office, wanted)
    put_issued(session, "ca.cross/1", made, output=output)


def add_to(group: typer.Typer) -> None:
    """Declare the commands."""
    group.command("rollover", help="ca.rollover")(rollover)
    group.command("cross", help="ca.cross")(cross)
