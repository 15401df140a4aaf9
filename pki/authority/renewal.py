"""The certificate that follows another: renewed for the same key, or rekeyed for a new one.

Whom it speaks of comes from the certificate that the register keeps, and is checked against the
profile again, as it is now. The certificate before it stays as it is, until it expires or is
revoked. A request that is made again gets what it got, as with `pki.authority.repetition`.

Spec: Decree 68/2024/ND-CP Art. 9 (a renewal lasts at most three years; not checked against the
official text).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509

from pki.audit.entry import present
from pki.authority.authority import Authority
from pki.authority.erasure import check_not_erased
from pki.authority.issuance import Order
from pki.authority.repetition import find_answer
from pki.authority.succession import line_from, successor_of
from pki.errors.authorities import NotSuccessorError
from pki.errors.certificates import (
    RekeySameKeyError,
    RenewExpiredError,
    RenewHeldError,
    RenewRevokedError,
)
from pki.errors.requests import ProfileViolationError
from pki.errors.tree import phrase
from pki.keys import PublicKey
from pki.profile import Profile
from pki.records.certificates import CertificateRecord, RevocationRecord, serial_text
from pki.request import CertificateRequest
from pki.requests.permission import Permit
from pki.strength import check_strength, spki_sha256
from pki.subject import subject_of
from pki.transitions import is_held

GRACE = timedelta(days=30)
"""How long after its end a certificate may still be followed: who is known is not a stranger on
the day after. Antin's own choice; the decree names no such time that we know of."""


@dataclass(frozen=True, slots=True)
class Following:
    """What is asked for: one more certificate for the holder of one that was issued."""

    serial: int
    """Of a certificate that is neither revoked, nor on hold, nor expired for long."""
    profile: Profile
    """The one of the certificate, as it is now."""
    requester: str
    """Who asked."""
    of: str | None = None
    """Who issued the certificate, if not the authority that is asked."""
    request_id: str | None = None
    """As of an `Order`: asked again under it, nothing more is issued. It is the same request for
    the same certificate alone, whoever goes on for its issuer meanwhile."""
    permit: Permit | None = None
    """As of an `Order`."""


def renew(authority: Authority, wanted: Following) -> x509.Certificate:
    """Certify the same key of the same holder again, for as long as the profile's renewals last.

    Args:
        authority: that issued the certificate, or goes on for who did.
        wanted: which, under which profile, for whom.

    Raises:
        CertificateNotFoundError: no such certificate was issued.
        NotSuccessorError: `authority` does not go on for who issued it.
        CertificateErasedError: its content was erased.
        RenewRevokedError: it is revoked.
        RenewHeldError: it is on hold.
        RenewExpiredError: it expired more than `GRACE` ago.
        ProfileViolationError: another profile, or it no longer allows this.
        PKIError: any refusal of `pki.authority.issuance`.
    """
    record = followed(authority, wanted)
    certificate = x509.load_der_x509_certificate(record.der or b"")
    order = _order(authority, wanted, certificate, check_strength(certificate.public_key()))
    return _follow(authority, replace(order, longest=wanted.profile.renewal), record)


def rekey(
    authority: Authority, wanted: Following, source: CertificateRequest | PublicKey
) -> x509.Certificate:
    """Certify a new key of the same holder, as a new certificate: for as long as the profile says.

    Args:
        authority: that issued the certificate, or goes on for who did.
        wanted: which, under which profile, for whom.
        source: a request, or the key straight from the token where it was made.

    Raises:
        RekeySameKeyError: the key is the certificate's own.
        PKIError: as in `renew`.
    """
    record = followed(authority, wanted)
    certificate = x509.load_der_x509_certificate(record.der or b"")
    key = source.public_key if isinstance(source, CertificateRequest) else source
    if spki_sha256(key) == record.spki_sha256:
        raise RekeySameKeyError(serial=serial_text(wanted.serial))
    return _follow(authority, _order(authority, wanted, certificate, key), record)


def followed(authority: Authority, wanted: Following) -> CertificateRecord:
    """Return the record of what is followed, whether or not it still may be.

    Raises:
        PKIError: as `renew`.
    """
    name, of = authority.issuer.name, wanted.of
    if of is not None and successor_of(authority.register, of) != name:
        raise NotSuccessorError(authority=name, of=of)
    record = authority.issued(wanted.serial, of=of)
    check_not_erased(authority.register, record)
    return record


def _order(
    authority: Authority, wanted: Following, certificate: x509.Certificate, key: PublicKey
) -> Order:
    # The issuer is always named: so it is the same request when another one goes on for it.
    return Order(
        key,
        wanted.profile,
        subject_of(certificate),
        wanted.requester,
        replaces=wanted.serial,
        replaced_of=wanted.of or authority.issuer.name,
        request_id=wanted.request_id,
        permit=wanted.permit,
    )


def _follow(authority: Authority, order: Order, record: CertificateRecord) -> x509.Certificate:
    """Issue, unless it was issued for this request: what became of the old one since is no matter.

    Who went on for an authority did not take over its ids, so all are asked, down to the one that
    issues now. None of the others can take the id meanwhile: a retired authority reserves nothing.
    """
    authority.check_in_force()
    present(authority.register, authority.clock)
    if order.permit is None:  # what follows an approved request goes on where it was broken off
        for name in line_from(authority.register, record.issuer):
            asked = (order.request_id, order.asked_sha256)
            answer = find_answer(authority.register, name, *asked)
            if answer is not None:
                return answer
    check_may_be_followed(authority, record, order.profile)
    return authority.certify(order)


def check_may_be_followed(
    authority: Authority, record: CertificateRecord, profile: Profile
) -> None:
    """Refuse to follow what is revoked, on hold, over for long, or of another profile.

    Raises:
        PKIError: as `renew`.
    """
    standing = authority.register.find_revocation(record.issuer, record.serial)
    if standing is not None:
        _refuse(standing)
    if authority.clock.now() > record.not_after + GRACE:
        raise RenewExpiredError(
            serial=serial_text(record.serial), not_after=record.not_after, days=GRACE.days
        )
    if profile.name != record.profile:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.not_this_one"))


def _refuse(standing: RevocationRecord) -> None:
    serial = serial_text(standing.serial)
    if is_held(standing):
        raise RenewHeldError(serial=serial, held_at=standing.revoked_at)
    raise RenewRevokedError(serial=serial, revoked_at=standing.revoked_at)
