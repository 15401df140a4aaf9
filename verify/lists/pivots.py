"""Who signs a list of lists now, where that changed since its signers were configured.

The operator announces a change in a pivot: a list of lists, signed by those before, whose pointer
to the list of lists itself names those who sign from then on. The list of lists names its pivots
among the pages about the scheme. They are followed from the oldest on: the first that those who
are configured signed is where the way begins, and from there each must be signed by whom the one
before it announced. Pivots that cannot be had are left out; then the way breaks, and nobody new
is trusted.

Spec: ETSI TS 119 612 §5.3.7 (scheme information URI), §5.3.13 (pointers); Commission Notice
2019/C 276/01 §2 (pivots of the EU's list of lists).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki.errors.tree import PKIError, phrase
from verify.errors import ListMalformedError, ListOlderError, ListSignerError
from verify.lists.check import SKEW
from verify.lists.read import TrustedList, read_list
from verify.lists.signature import check_signature
from verify.lists.xml import TSL, parse_xml

PIVOTS = 32
"""Looked at; the EU's list names about a dozen until its signers stand in the gazette again."""
_PAGES = f"{TSL}SchemeInformation/{TSL}SchemeInformationURI/{TSL}URI"

Signers = tuple[x509.Certificate, ...]
Get = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Announced:
    """Who signs after the last pivot."""

    signers: Signers
    sequence: int
    """Of that pivot: the list of lists is not older."""
    followed: tuple[tuple[str, bytes], ...]
    """The pivots on the way, with their addresses: they prove themselves again next time."""

    def check_age(self, found: TrustedList, name: str) -> None:
        """Check that a list of lists is not older than the pivots it names.

        Raises:
            ListOlderError: it is.
        """
        if found.sequence < self.sequence:
            raise ListOlderError(name=name, sequence=found.sequence, kept=self.sequence)


def follow_pivots(
    untrusted: bytes, *, signers: Signers, at: datetime, name: str, get: Get
) -> Announced | None:
    """Return who may have signed a list of lists; None where no pivot leads to others.

    Args:
        untrusted: the list; nothing of it is believed but where its pivots are.
        signers: who is configured.
        at: now.
        name: what to call the list in errors.
        get: gives a pivot, None where it cannot be had.

    Raises:
        ListMalformedError: no list.
        ListSignerError: one on the way is signed by somebody else.
        PKIError: one is no list, not signed, altered: see `verify.lists.check`.
    """
    addresses = _named(untrusted, name)
    had = [(url, pivot) for url in addresses if (pivot := get(url)) is not None]
    now, sequence = signers, -1
    followed: list[tuple[str, bytes]] = []
    for _, url, pivot in sorted((_sequence(each, name), url, each) for url, each in had):
        try:
            found = _checked(pivot, now, at, name)
        except ListSignerError:
            if followed:
                raise
            continue  # from before those who are configured
        if found.sequence <= sequence:
            raise ListOlderError(name=name, sequence=found.sequence, kept=sequence)
        now, sequence = _announced(found, name), found.sequence
        followed.append((url, pivot))
    return Announced(now, sequence, tuple(followed)) if followed else None


def _named(untrusted: bytes, name: str) -> tuple[str, ...]:
    pages = (page.text or "" for page in parse_xml(untrusted, name).iterfind(_PAGES))
    found = (page.strip() for page in pages)
    return tuple(dict.fromkeys(page for page in found if page.endswith(".xml")))[:PIVOTS]


def _sequence(pivot: bytes, name: str) -> int:
    """Return what a pivot says of its place, before anybody is known to have signed it."""
    try:
        root = parse_xml(pivot, name)
        told = root.findtext(f"{TSL}SchemeInformation/{TSL}TSLSequenceNumber") or ""
    except PKIError:
        return -1
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 18 else -1


def _checked(pivot: bytes, signers: Signers, at: datetime, name: str) -> TrustedList:
    """Return a pivot; it may be outdated, which pivots are."""
    signed = check_signature(parse_xml(pivot, name), signers=signers, at=at, name=name)
    found = read_list(signed.octets, name)
    if not found.of_lists or found.issued > at + SKEW:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.pivot"))
    return found


def _announced(pivot: TrustedList, name: str) -> Signers:
    itself = (each for each in pivot.pointers
              if each.of_lists and each.territory == pivot.territory)  # fmt: skip
    signers = tuple(dict.fromkeys(signer for each in itself for signer in each.signers))
    if not signers:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.pivot"))
    return signers
