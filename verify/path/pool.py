"""All certificates a judgement knows of, found by subject and by issuer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from cryptography import x509

from verify.compare import Comparable, comparable
from verify.trust import Periods, TrustStore


class CertificatePool:
    """Untrusted certificates and the trust anchors beside them.

    The anchors were indexed when they were read: a document pays for its own certificates only.
    """

    def __init__(
        self, trust: TrustStore, untrusted_certificates: Iterable[x509.Certificate]
    ) -> None:
        self.trust = trust
        self.untrusted = tuple(
            item for item in dict.fromkeys(untrusted_certificates) if item not in trust
        )
        self._by_subject: dict[Comparable, list[x509.Certificate]] = {}
        for certificate in self.untrusted:
            self._by_subject.setdefault(comparable(certificate.subject), []).append(certificate)

    def named(self, name: x509.Name) -> tuple[x509.Certificate, ...]:
        """Return the certificates whose subject is `name`, trust anchors first."""
        form = comparable(name)
        return (*self.trust.named(form), *self._by_subject.get(form, ()))

    def all(self) -> tuple[x509.Certificate, ...]:
        """Return every certificate."""
        return (*self.trust.anchors, *self.untrusted)

    def era(self, at: datetime) -> tuple[int, int]:
        """Return what is the same at two times if the same certificates are in their period."""
        return self.trust.era(at), self._periods.era(at)

    def issued_under(self, name: x509.Name) -> tuple[x509.Certificate, ...]:
        """Return the certificates whose issuer is `name`."""
        form = comparable(name)
        return (*self.trust.issued_under(form), *self._by_issuer.get(form, ()))

    @cached_property
    def _periods(self) -> Periods:
        return Periods(self.untrusted)

    @cached_property
    def _by_issuer(self) -> dict[Comparable, list[x509.Certificate]]:
        found: dict[Comparable, list[x509.Certificate]] = {}
        for certificate in self.untrusted:
            found.setdefault(comparable(certificate.issuer), []).append(certificate)
        return found
