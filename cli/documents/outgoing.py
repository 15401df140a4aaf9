"""Documents that go out, for the command line: prepared, and numbered."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from cli.documents.password import document_password
from cli.documents.place import parse_place
from cli.errors import BadOptionError
from cli.homes.home import find_home, home_directory
from cli.homes.outside import outside_of
from cli.session import Session
from pki.atomic import write_atomically
from pki.words import harmless
from signing.display.placement import Placement
from signing.files import Existing, check_output
from signing.outgoing.number import Numbering, number_document
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from signing.reading import read_document
from verify.policy import default_policy

LEADER_FORM = "name=…[,title=…] | page=N,x=…mm,y=…mm[,width=…mm,height=…mm]"
TEXT_FORM = "page=N,x=…mm,y=…mm,width=…mm,height=…mm"
DATE_FORM = "2026-11-22 | 22/11/2026"


def read_places(
    *, leader: str, agency: str | None, number: str | None, date: str | None
) -> OutgoingPlaces:
    """Read the options that say where the fields go.

    Raises:
        BadOptionError: one of them says no place, or not the kind of place that it needs.
    """
    head = parse_place(leader).placement
    if head.name is None and head.corner_mm is None:
        raise BadOptionError(option="--leader", value=leader, form=LEADER_FORM)
    return OutgoingPlaces(
        head,
        parse_place(agency).placement if agency else Placement(),
        _text_place("--number", number),
        _text_place("--date", date),
    )


def _text_place(option: str, text: str | None) -> Placement:
    if text is None:
        return Placement()
    placement = parse_place(text).placement
    if placement.rectangle is None:
        raise BadOptionError(option=option, value=text, form=TEXT_FORM)
    return placement


def read_date(text: str) -> date:
    """Read a day, as 2026-11-22 or 22/11/2026.

    Raises:
        BadOptionError: it is none.
    """
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day, in no zone
        except ValueError:
            continue
    raise BadOptionError(option="--date", value=text, form=DATE_FORM)


def prepare_file(
    session: Session,
    paths: tuple[Path, Path],
    places: OutgoingPlaces,
    *,
    overwrite: bool,
    password_source: str | None = None,
) -> None:
    """Prepare one file into another and say which fields there are.

    Raises:
        PKIError: any refusal of `signing`; nothing was written then.
    """
    source, target = paths
    limits = default_policy().limits
    data = read_document(source, limit=limits.document_bytes)
    check_output(source, target, existing=_existing(overwrite=overwrite))
    password = document_password(session, password_source)
    done = prepare_document(data, places, name=source.name, limits=limits, password=password)
    write_atomically(target, done.data, overwrite=overwrite)
    fields = [
        {
            "name": each.name,
            "page": each.page,
            "x_mm": round(each.rectangle.left_mm, 1),
            "y_mm": round(each.rectangle.top_mm, 1),
            "width_mm": round(each.rectangle.width_mm, 1),
            "height_mm": round(each.rectangle.height_mm, 1),
        }
        for each in done.fields
    ]
    names = ", ".join(each.name for each in done.fields)
    session.put(
        "prepare/1",
        {"input": str(source), "output": str(target), "fields": fields},
        lambda: session.word("cli.prepared", path=target, fields=names),
    )


def number_file(
    session: Session,
    paths: tuple[Path, Path],
    wish: Numbering,
    *,
    overwrite: bool,
    password_source: str | None = None,
) -> None:
    """Number one file into another and say what was filled in.

    Raises:
        PKIError: any refusal of `signing`; nothing was written then.
    """
    source, target = paths
    home = find_home(home_directory(session.home), session.configuration)
    if home.settings.demo:
        session.tell("cli.demo_home")
    password = document_password(session, password_source)
    services = outside_of(session, home, password=password).signing(session.clock)
    data = read_document(source, limit=services.policy.limits.document_bytes)
    check_output(source, target, existing=_existing(overwrite=overwrite))
    done = number_document(data, wish, services=services, name=source.name)
    write_atomically(target, done.data, overwrite=overwrite)
    values = ", ".join(f"{name} = {harmless(value)}" for name, value in done.values.items())
    session.put(
        "number/1",
        {
            "input": str(source),
            "output": str(target),
            "values": done.values,
            "indication": done.report.indication.value,
        },
        lambda: session.word("cli.numbered", path=target, values=values),
    )


def _existing(*, overwrite: bool) -> Existing:
    return Existing.OVERWRITE if overwrite else Existing.REFUSE
