"""Builds the facts of a chain: the path, what is wrong in it, and the evidence about its links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from verify.certificate import describe
from verify.facts import ChainFacts, RevocationFacts
from verify.finding import Finding
from verify.path.build import build_path
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import Limits
from verify.revocation.crl import CRLPool, CRLSource
from verify.revocation.ocsp import OCSPPool, OCSPSource


class Gatherer:
    """Gathers chains of one document; what it found for one certificate it keeps."""

    def __init__(
        self,
        pool: CertificatePool,
        *,
        crls: Iterable[CRLSource],
        responses: Iterable[OCSPSource],
        limits: Limits,
    ) -> None:
        sources = tuple(responses)
        self.pool = pool
        self._limits = limits
        self._crls = CRLPool(crls)
        # A responder's own certificate is judged by CRLs and by answers its issuer signed
        # itself, so that two responders cannot vouch for each other.
        self._direct = OCSPPool(sources, certificates=(), statuses=lambda *_: ())
        self._responses = OCSPPool(
            sources, certificates=pool.all(), statuses=self._responder_statuses
        )
        self._statuses: dict[
            tuple[x509.Certificate, x509.Certificate], tuple[RevocationFacts, ...]
        ] = {}
        self._paths: dict[x509.Certificate, tuple[x509.Certificate, ...]] = {}

    def path(self, certificate: x509.Certificate, hint: datetime) -> tuple[x509.Certificate, ...]:
        """Return the best path from `certificate` towards an anchor."""
        if certificate not in self._paths:
            self._paths[certificate] = build_path(
                certificate, self.pool, limits=self._limits, hint=hint
            )
        return self._paths[certificate]

    def chain(
        self,
        certificate: x509.Certificate,
        *,
        hint: datetime,
        purpose_defects: tuple[Finding, ...] = (),
    ) -> ChainFacts:
        """Return the facts of the path from `certificate`.

        Args:
            certificate: the end entity.
            hint: about when it was used.
            purpose_defects: what its use forbids about it (usages).
        """
        path = self.path(certificate, hint)
        defects = find_defects(path)
        certificates = tuple(
            describe(
                item,
                issuer=path[index + 1] if index + 1 < len(path) else None,
                trusted=item in self.pool.trust,
                defects=(*defects[index], *(purpose_defects if index == 0 else ())),
            )
            for index, item in enumerate(path)
        )
        revocations = tuple(
            self.statuses(item, path[index + 1])
            if index + 1 < len(path) and item not in self.pool.trust
            else ()
            for index, item in enumerate(path)
        )
        return ChainFacts(certificates, revocations)

    def statuses(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[RevocationFacts, ...]:
        """Return all evidence about `certificate`, which `issuer` issued."""
        key = (certificate, issuer)
        if key not in self._statuses:
            self._statuses[key] = (
                *self._responses.facts_about(certificate, issuer),
                *self._crls.facts_about(certificate, issuer),
            )
        return self._statuses[key]

    def _responder_statuses(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[RevocationFacts, ...]:
        direct = self._direct.facts_about(certificate, issuer)
        return (
            *(facts for facts in direct if facts.signer_is_issuer),
            *self._crls.facts_about(certificate, issuer),
        )
