"""What one token is judged by: rules, proofs of existence, and when it existed itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verify.facts import CertificateFacts, ChainFacts, RevocationFacts
from verify.policy import Demands, Policy, Use
from verify.rules.poe import ProofsOfExistence


@dataclass(frozen=True, slots=True)
class Case:
    """One signature or time-stamp under judgement."""

    policy: Policy
    proofs: ProofsOfExistence
    existed_by: datetime
    """By when it is proved to have existed; the judging moment where nothing proves more."""
    use: Use = Use.SIGNATURE
    named: bool = False
    """Its proofs name what they cover; else a certificate is as old as what it is used for."""

    @property
    def at(self) -> datetime:
        """The moment of judging."""
        return self.proofs.at

    @property
    def demands(self) -> Demands:
        """What is asked of the certificates behind it."""
        return self.policy.demands(self.use)

    def subject(self, index: int) -> str:
        """Return what `algorithms_for` calls the certificate at `index` of its path."""
        return f"{self.use}.{'authority' if index else 'signer'}"

    def certificate_times(self, certificate: CertificateFacts) -> tuple[datetime, ...]:
        """Return the times by which a certificate of the path is proved to have existed."""
        if self.named:
            return self.proofs.times_of(certificate.fingerprint)
        return self.at, self.existed_by

    def signer_times(self, item: RevocationFacts) -> tuple[datetime, ...]:
        """Return the times by which the signer of evidence is proved to have existed."""
        if self.named:
            return self.proofs.times_of(item.signer.fingerprint)
        return self.at, self.proofs.of_evidence(item)


def is_anchor(certificate: CertificateFacts, time: datetime) -> bool:
    """Say whether a certificate is a trust anchor at `time`."""
    until, times = certificate.trusted_until, certificate.trusted_times
    if not certificate.trusted or (until is not None and time >= until):
        return False
    return not times or any(time in period for period in times)


def below_anchor(chain: ChainFacts, time: datetime) -> tuple[int, ...]:
    """Return the places in a path that come before its first anchor at `time`."""
    places = []
    for index, certificate in enumerate(chain.certificates):
        if is_anchor(certificate, time):
            break
        places.append(index)
    return tuple(places)
