"""Finds the lines of a plan for a merger, or for a part of an agency that goes elsewhere.

Whose certificate hangs on a post that goes on elsewhere gets another one, for a new key, that names
the agency of then; with it the one before is revoked (affiliationChanged). A request for the key is
found by the serial of the certificate or the code of the person; where there is none, that is a
fault. An agency that ends needs no seal: its own certificates are revoked.

What certificates of other authorities need is proposed by the event that goes with the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from cryptography import x509

from pki.authority.deeds import certificate_deed, status_deed
from pki.authority.issuance import Order, check_key
from pki.authority.succession import successor_of
from pki.blocked import BlockedKeys
from pki.errors.certificates import RenewHeldError
from pki.errors.merging import (
    CSRForSeveralError,
    CSRMissingError,
    ElsewherePlannedError,
    MergedSubjectError,
    MergedTwiceError,
)
from pki.errors.tree import PKIError
from pki.events.proposals import beginning
from pki.letters import normal
from pki.plans.making import Made, Making, PlanFault
from pki.plans.regroup import Foreseen, Regroup, leaving_posts, new_code, registry_part
from pki.profile import Profile
from pki.records.certificates import CertificateRecord, CertificateState, serial_text
from pki.records.people import Agency, AgencyQuery, Assignment, AssignmentQuery, Post, PostQuery
from pki.records.plans import PlanItem, PlanKind
from pki.records.register import Register
from pki.records.requests import RequestKind
from pki.registry.checks import Look, get_agency
from pki.request import parse_request
from pki.requests.canonical import canonical
from pki.requests.concern import Registry
from pki.subject import ALTERNATIVES, Subject, build_subject, subject_of
from pki.transitions import is_held

REASON = "affiliationChanged"
_NAMING = ("O", "OU")


class CSRs(Protocol):
    """Requests for keys, by what they are called."""

    def find(self, name: str) -> bytes | None:
        """Return the request of that name: a code of a person, or a serial in lower-case hex.

        Raises:
            PKIError: it is there and cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a maker looks."""

    register: Register
    people: Registry
    csrs: CSRs
    profile: Callable[[str], Profile]
    blocked: BlockedKeys
    now: datetime
    settings: tuple[tuple[str, str], ...] = ()
    """Values of the subject that all get: of O, OU, L and the like; in place of what stands."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Agencies in other plans that are open, and the id of each."""


class _Concern(NamedTuple):
    """A person's post that goes on elsewhere, or lies below an agency that does."""

    post: Post
    code: str
    direct: bool


def make_regrouping(regroup: Regroup, title: str, sources: Sources) -> Making:
    """Return what is to become the plan; its lines and faults are found as they are read.

    Raises:
        UnknownAgencyError: an agency that is not there.
        ElsewherePlannedError: an agency is in another plan that is open.
        PKIError: the registry cannot change so, as `pki.plans.regroup.registry_part`.
    """
    for code in regroup.agencies:
        if code in sources.elsewhere:
            raise ElsewherePlannedError(agency=code, plan=sources.elsewhere[code])
    part = registry_part(regroup, sources.people, sources.now)
    made = _Maker(regroup, sources).made()
    foreseen = Foreseen(sources.people, part)
    return Making(regroup.kind, title, made, regroup.annex(part.sha256), foreseen)


class _Maker:
    def __init__(self, regroup: Regroup, sources: Sources) -> None:
        self._regroup, self._sources = regroup, sources
        self._names = _renamed(regroup, sources.people)
        self._line = 0

    def made(self) -> Iterator[Made]:
        for person, concerns in sorted(self._people().items()):
            yield from self._numbered(person, self._of_person(person, concerns))
        if self._regroup.kind is PlanKind.MERGE:
            for code in self._regroup.agencies:
                yield from self._numbered(code, self._of_agency(code))

    def _numbered(self, about: str, found: Iterator[PlanItem | PKIError]) -> Iterator[Made]:
        for one in found:
            self._line += 1
            if isinstance(one, PlanItem):
                yield one
            else:
                yield PlanFault(one, self._line, about)

    def _people(self) -> dict[str, tuple[_Concern, ...]]:
        look, found = self._sources.people, dict[str, tuple[_Concern, ...]]()
        posts = [
            _Concern(post, new_code(self._regroup, post), direct=True)
            for post in leaving_posts(self._regroup, look)
        ]
        if self._regroup.unit is None:
            for code in self._regroup.agencies:
                posts += self._below(code)
        for one in posts:
            found[one.post.person] = (*found.get(one.post.person, ()), one)
        return found

    def _below(self, code: str) -> Iterator[_Concern]:
        day, look = self._regroup.day, self._sources.people
        for agency in look.find_entries(AgencyQuery(parent=code)):
            for post in look.find_entries(PostQuery(agency=agency.code)):
                if post.until is None or post.until >= day:
                    yield _Concern(post, post.code, direct=False)
            yield from self._below(agency.code)

    def _of_person(
        self, person: str, concerns: tuple[_Concern, ...]
    ) -> Iterator[PlanItem | PKIError]:
        places = sorted({one.post.agency for one in concerns if one.direct})
        if len(places) > 1:
            yield MergedTwiceError(person=person, first=places[0], second=places[1])
            return
        by_post = {one.post.code: one for one in concerns}
        records = [
            (assignment, record)
            for assignment in self._sources.people.find_entries(AssignmentQuery(person=person))
            if assignment.post is None or assignment.post in by_post
            if (record := self._in_force(assignment)) is not None
        ]
        for assignment, record in records:
            concern = by_post.get(assignment.post or "", concerns[0])
            try:
                item = self._anew(person, assignment, record, concern, alone=len(records) == 1)
            except PKIError as error:
                yield error
                continue
            if item is not None:
                yield item

    def _of_agency(self, code: str) -> Iterator[PlanItem | PKIError]:
        for assignment in self._sources.people.find_entries(AssignmentQuery(agency=code)):
            record = self._in_force(assignment)
            if record is not None:
                deed = status_deed(RequestKind.REVOKE, record, reason=REASON)
                yield PlanItem(
                    kind=RequestKind.REVOKE,
                    issuer=record.issuer,
                    profile=record.profile,
                    serial=record.serial,
                    agency=code,
                    deed=canonical(deed),
                )

    def _in_force(self, assignment: Assignment) -> CertificateRecord | None:
        if assignment.issuer is None or assignment.serial is None:
            return None
        register = self._sources.register
        record = register.find_certificate(assignment.issuer, assignment.serial)
        if record is None or record.state is not CertificateState.ISSUED or not record.der:
            return None
        return record if record.not_after >= beginning(self._regroup.day) else None

    def _anew(
        self,
        person: str,
        assignment: Assignment,
        record: CertificateRecord,
        concern: _Concern,
        *,
        alone: bool,
    ) -> PlanItem | None:
        register, sources, serial = (
            self._sources.register,
            self._sources,
            serial_text(record.serial),
        )
        certificate = x509.load_der_x509_certificate(record.der or b"")
        before = subject_of(certificate)
        subject = self._content(before)
        if subject is None:
            if concern.direct and self._regroup.posts_move:
                raise MergedSubjectError(person=person, serial=serial)
            return None  # it does not name what changes
        held = register.find_revocation(record.issuer, record.serial)
        if is_held(held) and held is not None:
            raise RenewHeldError(serial=serial, held_at=held.revoked_at)
        profile = sources.profile(record.profile)
        key = parse_request(self._request(person, serial, alone=alone)).public_key
        order = Order(
            *(key, profile, subject, ""),
            replaces=record.serial,
            replaced_of=record.issuer,
            revokes_replaced=True,
        )
        profile.check_subject(subject)
        check_key(order, sources.blocked)
        issuer = successor_of(register, record.issuer)
        return PlanItem(
            kind=RequestKind.CHANGE,
            issuer=issuer,
            profile=profile.name,
            serial=record.serial,
            person=person,
            post=concern.code if assignment.post is not None else None,
            agency=self._regroup.into if concern.direct else concern.post.agency,
            device=assignment.device,
            deed=canonical(certificate_deed(order, issuer)),
        )

    def _request(self, person: str, serial: str, *, alone: bool) -> bytes:
        found = self._sources.csrs.find(serial)
        if found is not None:
            return found
        found = self._sources.csrs.find(person)
        if found is None:
            raise CSRMissingError(person=person, serial=serial)
        if not alone:
            raise CSRForSeveralError(person=person, serial=serial)
        return found

    def _content(self, before: Subject) -> Subject | None:
        """Return the subject as it is to be; None where it names none of the agencies."""
        named = False
        pairs: list[tuple[str, str]] = []
        told = {short for short, _ in self._sources.settings}
        others = [(short, value) for short in ALTERNATIVES for value in before.values(short)]
        for short, value in (*before.attributes, *others):
            other = self._names.get(_key(value)) if short in _NAMING else None
            named = named or other is not None
            if short not in told:
                pairs.append((short, other or value))
        if not named:
            return None
        return build_subject((*pairs, *self._sources.settings))


def _renamed(regroup: Regroup, look: Look) -> dict[str, str]:
    """Return the names that certificates bear and are to bear, from the lowest agency up."""
    into = get_agency(look, regroup.into)
    renamed: dict[str, str] = {}
    for code in regroup.agencies:
        agency: Agency | None = get_agency(look, code)
        if agency is not None and not regroup.posts_move:
            agency = look.find_entry(Agency, agency.parent) if agency.parent else None
        there: Agency | None = into
        # It ends: no agency stands above itself.
        while agency is not None and there is not None and agency.code != there.code:
            renamed.setdefault(_key(agency.name), there.name)
            agency = look.find_entry(Agency, agency.parent) if agency.parent else None
            there = look.find_entry(Agency, there.parent) if there.parent else None
    return renamed


def _key(name: str) -> str:
    return normal(name).casefold()
