"""All certificates a judgement knows of, found by subject."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from verify.trust import TrustStore


class CertificatePool:
    """Untrusted certificates and the trust anchors among them, indexed by subject name."""

    def __init__(
        self, trust: TrustStore, untrusted_certificates: Iterable[x509.Certificate]
    ) -> None:
        self.trust = trust
        self._by_subject: dict[bytes, dict[x509.Certificate, None]] = {}
        for certificate in (*trust.anchors, *untrusted_certificates):
            subject = certificate.subject.public_bytes()
            self._by_subject.setdefault(subject, {})[certificate] = None

    def named(self, name: x509.Name) -> tuple[x509.Certificate, ...]:
        """Return the certificates whose subject is `name`, trust anchors first."""
        return tuple(self._by_subject.get(name.public_bytes(), ()))

    def all(self) -> tuple[x509.Certificate, ...]:
        """Return every certificate."""
        return tuple(certificate for group in self._by_subject.values() for certificate in group)
