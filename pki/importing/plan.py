"""What an import would do, worked out and told before anything is done.

    1. choose the authority's certificate, and see that lists can be issued with it;
    2. verify every certificate and every list against it;
    3. unite what indexes, databases and lists say of revocations;
    4. compare with what the register has under that name;
    5. find the highest CRL number there was.

A list in the authority's name whose signature does not verify counts for revocations (revoked
anywhere is revoked), never for numbers.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from pki.errors.tree import phrase
from pki.importing.choice import (
    choose_authority,
    find_parent,
    is_list_of,
    is_signed_by,
    judge_authority,
)
from pki.importing.encoded import spki_of
from pki.importing.judge import Judged, judge_copies
from pki.importing.material import (
    MAX_CRL_NUMBER,
    CertificateCopy,
    Claim,
    Finding,
    ListCopy,
    Material,
)
from pki.importing.union import unite
from pki.lint.target import Severity
from pki.names import name_text
from pki.records.certificates import (
    CertificateQuery,
    CertificateRecord,
    CertificateState,
    RevocationRecord,
    serial_text,
)
from pki.records.register import Register

_DER = Encoding.DER
IMPORTED = "imported"
"""Profile of a certificate that was made by no profile of ours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for."""

    name: str
    """Short name of the authority in the register."""
    requester: str
    profile: str = IMPORTED
    """Name of the profile that the certificates are recorded under."""
    authority: x509.Certificate | None = None
    """The authority's certificate, where the files leave it open."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was found, and what of it is to be done."""

    certificates: int
    """Verified, of this authority, each once."""
    expired: int
    others: int
    """Issued by somebody else: left out."""
    unverified: int
    """In this authority's name and not signed by it: left out."""
    lists: int
    revoked: int
    held: int
    without_certificate: int
    """Revoked or on hold, and no certificate of that serial is anywhere."""
    new_certificates: int
    """Not in the register yet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An import, ready to be done."""

    name: str
    certificate: x509.Certificate
    parent: str | None
    records: tuple[CertificateRecord, ...]
    """What the authority signed, a root's own certificate too, in order of serials."""
    own: CertificateRecord | None
    """The authority's own certificate, under the authority of the register that issued it."""
    revocations: tuple[RevocationRecord, ...]
    """Every serial that any place calls revoked or on hold."""
    crl_number: int
    """The highest there was; 0 where no list bore one."""
    this_update: datetime | None
    """Of the newest list that verifies."""
    counts: Counts
    findings: tuple[Finding, ...]
    list_hashes: tuple[str, ...]
    """SHA-256 of the lists read, lower-case hex."""
    judged: tuple[Judged, ...] = ()
    """What the linter has against the certificates; they are imported all the same."""

    @property
    def blocked(self) -> tuple[Finding, ...]:
        """The findings that stop it."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


def build_plan(material: Material, wanted: Wanted, register: Register, now: datetime) -> Plan:
    """Work out an import; nothing is changed.

    Raises:
        ImportAuthorityError: no certificate, or more than one, can be the authority's.
    """
    authority = choose_authority(material, wanted.authority)
    own = CertificateCopy("authority", authority, authority.public_bytes(_DER), _serial(authority))
    is_root = authority.issuer == authority.subject
    copies = [*material.certificates, *([own] if is_root else [])]
    sorted_out = _sort_out(copies, authority)
    lists = _Lists(material.lists, authority)
    indexed = [claim for claim in material.claims if _is_about(claim, authority)]
    union = unite(wanted.name, indexed, lists.claims, known=material.known, now=now)
    parent = find_parent(register, authority)
    records = tuple(record_of(copy, wanted, now) for copy in sorted_out.ours)
    present, conflicts = _compare(register, wanted.name, records)
    serials = {record.serial for record in records}
    bare = [one for one in union.revocations if one.serial not in serials]
    held = sum(one.reason is x509.ReasonFlags.certificate_hold for one in union.revocations)
    number = max(lists.number, material.last_crl_number)
    counts = Counts(
        certificates=sum(record.der != own.der for record in records),
        expired=sum(record.not_after < now for record in records if record.der != own.der),
        others=sorted_out.others,
        unverified=sorted_out.unverified,
        lists=len(lists.hashes),
        revoked=len(union.revocations) - held,
        held=held,
        without_certificate=len(bare),
        new_certificates=len(records) - present,
    )
    findings = (
        *judge_authority(authority, now),
        *material.findings,
        *sorted_out.findings,
        *lists.findings(now),
        *union.findings,
        *_missing(material, serials, bare),
        *conflicts,
    )
    return Plan(
        wanted.name,
        authority,
        parent,
        records,
        replace(record_of(own, wanted, now), issuer=parent) if parent else None,
        union.revocations,
        number,
        lists.this_update,
        counts,
        findings,
        lists.hashes,
        tuple(judge_copies(sorted_out.ours, authority)),
    )


def _is_about(claim: Claim, authority: x509.Certificate) -> bool:
    """Say whether a claim is about this authority: of its name and key, if its database tells."""
    if claim.issuer_der is None:
        return True
    owner = x509.load_der_x509_certificate(claim.issuer_der)
    same_name = owner.subject.public_bytes() == authority.subject.public_bytes()
    return same_name and spki_of(owner) == spki_of(authority)


@dataclass(frozen=True, slots=True)
class _Sorted:
    ours: tuple[CertificateCopy, ...]
    others: int
    unverified: int
    findings: tuple[Finding, ...]


def _sort_out(copies: Iterable[CertificateCopy], authority: x509.Certificate) -> _Sorted:
    """Keep what the authority signed, one of each serial."""
    once: dict[bytes, CertificateCopy] = {}
    for copy in copies:
        once.setdefault(copy.der, copy)
    name, others = authority.subject.public_bytes(), 0
    by_serial: dict[int, list[CertificateCopy]] = defaultdict(list)
    findings: list[Finding] = []
    for copy in once.values():
        if copy.certificate.issuer.public_bytes() != name:
            others += copy.certificate != authority
        elif is_signed_by(copy.certificate, authority):
            by_serial[copy.serial].append(copy)
        else:
            words = phrase("pki.importing.not_signed", serial=serial_text(copy.serial))
            findings.append(Finding(Severity.WARNING, copy.place, words))
    unverified, ours = len(findings), []
    for serial in sorted(by_serial):
        same = sorted(by_serial[serial], key=lambda one: (_begin(one), one.der))
        ours.append(same[-1])
        for other in same[:-1]:
            words = phrase(
                "pki.importing.two_certificates",
                serial=serial_text(serial),
                kept=same[-1].place,
                sha256=hashlib.sha256(other.der).hexdigest(),
            )
            findings.append(Finding(Severity.WARNING, other.place, words))
    return _Sorted(tuple(ours), others, unverified, tuple(findings))


def _serial(certificate: x509.Certificate) -> int:
    with warnings.catch_warnings():  # an old root may have the serial 0
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return certificate.serial_number


def _begin(copy: CertificateCopy) -> datetime:
    return copy.certificate.not_valid_before_utc


class _Lists:
    """The lists in the authority's name."""

    def __init__(self, copies: Iterable[ListCopy], authority: x509.Certificate) -> None:
        name = authority.subject.public_bytes()
        once = {copy.sha256: copy for copy in copies}
        self.other = [one for one in once.values() if one.crl.issuer.public_bytes() != name]
        ours = [one for one in once.values() if one.crl.issuer.public_bytes() == name]
        self.good = [one for one in ours if is_list_of(one.crl, authority)]
        self.doubtful = [one for one in ours if one not in self.good]
        self.hashes = tuple(sorted(one.sha256 for one in ours))
        self.claims = [claim for one in ours for claim in one.claims]
        numbers = [one.number for one in self.good if one.number is not None]
        self.number = max(numbers, default=0)
        self.this_update = max((one.crl.last_update_utc for one in self.good), default=None)

    def findings(self, now: datetime) -> Iterator[Finding]:
        """Yield what is wrong with the lists."""
        for one in self.other:
            words = phrase("pki.importing.list_of_another")
            yield Finding(Severity.WARNING, one.place, words)
        for one in self.doubtful:
            words = phrase("pki.importing.list_unverified")
            yield Finding(Severity.WARNING, one.place, words)
        if self.number > MAX_CRL_NUMBER:
            words = phrase("pki.importing.crl_number_large")
            yield Finding(Severity.ERROR, "CRL", words)
        if self.this_update is not None and self.this_update > now:
            words = phrase("pki.importing.list_ahead", at=self.this_update)
            yield Finding(Severity.ERROR, "CRL", words)


def record_of(copy: CertificateCopy, wanted: Wanted, now: datetime) -> CertificateRecord:
    """Return the record of a certificate that somebody else made."""
    certificate = copy.certificate
    return CertificateRecord(
        issuer=wanted.name,
        serial=copy.serial,
        state=CertificateState.ISSUED,
        tbs_der=certificate.tbs_certificate_bytes,
        der=copy.der,
        subject=name_text(certificate.subject),
        profile=wanted.profile,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=hashlib.sha256(copy.der).hexdigest(),
        spki_sha256=hashlib.sha256(spki_of(certificate)).hexdigest(),
        requester=wanted.requester,
        reserved_at=now,
    )


def _compare(
    register: Register, name: str, records: Iterable[CertificateRecord]
) -> tuple[int, tuple[Finding, ...]]:
    """Count what the register has already; find where it has something else."""
    held = {one.serial: one for one in register.find_certificates(CertificateQuery(issuer=name))}
    present, findings = 0, []
    for record in records:
        found = held.get(record.serial)
        if found is None:
            continue
        present += 1
        if found.fingerprint != record.fingerprint:  # an erased one has its fingerprint still
            late = found.fingerprint is None
            words = phrase(
                "pki.importing.came_late" if late else "pki.importing.register_differs",
                serial=serial_text(record.serial),
            )
            severity = Severity.WARNING if late else Severity.ERROR
            findings.append(Finding(severity, "register", words))
    return present, tuple(findings)


def _missing(
    material: Material, serials: set[int], bare: Iterable[RevocationRecord]
) -> Iterator[Finding]:
    revoked = set()
    for one in bare:
        revoked.add(one.serial)
        words = phrase("pki.importing.revoked_without", serial=serial_text(one.serial))
        yield Finding(Severity.WARNING, serial_text(one.serial), words)
    for known in material.known:
        if known.serial not in serials and known.serial not in revoked:
            words = phrase("pki.importing.known_without", serial=serial_text(known.serial))
            yield Finding(Severity.WARNING, known.place, words)
