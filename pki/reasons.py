"""Reasons for a revocation: their names, their numbers, and which may be given.

Spec: RFC 5280 §5.3.1.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.errors.certificates import InvalidityDateError, RevocationReasonError

REASON_CODES = {
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
"""CRLReason (7 is unused); `unspecified` is told by leaving the extension out."""

FINAL_REASONS = frozenset(REASON_CODES) - {x509.ReasonFlags.certificate_hold} | {
    x509.ReasonFlags.unspecified
}
"""What a revocation may give: a hold can be released, removeFromCRL stands in delta lists."""


def check_invalidity(invalidity_date: datetime | None, now: datetime) -> None:
    """Refuse a date from which on a key is said to be unsafe that has not come yet.

    Raises:
        InvalidityDateError: it lies after `now`.

    Spec: RFC 5280 §5.3.2.
    """
    if invalidity_date is not None and invalidity_date > now:
        raise InvalidityDateError(invalidity_date=invalidity_date, now=now)


def parse_reason(name: str) -> x509.ReasonFlags:
    """Return the reason of that name, as RFC 5280 spells it (`keyCompromise`).

    Raises:
        RevocationReasonError: none that a revocation may give.
    """
    for reason in FINAL_REASONS:
        if reason.value == name:
            return reason
    raise RevocationReasonError(reason=name)
