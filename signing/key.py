"""Who signs: a certificate, its chain, and a key that is opened at the last moment.

The key comes through a callable, so that every check is done before a PIN is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from pki.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signer whose key is not open yet."""

    certificate: x509.Certificate
    """The signer's own certificate."""
    chain: tuple[x509.Certificate, ...]
    """Issuers, nearest first; a root at the end is allowed and is not embedded in signatures."""
    open_key: Callable[[], PrivateKey]
    """Called once, after all checks; asks for the PIN where there is one."""
