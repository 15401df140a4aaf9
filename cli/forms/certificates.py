"""Certificates as lines of a form: this home's own and those of other authorities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography import x509

from cli.errors import UnknownNameError
from cli.forms.people import Clerk
from cli.homes.office import Office
from pki.errors.forms import FormNotHeldError
from pki.forms.changed import subject_of
from pki.forms.filled import Facts
from pki.forms.form import About, Fill
from pki.names import common_name
from pki.records.certificates import serial_text
from pki.records.people import Assignment, AssignmentQuery, Person, Post, foreign_key, own_key

_FOREIGN = "sha256:"
SHOWN = 5
"""Serials of somebody's certificates that are written down."""


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate, and on whom it hangs."""

    key: str
    serial: str
    certificate: x509.Certificate | None
    """None for one that was erased."""
    assignment: Assignment

    @property
    def about(self) -> About:
        """A person's, or an agency's."""
        return About.PERSON if self.assignment.person is not None else About.AGENCY


class Certificates:
    """Looks certificates up, and on whom they hang."""

    def __init__(self, office: Office, clerk: Clerk) -> None:
        self._office = office
        self._clerk = clerk

    def named(self, text: str) -> Held:
        """Return the certificate that somebody names: a serial, or `sha256:` and a fingerprint.

        Raises:
            UnknownNameError: there is none.
            FormNotHeldError: it hangs on nobody.
        """
        if text.startswith(_FOREIGN):
            fingerprint = text.removeprefix(_FOREIGN).lower()
            if self._office.register.foreign_certificate(fingerprint) is None:
                raise UnknownNameError(kind="cert", name=text)
            return self._held(foreign_key(fingerprint))
        record = self._office.certificate(text)
        return self._held(own_key(record.issuer, record.serial))

    def of(self, issuer: str, serial: int) -> Held:
        """Return one of this home's certificates.

        Raises:
            FormNotHeldError: it hangs on nobody.
        """
        return self._held(own_key(issuer, serial))

    def _held(self, key: str) -> Held:
        entry = self._clerk.desk.register.find_entry(Assignment, key)
        if entry is None:
            raise FormNotHeldError(certificate=key)
        return self._read(entry)

    def _read(self, entry: Assignment) -> Held:
        if entry.issuer is None or entry.serial is None:
            one = self._office.register.foreign_certificate(entry.fingerprint or "")
            assert one is not None  # noqa: S101  the register holds assignments to it
            known = x509.load_der_x509_certificate(one.der) if one.der else None
            return Held(entry.certificate, serial_text(one.serial), known, entry)
        record = self._office.register.find_certificate(entry.issuer, entry.serial)
        der = record.der if record is not None else None
        certificate = x509.load_der_x509_certificate(der) if der else None
        return Held(entry.certificate, serial_text(entry.serial), certificate, entry)

    def hanging(self, **holder: str) -> list[Held]:
        """Return the certificates that hang on a person or a device today, the newest last."""
        named: dict[str, Any] = holder
        query = AssignmentQuery(on=self._clerk.today, **named)
        found = self._clerk.desk.register.find_entries(query)
        return [self._read(each) for each in sorted(found, key=lambda one: one.effective)]

    def serials(self, **holder: str) -> str:
        """Return the serials of what hangs on somebody, each on a line."""
        return "\n".join(held.serial for held in self.hanging(**holder)[-SHOWN:])

    def facts(self, held: Held) -> Facts:
        """Return what is known of a certificate and its holder."""
        known = held.certificate
        name = common_name(known.subject) if known is not None else ""
        entry = held.assignment
        device = entry.device or ""
        facts = {Fill.CERTIFICATE: name, Fill.SERIAL: held.serial, Fill.DEVICE: device}
        return {**self.holder_facts(entry), **facts}

    def holder_facts(self, entry: Assignment) -> Facts:
        """Return what is known of whom a certificate hangs on, who may serve no more."""
        if entry.person is None:
            return self._clerk.agency_facts(entry.agency or "")
        found = self._clerk.desk.register.find_entry(Person, entry.person)
        assert found is not None  # noqa: S101  the register holds assignments to it
        return self._clerk.facts_of(found, self.post_of(entry))

    def post_of(self, entry: Assignment) -> Post | None:
        """Return the post for which a certificate was given, else the only one that is held."""
        register = self._clerk.desk.register
        if entry.post is not None:
            return register.find_entry(Post, entry.post)
        held = self._clerk.posts(entry.person) if entry.person else []
        return held[0] if len(held) == 1 else None

    def agency_of(self, entry: Assignment) -> str | None:
        """Return the agency that has to do with a certificate."""
        post = self.post_of(entry)
        return entry.agency or (post.agency if post is not None else None)


def wanted_subject(held: Held, facts: Facts) -> dict[str, list[str]]:
    """Return what a certificate would say by the register, of what it says already."""
    if held.certificate is None:
        return {}
    said = subject_of(held.certificate)
    name = facts.get(Fill.NAME if held.about is About.PERSON else Fill.AGENCY)
    told = {"CN": name, "T": facts.get(Fill.TITLE), "O": facts.get(Fill.AGENCY)}
    return {short: [value] for short, value in told.items() if value and said[short]}
