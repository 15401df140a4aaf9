"""To-be-signed bytes: a profile, a subject and a key become one TBSCertificate.

`cryptography` writes the bytes; how they come out of it is `pki.throwaway`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki.authority.issuer import Signatory
from pki.keys import PublicKey, algorithm_der
from pki.lint.constraints import constraints_of
from pki.profile import Profile
from pki.standing import Standing, key_identifier
from pki.subject import Subject
from pki.throwaway import to_be_signed
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
    """Return the DER of the TBSCertificate that the signatory is to sign."""
    builder = (
        x509.CertificateBuilder()
        .issuer_name(signatory.subject)
        .subject_name(content.standing.name if content.standing else content.subject.name())
        .public_key(content.public_key)
        .serial_number(content.serial)
        .not_valid_before(content.not_before)
        .not_valid_after(content.not_after)
    )
    for extension, critical in _extensions(content, signatory):
        builder = builder.add_extension(extension, critical)
    return to_be_signed(builder, algorithm_der(signatory.key, pss=signatory.pss))


def _extensions(
    content: Content, signatory: Signatory
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    profile = content.profile
    if profile.authority is not None:
        table = profile.authority
        yield x509.BasicConstraints(ca=True, path_length=table.path_length), True
        if profile.has_name_constraints:
            yield constraints_of(table.permitted_dns, table.permitted_mail), True
    yield x509.KeyUsage(*(bit in profile.key_usage for bit in _BITS)), True
    if profile.extended_oids:
        usages = [x509.ObjectIdentifier(oid) for oid in profile.extended_oids]
        yield x509.ExtendedKeyUsage(usages), profile.extended_key_usage_critical
    if content.standing is None:
        yield x509.SubjectKeyIdentifier.from_public_key(content.public_key), False
    else:
        yield x509.SubjectKeyIdentifier(content.standing.key_identifier), False
    if profile.policy_oid is not None:
        oid = x509.ObjectIdentifier(profile.policy_oid)
        statement = [profile.practice_statement] if profile.practice_statement else None
        yield x509.CertificatePolicies([x509.PolicyInformation(oid, statement)]), False
    if profile.ocsp_no_check:
        yield x509.OCSPNoCheck(), False
    names = content.subject.alternative_names()
    if names:
        yield x509.SubjectAlternativeName(names), False
    if signatory.certificate is not None:
        identifier = key_identifier(signatory.certificate)
        yield x509.AuthorityKeyIdentifier(identifier, None, None), False
        yield from _addresses(signatory.urls, no_check=profile.ocsp_no_check)


def _addresses(urls: AuthorityURLs, *, no_check: bool) -> Iterator[tuple[x509.ExtensionType, bool]]:
    if urls.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(urls.crl)], None, None, None)
        yield x509.CRLDistributionPoints([point]), False
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
        yield x509.AuthorityInformationAccess(access), False
