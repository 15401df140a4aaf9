"""Builds the facts of a chain: the path, what is wrong in it, and the evidence about its links."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from verify.certificate import describe, fingerprint
from verify.facts import CertificateFacts, ChainFacts, RevocationFacts
from verify.finding import Finding, error
from verify.lenient import original_der
from verify.path.build import Found, search_path
from verify.path.inputs import NO_DEMANDS, PathInputs, inputs_of
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.policy import Limits, Policy, Use
from verify.report import Need
from verify.revocation.crl import CRLPool
from verify.revocation.crl_list import CRLSource
from verify.revocation.ocsp import OCSPPool, OCSPSource
from verify.revocation.sources import Raw, read_crls, read_responses
from verify.trust import ALWAYS

_Used = tuple[x509.Certificate, Use, tuple[int, int]]
"""A certificate, what for, and which others were in their period or trusted when it was used."""


_KEPT = 4


class Gatherers:
    """Keeps the last gatherers, for documents that bring the same certificates and evidence.

    A batch signed with one key is judged document by document; what is in the path and whether
    its signatures hold is the same each time. Each may be judged twice, without lists and with.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[object, Gatherer]] = []
        """The newest last."""

    def get(
        self,
        pool: CertificatePool,
        crls: tuple[Raw, ...],
        responses: tuple[Raw, ...],
        *,
        policy: Policy,
    ) -> Gatherer:
        """Return one that is kept, if all it works with is the same, else a new one."""
        limits, inputs = policy.limits, inputs_of(policy.paths)
        key = (pool.trust, pool.untrusted, crls, responses, limits, inputs)
        found = next((one for one in self._kept if one[0] == key), None)
        if found is None:
            made = Gatherer(
                pool,
                crls=read_crls(crls),
                responses=read_responses(responses),
                limits=limits,
                inputs=inputs,
            )
            found = (key, made)
        self._kept = [*(one for one in self._kept if one is not found), found][-_KEPT:]
        return found[1]


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.kept = Gatherers()


_OF_THREAD = _OfThread()


def gatherers_of_thread() -> Gatherers:
    """Return those of the thread that asks: what they keep is not made for several at once."""
    return _OF_THREAD.kept


class Gatherer:
    """Gathers chains of one document; what it found for one certificate it keeps."""

    def __init__(
        self,
        pool: CertificatePool,
        *,
        crls: Iterable[CRLSource],
        responses: Iterable[OCSPSource],
        limits: Limits,
        inputs: PathInputs = NO_DEMANDS,
    ) -> None:
        sources = tuple(responses)
        self.pool = pool
        self._limits = limits
        self._inputs = inputs
        # Likewise the status of one who signs lists for an issuer.
        self._crls = CRLPool(crls, pool=pool, answers=self._direct_answers)
        # A responder's own certificate is judged by CRLs and by answers its issuer signed
        # itself, so that two responders cannot vouch for each other.
        self._direct = OCSPPool(sources, responders=lambda _: (), statuses=lambda *_: ())
        self._responses = OCSPPool(
            sources, responders=pool.issued_under, statuses=self._responder_statuses
        )
        self._statuses: dict[
            tuple[x509.Certificate, x509.Certificate, tuple[x509.Certificate, ...]],
            tuple[RevocationFacts, ...],
        ] = {}
        # Which issuers are tried first hangs on whether they were in their period.
        self._paths: dict[_Used, Found] = {}
        self._chains: dict[_Used, ChainFacts] = {}
        self._needs: dict[_Used, dict[str, Need]] = {}

    def needs(
        self, certificate: x509.Certificate, hint: datetime, use: Use = Use.SIGNATURE
    ) -> dict[str, Need]:
        """Return the certificates of the path by fingerprint, each with its issuer."""
        used = (certificate, use, self.pool.era(hint))
        if used not in self._needs:
            path = self._search(used, hint).path
            ders = [original_der(item) for item in path]
            self._needs[used] = {
                fingerprint(item): Need(der, issuer)
                for item, der, issuer in zip(path, ders, (*ders[1:], None), strict=True)
            }
        return self._needs[used]

    def _search(self, used: _Used, hint: datetime) -> Found:
        if used not in self._paths:
            certificate, use, _ = used
            self._paths[used] = search_path(
                certificate,
                self.pool,
                limits=self._limits,
                hint=hint,
                inputs=self._inputs,
                use=use,
            )
        return self._paths[used]

    def chain(
        self,
        certificate: x509.Certificate,
        *,
        hint: datetime,
        purpose_defects: tuple[Finding, ...] = (),
        use: Use = Use.SIGNATURE,
    ) -> ChainFacts:
        """Return the facts of the path from `certificate`.

        Args:
            certificate: the end entity.
            hint: about when it was used.
            purpose_defects: what its use forbids about it (usages).
            use: what it was used for.
        """
        used = (certificate, use, self.pool.era(hint))
        if used not in self._chains:
            self._chains[used] = self._chain(used, hint)
        found = self._chains[used]
        if not purpose_defects:
            return found
        leaf, *issuers = found.certificates
        leaf = replace(leaf, defects=(*leaf.defects, *purpose_defects))
        return replace(found, certificates=(leaf, *issuers))

    def _chain(self, used: _Used, hint: datetime) -> ChainFacts:
        found, use = self._search(used, hint), used[1]
        path, defects = found.path, self._defects(found)
        certificates = tuple(
            self._with_trust(
                item,
                use,
                describe(
                    item,
                    issuer=path[index + 1] if index + 1 < len(path) else None,
                    trusted=bool(self.pool.trust.times(item, use)),
                    defects=defects[index],
                ),
            )
            for index, item in enumerate(path)
        )
        revocations = tuple(
            self.statuses(item, path[index + 1], path[index + 2 :])
            if index + 1 < len(path) and not _for_good(certificates[index])
            else ()
            for index, item in enumerate(path)
        )
        return ChainFacts(certificates, revocations)

    def _with_trust(
        self, certificate: x509.Certificate, use: Use, facts: CertificateFacts
    ) -> CertificateFacts:
        trust = self.pool.trust
        times = trust.times(certificate, use)
        if not times or times == ALWAYS:
            return facts
        return replace(
            facts,
            trusted_until=times[-1].end,
            trusted_times=times,
            listings=trust.listings(certificate),
        )

    def _defects(self, found: Found) -> list[tuple[Finding, ...]]:
        if found.sound:
            return [()] * len(found.path)
        defects = list(find_defects(found.path, self._inputs))
        if found.exhausted:
            defects[-1] = (*defects[-1], error("chain.search_exhausted"))
        return defects

    def statuses(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        above: tuple[x509.Certificate, ...] = (),
    ) -> tuple[RevocationFacts, ...]:
        """Return all evidence about `certificate`.

        Args:
            certificate: whose status.
            issuer: who issued it.
            above: the path from the issuer's issuer to the anchor; whom those above certified may
                sign lists, too.
        """
        key = (certificate, issuer, above)
        if key not in self._statuses:
            self._statuses[key] = (
                *self._responses.facts_about(certificate, issuer),
                *self._crls.facts_about(certificate, issuer, above),
            )
        return self._statuses[key]

    def _responder_statuses(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[RevocationFacts, ...]:
        return (
            *self._direct_answers(certificate, issuer),
            *self._crls.facts_about(certificate, issuer),
        )

    def _direct_answers(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Iterator[RevocationFacts]:
        answers = self._direct.facts_about(certificate, issuer)
        return (facts for facts in answers if facts.signer_is_issuer)


def _for_good(certificate: CertificateFacts) -> bool:
    """Say whether it is an anchor with no end in sight: its status is asked for by nobody."""
    return certificate.trusted and certificate.trusted_until is None
