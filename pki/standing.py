"""An authority that stands already, as another one certifies it: by link or cross-certificate.

Its name goes in as it is written in its own certificate, octet for octet, and its key under the
identifier that stands there: what it issued points to both (RFC 5280 §4.1.2.6 and §4.2.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from pki.errors.authorities import NotAnAuthorityError
from pki.errors.tree import phrase
from pki.strength import key_digest

_MAX_IDENTIFIER_OCTETS = 64
"""Of a key's identifier; those in use have 20, the hashes of RFC 7093 up to 64."""
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an authority is called already."""

    name: x509.Name
    key_identifier: bytes


def read_standing(untrusted: x509.Certificate, now: datetime) -> Standing:
    """Return how the authority of a certificate is called.

    Who issued the certificate is not asked: what it says was compared by whoever hands it over.

    Raises:
        NotAnAuthorityError: no authority's, expired, or a root's that its own key did not sign.
    """
    try:
        reason = _fault(untrusted, now)
        identifier = _identifier(untrusted)
    except _UNREADABLE as error:
        raise NotAnAuthorityError(reason=phrase("pki.not_an_authority.unreadable")) from error
    if reason is not None:
        raise NotAnAuthorityError(reason=phrase(reason))
    return Standing(untrusted.subject, identifier)


def _fault(certificate: x509.Certificate, now: datetime) -> str | None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return "pki.not_an_authority.not_now"
    try:
        extensions = certificate.extensions
        is_authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return "pki.not_an_authority.no_extensions"
    if not (is_authority and signs):
        return "pki.not_an_authority.signs_none"
    if certificate.issuer == certificate.subject and not _signed_itself(certificate):
        return "pki.not_an_authority.signature"
    return None


def _signed_itself(certificate: x509.Certificate) -> bool:
    """Say whether a self-issued certificate is self-signed: nobody else's link is taken here."""
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False
    return True


def _identifier(certificate: x509.Certificate) -> bytes:
    identifier = key_identifier(certificate)
    if not 1 <= len(identifier) <= _MAX_IDENTIFIER_OCTETS:
        raise ValueError("no identifier of a key")
    return identifier


def key_identifier(certificate: x509.Certificate) -> bytes:
    """Return by what an authority's certificate names its key, which need not be a SHA-1 of it.

    Spec: RFC 5280 §4.2.1.1 (whoever it issues to bears the same octets) and §4.2.1.2.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return key_digest(certificate.public_key())
    return extension.value.digest
