"""Which of the certificates found is the authority's, and whether Antin can go on for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from pki.errors.importing import ImportAuthorityError
from pki.errors.tree import Phrase, phrase
from pki.importing.material import Finding, Material
from pki.keys import PublicKey
from pki.lint.target import Severity
from pki.records.certificates import serial_text
from pki.records.register import Register

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_UNVERIFIABLE = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm)


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Say whether the authority's key signed the certificate, in the authority's name."""
    try:
        certificate.verify_directly_issued_by(authority)
    except _UNVERIFIABLE:
        return False
    return True


def is_list_of(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Say whether the authority's key signed the list."""
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # says TypeError
    except _UNVERIFIABLE:
        return False


def choose_authority(material: Material, named: x509.Certificate | None) -> x509.Certificate:
    """Return the authority's certificate: named, found by its file's name, or the only issuer.

    Raises:
        ImportAuthorityError: none, or more than one it could be.
    """
    told = named or material.authority
    if told is not None:
        return told
    candidates = {
        copy.certificate.fingerprint(SHA256()): copy.certificate
        for copy in material.certificates
        if _makes_others(copy.certificate)
    }
    issuers = {one.subject.public_bytes() for one in candidates.values()}
    signers = [
        one
        for one in candidates.values()
        if any(
            copy.certificate.issuer.public_bytes() in issuers
            and copy.certificate != one
            and is_signed_by(copy.certificate, one)
            for copy in material.certificates
        )
    ] or list(candidates.values())
    if len(signers) != 1:
        serials = tuple(serial_text(one.serial_number) for one in signers[:8])
        raise ImportAuthorityError(count=len(signers), serials=serials)
    return signers[0]


def find_parent(register: Register, certificate: x509.Certificate) -> str | None:
    """Return the authority of the register that signed this one's certificate; None for a root."""
    if certificate.issuer == certificate.subject:
        return None
    for record in register.list_authorities():
        if is_signed_by(certificate, x509.load_der_x509_certificate(record.certificate_der)):
            return record.name
    return None


def judge_authority(certificate: x509.Certificate, now: datetime) -> Iterator[Finding]:
    """Yield why Antin could not issue, or not issue lists, with this certificate."""
    for words in _faults(certificate):
        yield Finding(Severity.ERROR, "authority", words)
    if certificate.not_valid_after_utc < now:
        expired = phrase("pki.importing.authority_expired", at=certificate.not_valid_after_utc)
        yield Finding(Severity.WARNING, "authority", expired)


def _faults(certificate: x509.Certificate) -> Iterator[Phrase]:
    if not _makes_others(certificate):
        yield phrase("pki.importing.authority_none")
    if not _extensions(certificate, x509.SubjectKeyIdentifier):
        yield phrase("pki.importing.authority_key_identifier")
    usages = _extensions(certificate, x509.KeyUsage)
    if any(not (one.key_cert_sign and one.crl_sign) for one in usages):
        yield phrase("pki.importing.authority_usage")
    try:
        usable = isinstance(certificate.public_key(), PublicKey)
    except (ValueError, UnsupportedAlgorithm):
        usable = False
    if not usable:
        yield phrase("pki.importing.authority_key")


def _makes_others(certificate: x509.Certificate) -> bool:
    return any(one.ca for one in _extensions(certificate, x509.BasicConstraints))


def _extensions(certificate: x509.Certificate, kind: type[_Kind]) -> list[_Kind]:
    return [one.value for one in certificate.extensions if isinstance(one.value, kind)]
