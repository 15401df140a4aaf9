"""A look at the records of a living register: nothing is changed, and no key is used.

What came from another authority's files (`certificate.import`) is not held to what Antin itself
issues: it exists.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from cli.selftest.certificates import is_authority, read_certificate, verifies
from cli.selftest.histories import find_misstep
from cli.selftest.listed import check_points, retold, union
from pki.audit.entry import check_clock, read_content
from pki.audit.verify import verify_audit
from pki.authority.crl import wanted_serials
from pki.authority.crl_gate import Published, judge_crl
from pki.authority.crl_reader import read_crl
from pki.authority.erasure import is_rightly_empty
from pki.errors.tree import Phrase, PKIError, phrase
from pki.names import name_text
from pki.records.authorities import AuthorityRecord
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    StatusKind,
    serial_text,
)
from pki.records.lists import CRLRecord, Snapshot
from pki.records.register import Register
from pki.register.inspection import changed_serials, missing_guards, unreadable_serials
from pki.strength import check_strength, spki_sha256
from pki.transitions import is_held

_PAGE = 1000
_SHOWN = 3
_OUT = (CertificateState.ISSUED, CertificateState.REVOKED)
_FOREIGN = {"certificate.import", "certificate.restore"}
_LONG_NUMBER = re.compile(r"(?<![0-9a-f])[0-9]{9,14}(?![0-9a-f])")
_NUMBERS = {"serial", "replaces", "number"}
"""Facts that are numbers of Antin's own."""
_OF_LIST = {
    "pki.crl.number": 14,
    "pki.crl.no_number": 14,
    "pki.crl.lost": 12,
    "pki.crl.missing": 12,
    "pki.crl.unknown": 18,
    "pki.crl.changed": 11,
    "pki.crl.removed": 13,
}
"""Which invariant a finding of the gate speaks of; all others of 15."""


@dataclass
class Seen:
    """What a look found, by the number of the invariant."""

    certificates: int = 0
    findings: dict[int, list[Phrase]] = field(default_factory=lambda: defaultdict(list))


class Look:
    """One look at a register."""

    def __init__(self, register: Register, place: Path | str, now: datetime) -> None:
        self._register = register
        self._place = place
        self._now = now
        self._seen = Seen()
        self._ill: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._authorities = {one.name: one for one in register.list_authorities()}
        self._certificates = {
            name: x509.load_der_x509_certificate(one.certificate_der)
            for name, one in self._authorities.items()
        }
        self._own_keys: dict[str, set[bytes]] = defaultdict(set)
        for own in self._certificates.values():
            self._own_keys[spki_sha256(own.public_key())].add(own.subject.public_bytes())
        self._events: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._unreserved: set[tuple[str, str]] = set()
        self._holders: dict[str, str] = {}

    def run(self) -> Seen:
        """Look at everything.

        Raises:
            UnavailableError: the register does not answer.
        """
        odd = unreadable_serials(self._place)
        if odd:  # nothing that has to do with serials can be read behind that
            self._find(19, phrase("cli.selftest.unreadable_serials", tables=odd))
            return self._seen
        self._look_at_log()
        for record in self._records():
            self._look_at(record)
        self._look_at_histories()
        for (number, problem), serials in self._ill.items():
            shown = tuple(serials[:_SHOWN])
            words = phrase(f"cli.selftest.record.{problem}")
            told = phrase("cli.selftest.records", count=len(serials), serials=shown, problem=words)
            self._find(number, told)
        for authority in self._authorities.values():
            self._look_at_lists(authority)
        guards = missing_guards(self._place)
        if guards:
            self._find(22, phrase("cli.selftest.guards", guards=guards))
        return self._seen

    def _find(self, number: int, finding: Phrase) -> None:
        self._seen.findings[number].append(finding)

    def _look_at_log(self) -> None:
        try:
            verify_audit(self._register)
        except PKIError as error:
            self._find(21, phrase("cli.selftest.log", code=error.code))
        try:
            check_clock(self._register, self._now)
        except PKIError:
            self._find(23, phrase("cli.selftest.clock"))
        for entry in self._register.audit_entries():
            told = read_content(entry.content)
            if told is None:
                continue
            facts = dict(told[1].facts)
            place = (facts.get("issuer", ""), facts.get("serial", ""))
            if told[1].action == "certificate.issue" and not self._was(
                "certificate.reserve", place
            ):
                self._unreserved.add(place)
            if told[1].action == "certificate.release" and self._was("certificate.revoke", place):
                self._ill[13, "released"].append(place[1])
            self._events[told[1].action].add(place)
            told_of = (value for name, value in facts.items() if name not in _NUMBERS)
            if _LONG_NUMBER.search(" ".join(told_of)):
                self._find(25, phrase("cli.selftest.personal", where=f"{entry.sequence}"))

    def _was(self, action: str, place: tuple[str, str]) -> bool:
        return place in self._events[action]

    def _records(self) -> Iterator[CertificateRecord]:
        after: tuple[str, int] | None = None
        while page := self._register.find_certificates(CertificateQuery(limit=_PAGE, after=after)):
            yield from page
            after = (page[-1].issuer, page[-1].serial)

    def _look_at(self, record: CertificateRecord) -> None:
        place = (record.issuer, serial_text(record.serial))
        ours = not any(self._was(action, place) for action in _FOREIGN)
        self._seen.certificates += 1
        standing = self._register.find_revocation(record.issuer, record.serial)
        if record.state is CertificateState.REVOKED and standing is None:
            self._mark(18, "status", record)
        if self._was("certificate.revoke", place) and (standing is None or is_held(standing)):
            self._mark(13, "released", record)
        if ours and not 64 <= record.serial.bit_length() <= 159:
            self._mark(2, "serial", record)
        if record.state not in _OUT:
            return
        if ours and not self._was("certificate.issue", place):
            self._mark(20, "reserved", record)
        if ours and (place in self._unreserved or not self._was("certificate.reserve", place)):
            self._mark(1, "reserved", record)
        if is_rightly_empty(self._register, record):
            return
        certificate = read_certificate(record)
        if certificate is None:
            self._mark(10, "unreadable", record)
            return
        self._look_at_key(record, ours=ours)
        self._look_at_certificate(record, certificate, ours=ours)

    def _look_at_certificate(
        self, record: CertificateRecord, certificate: x509.Certificate, *, ours: bool
    ) -> None:
        issuer = self._certificates.get(record.issuer)
        if certificate.tbs_certificate_bytes != record.tbs_der and ours:
            self._mark(3, "unreadable", record)
        if spki_sha256(certificate.public_key()) != record.spki_sha256:
            self._mark(6, "unreadable", record)
        if name_text(certificate.subject) != record.subject:
            self._mark(7, "subject", record)
        if issuer is None:
            return
        if certificate.issuer.public_bytes() != issuer.subject.public_bytes():
            self._mark(7, "subject", record)
        elif not verifies(certificate, issuer):
            self._mark(10, "signature", record)
        if ours:
            self._look_at_ours(record, certificate, issuer)

    def _look_at_ours(
        self, record: CertificateRecord, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> None:
        late = certificate.not_valid_after_utc > issuer.not_valid_after_utc
        if late or certificate.not_valid_before_utc > record.reserved_at:
            self._mark(4, "validity", record)
        try:
            check_strength(certificate.public_key())
        except PKIError:
            self._mark(5, "key_weak", record)
        if certificate.subject != certificate.issuer:
            self._look_at_points(record, check_points(certificate))

        if self._is_misused(record, certificate):
            self._mark(5, "key_of_authority", record)

    def _is_misused(self, record: CertificateRecord, certificate: x509.Certificate) -> bool:
        """Say whether an authority's key certifies anything but an authority called the same."""
        names = self._own_keys.get(record.spki_sha256)
        if names is None:
            return False
        return certificate.subject.public_bytes() not in names or not is_authority(certificate)

    def _look_at_histories(self) -> None:
        for issuer, serial in changed_serials(self._place):
            step = find_misstep(self._register.status_changes(issuer, serial))
            if step is not None:
                number = 13 if step.kind is StatusKind.RELEASE else 11
                self._ill[number, "history"].append(serial_text(serial))

    def _look_at_key(self, record: CertificateRecord, *, ours: bool) -> None:
        holder = self._holders.setdefault(record.spki_sha256, record.subject)
        if ours and holder != record.subject:
            self._mark(6, "key_shared", record)

    def _look_at_points(self, record: CertificateRecord, points: tuple[str, ...]) -> None:
        own = [one for one in points if one.endswith(f"/crl/{record.issuer}.crl")]
        if len(points) > 1 or len(own) != len(points):
            self._mark(17, "points", record)

    def _mark(self, number: int, problem: str, record: CertificateRecord) -> None:
        self._ill[number, problem].append(serial_text(record.serial))

    def _look_at_lists(self, authority: AuthorityRecord) -> None:
        full = self._register.newest_crl(authority.name)
        delta = self._register.newest_crl(authority.name, delta=True)
        for record in (full, delta):
            if record is not None:
                self._try(self._look_at_list, record)
        if full is not None and delta is not None and delta.base_number == full.number:
            self._try(self._look_at_both, full, delta)

    def _try(self, look: Callable[..., None], *records: CRLRecord) -> None:
        try:
            look(*records)
        except PKIError as error:
            self._find(15, phrase("cli.selftest.log", code=error.code))

    def _look_at_both(self, full: CRLRecord, delta: CRLRecord) -> None:
        whole = Snapshot(full.issuer, delta.last_sequence)
        wanted = {int(one, 16) for one in wanted_serials(self._register, whole)}
        odd = sorted(union(read_crl(full.der).crl, read_crl(delta.der).crl) ^ wanted)
        if odd:
            told = tuple(map(serial_text, odd[:_SHOWN]))
            self._find(16, phrase("cli.selftest.base_and_delta", serials=told))

    def _look_at_list(self, record: CRLRecord) -> None:
        issuer = self._certificates[record.issuer]
        previous = self._register.newest_crl(record.issuer, before=record.number)
        delta_after: int | None = None
        if record.base_number is not None:
            base = self._register.find_crl(record.issuer, record.base_number)
            previous, delta_after = base, base.last_sequence if base is not None else None
        snapshot = Snapshot(record.issuer, record.last_sequence, delta_after)
        # Past the authority's own end nobody relies on its lists any more.
        now = min(self._now, issuer.not_valid_after_utc)
        published = Published(
            issuer=issuer,
            now=max(now, record.this_update),
            previous=read_crl(previous.der) if previous is not None else None,
            newest_number=previous.number if previous is not None else None,
            newest_update=previous.this_update if previous is not None else None,
            snapshot=lambda: wanted_serials(self._register, snapshot),
        )
        read = read_crl(record.der)
        changed = retold(read, lambda: self._register.list_entries(snapshot))
        if changed:
            self._find(11, phrase("cli.selftest.retold", serials=changed[:_SHOWN]))
        findings = judge_crl(read, published)
        for finding in findings:
            if finding.id == "pki.crl.next_update" and record.base_number is not None:
                continue  # a newer full list took its place
            words = phrase("cli.selftest.list", authority=record.issuer, problem=finding)
            self._find(_OF_LIST.get(finding.id, 15), words)
        if record.number > self._register.last_crl_number(record.issuer):
            words = phrase("cli.selftest.number", numbers=(str(record.number),))
            self._find(14, words)
