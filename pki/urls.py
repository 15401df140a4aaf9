"""The addresses an authority writes into what it issues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuthorityURLs:
    """Where to ask about certificates of one issuer; None leaves the address out."""

    crl: str | None = None
    """Distribution point of its revocation list (RFC 5280 §4.2.1.13)."""
    ocsp: str | None = None
    """Its OCSP responder (RFC 5280 §4.2.2.1)."""
    certificate: str | None = None
    """Its own certificate (RFC 5280 §4.2.2.1, caIssuers)."""

    delta: str | None = None
    """Its delta lists, where it makes any; its full lists name it (RFC 5280 §5.2.6)."""

    @classmethod
    def under(cls, public_url: str, name: str) -> AuthorityURLs:
        """Return the addresses that `pki.http` serves for the authority `name`."""
        base = public_url.rstrip("/")
        return cls(
            crl=f"{base}/crl/{name}.crl",
            ocsp=f"{base}/ocsp",
            certificate=f"{base}/ca/{name}.cer",
            delta=f"{base}/delta/{name}.crl",
        )
