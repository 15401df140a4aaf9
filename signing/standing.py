"""A signer's standing through a batch: checked for the first document, and again when it grows old.

Spec: Circular 15/2025/TT-BKHCN Art. 5.1a (not checked against the official text).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from signing.check import check_period, check_signer
from signing.evidence import gather_evidence
from signing.key import SigningKey
from signing.services import SigningServices
from verify.evidence import Evidence
from verify.finding import Finding

STANDING_LASTS = timedelta(minutes=5)
"""How long an answer about a certificate's status serves the documents of one batch."""


class SignerStanding:
    """What is known of one signer's certificate, no older than `STANDING_LASTS`."""

    def __init__(
        self, signer: SigningKey, services: SigningServices, *, refuse_unknown: bool
    ) -> None:
        self._signer = signer
        self._services = services
        self._refuse_unknown = refuse_unknown
        self._since: datetime | None = None
        self._warnings: tuple[Finding, ...] = ()
        self._evidence: Evidence | None = None

    def check(self) -> tuple[Finding, ...]:
        """Return warnings; raise where the certificate must not sign.

        Raises:
            PKIError: see `check_signer`.
        """
        now = self._services.clock.now()
        if self._since is None or not now - STANDING_LASTS < self._since <= now:
            self._since = self._evidence = None
            self._warnings = check_signer(
                self._signer.certificate,
                self._signer.chain,
                services=self._services,
                refuse_unknown=self._refuse_unknown,
            )
            self._since = now
        check_period(self._signer.certificate, now)
        return self._warnings

    def evidence(self) -> Evidence:
        """Return evidence about the certificate and its issuers, as old as the check.

        Raises:
            UntrustedPathError: there is no path to a trusted root.
        """
        if self._evidence is None:
            ends = (self._signer.certificate,)
            self._evidence = gather_evidence(ends, self._signer.chain, self._services)
        return self._evidence
