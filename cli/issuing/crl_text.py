"""What a revocation list says, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509

from pki.errors import MalformedDERError
from pki.names import name_text
from pki.records import serial_text


def describe_crl(data: bytes, path: Path) -> dict[str, Any]:
    """Return issuer, number, times and entries of a list in DER or PEM.

    Raises:
        MalformedDERError: not a revocation list.
    """
    try:
        pem = data.lstrip().startswith(b"-----BEGIN")
        crl = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
    except ValueError as error:
        raise MalformedDERError(what=path.name, reason="no revocation list") from error
    return {
        "issuer": name_text(crl.issuer),
        "number": _number(crl),
        "this_update": crl.last_update_utc.isoformat(),
        "next_update": crl.next_update_utc.isoformat() if crl.next_update_utc else None,
        "revoked": [
            {
                "serial": serial_text(entry.serial_number),
                "revoked_at": entry.revocation_date_utc.isoformat(),
                "reason": _reason(entry),
            }
            for entry in crl
        ],
    }


def _number(crl: x509.CertificateRevocationList) -> int | None:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:  # version 1
        return None


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified.value
