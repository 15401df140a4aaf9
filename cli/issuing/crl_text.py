"""What a revocation list says, as data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509

from cli.issuing.check_crl import CheckedCRL, read_list
from cli.session import Session
from pki.authority.crl_reader import ReadCRL
from pki.errors.files import MalformedDERError
from pki.names import name_text
from pki.records.certificates import serial_text
from pki.words import Language, say

_UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def read_shown(path: Path) -> ReadCRL:
    """Read a list of which everything can be shown, in DER or PEM, up to 256 MiB.

    Raises:
        UnreadableFileError: not there, not readable, or larger.
        MalformedDERError: no revocation list, or an entry of it cannot be read.
    """
    read = read_list(path)
    try:
        # Once through before anything is said: half a list is never shown.
        deque(entry_objects(read), maxlen=0)
    except _UNREADABLE as error:
        raise MalformedDERError(what=path.name, reason="no revocation list") from error
    return read


def head_object(read: ReadCRL) -> dict[str, Any]:
    """Return issuer, number and times of a list."""
    return {
        "issuer": name_text(read.crl.issuer),
        "number": read.number,
        "base_number": read.base_number,
        "this_update": read.this_update.isoformat(),
        "next_update": read.next_update.isoformat() if read.next_update else None,
    }


def entry_objects(read: ReadCRL) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list; a million are never in memory together."""
    for entry in read.crl:
        yield {
            "serial": serial_text(entry.serial_number),
            "revoked_at": entry.revocation_date_utc.isoformat(),
            "reason": _reason(entry),
        }


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
