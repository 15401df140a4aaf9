"""What RFC 5280 asks of a path whatever the time: the checks of §6.1 but validity and status.

1. every issuer is an authority (basicConstraints, v1 only as an anchor),
2. its key may sign certificates (keyUsage keyCertSign),
3. no more authorities below it than it allows (pathLenConstraint),
4. names lie within its name constraints, those of the anchor included (RFC 5937),
5. no critical extension that is not understood,
6. where a policy is required, one policy runs through the whole path; policy mappings are not
   followed, so a path that needs them is refused.

Signatures were checked when the path was built; validity and status depend on the time and are
judged by `verify.rules.chain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from verify.finding import Finding, error
from verify.path.names import name_violations

UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.OCSP_NO_CHECK,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"),  # qcStatements: claims, no constraint
    }
)

Kind = TypeVar("Kind", bound=x509.ExtensionType)

ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")


def find_defects(path: tuple[x509.Certificate, ...]) -> tuple[tuple[Finding, ...], ...]:
    """Return for each certificate of the path what RFC 5280 §6.1 forbids about it.

    Args:
        path: the end entity first; each signed by the next.
    """
    policy_defect = tuple(_policy_defects(path))
    return tuple(
        (
            *_unknown_critical(certificate),
            *(_issuer_defects(certificate, path[1:index]) if index else ()),
            *(_outside_names(certificate, path[index + 1 :], leaf=index == 0)),
            *(policy_defect if index == 0 else ()),
        )
        for index, certificate in enumerate(path)
    )


def extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """Return an extension's value, or None when the certificate lacks it."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _unknown_critical(certificate: x509.Certificate) -> Iterator[Finding]:
    for item in certificate.extensions:
        if item.critical and item.oid not in UNDERSTOOD:
            yield error("chain.unknown_critical", oid=item.oid.dotted_string)


def _issuer_defects(
    certificate: x509.Certificate, below: tuple[x509.Certificate, ...]
) -> Iterator[Finding]:
    name = certificate.subject.rfc4514_string()
    basic = extension(certificate, x509.BasicConstraints)
    if basic is None or not basic.ca:
        yield error("chain.not_an_authority", issuer=name)
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield error("chain.may_not_certify", issuer=name)
    if basic is not None and basic.path_length is not None:
        authorities = sum(1 for item in below if item.subject != item.issuer)
        if authorities > basic.path_length:
            yield error("chain.path_too_long", issuer=name, allowed=basic.path_length)


def _outside_names(
    certificate: x509.Certificate, issuers: tuple[x509.Certificate, ...], *, leaf: bool
) -> Iterator[Finding]:
    if not leaf and certificate.subject == certificate.issuer:
        return  # RFC 5280 §6.1.3 (b): self-issued intermediates are exempt
    for issuer in issuers:
        constraints = extension(issuer, x509.NameConstraints)
        if constraints is not None:
            for name in name_violations(certificate, constraints):
                yield error("chain.name_not_allowed", name=name)


def _policy_defects(path: tuple[x509.Certificate, ...]) -> Iterator[Finding]:
    if not _policy_required(path):
        return
    valid: frozenset[x509.ObjectIdentifier] | None = None
    for certificate in reversed(path[:-1]):
        policies = extension(certificate, x509.CertificatePolicies)
        own = frozenset(item.policy_identifier for item in policies) if policies else frozenset()
        if ANY_POLICY in own:
            continue
        valid = own if valid is None else valid & own
    if valid is not None and not valid:
        yield error("chain.no_valid_policy")


def _policy_required(path: tuple[x509.Certificate, ...]) -> bool:
    for depth, certificate in enumerate(path[1:], start=1):
        constraints = extension(certificate, x509.PolicyConstraints)
        explicit = constraints.require_explicit_policy if constraints else None
        if explicit is not None and explicit <= depth:
            return True
    return False
