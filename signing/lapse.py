"""Until when what a document proves can be proved: read from its newest time-stamp.

A time-stamp proves something for as long as it can itself be judged: until a certificate on its
path ends, or the policy stops accepting a digest that it depends on. What holds nothing but its
signature ends with the signer's certificate. Before that, another time-stamp goes over all of it.

Spec: ETSI EN 319 142-1 §5.4.3, §6.3 (B-LTA); RFC 4998 §5.2 (renewal, the same reasoning).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.facts import Kind
from verify.indication import Indication, SubIndication
from verify.policy import Policy
from verify.report import LinkReport, Report, SignatureReport, TimestampReport

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lapse:
    """When something can no longer be proved."""

    at: datetime
    what: str
    """The certificate or the digest that ends it."""


def lapse_of(report: Report, policy: Policy) -> Lapse | None:
    """Return when the first signature of a document can no longer be proved by what is in it.

    A verdict without the network will do. A time-stamp over the document counts for every
    signature before it, and a document that has nothing but time-stamps lapses with the newest.

    Returns:
        None where there is nothing that could lapse.
    """
    stamps = [each for each in report.signatures if each.kind is Kind.TIMESTAMP and _counts(each)]
    signatures = [each for each in report.signatures if each.kind is not Kind.TIMESTAMP]
    if not signatures:
        return _latest(_lapse(each, policy) for each in stamps)
    lapses = [_of_signature(each, stamps, policy) for each in signatures]
    return min(lapses, key=lambda lapse: lapse.at)


def _of_signature(
    signature: SignatureReport, stamps: list[SignatureReport], policy: Policy
) -> Lapse:
    over = [each for each in stamps if each.revision > signature.revision]
    inside = [each for each in signature.timestamps if _counts(each) and not each.content]
    proofs: tuple[SignatureReport | TimestampReport, ...] = (*over, *inside)
    found = _latest(_lapse(each, policy) for each in proofs)
    return found or _lapse(signature, policy)


def _counts(item: SignatureReport | TimestampReport) -> bool:
    """Say whether a time-stamp is valid, or lacks nothing but what the network may have."""
    passed = item.indication is Indication.TOTAL_PASSED
    return passed or item.sub_indication is SubIndication.TRY_LATER


def _latest(lapses: Iterable[Lapse]) -> Lapse | None:
    return max(lapses, key=lambda lapse: lapse.at, default=None)


def _lapse(item: SignatureReport | TimestampReport, policy: Policy) -> Lapse:
    ends = (*_ends_of_path(item.path), *_ends_of_digests(item.digests, policy))
    return min(ends, key=lambda lapse: lapse.at, default=Lapse(NEVER, ""))


def _ends_of_path(path: tuple[LinkReport, ...]) -> Iterator[Lapse]:
    for link in path:
        if not link.trusted:
            yield Lapse(link.not_after, link.name)


def _ends_of_digests(digests: tuple[str, ...], policy: Policy) -> Iterator[Lapse]:
    for digest in digests:
        acceptance = policy.algorithms.digests.get(digest)
        if acceptance is not None and acceptance.until is not None:
            yield Lapse(acceptance.until, digest)
