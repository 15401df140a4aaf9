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
    profile = content.profile
    if profile.authority is not None:
        table = profile.authority
        basic = x509.BasicConstraints(ca=True, path_length=table.path_length)
        yield extension_der(basic, critical=True)
        if profile.has_name_constraints:
            limits = constraints_of(table.permitted_dns, table.permitted_mail)
            yield extension_der(limits, critical=True)
    yield _key_usage(profile.key_usage)
    if profile.extended_key_usage:
        critical = profile.extended_key_usage_critical
        yield _extended_usage(profile.extended_oids, critical=critical)
    standing = content.standing
    identifier = standing.key_identifier if standing else key_digest(content.public_key)
    yield key_identifier_der(identifier)
    if profile.policy_oid is not None:
        yield _policies(profile.policy_oid, profile.practice_statement)
    if profile.ocsp_no_check:
        yield extension_der(x509.OCSPNoCheck())
    names = content.subject.alternative_names()
    if names:
        yield extension_der(x509.SubjectAlternativeName(names))
    if signatory.certificate is not None:
        yield _authority_key(key_identifier(signatory.certificate))
        yield from _addresses(signatory.urls, no_check=profile.ocsp_no_check)


# What follows is the same in each certificate of a profile and an authority: written once.


@lru_cache(maxsize=64)
def _key_usage(bits: tuple[str, ...]) -> bytes:
    return extension_der(x509.KeyUsage(*(bit in bits for bit in _BITS)), critical=True)


@lru_cache(maxsize=64)
def _extended_usage(oids: tuple[str, ...], *, critical: bool) -> bytes:
    usages = [x509.ObjectIdentifier(oid) for oid in oids]
    return extension_der(x509.ExtendedKeyUsage(usages), critical=critical)


@lru_cache(maxsize=64)
def _policies(oid: str, practice_statement: str | None) -> bytes:
    statement = [practice_statement] if practice_statement else None
    information = x509.PolicyInformation(x509.ObjectIdentifier(oid), statement)
    return extension_der(x509.CertificatePolicies([information]))


@lru_cache(maxsize=64)
def _authority_key(identifier: bytes) -> bytes:
    return extension_der(x509.AuthorityKeyIdentifier(identifier, None, None))


@lru_cache(maxsize=64)
def _addresses(urls: AuthorityURLs, *, no_check: bool) -> tuple[bytes, ...]:
    told = []
    if urls.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(urls.crl)], None, None, None)
        told.append(extension_der(x509.CRLDistributionPoints([point])))
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
        told.append(extension_der(x509.AuthorityInformationAccess(access)))
    return tuple(told)
