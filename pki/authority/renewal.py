"""The certificate that follows another: renewed for the same key, or rekeyed for a new one.

Whom it speaks of comes from the certificate that the register keeps, and is checked against the
profile again, as it is now. The certificate before it stays as it is, until it expires or is
revoked.

Spec: Decree 68/2024/ND-CP Art. 9 (a renewal lasts at most three years; not checked against the
official text).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography import x509

from pki.authority.authority import Authority
from pki.authority.erasure import check_not_erased
from pki.authority.issuance import Order
from pki.authority.succession import successor_of
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
from pki.records.certificates import RevocationRecord, serial_text
from pki.request import CertificateRequest
from pki.strength import check_strength, spki_sha256
from pki.subject import subject_of
from pki.transitions import is_held

GRACE = timedelta(days=30)
"""How long after its end a certificate may still be followed: who is known is not a stranger on
the day after. Antin's own choice; the decree names no such time that we know of."""


def renew(
    authority: Authority, serial: int, profile: Profile, *, requester: str, of: str | None = None
) -> x509.Certificate:
    """Certify the same key of the same holder again, for as long as the profile's renewals last.

    Args:
        authority: that issued the certificate, or goes on for who did.
        serial: of a certificate that is neither revoked, nor on hold, nor expired for long.
        profile: the one of the certificate, as it is now.
        requester: who asked.
        of: who issued the certificate, if not `authority`.

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
    certificate = _followed(authority, serial, profile, of)
    key, subject = check_strength(certificate.public_key()), subject_of(certificate)
    order = Order(key, profile, subject, requester, longest=profile.renewal)
    return authority.certify(replace(order, replaces=serial, replaced_of=of))


def rekey(
    authority: Authority,
    serial: int,
    source: CertificateRequest | PublicKey,
    *,
    profile: Profile,
    requester: str,
    of: str | None = None,
) -> x509.Certificate:
    """Certify a new key of the same holder, as a new certificate: for as long as the profile says.

    Args:
        authority: that issued the certificate, or goes on for who did.
        serial: as in `renew`.
        source: a request, or the key straight from the token where it was made.
        profile: the one of the certificate, as it is now.
        requester: who asked.
        of: as in `renew`.

    Raises:
        RekeySameKeyError: the key is the certificate's own.
        PKIError: as in `renew`.
    """
    certificate = _followed(authority, serial, profile, of)
    key = source.public_key if isinstance(source, CertificateRequest) else source
    if spki_sha256(key) == spki_sha256(certificate.public_key()):
        raise RekeySameKeyError(serial=serial_text(serial))
    order = Order(key, profile, subject_of(certificate), requester)
    return authority.certify(replace(order, replaces=serial, replaced_of=of))


def _followed(
    authority: Authority, serial: int, profile: Profile, of: str | None
) -> x509.Certificate:
    name = authority.issuer.name
    if of is not None and successor_of(authority.register, of) != name:
        raise NotSuccessorError(authority=name, of=of)
    record = authority.issued(serial, of=of)
    check_not_erased(authority.register, record)
    standing = authority.register.find_revocation(record.issuer, serial)
    if standing is not None:
        _refuse(standing)
    if authority.clock.now() > record.not_after + GRACE:
        raise RenewExpiredError(
            serial=serial_text(serial), not_after=record.not_after, days=GRACE.days
        )
    if profile.name != record.profile:
        raise ProfileViolationError(profile=profile.name, reason=phrase("pki.profile.not_this_one"))
    return x509.load_der_x509_certificate(record.der or b"")


def _refuse(standing: RevocationRecord) -> None:
    serial = serial_text(standing.serial)
    if is_held(standing):
        raise RenewHeldError(serial=serial, held_at=standing.revoked_at)
    raise RenewRevokedError(serial=serial, revoked_at=standing.revoked_at)
