"""Shows lists of certificates, however long: some are read and shown at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice

import typer

from cli.homes.office import Office
from cli.issuing.erase_certificates import find_foreign
from cli.issuing.find_certificates import PAGE, Filter, certificate_rows, end_of_span
from cli.session import Session, table
from pki.records.certificates import ForeignHead, ForeignQuery

_OWN = ("serial", "status", "profile", "not_after", "subject")
_FOREIGN = ("serial", "not_after", "subject", "issuer")


def list_own(office: Office, wanted: Filter, after: str | None) -> None:
    """Show the certificates of this home's authorities that fit, in the order of their making.

    Raises:
        BadOptionError: an unknown status, or a span that is not like `60d`.
        UnknownNameError: no such certificate to go on after.
    """
    if after is not None:
        last = office.certificate(after)
        wanted = replace(wanted, after=(last.issuer, last.serial))
    rows = certificate_rows(office.register, wanted, office.session.clock.now())
    _put(office.session, "certificates", _OWN, rows)


def list_foreign(office: Office, wanted: Filter, after: str | None) -> None:
    """Show those of other authorities that fit, those that end first before the others.

    Raises:
        BadOptionError: a span that is not like `60d`.
        UnknownNameError: no such certificate to go on after.
    """
    before = end_of_span(wanted.expires_within, office.session.clock.now())
    place = None
    if after is not None:
        last = find_foreign(office, after)
        place = (last.not_after, last.fingerprint)
    query = ForeignQuery(wanted.query or "", before, place, wanted.limit)
    _put(office.session, "foreign", _FOREIGN, map(_row, office.register.foreign_heads(query)))


def _row(head: ForeignHead) -> dict[str, str]:
    return {
        "serial": head.serial,
        "issuer": head.issuer,
        "subject": head.subject,
        "not_before": head.not_before.isoformat(),
        "not_after": head.not_after.isoformat(),
        "fingerprint": head.fingerprint,
    }


def _put(
    session: Session, name: str, columns: tuple[str, ...], rows: Iterator[Mapping[str, str]]
) -> None:
    first = list(islice(rows, PAGE))
    if session.as_json:
        entries = (name, chain(first, rows))
        session.put_long("cert.list/1", {}, entries, text=str, row=str)
        return
    if not first:
        typer.echo(session.word("cli.none"))
    while first:
        typer.echo(table([tuple(row[column] for column in columns) for row in first]))
        first = list(islice(rows, PAGE))
