"""Finds a path from a certificate to a trust anchor, with a bounded amount of work.

Depth first, the likeliest issuer first. Hostile chains (hundreds of certificates with one name
and key, or naming each other in rings) end the search, not the program, and the finding says so:
- signatures are what costs, so each is checked once and they are counted,
- so are the paths that are tried, which grow faster than the certificates they are made of,
- a path never has the same name with the same key twice (RFC 4158 §2.4.2).

Spec: RFC 4158; RFC 5280 §6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verify.compare import Comparable, comparable
from verify.path.extensions import extension
from verify.path.inputs import NO_DEMANDS, PathInputs
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.path.signature import signed_by
from verify.policy import Limits, Use

Path = tuple[x509.Certificate, ...]

_WHOLE_PATHS = 24
"""As many paths to an anchor are looked at for one that nothing is wrong with."""


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search."""

    path: Path
    """The best path, the certificate itself first."""
    sound: bool = False
    """It ends in an anchor, and `find_defects` found nothing."""
    exhausted: bool = False
    """The work allowed was spent before a sound path was found: there may be one."""


@dataclass(slots=True)
class _Search:
    """What one search may still spend, and what it already knows."""

    pool: CertificatePool
    limits: Limits
    hint: datetime
    checks_left: int
    paths_left: int
    whole_left: int = _WHOLE_PATHS
    exhausted: bool = False
    use: Use = Use.SIGNATURE
    known: dict[tuple[x509.Certificate, x509.Certificate], bool] = field(default_factory=dict)

    def issued(self, issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
        """Say whether `issuer`'s key signed `certificate`; False when the budget is spent."""
        pair = (issuer, certificate)
        if pair not in self.known:
            if self.checks_left <= 0:
                self.exhausted = True
                return False
            self.checks_left -= 1
            self.known[pair] = signed_by(certificate, issuer)
        return self.known[pair]

    def may_go_on(self) -> bool:
        """Take one more path; False when enough were tried."""
        self.paths_left -= 1
        if self.paths_left < 0 or self.whole_left <= 0:
            self.exhausted = True
        return not self.exhausted


def build_path(
    certificate: x509.Certificate,
    pool: CertificatePool,
    *,
    limits: Limits,
    hint: datetime,
    inputs: PathInputs = NO_DEMANDS,
    use: Use = Use.SIGNATURE,
) -> Path:
    """Return the best path found, the certificate itself first: see `search_path`."""
    return search_path(certificate, pool, limits=limits, hint=hint, inputs=inputs, use=use).path


def search_path(
    certificate: x509.Certificate,
    pool: CertificatePool,
    *,
    limits: Limits,
    hint: datetime,
    inputs: PathInputs = NO_DEMANDS,
    use: Use = Use.SIGNATURE,
) -> Found:
    """Look for the best path.

    A path that ends in a trust anchor, has no defect and whose issuers are all in their period
    is taken at once, if no end of the trust is known; else one without defect; else one that ends
    in an anchor; else the longest towards one.

    Args:
        certificate: the end entity.
        pool: candidates for issuers, and the anchors.
        limits: how long a path, how many signature checks, how many paths.
        hint: about when it was used; issuers valid at that time are tried first.
        inputs: the initial settings (RFC 5280 §6.1.1).
        use: what the certificate is used for; an anchor may be one for something else alone.
    """
    search = _Search(
        pool, limits, hint, limits.path_signature_checks, limits.path_candidates, use=use
    )
    best: Path = (certificate,)
    best_rank = (-1, 0)
    for path in _paths((certificate,), search):
        rank = _rank(path, search, inputs)
        if rank[0] == _PERFECT:
            return Found(path, sound=True)
        if rank > best_rank:
            best, best_rank = path, rank
    sound = best_rank[0] == _SOUND
    return Found(best, sound=sound, exhausted=search.exhausted and not sound)


_PERFECT, _SOUND, _TRUSTED = 3, 2, 1


def _rank(path: Path, search: _Search, inputs: PathInputs) -> tuple[int, int]:
    """Return how good a path is; of two alike to the anchor, the first found stays."""
    trust = search.pool.trust
    if not trust.times(path[-1], search.use):
        return 0, len(path)
    search.whole_left -= 1
    if any(find_defects(path, inputs)):
        return _TRUSTED, 0
    lasting = trust.lasts(path[-1], search.use, search.hint)
    return (_PERFECT, 0) if lasting and _in_period(path[1:], search.hint) else (_SOUND, 0)


def _in_period(certificates: Path, at: datetime) -> bool:
    return all(each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in certificates)


def _paths(path: Path, search: _Search) -> Iterator[Path]:
    yield path
    last = path[-1]
    ends = search.pool.trust.lasts(last, search.use, search.hint)
    if ends or len(path) >= search.limits.path_length:
        return
    known = {_identity(certificate) for certificate in path}
    for issuer in _candidates(last, search):
        if _identity(issuer) in known or not search.issued(issuer, last):
            continue
        if not search.may_go_on():
            return
        yield from _paths((*path, issuer), search)


def _identity(certificate: x509.Certificate) -> tuple[Comparable, bytes]:
    key = certificate.public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return comparable(certificate.subject), encoded


def _candidates(certificate: x509.Certificate, search: _Search) -> list[x509.Certificate]:
    wanted = authority_key_id(certificate)

    def rank(issuer: x509.Certificate) -> tuple[bool, bool, bool]:
        own = subject_key_id(issuer)
        return (
            bool(wanted and own and wanted != own),
            issuer not in search.pool.trust,
            not _in_period((issuer,), search.hint),
        )

    return sorted(search.pool.named(certificate.issuer), key=rank)


def authority_key_id(
    signed: x509.Certificate | x509.CertificateRevocationList,
) -> bytes | None:
    """Return the key identifier of the issuer, or None."""
    value = extension(signed, x509.AuthorityKeyIdentifier)
    return None if value is None else value.key_identifier


def subject_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return the certificate's own key identifier, or None."""
    value = extension(certificate, x509.SubjectKeyIdentifier)
    return None if value is None else value.digest
