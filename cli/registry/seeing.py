"""Asks whether somebody may see personal numbers of the registry, and records it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from cli.actor import actor
from cli.registry.desk import NAMES, Desk
from pki.records.people import Entry

if TYPE_CHECKING:
    from cli.requests.signing import Actor
    from pki.records.requests import Signature
    from pki.register.sql import SQLRegister


def check_may_see(desk: Desk, kind: type[Entry], who: Actor, about: Mapping[str, str]) -> None:
    """Record who looks at personal numbers; who may not, does not.

    Before any role was granted in this home, it is the account; from then on somebody signs.

    Raises:
        PKIError: as `pki.requests.seeing.record_seeing`.
    """
    from cli.homes.keys import PINs
    from cli.homes.office import Office
    from cli.requests.judge import judging_desk
    from pki.requests.seeing import has_roles, record_seeing, see_statement

    session, home = desk.session, desk.home
    office = Office(session, home, cast("SQLRegister", desk.register), PINs(session, home, None))
    requests = judging_desk(office)
    by: Signature | str = actor()
    if who.key is not None or has_roles(requests):
        by = who.sign(office, see_statement(requests, about))
    record_seeing(requests, by, f"{NAMES[kind]}.unmask", about)
