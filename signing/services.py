"""What signing reaches out to: time, network, trust, policy and time-stamp services."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pki.clock import Clock
from pki.fetcher import Fetcher
from signing.failover import TimestampService, TimestampServices
from signing.records import EvidenceKeeper
from signing.tsa import FetchingTimeStamper
from verify.password import Password
from verify.policy import Policy
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class SigningServices:
    """Handed in by the composition root."""

    clock: Clock
    fetcher: Fetcher
    trust: TrustStore
    policy: Policy
    timestamps: TimestampServices | None = None
    """The office's time-stamp services."""
    pause: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""
    records: EvidenceKeeper | None = None
    """Keeps evidence about each signature that is made."""
    password: Password | None = None
    """Opens documents that are encrypted."""

    def timestamper(self, url: str | None = None) -> FetchingTimeStamper | None:
        """Return what asks for time-stamps: the service named, else the office's.

        Args:
            url: one service, asked with the defaults of `TimestampService`.

        Returns:
            None where no service is known.
        """
        services = self.timestamps
        if url is not None:
            services = TimestampServices((TimestampService(url),), pause=self.pause)
        if services is None:
            return None
        return FetchingTimeStamper(
            services,
            fetcher=self.fetcher,
            clock=self.clock,
            trust=self.trust,
            ahead=self.policy.skew,
        )
