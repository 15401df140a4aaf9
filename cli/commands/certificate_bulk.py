"""`antin cert bulk`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import PinSource, Yes
from cli.session import session_of

_Folder = Annotated[Path | None, typer.Option("--csr-dir", help="cert.bulk.csr_dir")]
_Output = Annotated[Path | None, typer.Option("-o", "--output", help="cert.bulk.output")]
_Faults = Annotated[Path | None, typer.Option("--faults", help="cert.bulk.faults")]


def bulk(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="cert.bulk.file")],
    ca: Annotated[str, typer.Option("--ca", help="cert.ca")],
    profile: Annotated[str, typer.Option("--profile", help="cert.profile")],
    csr_dir: _Folder = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="cert.bulk.set")] = None,
    output: _Output = None,
    faults: _Faults = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="cert.bulk.skip_bad")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="cert.bulk.resume")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="cert.bulk.dry_run")] = False,
    yes: Yes = False,
    pin_source: PinSource = None,
) -> None:
    """Issue the certificates that a file asks for, a line each."""
    from cli.homes.office import open_office
    from cli.issuing.bulk_certificates import Wanted, issue_file

    wanted = Wanted(
        *(ca, profile, path, csr_dir, tuple(settings or ()), output, faults),
        yes=yes and not dry_run,
        dry_run=dry_run,
        resume=resume,
        skip_bad=skip_bad,
    )
    with open_office(session_of(context), pin_source=pin_source) as office:
        issue_file(office, wanted)
