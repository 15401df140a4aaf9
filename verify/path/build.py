"""Finds a path from a certificate to a trust anchor, with a bounded amount of work.

Depth first, the likeliest issuer first. Signatures are what costs, so those are counted: hostile
chains (hundreds of certificates with one name and key) end the search, not the program.

Spec: RFC 4158; RFC 5280 §6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import Limits

Path = tuple[x509.Certificate, ...]


@dataclass(slots=True)
class _Search:
    """What one search may still spend, and what it already knows."""

    pool: CertificatePool
    limits: Limits
    hint: datetime
    checks_left: int
    known: dict[tuple[x509.Certificate, x509.Certificate], bool] = field(default_factory=dict)

    def issued(self, issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
        """Say whether `issuer`'s key signed `certificate`; False when the budget is spent."""
        pair = (issuer, certificate)
        if pair not in self.known:
            if self.checks_left <= 0:
                return False
            self.checks_left -= 1
            self.known[pair] = _signed_by(certificate, issuer)
        return self.known[pair]


def build_path(
    certificate: x509.Certificate, pool: CertificatePool, *, limits: Limits, hint: datetime
) -> Path:
    """Return the best path found, the certificate itself first.

    A path that ends in a trust anchor and has no defect is taken at once; else one that ends in
    an anchor; else the longest towards one.

    Args:
        certificate: the end entity.
        pool: candidates for issuers, and the anchors.
        limits: how long a path and how many signature checks.
        hint: about when it was used; issuers valid at that time are tried first.
    """
    search = _Search(pool, limits, hint, limits.path_signature_checks)
    best: Path = (certificate,)
    best_trusted = certificate in pool.trust
    for path in _paths((certificate,), search):
        trusted = path[-1] in pool.trust
        if trusted and not any(find_defects(path)):
            return path
        if (trusted, len(path)) > (best_trusted, len(best)) and not (best_trusted and trusted):
            best, best_trusted = path, trusted
    return best


def _paths(path: Path, search: _Search) -> Iterator[Path]:
    yield path
    last = path[-1]
    if last in search.pool.trust or len(path) >= search.limits.path_length:
        return
    for issuer in _candidates(last, search):
        if issuer not in path and search.issued(issuer, last):
            yield from _paths((*path, issuer), search)


def _candidates(certificate: x509.Certificate, search: _Search) -> list[x509.Certificate]:
    wanted = authority_key_id(certificate)

    def rank(issuer: x509.Certificate) -> tuple[bool, bool, bool]:
        own = subject_key_id(issuer)
        return (
            bool(wanted and own and wanted != own),
            issuer not in search.pool.trust,
            not issuer.not_valid_before_utc <= search.hint <= issuer.not_valid_after_utc,
        )

    return sorted(search.pool.named(certificate.issuer), key=rank)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        with foreign("certificate signature"):
            certificate.verify_directly_issued_by(issuer)
    except MalformedObjectError:
        return False
    return True


def authority_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return the key identifier of the issuer, or None."""
    try:
        return certificate.extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier
        ).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def subject_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return the certificate's own key identifier, or None."""
    try:
        return certificate.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        ).value.digest
    except x509.ExtensionNotFound:
        return None
