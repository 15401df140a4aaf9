"""What CRLs say about a certificate: full, delta, sharded over points and reasons, indirect.

A list that speaks for some reasons only says "revoked" by itself, and "not revoked" together
with others of the same signer that speak for the rest. A delta counts with the list it updates.
Lists with critical extensions that are not understood are no evidence. Nobody's list vouches for
its signer, but where the signer's certificate names it as the issuer of its own list.

Spec: RFC 5280 §5, §6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from asn1crypto import core
from cryptography import x509

from verify.certificate import describe, signed_with
from verify.compare import Comparable, comparable, same_name
from verify.errors import MalformedObjectError
from verify.facts import Algorithm, RevocationFacts, Status
from verify.guard import foreign
from verify.path.build import Path, authority_key_id
from verify.path.extensions import extension
from verify.path.pool import CertificatePool
from verify.quiet import quietly
from verify.revocation.crl_entries import Entries, EntriesBudget, Entry
from verify.revocation.crl_scope import (
    ALL_REASONS,
    NONE,
    Reasons,
    crl_issuers,
    points_of,
    reasons_covered,
)
from verify.revocation.crl_signer import Signer, Signers

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")

_UNDERSTOOD = frozenset(
    {
        x509.AuthorityKeyIdentifier.oid,
        x509.DeltaCRLIndicator.oid,
        x509.IssuingDistributionPoint.oid,
    }
)
"""Those that may be critical; cRLNumber never is (§5.2.3)."""

_PAIRS = 64
"""So many pairs of a list and a delta are looked at for one certificate, the newest first."""

_DEPTH = 2
"""A signer's status may come from a list whose signer's status comes from an issuer's own."""

Answers = Callable[[x509.Certificate, x509.Certificate], Iterable[RevocationFacts]]


@dataclass(frozen=True, slots=True)
class CRLSource:
    """A CRL that was read, and where it came from."""

    crl: x509.CertificateRevocationList
    had_at: datetime
    revision: int | None
    identity: str | None = None
    """The SHA-256 of its DER, where it is asked for."""


def read_crl(untrusted_der: bytes) -> x509.CertificateRevocationList:
    """Read a CRL and its own extensions.

    Raises:
        MalformedObjectError: not a CRL, or one with fields that cannot be read.
    """
    with foreign("CRL"), quietly():
        crl = x509.load_der_x509_crl(untrusted_der)
        _ = crl.extensions, crl.issuer, crl.last_update_utc, crl.next_update_utc
    return crl


@dataclass(eq=False)
class _List:
    """A list of which what does not depend on a certificate is read once."""

    source: CRLSource
    budget: EntriesBudget

    def __post_init__(self) -> None:
        self.crl = self.source.crl
        self.entries = Entries(self.crl, self.budget)
        number = extension(self.crl, x509.CRLNumber)
        self.number = None if number is None else number.crl_number
        base = extension(self.crl, x509.DeltaCRLIndicator)
        self.base = None if base is None else base.crl_number

    @cached_property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        return extension(self.crl, x509.IssuingDistributionPoint)

    @cached_property
    def archive_cutoff(self) -> datetime | None:
        return _archive_cutoff(self.crl)

    def updates(self, base: _List) -> bool:
        """Say whether this delta brings `base` up to date (§6.3.3 (c))."""
        return (
            self.base is not None
            and self.number is not None
            and base.number is not None
            and self.base <= base.number < self.number
            and self.scope == base.scope
            and authority_key_id(self.crl) == authority_key_id(base.crl)
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one list, with a delta or without, says about the certificate."""

    lists: tuple[_List, ...]
    """The newest first."""
    signer: Signer
    reasons: Reasons
    entry: Entry | None
    algorithm: Algorithm
    for_itself: bool = False
    """The signer speaks of its own certificate, which names it for that."""


class CRLPool:
    """CRLs by the name of their issuer."""

    def __init__(
        self, sources: Iterable[CRLSource], *, pool: CertificatePool, answers: Answers
    ) -> None:
        """Take lists in.

        Args:
            sources: lists that were read.
            pool: where certificates of signers may be.
            answers: what issuers said themselves by OCSP of a signer that is not the issuer.
        """
        self._by_issuer: dict[Comparable, list[_List]] = {}
        budget = EntriesBudget()
        for source in sources:
            if _is_understood(source.crl):
                form = comparable(source.crl.issuer)
                self._by_issuer.setdefault(form, []).append(_List(source, budget))
        self._signers = Signers(pool)
        self._answers = answers
        self._known: dict[object, tuple[RevocationFacts, ...]] = {}

    def facts_about(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        above: Path = (),
        *,
        depth: int = _DEPTH,
    ) -> tuple[RevocationFacts, ...]:
        """Return what the lists say about `certificate`.

        Args:
            certificate: asked about.
            issuer: who issued it.
            above: the path from the issuer's issuer to the anchor.
            depth: how many signers that are not issuers may stand behind each other.
        """
        key = (certificate, issuer, above, depth)
        if key not in self._known:
            self._known[key] = tuple(self._facts(certificate, (issuer, *above), depth))
        return self._known[key]

    def _facts(
        self, certificate: x509.Certificate, authorities: Path, depth: int
    ) -> Iterator[RevocationFacts]:
        found = (
            self._read(item, certificate, authorities, depth)
            for item in self._lists_for(certificate)
        )
        readings = [reading for reading in found if reading is not None]
        deltas = [reading for reading in readings if reading.lists[0].base is not None]
        alone = [reading for reading in readings if reading.lists[0].base is None]
        alone += _updated(alone, deltas)
        told = [item for item in alone if item.entry or item.reasons == ALL_REASONS]
        told += [item for item in deltas if item.entry and not item.entry.lifts]
        for together in (*((item,) for item in told), *_joined(alone)):
            if together[0].entry or all(
                item.entries.all_understood() for reading in together for item in reading.lists
            ):
                yield self._fact(together, depth)

    def _lists_for(self, certificate: x509.Certificate) -> Iterator[_List]:
        names = {comparable(certificate.issuer): None}
        for point in points_of(certificate):
            names.update({comparable(name): None for name in crl_issuers(point)})
        for name in names:
            yield from self._by_issuer.get(name, ())

    def _read(
        self, found: _List, certificate: x509.Certificate, authorities: Path, depth: int
    ) -> _Reading | None:
        try:
            reasons = reasons_covered(found.crl, certificate)
            if not reasons:
                return None
            signer = self._signers.find(found.crl, authorities, only_issuer=depth == 0)
            if signer is None:
                return None
            for_itself = signer.certificate == certificate
            if for_itself and not _speaks_for_itself(certificate):
                return None
            entry = found.entries.about(certificate)
        except MalformedObjectError:
            return None
        algorithm = signed_with(found.crl, signer.certificate)
        return _Reading((found,), signer, reasons, entry, algorithm, for_itself)

    def _fact(self, readings: tuple[_Reading, ...], depth: int) -> RevocationFacts:
        """Return what readings say together; several only where none knows the certificate."""
        first, lists = readings[0], [item for reading in readings for item in reading.lists]
        newest = [reading.lists[0] for reading in readings]
        this_update = min(item.crl.last_update_utc for item in newest)
        entry, signer = first.entry, first.signer
        return RevocationFacts(
            source="crl",
            status=Status.REVOKED if entry else Status.GOOD,
            this_update=this_update,
            next_update=_soonest(item.crl.next_update_utc for item in newest),
            produced_at=this_update,
            had_at=max(item.source.had_at for item in lists),
            revision=_latest(item.source.revision for item in lists),
            # Of several lists none alone says it.
            identity=lists[0].source.identity if len(lists) == 1 else None,
            algorithm=first.algorithm,
            signer=describe(signer.certificate, issuer=signer.issuer, trusted=False),
            signer_is_issuer=signer.issuer is None,
            signer_needs_no_check=first.for_itself,
            signer_revocations=() if first.for_itself else self._about_signer(signer, depth),
            revoked_at=entry.revoked_at if entry else None,
            reason=entry.reason if entry else None,
            archive_cutoff=_latest_cutoff(newest),
        )

    def _about_signer(self, signer: Signer, depth: int) -> tuple[RevocationFacts, ...]:
        if signer.issuer is None:
            return ()
        return (
            *self._answers(signer.certificate, signer.issuer),
            *self.facts_about(signer.certificate, signer.issuer, signer.above, depth=depth - 1),
        )


def _speaks_for_itself(certificate: x509.Certificate) -> bool:
    named = (name for point in points_of(certificate) for name in crl_issuers(point))
    return any(same_name(name, certificate.subject) for name in named)


def _joined(readings: list[_Reading]) -> Iterator[tuple[_Reading, ...]]:
    """Yield lists for some reasons only that together speak for all; the newest are taken."""
    silent = [item for item in readings if not item.entry and item.reasons != ALL_REASONS]
    silent = _newest_first(silent)
    for one in dict.fromkeys((item.signer, item.algorithm) for item in silent):
        covered, parts = NONE, []
        for item in silent:
            if (item.signer, item.algorithm) == one and not item.reasons <= covered:
                covered |= item.reasons
                parts.append(item)
        if covered == ALL_REASONS:
            yield tuple(parts)


def _updated(bases: list[_Reading], deltas: list[_Reading]) -> Iterator[_Reading]:
    """Yield what lists say with their deltas (§6.3.3 (h), (i))."""
    pairs = ((base, delta) for delta in _newest_first(deltas) for base in _newest_first(bases))
    for _, (base, delta) in zip(range(_PAIRS), pairs, strict=False):
        if (
            delta.lists[0].updates(base.lists[0])
            and delta.signer == base.signer
            and delta.algorithm == base.algorithm
        ):
            entry = delta.entry or base.entry
            yield _Reading(
                (*delta.lists, *base.lists),
                base.signer,
                base.reasons & delta.reasons,
                None if entry and entry.lifts else entry,
                base.algorithm,
                base.for_itself,
            )


def _newest_first(readings: Iterable[_Reading]) -> list[_Reading]:
    return sorted(readings, key=lambda item: item.lists[0].crl.last_update_utc, reverse=True)


def _is_understood(crl: x509.CertificateRevocationList) -> bool:
    return all(item.oid in _UNDERSTOOD for item in crl.extensions if item.critical)


def _soonest(moments: Iterable[datetime | None]) -> datetime | None:
    known = list(moments)
    return None if None in known else min(moment for moment in known if moment is not None)


def _latest(revisions: Iterable[int | None]) -> int | None:
    """Return the last revision that is needed; None once something was handed in beside."""
    known = list(revisions)
    return None if None in known else max(number for number in known if number is not None)


def _latest_cutoff(lists: list[_List]) -> datetime | None:
    cutoffs = [item.archive_cutoff for item in lists]
    return None if None in cutoffs else max(moment for moment in cutoffs if moment is not None)


def _archive_cutoff(crl: x509.CertificateRevocationList) -> datetime | None:
    for item in crl.extensions:
        if item.oid == _EXPIRED_CERTS_ON_CRL and isinstance(item.value, x509.UnrecognizedExtension):
            try:
                with foreign("expiredCertsOnCRL"):
                    moment: datetime = core.GeneralizedTime.load(item.value.value).native
                    return moment.astimezone(UTC)
            except MalformedObjectError:
                return None  # promises nothing, but what the list says of revocations stands
    return None
