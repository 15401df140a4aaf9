"""What stands in the certificate of a record; whatever cannot be read is an answer too."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from pki.records.certificates import CertificateRecord

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


def read_certificate(record: CertificateRecord) -> x509.Certificate | None:
    """Return the certificate of a record, if it is the one that its serial and fingerprint say."""
    try:
        certificate = x509.load_der_x509_certificate(record.der or b"")
        fits = certificate.serial_number == record.serial
        whole = certificate.fingerprint(SHA256()).hex() == record.fingerprint
    except _UNREADABLE:
        return None
    return certificate if fits and whole else None


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether it is an authority's."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return False


def verifies(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether the issuer's key signed it."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True
