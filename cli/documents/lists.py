"""Trusted lists and their services, as JSON and as words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cli.exit_status import ExitStatus, status_of_error, worst
from cli.session import Session, error_object, table
from pki.words import harmless
from verify.certificate import fingerprint
from verify.errors import ListMissingError, ListUnknownError
from verify.listed import State
from verify.lists.had import Had, anchors_of
from verify.lists.read import Service, TrustedList


def put_lists(session: Session, schema: str, lists: tuple[Had, ...]) -> None:
    """Write which lists there are, and what each is worth."""
    session.put(
        schema,
        {"lists": [_list_object(session, one) for one in lists]},
        lambda: (
            table([_list_row(session, one) for one in lists])
            if lists
            else session.word("cli.trust.none")
        ),
    )


def status_of_lists(lists: tuple[Had, ...]) -> ExitStatus:
    """Return the status of a refresh: that of the configured lists that are not to be trusted.

    Of lists that a list of lists leads to, one or the other is always missing somewhere; they are
    told of.
    """
    return worst(
        status_of_error(one.error)
        for one in lists
        if one.name == one.source and one.list is None and one.error is not None
    )


def get_list(lists: tuple[Had, ...], name: str) -> TrustedList:
    """Return a list by its name.

    Raises:
        ListUnknownError: there is none.
        PKIError: why it is not trusted.
    """
    for one in lists:
        if one.name == name:
            if one.list is None:
                raise one.error or ListMissingError(name=name, reason="-")
            return one.list
    raise ListUnknownError(name=name)


def put_services(session: Session, found: TrustedList, query: str | None) -> None:
    """Write a list's services, those whose provider or name has `query` in it."""
    wanted = (query or "").casefold()
    services = [
        one
        for one in found.services
        if wanted in f"{one.listing.provider} {one.listing.name}".casefold()
    ]
    head = {
        "territory": harmless(found.territory),
        "operator": harmless(found.operator),
        "sequence": found.sequence,
        "issued": _instant(found.issued),
        "next_update": _instant(found.next_update),
    }
    session.put(
        "trust.show/1",
        {**head, "services": [_service_object(one) for one in services]},
        lambda: (
            table([_service_row(one) for one in services])
            if services
            else session.word("cli.trust.no_services")
        ),
    )


def _list_object(session: Session, one: Had) -> dict[str, Any]:
    found = one.list
    return {
        "name": harmless(one.name),
        "place": harmless(one.place),
        "trusted": found is not None,
        "of_lists": found.of_lists if found else None,
        "territory": harmless(found.territory) if found else None,
        "operator": harmless(found.operator) if found else None,
        "version": found.version if found else None,
        "sequence": found.sequence if found else None,
        "issued": _instant(found.issued) if found else None,
        "next_update": _instant(found.next_update) if found else None,
        "ends_soon": one.ends_soon(session.clock.now()) is not None,
        "fetched": _instant(one.had_at),
        "services": len(found.services) if found else 0,
        "anchors": _anchors(found),
        "error": error_object(one.error, session.language) if one.error else None,
    }


def _list_row(session: Session, one: Had) -> tuple[str, ...]:
    found = one.list
    if found is None:
        state = error_object(one.error, session.language)["message"] if one.error else "-"
        return one.name, "-", "-", session.word("cli.trust.not_trusted"), state
    until = found.next_update.date().isoformat() if found.next_update else "-"
    count = session.word("cli.trust.count", services=len(found.services), anchors=_anchors(found))
    told = error_object(one.error, session.language)["message"] if one.error else count
    soon = one.ends_soon(session.clock.now()) is not None
    trusted = session.word("cli.trust.ends_soon" if soon else "cli.trust.trusted")
    return (
        one.name,
        str(found.sequence),
        f"{found.issued.date().isoformat()} – {until}",
        trusted,
        told,
    )


def _anchors(found: TrustedList | None) -> int:
    return len({each for each, _ in anchors_of(found)}) if found else 0


def _service_object(one: Service) -> dict[str, Any]:
    return {
        "provider": harmless(one.listing.provider),
        "name": harmless(one.listing.name),
        "certificates": [
            {"subject": harmless(each.subject.rfc4514_string()), "fingerprint": fingerprint(each)}
            for each in one.certificates
        ],
        "states": [_state_object(state) for state in reversed(one.listing.states)],
    }


def _state_object(state: State) -> dict[str, Any]:
    return {
        "type": harmless(state.kind),
        "status": harmless(state.standing),
        "since": _instant(state.since),
        "additional": [harmless(uri) for uri in state.additional],
        "qualifiers": [harmless(uri) for uri in state.qualifiers],
    }


def _service_row(one: Service) -> tuple[str, ...]:
    now = one.listing.states[-1]
    since = now.since.date().isoformat()
    return one.listing.provider, one.listing.name, now.kind, now.standing, since


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
