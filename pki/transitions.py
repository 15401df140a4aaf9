"""Which change of a certificate's status follows which.

    good ──hold──▶ on hold ──release──▶ good
      └──revoke──▶ revoked ◀──revoke──┘
                   revoked ──upgrade──▶ revoked for keyCompromise

Nothing else does: a revocation is for good, and its date and reason stay, but for the reason that
turns out to be keyCompromise.

Spec: RFC 5280 §5.3.1; X.509 (2019) §9.5.3.1.
"""

from __future__ import annotations

from cryptography import x509

from pki.errors.certificates import (
    AlreadyRevokedError,
    CertificateHeldError,
    NotHeldError,
    NotRevokedError,
    RevocationFinalError,
)
from pki.records.certificates import RevocationRecord, StatusKind, serial_text

_HOLD = x509.ReasonFlags.certificate_hold
COMPROMISES = frozenset(
    {
        x509.ReasonFlags.key_compromise,
        x509.ReasonFlags.ca_compromise,
        x509.ReasonFlags.aa_compromise,
    }
)
"""Reasons than which none is graver."""


def check_transition(kind: StatusKind, serial: int, standing: RevocationRecord | None) -> None:
    """Refuse a change that does not follow what stands.

    Args:
        kind: what is to happen.
        serial: to whom.
        standing: what a list says of the serial now; None for good.

    Raises:
        AlreadyRevokedError: it is revoked; or, of a graver reason, for a compromise.
        CertificateHeldError: it is to be held, and is.
        NotHeldError: it is to be released, and is good.
        RevocationFinalError: it is to be released, and is revoked.
        NotRevokedError: its reason is to be raised, and it is not revoked.
    """
    _CHECKS[kind](serial_text(serial), standing)


def is_held(standing: RevocationRecord | None) -> bool:
    """Say whether what a list says is a hold."""
    return standing is not None and standing.reason is _HOLD


def is_compromised(standing: RevocationRecord | None) -> bool:
    """Say whether what a list says is that the key is not its holder's alone."""
    return standing is not None and standing.reason in COMPROMISES


def _check_revoke(serial: str, standing: RevocationRecord | None) -> None:
    if standing is not None and standing.reason is not _HOLD:
        raise AlreadyRevokedError(serial=serial, revoked_at=standing.revoked_at)


def _check_hold(serial: str, standing: RevocationRecord | None) -> None:
    _check_revoke(serial, standing)
    if standing is not None:
        raise CertificateHeldError(serial=serial, held_at=standing.revoked_at)


def _check_release(serial: str, standing: RevocationRecord | None) -> None:
    if standing is None:
        raise NotHeldError(serial=serial)
    if standing.reason is not _HOLD:
        raise RevocationFinalError(serial=serial, revoked_at=standing.revoked_at)


def _check_upgrade(serial: str, standing: RevocationRecord | None) -> None:
    if standing is None or standing.reason is _HOLD:
        raise NotRevokedError(serial=serial)
    if is_compromised(standing):
        raise AlreadyRevokedError(serial=serial, revoked_at=standing.revoked_at)


_CHECKS = {
    StatusKind.HOLD: _check_hold,
    StatusKind.RELEASE: _check_release,
    StatusKind.REVOKE: _check_revoke,
    StatusKind.UPGRADE: _check_upgrade,
}
