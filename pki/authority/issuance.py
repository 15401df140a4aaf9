"""The way a certificate takes, the same for a root, an issuing authority and a subscriber.

1. The clock has not gone back; the subject fits the profile; the key is strong and nobody else's.
2. The validity lies within issuer, profile and law; the bytes to be signed are written.
3. Serial and bytes are committed to the register, with the requester. No signature exists yet.
4. The linter judges exactly these bytes and gives a pass.
5. The pass lets the key sign them; the result is read back and compared.
6. Certificate, state and audit entry are committed in one transaction.

An interruption between 3 and 6 leaves a reserved serial whose bytes are known: `recover_open`
revokes it, whether or not a signature was made.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.audit.entry import present
from pki.authority.issuer import Signatory
from pki.authority.repetition import check_request_id, find_answer
from pki.authority.signature import sign_linted
from pki.authority.succession import serves_the_retired
from pki.authority.template import Content, build_tbs
from pki.blocked import BlockedKeys
from pki.clock import Clock, whole_second
from pki.errors.issuing import IssuerExpiredError, LintFailedError, OutlivesIssuerError
from pki.errors.requests import ProfileViolationError
from pki.errors.tree import phrase
from pki.keys import PublicKey
from pki.lint.linter import LintPass, pass_lint
from pki.lint.target import Intent
from pki.names import name_text
from pki.profile import Lifetime, Profile
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateRecord, CertificateState, serial_text
from pki.records.changes import Abandon, Change, ClaimName, Complete, Reserve, Step
from pki.records.register import Register
from pki.request import check_no_authority
from pki.requests.permission import Permit
from pki.standing import Standing
from pki.strength import check_strength, check_two_primes, spki_sha256
from pki.subject import Subject


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, and by whom."""

    public_key: PublicKey
    profile: Profile
    subject: Subject
    requester: str
    lifetime: timedelta | None = None
    """Shorter than the profile's own; None takes that."""
    longest: Lifetime | None = None
    """Of a renewal: no longer than this either; what is longer is cut, not refused."""
    replaces: int | None = None
    """Serial of the certificate that this one follows; that must be neither revoked nor held."""
    replaced_of: str | None = None
    """Who issued what is followed, if not the same authority: the one it goes on for."""
    until: datetime | None = None
    """No longer than this either; what is longer is cut, not refused."""
    since: datetime | None = None
    """When it begins, which is past; None is now. Of a link between two keys of an authority."""
    standing: Standing | None = None
    """Of a link or a cross-certificate: how the authority is called already."""
    request_id: str | None = None
    """Given by who asks, so that asking again yields no second certificate; 1 to 64 printable
    characters, nothing personal."""
    permit: Permit | None = None
    """The approved request that this carries out; its id is the `request_id` then."""
    revokes_replaced: bool = False
    """Whether what it follows is revoked when this is issued: a change of content."""

    def __post_init__(self) -> None:
        if self.request_id is not None:
            check_request_id(self.request_id)

    @property
    def asked_sha256(self) -> str | None:
        """Hash of all that is asked for under an id, lower-case hex."""
        if self.request_id is None:
            return None
        subject, span = self.subject, self.lifetime
        asked = [
            *(self.profile.name, spki_sha256(self.public_key), self.requester),
            *(self.subject_text, subject.mail, subject.dns, list(map(str, subject.addresses))),
            *(span and span.total_seconds(), self.longest and self.longest.model_dump()),
            *(self.replaces and serial_text(self.replaces), self.replaced_of),
            self.until and self.until.isoformat(),
        ]
        return sha256(json.dumps(asked).encode()).hexdigest()

    @property
    def subject_text(self) -> str:
        """RFC 4514 text of whom the certificate will speak of."""
        return self.subject.text() if self.standing is None else name_text(self.standing.name)


class Followed(Protocol):
    """What follows another certificate."""

    @property
    def replaces(self) -> int | None:
        """As of an `Order`."""
        ...

    @property
    def replaced_of(self) -> str | None:
        """As of an `Order`."""
        ...


Settle = Callable[[x509.Certificate], tuple[Change, ...]]
"""What else is recorded together with the certificate."""


def _settle_nothing(_: x509.Certificate) -> tuple[Change, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Beside:
    """What else is recorded on the way of a certificate, each together with its step."""

    settle: Settle = _settle_nothing
    reserved: tuple[Change, ...] = ()
    refused: tuple[Change, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else the audit log says of the reservation: who approved it."""
    told: Mapping[str, str] = field(default_factory=dict)
    """What else it says of the certificate: on whom it hangs, by codes."""


NOTHING_BESIDE = Beside()


def reserve(record: CertificateRecord, profile: Profile, order: Followed | None = None) -> Step:
    """Return what is committed before anything is signed; `order` says what is out of the usual."""
    event = _event(record, "certificate.reserve", record.reserved_at, order)
    at_most = profile.subject.active_per_holder
    change = Reserve(record, at_most=at_most)
    if order is not None:
        change = Reserve(
            record,
            order.replaces,
            order.replaced_of,
            by_retired=serves_the_retired(profile),
            at_most=at_most,
        )
    return Step((change,), event)


def refuse(record: CertificateRecord) -> Step:
    """Return what is committed where the linter refused: nothing was signed."""
    event = _event(record, "certificate.refuse", record.reserved_at)
    return Step((Abandon(record.issuer, record.serial),), event)


def complete(
    record: CertificateRecord,
    certificate_der: bytes,
    at: datetime,
    order: Followed | None = None,
    settled: tuple[Change, ...] = (),
) -> Step:
    """Return what is committed before anybody gets the certificate."""
    fingerprint = sha256(certificate_der).hexdigest()
    change = Complete(record.issuer, record.serial, certificate_der, fingerprint)
    event = _event(record, "certificate.issue", at, order, certificate=fingerprint)
    return Step((change, *settled), event)


def sign_record(order: Order, record: CertificateRecord, signatory: Signatory) -> x509.Certificate:
    """Have the linter judge the reserved bytes, sign them and read the result back.

    Raises:
        LintFailedError: the linter refuses; nothing was signed.
        PKIError: as `sign_linted`.
    """
    return sign_linted(signatory, order.profile, judge_draft(order, record, signatory))


def judge_draft(order: Order, record: CertificateRecord, signatory: Signatory) -> LintPass:
    """Have the linter judge bytes that were written for an order.

    Raises:
        LintFailedError: it refuses.
    """
    return pass_lint(record.tbs_der, _intent(order, record, signatory))


def certify(
    order: Order,
    signatory: Signatory,
    *,
    register: Register,
    clock: Clock,
    blocked: BlockedKeys,
    beside: Beside = NOTHING_BESIDE,
) -> x509.Certificate:
    """Take an order the whole way and return the certificate; of a repeated request, the first.

    Raises:
        PKIError: any refusal of the steps above; whatever the key or the register raises.
    """
    now = present(register, clock)
    answer = find_answer(register, signatory.name, order.request_id, order.asked_sha256)
    if answer is not None:
        return answer
    called = order.standing.name if order.standing is not None else None
    check_no_authority(register.authority_certificates(), order.public_key, authority=called)
    record = write_draft(order, signatory, blocked, now)
    changes, event = reserve(record, order.profile, order)
    event = replace(event, facts=(*event.facts, *beside.facts.items()))
    if signatory.certificate is None:  # a root's own: the name is not there yet
        changes = (ClaimName(record.issuer), *changes)
    register.commit((*changes, *beside.reserved), event)
    return finish(order, record, signatory, register=register, clock=clock, beside=beside)


def finish(
    order: Order,
    record: CertificateRecord,
    signatory: Signatory,
    *,
    register: Register,
    clock: Clock,
    beside: Beside = NOTHING_BESIDE,
) -> x509.Certificate:
    """Go the second half of the way, from the reservation on.

    Also for what was broken off there: the bytes are the reserved ones, so whatever was signed
    before says the same, under the same serial, and one certificate is recorded.

    Raises:
        PKIError: as `certify`.
    """
    try:
        certificate = sign_record(order, record, signatory)
    except LintFailedError:
        # Nothing was signed, so the serial is given up and need not be revoked.
        changes, event = refuse(record)
        register.commit((*changes, *beside.refused), event)
        raise
    settled = beside.settle(certificate)
    certificate_der = certificate.public_bytes(Encoding.DER)
    changes, event = complete(record, certificate_der, clock.now(), order, settled)
    if beside.told:
        event = replace(event, facts=(*event.facts, *beside.told.items()))
    register.commit(changes, event)
    return certificate


def write_draft(
    order: Order, signatory: Signatory, blocked: BlockedKeys, now: datetime
) -> CertificateRecord:
    """Check an order by itself and write the bytes to be signed; the register is not asked.

    Returns:
        What is to be reserved.

    Raises:
        PKIError: any refusal of subject, key and validity.
    """
    order.profile.check_subject(order.subject)
    check_key(order, blocked)
    check_standing(order)
    content = _content(order, signatory, whole_second(now))
    tbs_der = build_tbs(content, signatory)
    return _reservation(order, content, tbs_der, signatory=signatory, at=now)


def check_key(order: Order, blocked: BlockedKeys) -> None:
    """Refuse a key that should certify nobody; what is to certify others is asked more.

    Raises:
        WeakKeyError: its subclasses say why.
    """
    key = check_strength(order.public_key, order.profile.key_types)
    blocked.check(key)
    if order.profile.is_authority:
        check_two_primes(key)


def check_standing(order: Order) -> None:
    """Refuse to certify an authority's key again as anything but an authority's.

    Raises:
        ProfileViolationError: the profile makes none.
    """
    if order.standing is not None and not order.profile.is_authority:
        reason = phrase("pki.profile.standing")
        raise ProfileViolationError(profile=order.profile.name, reason=reason)


def draw_serial() -> int:
    """Return a positive serial of 16 octets with 126 random bits.

    Spec: RFC 5280 §4.1.2.2; CA/Browser Forum Baseline Requirements §7.1 (at least 64 bits).
    """
    return 1 << 126 | secrets.randbits(126)


def _content(order: Order, signatory: Signatory, now: datetime) -> Content:
    profile = order.profile
    not_before = now if order.since is None else order.since
    ends = [one.end(not_before) for one in (profile.lifetime, order.longest) if one is not None]
    longest = min(ends if order.until is None else (*ends, order.until))
    not_after = longest
    if order.lifetime is not None:
        # The last second counts (RFC 5280 §4.1.2.5).
        not_after = whole_second(not_before + order.lifetime) - timedelta(seconds=1)
    if not not_before < not_after <= longest:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.too_long"))
    issuer = signatory.certificate
    if issuer is not None and now > issuer.not_valid_after_utc:
        ended = issuer.not_valid_after_utc
        raise IssuerExpiredError(authority=signatory.name, issuer_not_after=ended)
    if issuer is not None and not_after > issuer.not_valid_after_utc:
        raise OutlivesIssuerError(not_after=not_after, issuer_not_after=issuer.not_valid_after_utc)
    serial, key = draw_serial(), order.public_key
    return Content(serial, order.subject, key, profile, not_before, not_after, order.standing)


def _reservation(
    order: Order, content: Content, tbs_der: bytes, *, signatory: Signatory, at: datetime
) -> CertificateRecord:
    return CertificateRecord(
        issuer=signatory.name,
        serial=content.serial,
        state=CertificateState.RESERVED,
        tbs_der=tbs_der,
        der=None,
        subject=order.subject_text,
        profile=order.profile.name,
        not_before=content.not_before,
        not_after=content.not_after,
        fingerprint=None,
        spki_sha256=spki_sha256(order.public_key),
        requester=order.requester,
        reserved_at=at,
        request_id=order.request_id,
        request_sha256=order.asked_sha256,
    )


def _intent(order: Order, record: CertificateRecord, signatory: Signatory) -> Intent:
    return Intent(
        profile=order.profile,
        subject=order.subject,
        public_key=order.public_key,
        issuer_name=signatory.subject,
        issuer_key=signatory.public_key,
        issuer=signatory.certificate,
        urls=signatory.urls,
        now=record.reserved_at,
        renewal=order.longest is not None,
        standing=order.standing,
        issuer_pss=signatory.pss,
    )


def _event(
    record: CertificateRecord,
    action: str,
    at: datetime,
    order: Followed | None = None,
    **facts: str,
) -> AuditEvent:
    told = {
        "issuer": record.issuer,
        "serial": serial_text(record.serial),
        "profile": record.profile,
    }
    if order is not None and order.replaces is not None:
        told["replaces"] = serial_text(order.replaces)
    return AuditEvent(at, record.requester, action, tuple({**told, **facts}.items()))
