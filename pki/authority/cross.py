"""Cross-certificates: another authority's existing key, certified under a profile with limits.

The key stays where it is. The name and the identifier of the key are taken from the authority's
own certificate; everything else, its limits above all, comes from the profile.

Spec: RFC 5280 §3.2, §4.2.1.9 to §4.2.1.10.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.authority.authority import Authority
from pki.authority.create import check_may_certify
from pki.authority.issuance import Order, certify
from pki.errors.requests import AuthorityKeyError
from pki.profile import Profile
from pki.request import CertificateRequest
from pki.standing import read_standing
from pki.strength import check_strength, spki_sha256
from pki.subject import Subject, subject_of


def cross_certify(
    authority: Authority,
    untrusted: x509.Certificate,
    profile: Profile,
    *,
    requester: str,
    until: datetime | None = None,
    since: datetime | None = None,
) -> x509.Certificate:
    """Certify the key of the authority whose certificate this is; it is not asked for its key.

    Args:
        authority: that certifies.
        untrusted: the other's own certificate. It may be one of this register's authorities.
        profile: of an authority.
        requester: who asked.
        until: no longer than this; never longer than either certificate, nor than the profile.
        since: from when on, which is past; None is now. Never before `authority` itself.

    Raises:
        NotAnAuthorityError: not the certificate of an authority that may be used now.
        AuthorityKeyError: the key is `authority`'s own, or one of this register's authorities'
            that is called otherwise.
        AuthorityRetiredError, AuthorityRevokedError: `authority` issues no more.
        SubjectInvalidError: it has a name that no authority of ours could have.
        PKIError: any refusal of `pki.authority.issuance`.
    """
    check_may_certify(authority, profile)
    standing = read_standing(untrusted, authority.clock.now())
    key = check_strength(untrusted.public_key(), profile.key_types)
    if spki_sha256(key) == spki_sha256(authority.issuer.key.public_key()):
        raise AuthorityKeyError(authority=authority.issuer.name)
    ends = (untrusted.not_valid_after_utc, authority.issuer.certificate.not_valid_after_utc, until)
    last = min(end for end in ends if end is not None)
    order = Order(
        key,
        profile,
        subject_of(untrusted),
        requester,
        until=last,
        since=since,
        standing=standing,
    )
    return _certify(authority, order)


def certify_request(
    authority: Authority,
    request: CertificateRequest,
    subject: Subject,
    profile: Profile,
    *,
    requester: str,
    until: datetime | None = None,
) -> x509.Certificate:
    """Certify another authority's key from its request, under a name that is given here.

    `until` is as in `cross_certify`.

    Raises:
        AuthorityKeyError: the key is that of an authority in the register.
        PKIError: any refusal of `pki.authority.issuance`.
    """
    check_may_certify(authority, profile)
    end = authority.issuer.certificate.not_valid_after_utc
    last = end if until is None else min(end, until)
    order = Order(request.public_key, profile, subject, requester, until=last)
    return _certify(authority, order)


def find_link(authority: Authority, to: x509.Certificate) -> x509.Certificate | None:
    """Return a certificate in force that `authority` issued for the key and name in `to`."""
    # One key certifies one name: the register holds to that.
    found = authority.issued_for(spki_sha256(to.public_key()))
    return x509.load_der_x509_certificate(found[0].der or b"") if found else None


def _certify(authority: Authority, order: Order) -> x509.Certificate:
    return certify(
        order,
        authority.issuer.signatory(),
        register=authority.register,
        clock=authority.clock,
        blocked=authority.blocked,
    )
