"""To-be-signed bytes: a profile, a subject and a key become one TBSCertificate.

`cryptography` writes names, keys and the values of extensions; around them goes `pki.der`. Its own
builder gives the bytes only in something signed, with a key made for that: five times the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki import der
from pki.authority.issuer import Signatory
from pki.extension import extension_der, key_identifier_der
from pki.keys import PublicKey
from pki.lint.constraints import constraints_of
from pki.profile import Profile
from pki.standing import Standing, key_identifier
from pki.strength import key_digest, spki_der
from pki.subject import Subject
from pki.urls import AuthorityURLs

_BITS = (
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""In the order of `x509.KeyUsage`'s parameters."""
_VERSION_3 = bytes.fromhex("a003020102")
_EXTENSIONS_TAG = 0xA3


@dataclass(frozen=True, slots=True)
class Content:
    """What a certificate is to say."""

    serial: int
    subject: Subject
    public_key: PublicKey
    profile: Profile
    not_before: datetime
    not_after: datetime
    standing: Standing | None = None
    """As in an `Order`."""


def build_tbs(content: Content, signatory: Signatory) -> bytes:
    """Return the DER of the TBSCertificate that the signatory is to sign.

    Spec: RFC 5280 §4.1.
    """
    standing = content.standing
    subject_der = standing.name.public_bytes() if standing else content.subject.name_der()
    return der.sequence(
        (
            _VERSION_3,
            der.integer(content.serial),
            signatory.algorithm_der,
            signatory.name_der,
            der.sequence((der.time(content.not_before), der.time(content.not_after))),
            subject_der,
            spki_der(content.public_key),
            der.encode(_EXTENSIONS_TAG, der.sequence(_extensions(content, signatory))),
        )
    )


def _extensions(content: Content, signatory: Signatory) -> Iterator[bytes]:
    profile, standing = content.profile, content.standing
    yield _before_key(profile)
    identifier = standing.key_identifier if standing else key_digest(content.public_key)
    yield key_identifier_der(identifier)
    yield _after_key(profile)
    names = content.subject.alternative_names()
    if names:
        yield extension_der(x509.SubjectAlternativeName(names))
    if signatory.certificate is not None:
        yield _of_issuer(signatory.certificate, signatory.urls, no_check=profile.ocsp_no_check)


# What follows is the same in each certificate of a profile and an authority: written once.


@lru_cache(maxsize=64)
def _before_key(profile: Profile) -> bytes:
    told = []
    if profile.authority is not None:
        table = profile.authority
        basic = x509.BasicConstraints(ca=True, path_length=table.path_length)
        told.append(extension_der(basic, critical=True))
        if profile.has_name_constraints:
            limits = constraints_of(table.permitted_dns, table.permitted_mail)
            told.append(extension_der(limits, critical=True))
    usage = x509.KeyUsage(*(bit in profile.key_usage for bit in _BITS))
    told.append(extension_der(usage, critical=True))
    if profile.extended_key_usage:
        usages = x509.ExtendedKeyUsage(
            [x509.ObjectIdentifier(oid) for oid in profile.extended_oids]
        )
        told.append(extension_der(usages, critical=profile.extended_key_usage_critical))
    return b"".join(told)


@lru_cache(maxsize=64)
def _after_key(profile: Profile) -> bytes:
    told = []
    if profile.policy_oid is not None:
        statement = [profile.practice_statement] if profile.practice_statement else None
        policy = x509.PolicyInformation(x509.ObjectIdentifier(profile.policy_oid), statement)
        told.append(extension_der(x509.CertificatePolicies([policy])))
    if profile.ocsp_no_check:
        told.append(extension_der(x509.OCSPNoCheck()))
    return b"".join(told)


@lru_cache(maxsize=64)
def _of_issuer(certificate: x509.Certificate, urls: AuthorityURLs, *, no_check: bool) -> bytes:
    identifier = x509.AuthorityKeyIdentifier(key_identifier(certificate), None, None)
    return extension_der(identifier) + b"".join(_addresses(urls, no_check=no_check))


def _addresses(urls: AuthorityURLs, *, no_check: bool) -> Iterator[bytes]:
    if urls.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(urls.crl)], None, None, None)
        yield extension_der(x509.CRLDistributionPoints([point]))
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            # A responder's own certificate is not asked about at the responder.
            (AuthorityInformationAccessOID.OCSP, None if no_check else urls.ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, urls.certificate),
        )
        if url
    ]
    if access:
        yield extension_der(x509.AuthorityInformationAccess(access))
