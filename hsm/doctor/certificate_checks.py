"""Certificates on tokens: their period, and whether their keys are the ones beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from hsm.doctor.finding import Finding, Severity, error, info, warning
from hsm.doctor.seen import KeySight, Seen, SeenCertificate, SeenToken

SOON = timedelta(days=30)
"""An authority takes three working days, and the managing agency more (Decree 68/2024 Art. 11)."""
LATER = timedelta(days=60)


def check_periods(seen: Seen) -> Iterator[Finding]:
    """Certificates that are not valid now, or will not be for long."""
    able = {token.token.serial for token, _ in seen.signers}
    for token, one in _signing(seen):
        facts = {"name": one.name, "token": token.token.label}
        left = one.not_after - seen.now
        if left < timedelta():
            # An old certificate beside its successor keeps nobody from signing.
            told = info if token.token.serial in able else error
            yield told("hsm.doctor.expired", not_after=one.not_after, **facts)
        elif one.not_before > seen.now:
            yield error("hsm.doctor.not_yet_valid", not_before=one.not_before, **facts)
        elif left <= LATER:
            told = warning if left <= SOON else info
            yield told("hsm.doctor.expiring", days=left.days, not_after=one.not_after, **facts)


def check_keys(seen: Seen) -> Iterator[Finding]:
    """Certificates whose key is another one, of no use here, or not seen."""
    found = {
        KeySight.OTHER: (Severity.ERROR, "hsm.doctor.key_mismatch"),
        KeySight.UNUSABLE: (Severity.ERROR, "hsm.doctor.key_unusable"),
        KeySight.UNSEEN: (Severity.INFO, "hsm.doctor.key_unseen"),
    }
    for token, one in _each(seen):
        if one.key in found and not one.authority:
            severity, code = found[one.key]
            yield Finding(severity, code, {"name": one.name, "token": token.token.label})


def check_twins(seen: Seen) -> Iterator[Finding]:
    """Two certificates for one key, and one certificate on two tokens."""
    for token in seen.tokens:
        by_key: dict[str, list[SeenCertificate]] = {}
        for one in token.certificates:
            if one.key_sha256 and one.not_after >= seen.now:
                by_key.setdefault(one.key_sha256, []).append(one)
        for twins in by_key.values():
            if len({one.sha256 for one in twins}) > 1:
                serials = tuple(one.serial for one in twins)
                label = token.token.label
                yield warning("hsm.doctor.two_certificates", token=label, serials=serials)
    by_certificate: dict[str, list[tuple[SeenToken, SeenCertificate]]] = {}
    for token, one in _signing(seen):
        by_certificate.setdefault(one.sha256, []).append((token, one))
    for places in by_certificate.values():
        labels = tuple(dict.fromkeys(f"{t.token.label} ({t.token.serial})" for t, _ in places))
        if len(labels) > 1:
            name = places[0][1].name
            yield info("hsm.doctor.certificate_twice", name=name, tokens=labels)


def check_purpose(seen: Seen) -> Iterator[Finding]:
    """Tokens that work, and no certificate on them to sign a document with."""
    tokens = [
        one for one in seen.tokens if one.used and one.error is None and one.token.initialized
    ]
    if tokens and not any(one.fits for token in tokens for one in token.certificates):
        labels = tuple(token.token.label for token in tokens)
        yield error("hsm.doctor.no_certificate", tokens=labels)


def _each(seen: Seen) -> Iterator[tuple[SeenToken, SeenCertificate]]:
    return ((token, one) for token in seen.tokens for one in token.certificates)


def _signing(seen: Seen) -> Iterator[tuple[SeenToken, SeenCertificate]]:
    """Give the certificates for signing documents; an authority's are watched elsewhere."""
    return ((token, one) for token, one in _each(seen) if one.fits)
