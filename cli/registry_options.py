"""Options of the commands about agencies, people, posts and devices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cli.requests.signing import Actor

Code = Annotated[str, typer.Argument(help="registry.code")]
At = Annotated[str | None, typer.Option("--at", help="registry.at", metavar="DAY")]
Words = Annotated[str | None, typer.Option("--query", help="registry.query")]
Limit = Annotated[int | None, typer.Option("--limit", help="registry.limit", min=1)]
After = Annotated[str | None, typer.Option("--after", help="registry.after")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="registry.unmasked")]
SeeingKey = Annotated[str | None, typer.Option("--key", help="registry.key")]
SeeingCertificate = Annotated[Path | None, typer.Option("--cert", help="sign.cert")]
From = Annotated[str | None, typer.Option("--from", help="registry.from", metavar="DAY")]
Correct = Annotated[bool, typer.Option("--correct", help="registry.correct")]
Clear = Annotated[list[str] | None, typer.Option("--clear", help="registry.clear")]
Since = Annotated[str | None, typer.Option("--since", help="registry.since", metavar="DAY")]
Until = Annotated[str | None, typer.Option("--until", help="registry.until", metavar="DAY")]
Name = Annotated[str, typer.Option("--name", help="registry.name")]
NewName = Annotated[str | None, typer.Option("--name", help="registry.name")]
OfPerson = Annotated[str | None, typer.Option("--person", help="registry.person")]
OfAgency = Annotated[str | None, typer.Option("--agency", help="registry.agency")]
Tier = Literal["province", "department", "division", "commune", "unit"]
PersonStates = Literal["active", "retired", "left", "died"]
DeviceStates = Literal[
    "issued", "active", "lost", "damaged", "suspended", "pin-recovery-asked", "returned"
]
"""As in `pki.records.people`, which would load more than `--help` needs."""
Table = Annotated[Path, typer.Argument(help="registry.file")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="registry.skip_bad")]
LocalDays = Annotated[bool, typer.Option("--local-days", help="registry.local_days")]
Spreadsheet = Annotated[bool, typer.Option("--spreadsheet", help="registry.spreadsheet")]


def seeing(key: str | None, certificate: Path | None, pin_source: str | None) -> Actor:
    """Return who wants to see personal numbers."""
    from cli.requests.signing import Actor

    return Actor(key, certificate, pin_source)
