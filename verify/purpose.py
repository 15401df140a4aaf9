"""What a certificate is for: usages a signer's and a time-stamp authority's must have, and seals.

Spec: RFC 5280 §4.2.1.3, §4.2.1.12; RFC 3161 §2.3; EN 319 412-2 §4.3.2.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from verify.certificate import attribute
from verify.finding import Finding, error
from verify.path.extensions import extension
from verify.policy import Policy

_PERSON = (NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.PSEUDONYM, NameOID.TITLE)
_TAX_CODE = "MST:"
"""What stands before the code of an organisation in UID, in certificates of Vietnam."""
_LATELY = 4
"""Signers' certificates that are remembered: documents of one batch bring the same one."""


def signer_defects(certificate: x509.Certificate, policy: Policy) -> tuple[Finding, ...]:
    """Return why a certificate is not one to sign documents with."""
    return _signer_defects(certificate, policy.signer.key_usage, policy.signer.extended_key_usage)


@lru_cache(maxsize=_LATELY)
def _signer_defects(
    certificate: x509.Certificate, key_usage: tuple[str, ...], extended_key_usage: tuple[str, ...]
) -> tuple[Finding, ...]:
    found = []
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not any(getattr(usage, name) for name in key_usage):
        found.append(error("purpose.not_for_signing"))
    usages = extension(certificate, x509.ExtendedKeyUsage)
    allowed = set(extended_key_usage)
    if usages is not None and not {item.dotted_string for item in usages} & allowed:
        found.append(error("purpose.not_for_documents"))
    return tuple(found)


def timestamp_defects(certificate: x509.Certificate) -> tuple[Finding, ...]:
    """Return why a certificate is not a time-stamp authority's."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return (error("purpose.not_for_timestamps"),)
    if not usages.critical or list(usages.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        return (error("purpose.not_for_timestamps"),)
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return (error("purpose.not_for_timestamps"),)
    return ()


def for_duty(certificate: x509.Certificate, policy: Policy) -> bool:
    """Say whether a certificate names one of the policies for official duty."""
    return _names_one_of(certificate, policy.signer.duty_policies)


@lru_cache(maxsize=_LATELY)
def _names_one_of(certificate: x509.Certificate, wanted: tuple[str, ...]) -> bool:
    named = extension(certificate, x509.CertificatePolicies) or ()
    return not {each.policy_identifier.dotted_string for each in named}.isdisjoint(wanted)


def is_seal(certificate: x509.Certificate, policy: Policy) -> bool:
    """Say whether a signature with this certificate is an organisation's seal.

    A policy of the certificate that Antin's policy lists decides; else it is a seal when the
    subject is an organisation with its tax code and nothing in it names a person.
    """
    return _is_seal(certificate, policy.signer.seal_policies)


@lru_cache(maxsize=_LATELY)
def _is_seal(certificate: x509.Certificate, seal_policies: tuple[str, ...]) -> bool:
    if _names_one_of(certificate, seal_policies):
        return True
    subject = certificate.subject
    if attribute(subject, NameOID.ORGANIZATION_NAME) is None:
        return False
    if any(attribute(subject, oid) is not None for oid in _PERSON):
        return False
    codes = [str(item.value) for item in subject.get_attributes_for_oid(NameOID.USER_ID)]
    return bool(codes) and all(code.startswith(_TAX_CODE) for code in codes)
