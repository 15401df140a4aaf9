"""Who signs: an authority's name, certificate, key and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from cryptography import x509

from pki.keys import PrivateKey, PublicKey, algorithm_der
from pki.urls import AuthorityURLs


@dataclass(frozen=True)
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
        return self._signatory

    @cached_property
    def _signatory(self) -> Signatory:
        subject = self.certificate.subject
        return Signatory(self.name, subject, self.certificate, self.key, self.urls, self.pss)


@dataclass(frozen=True)
class Signatory:
    """Whoever signs a certificate; a root signs its own before it has one.

    What is the same in all that it signs is written once.
    """

    name: str
    subject: x509.Name
    certificate: x509.Certificate | None
    key: PrivateKey = field(repr=False)
    urls: AuthorityURLs
    pss: bool = False

    @cached_property
    def public_key(self) -> PublicKey:
        """That of the key."""
        return self.key.public_key()

    @cached_property
    def name_der(self) -> bytes:
        """Its name, as it is written."""
        return self.subject.public_bytes()

    @cached_property
    def algorithm_der(self) -> bytes:
        """That of its signatures, as certificates name it."""
        return algorithm_der(self.public_key, pss=self.pss)


@dataclass(frozen=True, slots=True)
class _KeyElsewhere:
    """Has a public half and signs nothing."""

    public: PublicKey

    def public_key(self) -> PublicKey:
        return self.public


def key_elsewhere(certificate_der: bytes) -> PrivateKey:
    """Return what stands for an authority's key where another process has it, or nobody need yet.

    Whatever it would have to sign fails.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    return cast("PrivateKey", _KeyElsewhere(cast("PublicKey", certificate.public_key())))
