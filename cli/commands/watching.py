"""`antin cert watch` and `reconcile`: what others say of their certificates, and who has them."""

from typing import Annotated

import typer

from cli.session import session_of


def watch(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="watch.offline")] = False,
) -> None:
    """Ask other authorities for the status of the certificates that are followed."""
    from cli.homes.office import open_office
    from cli.homes.outside import Lists, outside_of
    from cli.issuing.follow_foreign import follow_foreign, put_tallies

    session = session_of(context)
    with open_office(session) as office:
        lists = Lists(asked_for=not offline)
        outside = outside_of(session, office.home, offline=offline, lists=lists)
        with office.home.locked():
            tallies = follow_foreign(office, outside)
    put_tallies(session, tallies, offline=offline)


def reconcile(
    context: typer.Context,
    as_csv: Annotated[bool, typer.Option("--csv", help="reconcile.csv")] = False,
) -> None:
    """Compare other authorities' certificates with the people list."""
    from cli.homes.office import open_office
    from cli.issuing.reconcile_foreign import misfits, put_misfits
    from pki.watching.reconcile import ReconcileTally

    session, tally = session_of(context), ReconcileTally()
    with open_office(session) as office:
        put_misfits(session, misfits(office, tally), tally, as_csv=as_csv)


def add_to_certificate(group: typer.Typer) -> None:
    """Declare the commands."""
    group.command("watch", help="cert.watch")(watch)
    group.command("reconcile", help="cert.reconcile")(reconcile)
