"""What RFC 5280 asks of a path whatever the time: the checks of §6.1 but validity and status.

1. every issuer is an authority (basicConstraints; version 1 only as an anchor),     §6.1.4 (k)
2. its key may sign certificates (keyUsage keyCertSign),                             §6.1.4 (n)
3. no more authorities below it than it allows (pathLenConstraint),                  §6.1.4 (l), (m)
4. names lie within its name constraints, those of the anchor included (RFC 5937),   §6.1.3 (b), (c)
5. no critical extension that is not understood, none of a path's own that is unreadable, §6.1.4 (o)
6. one certificate policy runs through the path where one is required,               §6.1.3 (d)-(f)
7. policies are mapped, and anyPolicy is not,                                        §6.1.4 (a), (b)
8. issuers and authorities have names; only authorities constrain names.  §4.1.2.4, .6; §4.2.1.10

Signatures and name chaining were checked when the path was built; validity and status depend on
the time and are judged by `verify.rules.chain`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from verify.compare import self_issued
from verify.finding import Finding, error
from verify.path.extensions import (
    extension,
    is_authority,
    mappings_readable,
    not_understood,
)
from verify.path.inputs import NO_DEMANDS, PathInputs
from verify.path.names import NamesBudget, name_violations
from verify.path.policy_state import policy_runs_through


def find_defects(
    path: tuple[x509.Certificate, ...], inputs: PathInputs = NO_DEMANDS
) -> tuple[tuple[Finding, ...], ...]:
    """Return for each certificate of the path what RFC 5280 §6.1 forbids about it.

    Args:
        path: the end entity first; each signed by the next.
        inputs: the initial settings (§6.1.1).
    """
    budget = NamesBudget()
    policy_defect = () if policy_runs_through(path, inputs) else (error("chain.no_valid_policy"),)
    return tuple(
        (
            *_own_defects(certificate),
            *(_issuer_defects(path, index) if index else ()),
            *_outside_names(path, index, inputs.names, budget),
            *(policy_defect if index == 0 else ()),
        )
        for index, certificate in enumerate(path)
    )


def _own_defects(certificate: x509.Certificate) -> Iterator[Finding]:
    for oid in not_understood(certificate):
        yield error("chain.unknown_critical", oid=oid)
    if not certificate.issuer.rdns:
        yield error("chain.no_issuer_name")
    if not mappings_readable(certificate):
        yield error("chain.bad_policy_mapping")
    authority = is_authority(certificate)
    if authority and not certificate.subject.rdns:
        yield error("chain.no_authority_name")
    if not authority and extension(certificate, x509.NameConstraints) is not None:
        yield error("chain.constrains_without_authority")


def _issuer_defects(path: tuple[x509.Certificate, ...], index: int) -> Iterator[Finding]:
    certificate, below = path[index], path[1:index]
    name = certificate.subject.rfc4514_string()
    last = index == len(path) - 1
    if last and certificate.version is x509.Version.v1 and self_issued(certificate):
        return  # an anchor from before there were extensions
    if not is_authority(certificate):
        yield error("chain.not_an_authority", issuer=name)
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield error("chain.may_not_certify", issuer=name)
    basic = extension(certificate, x509.BasicConstraints)
    if basic is not None and basic.path_length is not None:
        authorities = sum(1 for item in below if not self_issued(item))
        if authorities > basic.path_length:
            yield error("chain.path_too_long", issuer=name, allowed=basic.path_length)


def _outside_names(
    path: tuple[x509.Certificate, ...],
    index: int,
    initial: x509.NameConstraints | None,
    budget: NamesBudget,
) -> Iterator[Finding]:
    certificate = path[index]
    if index and self_issued(certificate):
        return  # §6.1.3 (b): self-issued intermediates are exempt
    asked = [extension(issuer, x509.NameConstraints) for issuer in path[index + 1 :]]
    for constraints in (*asked, initial):
        if constraints is None:
            continue
        if not budget.covers(certificate, constraints):
            yield error("chain.too_many_names")
            return
        for name in name_violations(certificate, constraints):
            yield error("chain.name_not_allowed", name=name)
