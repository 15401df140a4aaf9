"""The seam to whoever judges signatures: `verify` does, and `cli` brings the two together.

There is no default. Without a judge nothing that rests on a signature is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509

from pki.records.requests import Signature


class Judge(Protocol):
    """Judges one person's CMS signature over a statement."""

    def judge(self, signature: Signature, at: datetime) -> x509.Certificate:
        """Return the certificate of who signed, where everything about the signature is good.

        Args:
            signature: the statement, and the signature apart from it.
            at: the moment at which path and status must be good.

        Raises:
            SignerUntrustedError: anything is wrong with it, or unknown.
        """
        ...

    def signer_of(self, cms: bytes) -> x509.Certificate:
        """Return the certificate of who made a signature that was judged before.

        Raises:
            SignerUntrustedError: it holds none.
        """
        ...


RECENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class RecentJudge:
    """A judge who is not asked about the same signature twice in a second.

    For whoever asks before each of many steps. What else an approval rests on (its age, the role,
    the certificate's status in the register, that the request stands) is not remembered.
    """

    judge_: Judge
    _recent: dict[Signature, tuple[datetime, x509.Certificate]] = field(default_factory=dict)

    def judge(self, signature: Signature, at: datetime) -> x509.Certificate:
        """Return the certificate of who signed, as `Judge.judge` did a moment ago, or does now."""
        known = self._recent.get(signature)
        if known is not None and known[0] <= at <= known[0] + RECENT:
            return known[1]
        self._recent.pop(signature, None)
        certificate = self.judge_.judge(signature, at)
        self._recent[signature] = (at, certificate)
        return certificate

    def signer_of(self, cms: bytes) -> x509.Certificate:
        """Return the certificate of who made a signature that was judged before."""
        return self.judge_.signer_of(cms)
