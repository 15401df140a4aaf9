"""Extensions of certificates: reading one, and which ones a path may ask to be understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.lenient import unreadable_extensions

ANY_POLICY = "2.5.29.32.0"
POLICY_MAPPINGS = x509.ObjectIdentifier("2.5.29.33")

UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.OCSP_NO_CHECK,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"),  # qcStatements: claims, no constraint
    }
)
"""Those that may be critical. authorityInfoAccess and subjectKeyIdentifier never are (§4.2);
authorityKeyIdentifier must not be either, but professional bodies of Europe marked it so."""

Kind = TypeVar("Kind", bound=x509.ExtensionType)


def extension(
    holder: x509.Certificate | x509.CertificateRevocationList | x509.RevokedCertificate,
    kind: type[Kind],
) -> Kind | None:
    """Return an extension's value, or None when there is none."""
    try:
        return holder.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def not_understood(certificate: x509.Certificate) -> Iterator[str]:
    """Yield, as dotted identifiers, the extensions for which a path must be refused.

    Those that are critical and not understood, or unreadable and looked at by path validation.
    """
    for item in certificate.extensions:
        if item.critical and item.oid not in UNDERSTOOD:
            yield item.oid.dotted_string
    yield from unreadable_extensions(certificate)


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether basicConstraints make it an authority's."""
    basic = extension(certificate, x509.BasicConstraints)
    return basic is not None and basic.ca


def policies_of(certificate: x509.Certificate) -> frozenset[str] | None:
    """Return the certificate policies, or None when it names none."""
    policies = extension(certificate, x509.CertificatePolicies)
    if policies is None:
        return None
    return frozenset(item.policy_identifier.dotted_string for item in policies)


def mappings_of(certificate: x509.Certificate) -> dict[str, frozenset[str]]:
    """Return to which policies of the subject's each policy of the issuer's is equal.

    Raises:
        MalformedObjectError: the extension cannot be read.

    Spec: RFC 5280 §4.2.1.5.
    """
    found: dict[str, set[str]] = {}
    for item in certificate.extensions:
        if item.oid == POLICY_MAPPINGS and isinstance(item.value, x509.UnrecognizedExtension):
            with foreign("policyMappings"):
                for one in asn1_x509.PolicyMappings.load(item.value.value, strict=True):
                    theirs = one["issuer_domain_policy"].dotted
                    found.setdefault(theirs, set()).add(one["subject_domain_policy"].dotted)
    return {theirs: frozenset(own) for theirs, own in found.items()}


def mappings_readable(certificate: x509.Certificate) -> bool:
    """Say whether the policy mappings, if any, can be read and spare anyPolicy (§6.1.4 (a))."""
    try:
        mappings = mappings_of(certificate)
    except MalformedObjectError:
        return False
    return ANY_POLICY not in mappings and all(ANY_POLICY not in own for own in mappings.values())
