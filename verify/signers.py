"""The paths of those who signed and stamped, and the certificates in them by fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from verify.facts import ChainFacts
from verify.finding import Finding
from verify.policy import Policy, Use
from verify.purpose import signer_defects, timestamp_defects
from verify.report import Need
from verify.revocation.gather import Gatherer


@dataclass(slots=True)
class Signers:
    """Gathers paths for one examination."""

    policy: Policy
    gatherer: Gatherer
    others: tuple[x509.Certificate, ...]
    """All certificates at hand, should a token lack its signer's."""
    known: dict[str, Need] = field(default_factory=dict)
    """Certificates of all paths so far, with the issuer that was found."""

    def signer_chain(self, certificate: x509.Certificate, hint: datetime) -> ChainFacts:
        """Return the path of a signer's certificate."""
        defects = signer_defects(certificate, self.policy)
        return self._chain(certificate, hint, defects, Use.SIGNATURE)

    def timestamp_chain(self, certificate: x509.Certificate, hint: datetime) -> ChainFacts:
        """Return the path of a time-stamp authority's certificate."""
        return self._chain(certificate, hint, timestamp_defects(certificate), Use.TIMESTAMP)

    def _chain(
        self,
        certificate: x509.Certificate,
        hint: datetime,
        defects: tuple[Finding, ...],
        use: Use,
    ) -> ChainFacts:
        self.known |= self.gatherer.needs(certificate, hint, use)
        return self.gatherer.chain(certificate, hint=hint, purpose_defects=defects, use=use)
