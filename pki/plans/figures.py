"""What a plan would take: time at tokens, and growth of the revocation list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pki.records.requests import RequestKind
from pki.requests.plan_head import Tally

NEW_KEY = timedelta(minutes=5)
"""A token in a clerk's hands: key made, request taken, certificate written. Antin's own guess; an
office measures its own and says so with `--minutes-per-key`."""
SAME_KEY = timedelta(minutes=2)
"""The same, where the certificate alone is written (`--minutes-per-renewal`)."""
ENTRY_OCTETS = 49
"""Of an entry of a list: a serial of 16 octets, a time, a reason (RFC 5280 §5.1)."""
_ADDING = (RequestKind.CHANGE, RequestKind.HOLD, RequestKind.REVOKE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan would take."""

    token_time: timedelta
    list_entries: int
    """How many more the lists would have; fewer where holds are released."""

    @property
    def list_octets(self) -> int:
        """How much longer they would be, about."""
        return self.list_entries * ENTRY_OCTETS


def figures_of(
    tally: Tally, new_key: timedelta = NEW_KEY, same_key: timedelta = SAME_KEY
) -> Figures:
    """Return what a plan with these lines would take.

    Args:
        tally: what was counted.
        new_key: how long a token is at hand for a new key.
        same_key: how long for a certificate of the key that it has.
    """
    kinds = tally.kinds
    keys = kinds.get(RequestKind.NEW, 0) + kinds.get(RequestKind.CHANGE, 0)
    entries = sum(kinds.get(kind, 0) for kind in _ADDING) - kinds.get(RequestKind.RELEASE, 0)
    return Figures(keys * new_key + kinds.get(RequestKind.RENEW, 0) * same_key, entries)
