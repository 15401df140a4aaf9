"""What CRLs say about a certificate: full, delta, sharded over points and reasons, indirect.

A list that speaks for some reasons only says "revoked" by itself, and "not revoked" together
with others. Lists with critical extensions that are not understood are no evidence. Nobody's list
vouches for its signer, but where the signer's certificate names it as the issuer of its own list.

Spec: RFC 5280 §5, §6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from cryptography import x509

from verify.certificate import describe, signed_with
from verify.compare import Comparable, comparable, same_name
from verify.errors import MalformedObjectError
from verify.facts import RevocationFacts, Status
from verify.path.build import Path
from verify.path.pool import CertificatePool
from verify.revocation.crl_entries import EntriesBudget
from verify.revocation.crl_list import CRLSource, List, is_understood
from verify.revocation.crl_scope import ALL_REASONS, crl_issuers, points_of, reasons_covered
from verify.revocation.crl_signer import Signer, Signers
from verify.revocation.crl_together import Reading, joined, updated

_DEPTH = 2
"""A signer's status may come from a list whose signer's status comes from an issuer's own."""

Answers = Callable[[x509.Certificate, x509.Certificate], Iterable[RevocationFacts]]


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
        self._by_issuer: dict[Comparable, list[List]] = {}
        budget = EntriesBudget()
        for source in sources:
            if is_understood(source.crl):
                form = comparable(source.crl.issuer)
                self._by_issuer.setdefault(form, []).append(List(source, budget))
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
        alone += updated(alone, deltas)
        told = [item for item in alone if item.entry or item.reasons == ALL_REASONS]
        told += [item for item in deltas if item.entry and not item.entry.lifts]
        for together in (*((item,) for item in told), *joined(alone)):
            if together[0].entry or all(
                item.entries.all_understood() for reading in together for item in reading.lists
            ):
                yield self._fact(together, depth)

    def _lists_for(self, certificate: x509.Certificate) -> Iterator[List]:
        names = {comparable(certificate.issuer): None}
        for point in points_of(certificate):
            names.update({comparable(name): None for name in crl_issuers(point)})
        for name in names:
            yield from self._by_issuer.get(name, ())

    def _read(
        self, found: List, certificate: x509.Certificate, authorities: Path, depth: int
    ) -> Reading | None:
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
        return Reading((found,), signer, reasons, entry, algorithm, for_itself)

    def _fact(self, readings: tuple[Reading, ...], depth: int) -> RevocationFacts:
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


def _soonest(moments: Iterable[datetime | None]) -> datetime | None:
    known = list(moments)
    return None if None in known else min(moment for moment in known if moment is not None)


def _latest(revisions: Iterable[int | None]) -> int | None:
    """Return the last revision that is needed; None once something was handed in beside."""
    known = list(revisions)
    return None if None in known else max(number for number in known if number is not None)


def _latest_cutoff(lists: list[List]) -> datetime | None:
    cutoffs = [item.archive_cutoff for item in lists]
    return None if None in cutoffs else max(moment for moment in cutoffs if moment is not None)
