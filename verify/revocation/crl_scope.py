"""For which reasons of revocation a CRL speaks of a certificate.

A list speaks of a certificate through one of its distribution points, or because its issuer
issued both and the list names no other point.

Spec: RFC 5280 §6.3.3 (b), (d), and the paragraph after (l); §4.2.1.13; §5.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509

from verify.compare import comparable, comparable_rdn, same_name
from verify.path.extensions import extension, is_authority

Reasons = frozenset[x509.ReasonFlags]

ALL_REASONS: Reasons = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
NONE: Reasons = frozenset()

_POINTS = 32
"""There are eight reasons; thousands of points are there to be compared with thousands of lists."""


def reasons_covered(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> Reasons:
    """Return for which reasons `crl` says whether `certificate` is revoked; none: it does not."""
    scope = extension(crl, x509.IssuingDistributionPoint)
    if scope is not None and not _of_kind(scope, certificate):
        return NONE
    covered = NONE
    for point in (*points_of(certificate), _own_point(certificate)):
        if _is_issued_for(crl, scope, point, certificate) and _is_named(
            crl, scope, point, certificate
        ):
            covered |= point.reasons or ALL_REASONS
    if scope is not None and scope.only_some_reasons is not None:
        covered &= scope.only_some_reasons
    return covered


def points_of(certificate: x509.Certificate) -> Iterable[x509.DistributionPoint]:
    """Return the distribution points of a certificate, as many as make sense."""
    return list(extension(certificate, x509.CRLDistributionPoints) or ())[:_POINTS]


def crl_issuers(point: x509.DistributionPoint) -> Iterator[x509.Name]:
    """Yield who issues the lists of a point, where that is another than the certificate's."""
    for name in point.crl_issuer or ():
        if isinstance(name, x509.DirectoryName):
            yield name.value


def _own_point(certificate: x509.Certificate) -> x509.DistributionPoint:
    """Return the point that a certificate need not name: the lists of its own issuer."""
    name = x509.DirectoryName(certificate.issuer)
    return x509.DistributionPoint([name], relative_name=None, reasons=None, crl_issuer=None)


def _of_kind(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    """(b)(2)(ii)-(iv)."""
    if scope.only_contains_attribute_certs:
        return False
    if is_authority(certificate):
        return not scope.only_contains_user_certs
    return not scope.only_contains_ca_certs


def _is_issued_for(
    crl: x509.CertificateRevocationList,
    scope: x509.IssuingDistributionPoint | None,
    point: x509.DistributionPoint,
    certificate: x509.Certificate,
) -> bool:
    """(b)(1)."""
    if point.crl_issuer:
        indirect = scope is not None and scope.indirect_crl
        return indirect and any(same_name(crl.issuer, name) for name in crl_issuers(point))
    return same_name(crl.issuer, certificate.issuer)


def _is_named(
    crl: x509.CertificateRevocationList,
    scope: x509.IssuingDistributionPoint | None,
    point: x509.DistributionPoint,
    certificate: x509.Certificate,
) -> bool:
    """(b)(2)(i): the list names no point, or this one."""
    if scope is None or (scope.full_name is None and scope.relative_name is None):
        return True
    own = set(_names(scope.full_name, scope.relative_name, [crl.issuer]))
    return not own.isdisjoint(_point_names(point, certificate))


def _point_names(point: x509.DistributionPoint, certificate: x509.Certificate) -> Iterator[object]:
    issuers = list(crl_issuers(point))
    if point.full_name is None and point.relative_name is None:
        yield from map(comparable, issuers)
    else:
        yield from _names(point.full_name, point.relative_name, issuers or [certificate.issuer])


def _names(
    full: list[x509.GeneralName] | None,
    relative: x509.RelativeDistinguishedName | None,
    bases: list[x509.Name],
) -> Iterator[object]:
    for name in full or ():
        yield comparable(name.value) if isinstance(name, x509.DirectoryName) else name
    if relative is not None:
        for base in bases:
            yield (*comparable(base), comparable_rdn(relative))
