"""Where the lists are that speak of a certificate.

Points for the same reasons by the same issuer are alternatives, as are the addresses of one
point; points for different reasons add up.

Spec: RFC 5280 §4.2.1.13, §4.2.1.15, §5.2.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509

from verify.path.extensions import extension
from verify.revocation.crl_scope import points_of

ADDRESSES = 4
"""Of one kind in one certificate; a hostile one may name thousands."""


@dataclass(frozen=True, slots=True)
class Point:
    """Addresses of one list."""

    urls: tuple[str, ...]
    for_all_reasons: bool


def lists_named(certificate: x509.Certificate) -> tuple[Point, ...]:
    """Return where lists about `certificate` are, those of its own issuer for all reasons first."""
    found: dict[tuple[bool, str, bool], dict[str, None]] = {}
    for point in points_of(certificate):
        reasons = "" if point.reasons is None else repr(sorted(point.reasons, key=str))
        key = (point.reasons is not None, reasons, point.crl_issuer is not None)
        found.setdefault(key, {}).update(dict.fromkeys(_addresses(point)))
    named = (
        Point(tuple(found[key])[:ADDRESSES], for_all_reasons=not key[0]) for key in sorted(found)
    )
    return tuple(named)[:ADDRESSES]


def delta_addresses(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate
) -> tuple[str, ...]:
    """Return where the newest changes to `crl` are, by what it says or the certificate."""
    freshest = _freshest(extension(crl, x509.FreshestCRL))
    freshest += _freshest(extension(certificate, x509.FreshestCRL))
    return tuple(dict.fromkeys(freshest))[:ADDRESSES]


def _freshest(points: Iterable[x509.DistributionPoint] | None) -> tuple[str, ...]:
    return tuple(url for point in points or () for url in _addresses(point))


def _addresses(point: x509.DistributionPoint) -> Iterator[str]:
    for name in point.full_name or ():
        if isinstance(name, x509.UniformResourceIdentifier):
            yield name.value
