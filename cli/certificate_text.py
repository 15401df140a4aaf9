"""What commands say of a certificate."""

from __future__ import annotations

from cryptography import x509

from pki.names import name_text
from pki.records.certificates import serial_text


def certificate_object(certificate: x509.Certificate) -> dict[str, str]:
    """Return what every command says of a certificate in JSON."""
    return {
        "serial": serial_text(certificate.serial_number),
        "subject": name_text(certificate.subject),
        "issuer": name_text(certificate.issuer),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
