"""The seam to whoever judges signatures: `verify` does, and `cli` brings the two together.

There is no default. Without a judge nothing that rests on a signature is done.
"""

from __future__ import annotations

from datetime import datetime
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
