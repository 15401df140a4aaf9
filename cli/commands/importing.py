"""`antin ca import`, `antin cert import`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.options import DoIt, PinSource
from cli.session import session_of

Sources = Annotated[list[Path], typer.Argument(help="import.sources")]
Format = Annotated[
    Literal["openssl", "easyrsa", "xca", "folder"] | None,
    typer.Option("--format", help="import.format"),
]


def import_authority(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="ca.name")],
    sources: Sources,
    shape: Format = None,
    certificate: Annotated[Path | None, typer.Option("--cert", help="import.cert")] = None,
    key: Annotated[str | None, typer.Option("--key", help="import.key")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="import.profile")] = None,
    crl_days: Annotated[int | None, typer.Option("--crl-days", help="import.crl_days")] = None,
    yes: DoIt = False,
    pin_source: PinSource = None,
) -> None:
    """Bring an authority that others kept; without `--yes`, say what was found."""
    from cli.homes.office import open_office
    from cli.issuing.import_authority import Wanted, import_it, plan_import, put_plan
    from cli.tokens.dry_run import end_dry_run

    session = session_of(context)
    wanted = Wanted(name, tuple(sources), shape, certificate, key, profile, crl_days)
    with open_office(session, pin_source=pin_source) as office:
        found = plan_import(office, wanted)
        if not yes:
            put_plan(session, found)
            end_dry_run(session, "cli.import.advice")
        with office.home.locked():
            number = import_it(office, found, wanted)
    put_plan(session, found, crl_number=number)


def import_certificates(
    context: typer.Context,
    sources: Annotated[list[Path] | None, typer.Argument(help="import.foreign_sources")] = None,
    token: Annotated[list[str] | None, typer.Option("--token", help="import.token")] = None,
    authorities: Annotated[bool, typer.Option("--authorities", help="import.authorities")] = False,
    yes: DoIt = False,
) -> None:
    """Record certificates of other authorities; without `--yes`, say what was found."""
    from cli.homes.office import open_office
    from cli.issuing.import_foreign import Sources as Wanted
    from cli.issuing.import_foreign import bring, put_tally
    from cli.overview.keeping import Counting
    from cli.tokens.dry_run import end_dry_run

    session = session_of(context)
    wanted = Wanted(tuple(sources or ()), tuple(token or ()), authorities)
    with open_office(session) as office:
        if not yes:
            put_tally(session, bring(office, wanted, record=False), done=False)
            end_dry_run(session, "cli.import.advice")
        with office.home.locked():
            tally = bring(office, wanted, record=True)
        Counting(office).work()  # nobody waits for the first overview then
    put_tally(session, tally, done=True)
    if tally.conflicts:
        from pki.errors.importing import ImportBlockedError

        raise ImportBlockedError(count=len(tally.conflicts), first=tally.conflicts[0].words)


def add_to_authority(group: typer.Typer) -> None:
    """Declare the command that brings an authority here."""
    group.command("import", help="ca.import")(import_authority)


def add_to_certificate(group: typer.Typer) -> None:
    """Declare the command that watches other authorities' certificates."""
    group.command("import", help="cert.import")(import_certificates)
