"""On whom a certificate hangs: `antin cert assign`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from cli.homes.office import Office
from cli.issuing.erase_certificates import FOREIGN, find_foreign
from cli.registry.desk import Desk, day_of
from cli.session import table
from pki.records.changes import EnterRecord
from pki.records.people import Assignment, foreign_key, own_key
from pki.records.people_register import PeopleRegister
from pki.registry.checks import check_entry


@dataclass(frozen=True, slots=True)
class Wish:
    """On whom, and since when."""

    person: str | None = None
    agency: str | None = None
    post: str | None = None
    device: str | None = None
    day: str | None = None
    correct: bool = False


def assign(office: Office, certificate: str, wish: Wish) -> None:
    """Record on whom a certificate hangs, and show it.

    Raises:
        PKIError: no such certificate; or what it shall hang on does not belong together.
    """
    register = cast("PeopleRegister", office.register)
    desk = Desk(office.session, office.home, register)
    place = _place(office, certificate)
    with office.home.locked():
        before = register.find_entry(Assignment, _key(place))
        entry = _version(desk, place, before, wish)
        changed = before is None or wish.correct or _says(before) != _says(entry)
        if changed:
            check_entry(entry, register)
            told = [(name, value) for name, value in _says(entry).items() if value]
            facts = [("certificate", entry.certificate), ("version", str(entry.version)), *told]
            register.commit([EnterRecord(entry, alone=True)], desk.event("cert.assign", *facts))
    _put(desk, entry if changed or before is None else before, changed=changed)


def _version(
    desk: Desk, place: dict[str, Any], before: Assignment | None, wish: Wish
) -> Assignment:
    day = day_of(wish.day, "--from")
    number = follows = 0
    if before is not None:
        number = before.version
        follows = before.follows if wish.correct else before.version
        day = day or (before.effective if wish.correct else None)
    return Assignment(
        version=number + 1,
        follows=follows,
        effective=day or desk.today(),
        recorded_at=desk.session.clock.now(),
        person=wish.person,
        agency=wish.agency,
        post=wish.post,
        device=wish.device,
        **place,
    )


def _put(desk: Desk, entry: Assignment, *, changed: bool) -> None:
    data = {
        "certificate": entry.certificate,
        **_says(entry),
        "effective": entry.effective.isoformat(),
        "version": entry.version,
        "changed": changed,
    }
    desk.session.put(
        "cert.assign/1",
        data,
        lambda: table([(name, str(value)) for name, value in data.items() if value is not None]),
    )


def _says(entry: Assignment) -> dict[str, str | None]:
    return {name: getattr(entry, name) for name in ("person", "agency", "post", "device")}


def _place(office: Office, certificate: str) -> dict[str, Any]:
    if not certificate.startswith(FOREIGN):
        record = office.certificate(certificate)
        return {"issuer": record.issuer, "serial": record.serial}
    return {"fingerprint": find_foreign(office, certificate).fingerprint}


def _key(place: dict[str, Any]) -> str:
    if "fingerprint" in place:
        return foreign_key(place["fingerprint"])
    return own_key(place["issuer"], place["serial"])
