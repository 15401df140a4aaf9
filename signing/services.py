"""What signing reaches out to: time, network, trust and policy."""

from __future__ import annotations

from dataclasses import dataclass

from verify.policy import Policy
from verify.trust import TrustStore

from pki.clock import Clock
from pki.fetcher import Fetcher


@dataclass(frozen=True, slots=True)
class SigningServices:
    """Handed in by the composition root."""

    clock: Clock
    fetcher: Fetcher
    trust: TrustStore
    policy: Policy
