"""The next certificate of a signer of the authority's own services, for the key it has.

The key stays on its token: nobody need be there, and one file that is renamed swaps the
certificate. A new key is made by hand, with a certificate of its own.

What was issued already and never taken into use, because the disk was full or the process ended,
is found in the register and taken, so trying again issues nothing more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cryptography import x509

from pki.authority.authority import Authority
from pki.authority.issuance import Order
from pki.profile import Profile
from pki.records.certificates import CertificateQuery, CertificateRecord, CertificateState
from pki.strength import check_strength, spki_sha256
from pki.subject import subject_of
from pki.upkeep.due import Issuers


def renew_signer(
    authority: Authority,
    certificate: x509.Certificate,
    profile: Profile,
    *,
    issuers: Issuers,
    requester: str,
) -> x509.Certificate:
    """Return a certificate that follows a signer's and lasts longer, no longer than its issuer.

    Args:
        authority: that of `issuers.next`.
        certificate: the signer's, as it is in use.
        profile: the one it was issued under.
        issuers: from `pki.upkeep.due.find_issuers`.
        requester: who asked.

    Raises:
        PKIError: any refusal of `pki.authority.issuance`: also where `certificate` is revoked.
    """
    ready = find_ready(
        authority,
        certificate,
        issuers.profile,
        outlasts=certificate.not_valid_after_utc,
    )
    if ready is not None:
        return ready
    order = _order(authority, certificate, profile, requester)
    followed = None if issuers.by == issuers.next else issuers.by
    return authority.certify(
        replace(order, replaces=certificate.serial_number, replaced_of=followed)
    )


def delegate_answers(
    authority: Authority, certificate: x509.Certificate, profile: Profile, *, requester: str
) -> x509.Certificate:
    """Return a certificate by which an authority too has its OCSP answers signed by a signer.

    The signer's own certificate stays in force: both authorities' answers are signed by one key.

    Args:
        authority: who delegates.
        certificate: the signer's, of any authority: its key and name are certified.
        profile: of the certificate.
        requester: who asked.

    Raises:
        PKIError: any refusal of `pki.authority.issuance`.

    Spec: RFC 6960 §4.2.2.2.
    """
    ready = find_ready(authority, certificate, profile.name, outlasts=authority.clock.now())
    if ready is not None:
        return ready
    return authority.certify(_order(authority, certificate, profile, requester))


def _order(
    authority: Authority, certificate: x509.Certificate, profile: Profile, requester: str
) -> Order:
    """Return what is asked for: the signer's own key and name, until the authority ends."""
    return Order(
        check_strength(certificate.public_key()),
        profile,
        subject_of(certificate),
        requester,
        until=authority.issuer.certificate.not_valid_after_utc,
    )


def find_ready(
    authority: Authority, certificate: x509.Certificate, profile: str, *, outlasts: datetime
) -> x509.Certificate | None:
    """Return what an authority issued for the same key, lasts longer than that, and is in force."""
    register = authority.register
    query = CertificateQuery(
        issuer=authority.issuer.name,
        state=CertificateState.ISSUED,
        profile=profile,
        spki_sha256=spki_sha256(check_strength(certificate.public_key())),
        not_after_from=authority.clock.now(),
    )

    def fits(record: CertificateRecord) -> bool:
        later = record.not_after > outlasts
        return later and register.find_revocation(record.issuer, record.serial) is None

    found = [record for record in register.find_certificates(query) if fits(record)]
    if not found:
        return None
    newest = max(found, key=lambda record: record.not_after)
    return x509.load_der_x509_certificate(newest.der or b"")
