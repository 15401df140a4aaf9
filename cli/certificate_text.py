"""What commands say of a certificate."""

from __future__ import annotations

from cryptography import x509

from pki.records import serial_text


def certificate_object(certificate: x509.Certificate) -> dict[str, str]:
    """Return what every command says of a certificate in JSON."""
    return {
        "serial": serial_text(certificate.serial_number),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }


def common_name(certificate: x509.Certificate) -> str:
    """Return the subject's common name, or its whole name where it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()
