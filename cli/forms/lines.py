"""The lines of a form's table: for each form, whom and what the register names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.forms.certificates import Certificates, Held, wanted_subject
from cli.forms.people import Clerk
from cli.forms.wish import MOST, FormWish
from cli.homes.office import Office
from cli.registry.entries import get_entry
from cli.registry.rows import pages
from pki.errors.forms import (
    FormEmptyError,
    FormOptionError,
    FormRequestError,
    FormTooLongError,
)
from pki.forms.changed import changed_facts, subject_in, subject_of
from pki.forms.filled import Facts, Line
from pki.forms.form import About, Fill, Form
from pki.records.people import (
    Device,
    DeviceQuery,
    DeviceState,
    Person,
    PersonQuery,
    PersonState,
    Post,
    PostQuery,
)
from pki.records.requests import Case, RequestKind
from pki.registry.values import read_text
from pki.requests.content import deed_of

MARK = "×"


@dataclass(slots=True)
class Gathered:
    """Lines, and the agencies that they have to do with."""

    lines: list[Line] = field(default_factory=list)
    agencies: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    """Of what stands on a line already."""


class Gathering:
    """Gathers the lines of one form."""

    def __init__(self, office: Office, clerk: Clerk, form: Form, wish: FormWish) -> None:
        self._office = office
        self._clerk = clerk
        self._form = form
        self._wish = wish
        self._certificates = Certificates(office, clerk)
        self._found = Gathered()

    def gather(self) -> Gathered:
        """Return the lines.

        Raises:
            PKIError: somebody or something is not there, or not for this form.
        """
        {
            About.PERSON: self._people,
            About.AGENCY: self._agencies,
            About.SERVICE: self._services,
            About.CERTIFICATE: self._certified,
            About.DEVICE: self._devices,
            About.HANDOVER: self._handed_over,
        }[self._form.about]()
        for agency in self._wish.agencies if not self._found.lines else ():
            raise FormEmptyError(form=self._form.number, agency=agency)
        return self._found

    def _add(self, of: About, key: str, facts: Facts, agency: str | None) -> None:
        """Add a line, once for each key."""
        if key in self._found.keys:
            return
        if len(self._found.lines) >= MOST:
            raise FormTooLongError(form=self._form.number, most=MOST)
        self._found.keys.add(key)
        self._found.lines.append(Line(of, facts))
        if agency is not None:
            self._found.agencies.add(agency)

    def _requests(self) -> Iterator[tuple[Case, dict[str, Any]]]:
        """Yield the requests that are named, with what will be done; empty where it was erased.

        Raises:
            RequestUnknownError: there is none.
            FormRequestError: it is of another kind.
        """
        for name in self._wish.requests:
            case = self._office.desk().case(name)
            if case.record.kind not in self._form.requests:
                raise self._other(case)
            content = self._office.register.cases.content(name)
            yield case, deed_of(content, name) if content else {}

    def _other(self, case: Case) -> FormRequestError:
        record = case.record
        return FormRequestError(form=self._form.number, request=record.id, kind=record.kind.value)

    def _people(self) -> None:
        for code in self._wish.people:
            person = self._clerk.person(code)
            self._add_person(person, self._clerk.post(code, self._wish.post))
        for agency in self._wish.agencies:
            for person, post in self._staff(agency):
                self._add_person(person, post)
        for case, _ in self._requests():
            if case.record.person is None:
                raise self._other(case)
            person = self._clerk.person(case.record.person)
            held = self._clerk.post(person.code, case.record.post, case.record.agency)
            self._add_person(person, held)

    def _staff(self, code: str) -> Iterator[tuple[Person, Post]]:
        """Yield who serves in an agency today, each once, with the first post there."""
        clerk = self._clerk
        self._clerk.agency(code)
        posts: dict[str, Post] = {}
        for post in pages(clerk.desk, PostQuery(on=clerk.today, agency=code)):
            if clerk.is_held(post):
                posts.setdefault(post.person, post)
        active = PersonQuery(on=clerk.today, agency=code, state=PersonState.ACTIVE)
        for person in pages(clerk.desk, active):
            if person.code in posts:
                yield person, posts[person.code]

    def _add_person(self, person: Person, post: Post | None) -> None:
        facts = {
            **self._clerk.facts_of(person, post),
            Fill.OLD_SERIALS: self._certificates.serials(person=person.code),
        }
        self._add(About.PERSON, person.code, facts, post.agency if post else None)

    def _agencies(self) -> None:
        codes = list(self._wish.agencies)
        for case, _ in self._requests():
            if case.record.agency is None or case.record.person is not None:
                raise self._other(case)
            codes.append(case.record.agency)
        for code in codes:
            self._add(About.AGENCY, code, self._clerk.agency_facts(code), code)

    def _services(self) -> None:
        for name in self._wish.names:
            facts: dict[Fill, str] = {Fill.SERVICE: read_text(name, "--name")}
            if self._wish.sender is not None:
                facts |= self._clerk.agency_facts(self._wish.sender)
            self._add(About.SERVICE, facts[Fill.SERVICE], facts, self._wish.sender)
        for case, deed in self._requests():
            agency = case.record.agency or self._wish.sender
            pairs = deed.get("subject", [])
            hosts = [value for short, value in pairs if short in {"DNS", "IP"}]
            names = [value for short, value in pairs if short == "CN"]
            facts = {Fill.SERVICE: "\n".join(names), Fill.HOSTS: "\n".join(hosts)}
            facts |= self._clerk.agency_facts(agency) if agency else {}
            self._add(About.SERVICE, f"request:{case.record.id}", facts, agency)

    def _certified(self) -> None:
        reason = self._reason(self._wish.reason)
        for serial in self._wish.serials:
            held = self._certificates.named(serial)
            self._add_certificate(held, {Fill.REASON: reason, **self._asked(held)})
        for case, deed in self._requests():
            record = case.record
            assert record.serial is not None  # noqa: S101  these kinds have one
            held = self._certificates.of(record.issuer, record.serial)
            facts = {Fill.REASON: self._reason(deed.get("reason")) or reason}
            facts |= {
                RequestKind.RENEW: {Fill.RENEWS: MARK},
                RequestKind.CHANGE: {Fill.CHANGES: MARK},
            }.get(record.kind, {})
            if held.certificate is not None and record.kind is RequestKind.CHANGE:
                after = subject_in(deed.get("subject", []))
                facts |= changed_facts(subject_of(held.certificate), after)
            self._add_certificate(held, facts)

    def _add_certificate(self, held: Held, facts: Facts) -> None:
        told = {**self._certificates.facts(held), **facts}
        self._add(held.about, held.key, told, self._certificates.agency_of(held.assignment))

    def _asked(self, held: Held) -> dict[Fill, str]:
        """Return what service is asked for; what would change is read off the register."""
        facts: dict[Fill, str] = {}
        service = self._wish.service or "renew"
        if service in {"renew", "both"}:
            facts[Fill.RENEWS] = MARK
        if service in {"change", "both"}:
            facts[Fill.CHANGES] = MARK
            wanted = wanted_subject(held, self._certificates.facts(held))
            if held.certificate is not None:
                facts |= changed_facts(subject_of(held.certificate), wanted)
        return facts

    def _reason(self, told: str | None) -> str:
        """Return a reason in the form's words.

        Raises:
            FormOptionError: it is none of those that have words.
        """
        if told is None or not self._form.reasons:
            return ""
        if told not in self._form.reasons:
            options = tuple(self._form.reasons)
            raise FormOptionError(form=self._form.number, option=told, options=options)
        return self._form.reasons[told]

    def _devices(self) -> None:
        serials = list(self._wish.serials)
        for case, _ in self._requests():
            serials.append(case.record.device or "")
        for serial in serials:
            device: Device = get_entry(self._clerk.desk, Device, serial)
            self._add_device(device, self._held_by(device))

    def _held_by(self, device: Device) -> tuple[Facts, str | None]:
        """Return what is known of who holds a device, and the agency."""
        if device.person is None:
            return self._clerk.agency_facts(device.agency or ""), device.agency
        person: Person = get_entry(self._clerk.desk, Person, device.person)
        held = self._clerk.posts(device.person)
        post = held[0] if len(held) == 1 else None
        return self._clerk.facts_of(person, post), post.agency if post else None

    def _add_device(self, device: Device, holder: tuple[Facts, str | None]) -> None:
        hanging = self._certificates.hanging(device=device.serial)
        names = [self._certificates.facts(one)[Fill.CERTIFICATE] for one in hanging]
        facts, agency = holder
        told = {
            **facts,
            Fill.DEVICE: device.serial,
            Fill.MODEL: device.model,
            Fill.CERTIFICATE: "\n".join(name for name in names if name),
            Fill.SERIAL: self._certificates.serials(device=device.serial),
        }
        of = About.AGENCY if device.person is None else About.PERSON
        self._add(of, device.serial, told, agency)

    def _handed_over(self) -> None:
        for serial in self._wish.serials:
            device: Device = get_entry(self._clerk.desk, Device, serial)
            self._add_device(device, self._held_by(device))
        for code in self._wish.people:
            person = self._clerk.person(code)
            self._add_issued(person, self._clerk.post(code))
        for agency in self._wish.agencies:
            facts = self._clerk.agency_facts(agency)
            for device in self._issued(DeviceQuery(on=self._clerk.today, agency=agency)):
                self._add_device(device, (facts, agency))
            for person, post in self._staff(agency):
                self._add_issued(person, post)

    def _add_issued(self, person: Person, post: Post | None) -> None:
        facts = self._clerk.facts_of(person, post)
        query = DeviceQuery(on=self._clerk.today, person=person.code)
        for device in self._issued(query):
            self._add_device(device, (facts, post.agency if post else None))

    def _issued(self, query: DeviceQuery) -> Sequence[Device]:
        """Return what is handed over and not confirmed yet."""
        found = self._clerk.desk.register.find_entries(query)
        return [device for device in found if device.state is DeviceState.ISSUED]
