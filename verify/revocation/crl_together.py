"""What several CRLs of one signer say together: deltas with their base, parts for all reasons.

A delta counts with the list it updates. Lists that speak for some reasons only say "not revoked"
together with others of the same signer that speak for the rest.

Spec: RFC 5280 §5.2.4 (deltas), §6.3.3 (c), (h), (i), and the paragraph after (l).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verify.facts import Algorithm
from verify.revocation.crl_entries import Entry
from verify.revocation.crl_list import List
from verify.revocation.crl_scope import ALL_REASONS, NONE, Reasons
from verify.revocation.crl_signer import Signer

_PAIRS = 64
"""So many pairs of a list and a delta are looked at for one certificate, the newest first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one list, with a delta or without, says about the certificate."""

    lists: tuple[List, ...]
    """The newest first."""
    signer: Signer
    reasons: Reasons
    entry: Entry | None
    algorithm: Algorithm
    for_itself: bool = False
    """The signer speaks of its own certificate, which names it for that."""


def joined(readings: list[Reading]) -> Iterator[tuple[Reading, ...]]:
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


def updated(bases: list[Reading], deltas: list[Reading]) -> Iterator[Reading]:
    """Yield what lists say with their deltas (§6.3.3 (h), (i))."""
    pairs = ((base, delta) for delta in _newest_first(deltas) for base in _newest_first(bases))
    for _, (base, delta) in zip(range(_PAIRS), pairs, strict=False):
        if (
            delta.lists[0].updates(base.lists[0])
            and delta.signer == base.signer
            and delta.algorithm == base.algorithm
        ):
            entry = delta.entry or base.entry
            yield Reading(
                (*delta.lists, *base.lists),
                base.signer,
                base.reasons & delta.reasons,
                None if entry and entry.lifts else entry,
                base.algorithm,
                base.for_itself,
            )


def _newest_first(readings: Iterable[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda item: item.lists[0].crl.last_update_utc, reverse=True)
