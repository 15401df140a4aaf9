"""Rules on the extensions of a certificate.

Spec: RFC 5280 §4.2, RFC 3161 §2.3, RFC 6960 §4.2.2.2; ids name the clause.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from pki.contradictions import BITS_FOR_USAGE, KEYS_FOR_BIT
from pki.extension import key_identifier_der
from pki.lint.frame import Frame
from pki.lint.target import (
    Fault,
    FrameRule,
    Rule,
    Target,
    collect,
    collect_frame,
    unless,
)
from pki.profile_tables import EXTENDED_USAGES, TIME_STAMPING
from pki.standing import key_identifier
from pki.strength import key_digest

RULES: list[Rule | FrameRule] = []

_NAMES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}


@collect_frame(RULES, "rfc5280.4.2.exactly_the_profile")
def _exactly_the_profile(frame: Frame) -> Fault:
    # Whether alternative names are meant to be there is for `names_are_intended` to find.
    found = set(frame.oids) - {ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string}
    expected = set(_expected(frame))
    unexpected, missing = tuple(sorted(found - expected)), tuple(sorted(expected - found))
    return unless(found == expected, unexpected=unexpected, missing=missing)


@collect_frame(RULES, "rfc5280.4.2.1.1.authority_key_identifier")
def _authority_key_identifier(frame: Frame) -> Fault:
    extension, issuer = frame.extension(x509.AuthorityKeyIdentifier), frame.issuer
    if extension is None or issuer is None:
        return unless(extension is None and issuer is None)
    expected = x509.AuthorityKeyIdentifier(key_identifier(issuer), None, None)
    return unless(extension.value == expected and not extension.critical)


@collect(RULES, "rfc5280.4.2.1.2.subject_key_identifier")
def _subject_key_identifier(target: Target) -> Fault:
    standing = target.intent.standing
    # What an authority issued points to its key by the identifier in its own certificate.
    expected = standing.key_identifier if standing else key_digest(target.intent.public_key)
    found = target.own.get(x509.SubjectKeyIdentifier)
    return unless(found == key_identifier_der(expected))


@collect_frame(RULES, "rfc5280.4.2.1.3.key_usage")
def _key_usage(frame: Frame) -> Fault:
    extension = frame.extension(x509.KeyUsage)
    found, expected = _bits(frame), frozenset(frame.profile.key_usage)
    holds = extension is not None and extension.critical and found == expected
    return unless(holds, found=tuple(sorted(found)), expected=tuple(sorted(expected)))


@collect_frame(RULES, "rfc5280.4.2.1.3.bits_fit_key")
def _bits_fit_key(frame: Frame) -> Fault:
    name = frame.kind.value if frame.kind else "-"
    for bit in sorted(_bits(frame)):
        if not name.startswith(KEYS_FOR_BIT.get(bit, "")):
            return {"bit": bit, "key": name}
    return None


@collect_frame(RULES, "rfc5280.4.2.1.4.certificate_policies")
def _certificate_policies(frame: Frame) -> Fault:
    extension = frame.extension(x509.CertificatePolicies)
    profile = frame.profile
    found = list(extension.value) if extension else []
    statement = [profile.practice_statement] if profile.practice_statement else None
    oid = profile.policy_oid
    expected = [x509.PolicyInformation(x509.ObjectIdentifier(oid), statement)] if oid else []
    same = found == expected and not (extension and extension.critical)
    return unless(same, found=tuple(one.policy_identifier.dotted_string for one in found))


@collect_frame(RULES, "rfc5280.4.2.1.9.basic_constraints")
def _basic_constraints(frame: Frame) -> Fault:
    extension = frame.extension(x509.BasicConstraints)
    table = frame.profile.authority
    if table is None:
        return unless(extension is None)
    if extension is None or not extension.critical or not extension.value.ca:
        return {}
    return unless(extension.value.path_length == table.path_length)


@collect_frame(RULES, "rfc5280.4.2.1.9.path_length_of_issuer")
def _path_length_of_issuer(frame: Frame) -> Fault:
    issuer, table = frame.issuer, frame.profile.authority
    if issuer is None or table is None:
        return None
    limit = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    wanted = table.path_length
    # A longer path than the issuer's would promise what no verifier grants.
    within = limit is None or (limit > 0 and wanted is not None and wanted < limit)
    return unless(within, limit=limit or 0)


@collect_frame(RULES, "rfc5280.4.2.1.12.extended_key_usage")
def _extended_key_usage(frame: Frame) -> Fault:
    extension = frame.extension(x509.ExtendedKeyUsage)
    profile = frame.profile
    found, expected = tuple(sorted(_usages(frame))), tuple(sorted(profile.extended_oids))
    wrong = extension is not None and extension.critical != profile.extended_key_usage_critical
    return unless(found == expected and not wrong, found=found, expected=expected)


@collect_frame(RULES, "rfc5280.4.2.1.12.usages_fit_bits")
def _usages_fit_bits(frame: Frame) -> Fault:
    usages, bits = set(_usages(frame)), _bits(frame)
    for usage, oid in EXTENDED_USAGES.items():
        if oid in usages and not BITS_FOR_USAGE[usage] & bits:
            return {"usage": usage}
    return None


@collect_frame(RULES, "rfc3161.2.3.time_stamping_alone_and_critical")
def _time_stamping(frame: Frame) -> Fault:
    extension = frame.extension(x509.ExtendedKeyUsage)
    usages = _usages(frame)
    if extension is None or TIME_STAMPING not in usages:
        return None
    return unless(extension.critical and len(usages) == 1)


@collect_frame(RULES, "rfc6960.4.2.2.2.1.no_check")
def _no_check(frame: Frame) -> Fault:
    extension = frame.extension(x509.OCSPNoCheck)
    same = (extension is not None) == frame.profile.ocsp_no_check
    return unless(same and not (extension and extension.critical))


@collect_frame(RULES, "rfc5280.4.2.1.13.distribution_point")
def _distribution_point(frame: Frame) -> Fault:
    extension = frame.extension(x509.CRLDistributionPoints)
    found: list[str] = []
    for point in extension.value if extension else ():
        found += [name.value for name in point.full_name or ()]
    url = frame.urls.crl if frame.issuer is not None else None
    expected = (url,) if url else ()
    return unless(tuple(found) == expected, found=tuple(found), expected=expected)


@collect_frame(RULES, "rfc5280.4.2.2.1.authority_information_access")
def _authority_information_access(frame: Frame) -> Fault:
    extension = frame.extension(x509.AuthorityInformationAccess)
    found = {
        (description.access_method, description.access_location.value)
        for description in (extension.value if extension else ())
    }
    expected = set(_access(frame))
    told = tuple(sorted(str(url) for _, url in found))
    return unless(found == expected, found=told, expected=tuple(sorted(url for _, url in expected)))


def _bits(frame: Frame) -> frozenset[str]:
    extension = frame.extension(x509.KeyUsage)
    if extension is None:
        return frozenset()
    return frozenset(word for name, word in _NAMES.items() if getattr(extension.value, name))


def _usages(frame: Frame) -> list[str]:
    extension = frame.extension(x509.ExtendedKeyUsage)
    return [usage.dotted_string for usage in extension.value] if extension else []


def _access(frame: Frame) -> Iterator[tuple[x509.ObjectIdentifier, str]]:
    if frame.issuer is None:
        return
    if frame.urls.ocsp and not frame.profile.ocsp_no_check:
        yield AuthorityInformationAccessOID.OCSP, frame.urls.ocsp
    if frame.urls.certificate:
        yield AuthorityInformationAccessOID.CA_ISSUERS, frame.urls.certificate


def _expected(frame: Frame) -> Iterator[str]:
    profile = frame.profile
    issued = frame.issuer is not None
    present = {
        ExtensionOID.KEY_USAGE: True,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER: True,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER: issued,
        ExtensionOID.BASIC_CONSTRAINTS: profile.is_authority,
        ExtensionOID.NAME_CONSTRAINTS: profile.has_name_constraints,
        ExtensionOID.EXTENDED_KEY_USAGE: bool(profile.extended_key_usage),
        ExtensionOID.CERTIFICATE_POLICIES: profile.policy_oid is not None,
        ExtensionOID.OCSP_NO_CHECK: profile.ocsp_no_check,
        ExtensionOID.CRL_DISTRIBUTION_POINTS: issued and frame.urls.crl is not None,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS: any(True for _ in _access(frame)),
    }
    return (oid.dotted_string for oid, holds in present.items() if holds)
