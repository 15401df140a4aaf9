"""Judges the signature of one person over what that person does: `pki.requests.judge.Judge`.

Nothing less than TOTAL-PASSED counts, by the same process as for a signature on a document. What
is unknown, a status above all, is not good.

Spec: EN 319 102-1 §5; EN 319 122-1 (CAdES).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.errors.office import SignerUntrustedError
from pki.errors.tree import PKIError
from pki.records.requests import Signature
from verify.cms.signed_data import read_signed_data
from verify.collect import Collector, verify_opened_online
from verify.detached import open_signature, verify_opened_signature
from verify.evidence import Evidence
from verify.indication import Indication
from verify.policy import Policy
from verify.quiet import quietly
from verify.report import Report
from verify.trust import TrustStore

GetEvidence = Callable[[datetime], Evidence]
"""Gives the certificates and lists that are at hand at a moment."""
GetCollector = Callable[[Evidence], Collector]
"""Gives what fetches the rest, and begins with what is at hand."""


@dataclass(frozen=True, slots=True)
class ActJudge:
    """Judges by a policy and a trust store, with evidence that is at hand, or can be fetched."""

    policy: Policy
    trust: TrustStore
    evidence: GetEvidence
    collector: GetCollector | None = None
    """None fetches nothing: then what is not at hand is unknown."""

    def judge(self, signature: Signature, at: datetime) -> x509.Certificate:
        """Return the certificate of who signed, where everything about the signature is good.

        Raises:
            SignerUntrustedError: anything is wrong with it, or unknown.
        """
        certificate = self.signer_of(signature.cms)
        try:
            report = self._report(signature, at)
        except PKIError as error:
            raise SignerUntrustedError(reason=error.code) from error
        if report.indication is not Indication.TOTAL_PASSED:
            reason = report.sub_indication or report.indication
            raise SignerUntrustedError(reason=reason.value)
        return certificate

    def _report(self, signature: Signature, at: datetime) -> Report:
        policy, trust, evidence = self.policy, self.trust, self.evidence(at)
        opened = open_signature(
            signature.cms, signature.statement, name="act.p7s", limits=policy.limits
        )
        if self.collector is None:
            return verify_opened_signature(
                opened, policy=policy, trust=trust, at=at, evidence=evidence
            )
        collector = self.collector(evidence)
        return verify_opened_online(opened, policy=policy, trust=trust, collector=collector, at=at)

    def signer_of(self, cms: bytes) -> x509.Certificate:
        """Return the certificate of the one signer of a CMS.

        Raises:
            SignerUntrustedError: it is none, or has none, or several have signed.
        """
        try:
            with quietly():
                data = read_signed_data(cms, limit=2)
        except PKIError as error:
            raise SignerUntrustedError(reason=error.code) from error
        token = data.signers[0].token if len(data.signers) == 1 else None
        certificate = token.signer(()) if token is not None else None
        if certificate is None:
            raise SignerUntrustedError(reason="SignerInfo")
        return certificate
