"""Makes a form of what the register knows, and says what is left for the pen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import cast

from cli.forms.lines import Gathered, Gathering
from cli.forms.people import Clerk
from cli.forms.wish import FormWish
from cli.homes.office import Office
from cli.registry.desk import Desk
from cli.registry.seeing import check_may_see
from cli.session import Session
from pki.atomic import PRIVATE, write_atomically
from pki.errors.forms import FormEmptyError, FormSenderError
from pki.forms.filled import Facts, Filled, Head, fill
from pki.forms.form import Fill, Form
from pki.records.people import Person
from pki.records.people_register import PeopleRegister
from pki.registry.values import read_text
from signing.forms.render import RenderedForm, render_form


def make_form(office: Office, form: Form, wish: FormWish) -> None:
    """Write a form into a file, and say what it holds.

    Personal numbers and addresses stand on it only for whom a role lets see them; the audit log
    says so before the file is there.

    Raises:
        PKIError: nothing was written then.
    """
    wish.check(form)
    desk = Desk(office.session, office.home, cast("PeopleRegister", office.register))
    clerk = Clerk(desk)
    found = Gathering(office, clerk, form, wish).gather()
    if not found.lines:
        raise FormEmptyError(form=form.number, agency=", ".join(wish.people))
    sender = _sender(form, wish, found)
    head = _head(clerk, wish, sender)
    filled = fill(form, head, found.lines, unmasked=wish.who is not None)
    made = render_form(filled, made=office.session.clock.now())
    digest = hashlib.sha256(made.data).hexdigest()
    if wish.who is not None:
        told = {"form": form.number, "agency": sender, "lines": str(len(found.lines))}
        check_may_see(desk, Person, wish.who, {**told, "sha256": digest})
    write_atomically(wish.output, made.data, overwrite=wish.overwrite, mode=PRIVATE)
    _tell(office.session, wish, filled, _object(form, wish, filled, made, digest))


def _sender(form: Form, wish: FormWish, found: Gathered) -> str:
    """Return the agency in whose name the form goes out."""
    if wish.sender is not None:
        return wish.sender
    if len(wish.agencies) == 1:
        return wish.agencies[0]
    if len(found.agencies) != 1:
        raise FormSenderError(form=form.number)
    return next(iter(found.agencies))


def _head(clerk: Clerk, wish: FormWish, sender: str) -> Head:
    agency = clerk.agency(sender)
    signer = _side(clerk, wish.signer, sender)
    return Head(
        agency=agency.name,
        above=clerk.above(agency),
        place=_text(wish.place, "--place"),
        day=wish.day,
        symbol=_text(wish.symbol, "--number"),
        signer_title=signer.get(Fill.TITLE) or None,
        signer=signer,
        receiver=_side(clerk, wish.receiver, sender),
    )


def _side(clerk: Clerk, code: str | None, sender: str) -> Facts:
    if code is None:
        return {}
    return clerk.facts_of(clerk.person(code), clerk.post(code, agency=sender))


def _text(text: str | None, option: str) -> str | None:
    return None if text is None else read_text(text, option) or None


def _object(
    form: Form, wish: FormWish, filled: Filled, made: RenderedForm, digest: str
) -> dict[str, object]:
    return {
        "form": form.number,
        "output": str(wish.output),
        "sha256": digest,
        "pages": made.pages,
        "lines": max(len(part.rows) for part in filled.parts),
        "fields": list(made.fields),
        "blank": {each.value: count for each, count in sorted(filled.blank.items())},
        "unmasked": wish.who is not None,
    }


def _tell(session: Session, wish: FormWish, filled: Filled, told: Mapping[str, object]) -> None:
    if filled.blank:
        places = tuple(
            f"{session.word(f'cli.form.place.{each.value}')} ({count})"
            for each, count in sorted(filled.blank.items())
        )
        session.tell("cli.form.blank", places=places)
    if filled.hides:
        session.tell("cli.form.masked")
    session.put(
        "form/1",
        told,
        lambda: session.word(
            "cli.form.made",
            form=filled.form.number,
            path=wish.output,
            lines=cast("int", told["lines"]),
            pages=cast("int", told["pages"]),
            fields=tuple(cast("list[str]", told["fields"])),
        ),
    )
