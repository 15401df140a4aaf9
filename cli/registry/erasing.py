"""Erases what the register says of people: `antin person erase`."""

from __future__ import annotations

from collections.abc import Sequence

from cli.actor import actor
from cli.homes.office import Office
from cli.session import Session, table
from pki.authority.personal import check_person_erasable, erase_people
from pki.records.certificates import ErasureReason
from pki.records.people import Person


def plan_people(office: Office, codes: Sequence[str]) -> tuple[Person, ...]:
    """Find who is to be erased, each once; nothing is changed.

    Raises:
        PKIError: one of them may not be erased, as `pki.authority.personal` says.
    """
    return tuple(check_person_erasable(office.register, code) for code in dict.fromkeys(codes))


def erase_planned(office: Office, people: Sequence[Person], reason: str) -> None:
    """Erase all of them, or none.

    Raises:
        PKIError: as of `pki.authority.personal.erase_people`.
    """
    codes = [one.code for one in people]
    clock, why = office.session.clock, ErasureReason(reason)
    erase_people(office.register, clock, codes, reason=why, requester=actor())


def put_people(session: Session, people: Sequence[Person], reason: str, *, done: bool) -> None:
    """Show whose data go, or went: then the name is told no more."""
    rows = [
        {
            "person": one.code,
            "state": str(one.state),
            "versions": one.version,
            "name": "" if done else one.name,
        }
        for one in people
    ]

    def text() -> str:
        if done:
            return session.word("cli.person.erased", people=tuple(one.code for one in people))
        return table([tuple(str(cell) for cell in row.values()) for row in rows])

    session.put("person.erase/1", {"people": rows, "reason": reason, "done": done}, text)
