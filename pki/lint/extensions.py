"""Rules on the extensions of a certificate.

Spec: RFC 5280 §4.2, RFC 3161 §2.3, RFC 6960 §4.2.2.2; ids name the clause.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from pki.lint.target import Rule, Target, collect
from pki.profile import TIME_STAMPING

RULES: list[Rule] = []

_NAMES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}


@collect(RULES, "rfc5280.4.2.exactly_the_profile")
def _exactly_the_profile(target: Target) -> str | None:
    found = {extension.oid.dotted_string for extension in target.certificate.extensions}
    expected = set(_expected(target))
    if found == expected:
        return None
    return f"unexpected {sorted(found - expected)}, missing {sorted(expected - found)}"


@collect(RULES, "rfc5280.4.2.1.1.authority_key_identifier")
def _authority_key_identifier(target: Target) -> str | None:
    extension = target.extension(x509.AuthorityKeyIdentifier)
    issuer = target.intent.issuer
    if extension is None:
        return None if issuer is None else "missing"
    if extension.critical:
        return "critical"
    expected = x509.SubjectKeyIdentifier.from_public_key(target.intent.issuer_key).digest
    return None if extension.value.key_identifier == expected else "differs from the issuer's key"


@collect(RULES, "rfc5280.4.2.1.2.subject_key_identifier")
def _subject_key_identifier(target: Target) -> str | None:
    extension = target.extension(x509.SubjectKeyIdentifier)
    if extension is None or extension.critical:
        return "missing or critical"
    expected = x509.SubjectKeyIdentifier.from_public_key(target.intent.public_key)
    return None if extension.value == expected else "differs from the key"


@collect(RULES, "rfc5280.4.2.1.3.key_usage")
def _key_usage(target: Target) -> str | None:
    extension = target.extension(x509.KeyUsage)
    if extension is None or not extension.critical:
        return "missing or not critical"
    found = {word for name, word in _NAMES.items() if getattr(extension.value, name)}
    expected = set(target.intent.profile.key_usage)
    return None if found == expected else f"bits are {sorted(found)}"


@collect(RULES, "rfc5280.4.2.1.4.certificate_policies")
def _certificate_policies(target: Target) -> str | None:
    extension = target.extension(x509.CertificatePolicies)
    found = [info.policy_identifier.dotted_string for info in extension.value] if extension else []
    expected = target.intent.profile.policy_oid
    return None if found == ([expected] if expected else []) else f"policies are {found}"


@collect(RULES, "rfc5280.4.2.1.9.basic_constraints")
def _basic_constraints(target: Target) -> str | None:
    extension = target.extension(x509.BasicConstraints)
    table = target.intent.profile.authority
    if table is None:
        return None if extension is None else "stands in a certificate that is no authority's"
    if extension is None or not extension.critical or not extension.value.ca:
        return "missing, not critical, or no authority"
    same = extension.value.path_length == table.path_length
    return None if same else f"path length is {extension.value.path_length}"


@collect(RULES, "rfc5280.4.2.1.9.path_length_of_issuer")
def _path_length_of_issuer(target: Target) -> str | None:
    issuer = target.intent.issuer
    if issuer is None or not target.intent.profile.is_authority:
        return None
    limit = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return "the issuer may not make authorities" if limit == 0 else None


@collect(RULES, "rfc5280.4.2.1.12.extended_key_usage")
def _extended_key_usage(target: Target) -> str | None:
    extension = target.extension(x509.ExtendedKeyUsage)
    profile = target.intent.profile
    found = [usage.dotted_string for usage in extension.value] if extension else []
    if sorted(found) != sorted(profile.extended_oids):
        return f"usages are {found}"
    wrong = extension is not None and extension.critical != profile.extended_key_usage_critical
    return "criticality differs from the profile" if wrong else None


@collect(RULES, "rfc3161.2.3.time_stamping_alone_and_critical")
def _time_stamping(target: Target) -> str | None:
    extension = target.extension(x509.ExtendedKeyUsage)
    usages = [usage.dotted_string for usage in extension.value] if extension else []
    if extension is None or TIME_STAMPING not in usages:
        return None
    return None if extension.critical and len(usages) == 1 else "not alone, or not critical"


@collect(RULES, "rfc6960.4.2.2.2.1.no_check")
def _no_check(target: Target) -> str | None:
    extension = target.extension(x509.OCSPNoCheck)
    if extension is not None and extension.critical:
        return "critical"
    same = (extension is not None) == target.intent.profile.ocsp_no_check
    return None if same else "differs from the profile"


@collect(RULES, "rfc5280.4.2.1.13.distribution_point")
def _distribution_point(target: Target) -> str | None:
    extension = target.extension(x509.CRLDistributionPoints)
    found = []
    for point in extension.value if extension else ():
        found += [name.value for name in point.full_name or ()]
    url = target.intent.urls.crl if target.intent.issuer is not None else None
    return None if found == ([url] if url else []) else f"distribution points are {found}"


@collect(RULES, "rfc5280.4.2.2.1.authority_information_access")
def _authority_information_access(target: Target) -> str | None:
    extension = target.extension(x509.AuthorityInformationAccess)
    found = {
        (description.access_method, description.access_location.value)
        for description in (extension.value if extension else ())
    }
    return None if found == set(_access(target)) else "addresses differ from the authority's"


def _access(target: Target) -> Iterator[tuple[x509.ObjectIdentifier, str]]:
    intent = target.intent
    if intent.issuer is None:
        return
    if intent.urls.ocsp and not intent.profile.ocsp_no_check:
        yield AuthorityInformationAccessOID.OCSP, intent.urls.ocsp
    if intent.urls.certificate:
        yield AuthorityInformationAccessOID.CA_ISSUERS, intent.urls.certificate


def _expected(target: Target) -> Iterator[str]:
    intent, profile = target.intent, target.intent.profile
    issued = intent.issuer is not None
    present = {
        ExtensionOID.KEY_USAGE: True,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER: True,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER: issued,
        ExtensionOID.BASIC_CONSTRAINTS: profile.is_authority,
        ExtensionOID.EXTENDED_KEY_USAGE: bool(profile.extended_key_usage),
        ExtensionOID.CERTIFICATE_POLICIES: profile.policy_oid is not None,
        ExtensionOID.OCSP_NO_CHECK: profile.ocsp_no_check,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME: bool(intent.subject.mail),
        ExtensionOID.CRL_DISTRIBUTION_POINTS: issued and intent.urls.crl is not None,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS: any(True for _ in _access(target)),
    }
    return (oid.dotted_string for oid, holds in present.items() if holds)
