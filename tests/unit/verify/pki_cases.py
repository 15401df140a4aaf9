"""Judges a certificate as others' path validation suites ask, by Antin's own gatherer and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from verify.certificate import readable
from verify.finding import Finding
from verify.path.inputs import NO_DEMANDS, PathInputs
from verify.path.pool import CertificatePool
from verify.policy import Policy
from verify.purpose import signer_defects
from verify.quiet import quietly
from verify.revocation.gather import Gatherer
from verify.revocation.sources import read_crls
from verify.rules.chain import judge_chain
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import Moment
from verify.trust import TrustStore

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Case:
    """What a suite hands to whoever validates a path; all DER."""

    leaf: bytes
    others: Iterable[bytes]
    anchors: Iterable[bytes]
    crls: Iterable[bytes]
    at: datetime
    inputs: PathInputs = NO_DEMANDS
    status_asked: bool = True
    usages: tuple[str, ...] = ()
    """Extended key usages of which the leaf must have one, as dotted identifiers."""


def judge_case(case: Case, policy: Policy) -> set[str]:
    """Return the codes of what stands against the certificate; none: it is accepted."""
    with quietly():
        others = (*case.others, case.leaf)
        certificates = tuple(readable(others))
        leaf = next(readable((case.leaf,)), None)
        if leaf is None and len(certificates) < len(others):
            return {UNREADABLE}
        leaf = leaf or certificates[-1]  # its key inherits
        trust = TrustStore(tuple(readable(case.anchors)))
        gatherer = Gatherer(
            CertificatePool(trust, certificates),
            crls=read_crls((der, case.at, None) for der in case.crls),
            responses=(),
            limits=policy.limits,
            inputs=case.inputs,
        )
        chain = gatherer.chain(leaf, hint=case.at, purpose_defects=_purpose(leaf, case, policy))
    moment = Moment(
        case.at, current_is_enough=True, policy=policy, proofs=ProofsOfExistence(case.at)
    )
    found = {finding.code for finding in judge_chain(chain, moment).findings}
    if not case.status_asked:
        found = {code for code in found if not code.startswith("revocation.")}
    return found


def _purpose(leaf: x509.Certificate, case: Case, policy: Policy) -> tuple[Finding, ...]:
    if not case.usages:
        return ()
    signer = policy.signer.model_copy(update={"extended_key_usage": case.usages})
    return signer_defects(leaf, policy.model_copy(update={"signer": signer}))
