"""`antin agency list|show|add|change|import|export`."""

from typing import Annotated

import typer

from cli.commands import registry_files
from cli.registry_options import (
    After,
    At,
    Clear,
    Code,
    Correct,
    From,
    Limit,
    Name,
    NewName,
    Since,
    Tier,
    Until,
    Words,
)
from cli.session import session_of

group = typer.Typer(help="agency", no_args_is_help=True, rich_markup_mode=None)
Parent = Annotated[str | None, typer.Option("--parent", help="agency.parent")]
TaxCode = Annotated[str | None, typer.Option("--tax-code", help="agency.tax_code")]
Successor = Annotated[str | None, typer.Option("--successor", help="agency.successor")]


@group.command("list", help="agency.list")
def list_agencies(
    context: typer.Context,
    at: At = None,
    query: Words = None,
    tier: Annotated[Tier | None, typer.Option("--tier", help="agency.tier")] = None,
    parent: Parent = None,
    limit: Limit = None,
    after: After = None,
) -> None:
    """List agencies."""
    from cli.registry.desk import day_of, open_desk
    from cli.registry.rows import put_list
    from pki.records.people import Agency, AgencyQuery, AgencyTier

    narrow = AgencyQuery(
        on=day_of(at, "--at"),
        text=query,
        tier=AgencyTier(tier) if tier else None,
        parent=parent,
        limit=limit,
        after=after,
    )
    with open_desk(session_of(context)) as desk:
        put_list(desk, Agency, narrow)


@group.command("show", help="agency.show")
def show(context: typer.Context, code: Code, at: At = None) -> None:
    """Show one agency and its versions."""
    from cli.registry.desk import open_desk
    from cli.registry.entries import show_entry
    from pki.records.people import Agency

    with open_desk(session_of(context)) as desk:
        show_entry(desk, Agency, code, at=at)


@group.command("add", help="agency.add")
def add(
    context: typer.Context,
    code: Code,
    name: Name,
    tier: Annotated[Tier, typer.Option("--tier", help="agency.tier")],
    since: Since = None,
    until: Until = None,
    parent: Parent = None,
    tax_code: TaxCode = None,
    successor: Successor = None,
) -> None:
    """Enter an agency."""
    from cli.registry.adding import add_new
    from pki.records.people import Agency

    told = {"code": code, "name": name, "tier": tier, "since": since, "until": until}
    told |= {"parent": parent, "tax_code": tax_code, "successor": successor}
    add_new(session_of(context), Agency, told)


@group.command("change", help="agency.change")
def change(
    context: typer.Context,
    code: Code,
    name: NewName = None,
    tier: Annotated[Tier | None, typer.Option("--tier", help="agency.tier")] = None,
    since: Since = None,
    until: Until = None,
    parent: Parent = None,
    tax_code: TaxCode = None,
    successor: Successor = None,
    clear: Clear = None,
    day: From = None,
    correct: Correct = False,
) -> None:
    """Change an agency."""
    from cli.registry.adding import change_known
    from cli.registry.entries import Wish
    from pki.records.people import Agency

    told = {"name": name, "tier": tier, "since": since, "until": until}
    told |= {"parent": parent, "tax_code": tax_code, "successor": successor}
    wish = Wish(told, tuple(clear or ()), day, correct)
    change_known(session_of(context), Agency, code, wish)


registry_files.add_to(group, "agency.import", "agency.export")
