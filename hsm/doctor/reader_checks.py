"""Readers: none, empty ones, and cards that no module knows."""

from __future__ import annotations

from collections.abc import Iterator

from hsm.discovery.service import ServiceState
from hsm.doctor.finding import Finding, error, info, warning
from hsm.doctor.seen import Seen, SeenReader


def check_readers(seen: Seen) -> Iterator[Finding]:
    """Say what keeps a token from being seen, where none is."""
    if seen.has_store or seen.has_tokens:
        return
    answers = any(module.state.answers for module in seen.modules)
    if not answers or seen.service is ServiceState.STOPPED or _strangers(seen):
        return  # each is told for itself
    if not seen.readers:
        yield error("hsm.doctor.no_reader")
    elif not any(reader.occupied for reader in seen.readers):
        names = tuple(sorted({reader.name for reader in seen.readers}))
        yield error("hsm.doctor.no_token", readers=names)


def check_cards(seen: Seen) -> Iterator[Finding]:
    """Cards that sit in a reader and that no module knows."""
    told = info if seen.signers else warning
    for reader in _strangers(seen):
        yield told("hsm.doctor.card_unknown", reader=reader.name, reason=reader.trouble)


def _strangers(seen: Seen) -> list[SeenReader]:
    known = {one.name for one in seen.readers if one.occupied and not one.trouble}
    strange = {
        one.name: one for one in seen.readers if one.occupied and one.trouble
    }  # several modules may shake their heads at one card
    return [one for name, one in strange.items() if name not in known]
