"""What issuers say now of many certificates: each list is fetched once for all of them.

For each certificate, as for one that is about to sign (`verify.status`): its issuer is found and
leads to a trust anchor, the issuer's key signed it, and the issuer itself is not revoked; then the
lists at its distribution points are looked at, and only where they do not answer OCSP is asked.
The same rules of freshness hold (`verify.rules.revocation`). Unknown is never good.

Spec: RFC 5280 §6.3; RFC 6960 §3.2.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography import x509

from pki.clock import Clock
from pki.errors.fetching import FetchFailedError, FetchRefusedError
from pki.fetcher import Fetcher, FetchRequest
from pki.records.watching import WatchedStanding
from pki.watching.follow import Answer, Unanswered
from verify.certificate import describe, read_certificate, readable
from verify.collect import OFFLINE, Collector
from verify.errors import MalformedObjectError
from verify.evidence import Item
from verify.facts import RevocationFacts, Status
from verify.finding import Finding
from verify.path.build import Path, authority_key_id, search_path
from verify.path.inputs import inputs_of
from verify.path.pool import CertificatePool
from verify.path.signature import signed_by
from verify.policy import Policy, Use
from verify.quiet import quietly
from verify.revocation.crl_list import CRLSource, read_crl
from verify.revocation.gather import Gatherer
from verify.revocation.ocsp import OCSPSource, read_response
from verify.revocation.points import lists_named
from verify.rules.poe import ProofsOfExistence
from verify.rules.revocation import HOLD, Moment, Standing, standing_at
from verify.status import Revoked, Unknown, check_status
from verify.trust import TrustStore

NO_ISSUER, ISSUER_REVOKED, UNREADABLE = "no_issuer", "issuer_revoked", "unreadable"
ISSUER_UNKNOWN = "issuer_unknown"
ROUNDS = 3
"""Issuers that may be fetched to complete a path."""
ADDRESSES = 1000
"""That are asked for lists and issuers in one run; hostile certificates name any number."""
KEPT_BYTES = 256 * 1024 * 1024
GROUPS = 64
"""Sets of lists that are kept read."""
EACH = 500
"""Certificates after which what was found out about single ones is forgotten."""
_HOLDS = frozenset({HOLD, "certificateHold"})


class OnceFetcher:
    """Asks each address once; what failed is not asked again. Questions to OCSP always are."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._had: dict[str, bytes | FetchRefusedError | FetchFailedError] = {}
        self._left = KEPT_BYTES

    def fetch(self, request: FetchRequest) -> bytes:
        """Return what the address gave, now or before.

        Raises:
            FetchRefusedError: it may not be asked, or too many others were.
            FetchFailedError: it does not answer.
        """
        if request.body is not None:
            return self._fetcher.fetch(request)
        had = self._had.get(request.url)
        if isinstance(had, bytes):
            return had
        if had is not None:
            raise had
        if len(self._had) >= ADDRESSES:
            raise FetchRefusedError(url=request.url, reason="too many addresses")
        try:
            body = self._fetcher.fetch(request)
        except (FetchRefusedError, FetchFailedError) as error:
            self._had[request.url] = error
            raise
        if len(body) <= self._left:
            self._left -= len(body)
            self._had[request.url] = body
        return body


@dataclass(slots=True)
class _Lists:
    """What the lists at some addresses are, read once."""

    sources: tuple[CRLSource, ...]
    certificates: tuple[x509.Certificate, ...]
    findings: tuple[Finding, ...]
    gatherer: Gatherer | None = None
    used: int = 0

    @property
    def sha256(self) -> str:
        """The hash of one list, or over those of several in order."""
        return _joined([one.identity or "" for one in self.sources])


@dataclass(slots=True)
class StatusAsker:
    """`pki.watching.follow.StatusAsker` over the network."""

    fetcher: Fetcher
    clock: Clock
    trust: TrustStore
    policy: Policy
    authorities: tuple[x509.Certificate, ...] = ()
    """Untrusted: they complete paths to what is trusted."""
    _chains: OrderedDict[tuple[bytes, bytes], Path | str] = field(default_factory=OrderedDict)
    _lists: OrderedDict[tuple[object, ...], _Lists] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Ask each address once."""
        self.fetcher = OnceFetcher(self.fetcher)

    def about(self, ders: Sequence[bytes]) -> Iterator[Answer | Unanswered]:
        """Yield an answer for each certificate, in their order."""
        for der in ders:
            with quietly():
                yield self._about(der)

    def _about(self, der: bytes) -> Answer | Unanswered:
        try:
            certificate = read_certificate(der)
            chain = self._chain(certificate)
        except MalformedObjectError:
            return Unanswered(UNREADABLE)
        if isinstance(chain, str):
            return Unanswered(chain)
        if not signed_by(certificate, chain[0]):
            return Unanswered(NO_ISSUER)
        lists = self._lists_of(certificate, chain)
        answer = self._judge(certificate, chain, self._evidence(certificate, chain, lists), lists)
        if isinstance(answer, Answer):
            return answer
        return self._ask_ocsp(certificate, chain, lists)

    def _chain(self, certificate: x509.Certificate) -> Path | str:
        """Return the issuer and those above it, or why there is none that counts."""
        issuer, key = certificate.issuer.public_bytes(), authority_key_id(certificate)
        named = (issuer, repr(key).encode())
        known = self._chains.get(named)
        if known is None:
            known = self._find_chain(certificate)
            if known != NO_ISSUER:  # it may be this one alone that is not the issuer's
                self._chains[named] = known
                _trim(self._chains)
        return known

    def _find_chain(self, certificate: x509.Certificate) -> Path | str:
        collector, found = self._collector(), list(self.authorities)
        for _ in range(ROUNDS):
            path = search_path(
                certificate,
                CertificatePool(self.trust, found),
                limits=self.policy.limits,
                hint=self.clock.now(),
                inputs=inputs_of(self.policy.paths),
                use=Use.SIGNATURE,
            ).path
            if len(path) > 1 and path[-1] in self.trust:
                return self._sound(path[1:])
            more = collector.find_issuer(path[-1])
            if not more:
                break
            found += more
        return NO_ISSUER

    def _sound(self, chain: Path) -> Path | str:
        """Return the chain, unless one of it is revoked, or nobody says that it is not."""
        for number, authority in enumerate(chain):
            status = check_status(
                authority,
                chain[number + 1 :],
                fetcher=self.fetcher,
                clock=self.clock,
                trust=self.trust,
                policy=self.policy,
            )
            if isinstance(status, Revoked):
                return ISSUER_REVOKED
            if isinstance(status, Unknown):
                return OFFLINE if status.why == OFFLINE else ISSUER_UNKNOWN
        return chain

    def _lists_of(self, certificate: x509.Certificate, chain: Path) -> _Lists:
        key = (chain, lists_named(certificate))
        if key not in self._lists:
            collector = self._collector()
            collector.find_crl(certificate)
            evidence = collector.evidence
            self._lists[key] = _Lists(
                tuple(_crl(item) for item in _each_once(evidence.crls)),
                tuple(readable(item.der for item in evidence.certificates)),
                collector.findings,
            )
            _trim(self._lists)
        return self._lists[key]

    def _evidence(
        self, certificate: x509.Certificate, chain: Path, lists: _Lists
    ) -> tuple[RevocationFacts, ...]:
        if lists.gatherer is None or lists.used >= EACH:
            lists.gatherer, lists.used = self._gatherer(chain, lists, ()), 0
        lists.used += 1
        return lists.gatherer.statuses(certificate, chain[0], chain[1:])

    def _ask_ocsp(
        self, certificate: x509.Certificate, chain: Path, lists: _Lists
    ) -> Answer | Unanswered:
        collector = self._collector()
        collector.find_status(certificate, chain[0])
        items = _each_once(collector.evidence.ocsp_responses)
        responses = tuple(
            OCSPSource(read_response(item.der), item.had_at, None, _sha256(item.der))
            for item in items
        )
        if not responses:
            return _unanswered((*lists.findings, *collector.findings))
        both = _Lists(
            lists.sources,
            (*lists.certificates, *readable(one.der for one in collector.evidence.certificates)),
            (*lists.findings, *collector.findings),
        )
        gatherer = self._gatherer(chain, both, responses)
        evidence = gatherer.statuses(certificate, chain[0], chain[1:])
        return self._judge(certificate, chain, evidence, both)

    def _gatherer(self, chain: Path, lists: _Lists, responses: tuple[OCSPSource, ...]) -> Gatherer:
        return Gatherer(
            CertificatePool(self.trust, (*chain, *lists.certificates)),
            crls=lists.sources,
            responses=responses,
            limits=self.policy.limits,
            inputs=inputs_of(self.policy.paths),
        )

    def _judge(
        self,
        certificate: x509.Certificate,
        chain: Path,
        evidence: tuple[RevocationFacts, ...],
        lists: _Lists,
    ) -> Answer | Unanswered:
        now = self.clock.now()
        facts = describe(certificate, issuer=chain[0], trusted=False)
        proofs = ProofsOfExistence(now)
        moment = Moment(now, current_is_enough=True, policy=self.policy, proofs=proofs)
        found = standing_at(facts, evidence, moment)
        said = found.evidence
        if said is None:
            return _unanswered(lists.findings)
        identity = said.identity or lists.sha256
        until = said.next_update or said.this_update + self._age()
        if said.revoked_at is not None and found.standing is Standing.GOOD:
            until = min(until, said.revoked_at)  # it is good so far
        if found.standing is Standing.GOOD:
            return Answer(WatchedStanding.GOOD, said.source, identity, until)
        if found.standing is Standing.REVOKED:
            held = said.reason in _HOLDS
            standing = WatchedStanding.HELD if held else WatchedStanding.REVOKED
            at, reason = said.revoked_at, said.reason or "unspecified"
            return Answer(standing, said.source, identity, until, at, reason)
        if said.source == "ocsp" and said.status is Status.UNKNOWN:
            return Answer(WatchedStanding.UNKNOWN, said.source, identity, until)
        return _unanswered(lists.findings)

    def _age(self) -> timedelta:
        return timedelta(seconds=self.policy.revocation.age_without_next_update_seconds)

    def _collector(self) -> Collector:
        return Collector(self.fetcher, self.clock)


def _crl(item: Item) -> CRLSource:
    return CRLSource(read_crl(item.der), item.had_at, None, _sha256(item.der))


def _each_once(items: Iterable[Item]) -> list[Item]:
    return list({item.der: item for item in items}.values())


def _unanswered(findings: tuple[Finding, ...]) -> Unanswered:
    reasons = [str(one.facts.get("reason", OFFLINE)) for one in findings]
    return Unanswered(reasons[0] if reasons else "no current answer")


def _trim(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > GROUPS:
        kept.popitem(last=False)


def _sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def _joined(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else _sha256("".join(hashes).encode())
