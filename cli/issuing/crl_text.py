"""What a revocation list says, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509

from cli.issuing.check_crl import CheckedCRL
from cli.session import Session
from pki.errors import MalformedDERError
from pki.names import name_text
from pki.records import serial_text
from pki.words import Language, say


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
        "base_number": _base_number(crl),
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


def _base_number(crl: x509.CertificateRevocationList) -> int | None:
    try:
        return crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    except x509.ExtensionNotFound:
        return None


def check_object(checked: CheckedCRL, language: Language) -> dict[str, Any]:
    """Return what `antin crl check` found, as data."""
    read = checked.read
    return {
        "ca": checked.ca,
        "number": read.number,
        "base_number": read.base_number,
        "this_update": read.this_update.isoformat(),
        "next_update": read.next_update.isoformat() if read.next_update else None,
        "passed": not checked.findings,
        "findings": [
            {"code": finding.id, "message": say(finding.id, finding.facts, language)}
            for finding in checked.findings
        ],
    }


def check_text(checked: CheckedCRL, session: Session) -> str:
    """Return what `antin crl check` found, in words."""
    lines = [session.word(finding.id, **finding.facts) for finding in checked.findings]
    outcome = "cli.crl.refused" if lines else "cli.crl.passed"
    head = session.word(outcome, ca=checked.ca, number=str(checked.read.number or "-"))
    return "\n".join([head, *lines])


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified.value
