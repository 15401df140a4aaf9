"""What signing reaches out to: time, network, trust and policy."""

from __future__ import annotations

from dataclasses import dataclass

from pki.clock import Clock
from pki.fetcher import Fetcher
from verify.policy import Policy
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class SigningServices:
    """Handed in by the composition root."""

    clock: Clock
    fetcher: Fetcher
    trust: TrustStore
    policy: Policy
