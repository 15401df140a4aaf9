"""Is this certificate fit to sign with, now? Asked before any PIN and before anything is written.

1. in its period;
2. for signing documents: no authority, keyUsage and extendedKeyUsage as the policy asks;
3. the key's algorithm and size are ones the policy accepts;
4. a path to a trusted root;
5. not revoked, by OCSP or the newest CRL; where that cannot be known, the caller's rule decides.

Spec: Circular 15/2025/TT-BKHCN Art. 5.1a, 5.2 and Annex II (not checked against the official
text); Decree 23/2025/ND-CP Art. 15.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from pki.names import common_name
from signing.errors.standing import (
    AlgorithmNotAcceptedError,
    CertificateExpiredError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    StatusUnknownError,
    UntrustedPathError,
    WrongUsageError,
)
from signing.services import SigningServices
from verify.certificate import key_kind
from verify.facts import Algorithm
from verify.finding import Finding, warning
from verify.path.build import Path, build_path
from verify.path.extensions import extension
from verify.path.inputs import inputs_of
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import Policy, Use
from verify.purpose import timestamp_defects
from verify.status import Revoked, Unknown, check_status


def check_signer(
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    *,
    services: SigningServices,
    refuse_unknown: bool,
) -> tuple[Finding, ...]:
    """Return warnings; raise where the certificate must not sign.

    Args:
        certificate: the signer's.
        chain: its issuers, as far as they are known.
        services: time, network, trust and policy.
        refuse_unknown: refuse where the status cannot be known, instead of warning.

    Raises:
        CertificateExpiredError: past its period, or an issuer's.
        CertificateNotYetValidError: before its period, or an issuer's.
        WrongUsageError: not for signing documents.
        AlgorithmNotAcceptedError: a signature with its key could not be valid.
        UntrustedPathError: no path to a trusted root.
        CertificateRevokedError: it, or an issuer, is revoked.
        StatusUnknownError: the status cannot be known and `refuse_unknown` is true.
    """
    now = services.clock.now()
    check_period(certificate, now)
    check_usage(certificate, services.policy)
    check_algorithm(certificate, services.policy)
    path = find_path(certificate, chain, services=services)
    if not services.trust.lasts(path[-1], Use.SIGNATURE, now):
        raise _untrusted(path)
    for issuer in path[1:-1]:
        check_period(issuer, now)
    return tuple(
        found
        for index in range(len(path) - 1)
        for found in _check_standing(path[index:], services, refuse_unknown=refuse_unknown)
    )


def check_period(certificate: x509.Certificate, at: datetime) -> None:
    """Check that `at` lies in the certificate's period.

    Raises:
        CertificateExpiredError: past it.
        CertificateNotYetValidError: before it.
    """
    if at > certificate.not_valid_after_utc:
        raise CertificateExpiredError(
            subject=common_name(certificate.subject), not_after=certificate.not_valid_after_utc
        )
    if at < certificate.not_valid_before_utc:
        raise CertificateNotYetValidError(
            subject=common_name(certificate.subject), not_before=certificate.not_valid_before_utc
        )


def check_usage(certificate: x509.Certificate, policy: Policy) -> None:
    """Check that the certificate is for signing documents.

    Raises:
        WrongUsageError: it is an authority's, or its usages say otherwise.

    Spec: RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12; RFC 9336.
    """
    subject = common_name(certificate.subject)
    basic = extension(certificate, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise WrongUsageError(subject=subject, extension="basicConstraints")
    usage = extension(certificate, x509.KeyUsage)
    if usage is None or not any(getattr(usage, each) for each in policy.signer.key_usage):
        raise WrongUsageError(subject=subject, extension="keyUsage")
    extended = extension(certificate, x509.ExtendedKeyUsage)
    if extended is None:
        return
    if not {each.dotted_string for each in extended} & set(policy.signer.extended_key_usage):
        raise WrongUsageError(subject=subject, extension="extendedKeyUsage")


def check_algorithm(certificate: x509.Certificate, policy: Policy) -> None:
    """Check that the policy accepts the signatures of the certificate's key.

    How an RSA key signs is the caller's choice, so the finished signature is judged for that.

    Raises:
        AlgorithmNotAcceptedError: it does not.
    """
    kind, bits = key_kind(certificate)
    scheme = "ecdsa" if kind == "ec" else kind
    least = policy.algorithms.ec_min_bits if kind == "ec" else 0
    if kind == "rsa" or (scheme in policy.algorithms.schemes and bits >= least):
        return
    subject, name = common_name(certificate.subject), Algorithm(scheme, None, kind, bits).name
    raise AlgorithmNotAcceptedError(subject=subject, algorithm=name)


def find_path(
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    *,
    services: SigningServices,
) -> Path:
    """Return the path from the certificate to a trusted root, the certificate first.

    Raises:
        UntrustedPathError: there is none, or RFC 5280 forbids something in it.
    """
    pool = CertificatePool(services.trust, chain)
    policy, inputs = services.policy, inputs_of(services.policy.paths)
    use = Use.SIGNATURE if timestamp_defects(certificate) else Use.TIMESTAMP
    path = build_path(
        certificate, pool, limits=policy.limits, hint=services.clock.now(), inputs=inputs, use=use
    )
    if not services.trust.times(path[-1], use) or any(find_defects(path, inputs)):
        raise _untrusted(path)
    return path


def _untrusted(path: Path) -> UntrustedPathError:
    issuer = common_name(path[-1].issuer)
    return UntrustedPathError(subject=common_name(path[0].subject), issuer=issuer)


def _check_standing(
    path: Path, services: SigningServices, *, refuse_unknown: bool
) -> tuple[Finding, ...]:
    """Check the status of the first certificate of `path`."""
    subject = common_name(path[0].subject)
    status = check_status(
        path[0],
        path[1:],
        fetcher=services.fetcher,
        clock=services.clock,
        trust=services.trust,
        policy=services.policy,
    )
    if isinstance(status, Revoked):
        raise CertificateRevokedError(subject=subject, revoked_at=status.at, reason=status.reason)
    if isinstance(status, Unknown):
        if refuse_unknown:
            raise StatusUnknownError(subject=subject, reason=status.why)
        return (warning("signing.status_unchecked", subject=subject, reason=status.why),)
    return ()
