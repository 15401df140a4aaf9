"""Who signs: an authority's name, certificate, key and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from pki.keys import PrivateKey
from pki.urls import AuthorityURLs


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority as it issues."""

    name: str
    """Its short name in the register."""
    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    urls: AuthorityURLs
    """The addresses it writes into what it issues."""
    pss: bool = False
    """Whether an RSA key signs by RSASSA-PSS; other keys have one way only."""

    def signatory(self) -> Signatory:
        """Return the side of it that signs certificates."""
        subject = self.certificate.subject
        return Signatory(self.name, subject, self.certificate, self.key, self.urls, self.pss)


@dataclass(frozen=True, slots=True)
class Signatory:
    """Whoever signs a certificate; a root signs its own before it has one."""

    name: str
    subject: x509.Name
    certificate: x509.Certificate | None
    key: PrivateKey = field(repr=False)
    urls: AuthorityURLs
    pss: bool = False
