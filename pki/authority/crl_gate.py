"""The gate before publication: whether a revocation list may follow what was published.

    1. it verifies under its issuer, whose name it bears
    2. its number is greater than any published one; a delta adds to the last full list
    3. its time does not go back and has come; its next update lies ahead
    4. it is of the same scope: same key, same kind of certificates, the expired stay listed
    5. nothing of the last full list is lost but released holds; no date or reason changed
    6. it lists each serial of the register's snapshot, octet for octet, and no other
    7. removeFromCRL stands in delta lists alone

Every list that Antin stores has passed; a list from outside is judged by the same.

Spec: RFC 5280 §5.2.3, §5.2.4, §5.2.5 and §5.3.1; X.509 (2019) §9.5.2.12.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki.authority.crl_der import REMOVAL, REMOVE_FROM_CRL
from pki.authority.crl_reader import Entry, ReadCRL, read_entry, walk
from pki.errors.tree import Phrase, phrase

_HOLD, _KEY_COMPROMISE = 6, 1
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_KNOWN = (x509.DeltaCRLIndicator, x509.IssuingDistributionPoint)
"""What a list may say critically."""
_SHOWN = 3
"""Serials that a finding names at most."""
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Published:
    """What a list is to follow; what is not known is not held against it."""

    issuer: x509.Certificate
    now: datetime
    previous: ReadCRL | None = None
    """The full list that was published last."""
    newest_number: int | None = None
    """The highest number of any published list, full or delta."""
    newest_update: datetime | None = None
    """Its time."""
    snapshot: Callable[[], Iterable[str]] | None = None
    """Yields the serials that the register wants listed, as `serial_text`, in its order."""


def judge_crl(candidate: ReadCRL, published: Published) -> tuple[Phrase, ...]:
    """Return everything that speaks against publishing a list; nothing where it may be.

    Spec: as above.
    """
    found = [
        finding
        for check in (_signature, _number, _time, _scope, _removals)
        for finding in check(candidate, published)
    ]
    if published.previous is not None and candidate.base_number is None:
        found += _losses(published.previous, candidate)
    if published.snapshot is not None:
        found += _against(candidate, published.snapshot)
    return tuple(found)


def _signature(candidate: ReadCRL, published: Published) -> Iterator[Phrase]:
    if candidate.crl.issuer.public_bytes() != published.issuer.subject.public_bytes():
        yield phrase("pki.crl.issuer")
    key = published.issuer.public_key()
    try:
        verifies = candidate.crl.is_signature_valid(key)  # type: ignore[arg-type]  # an issuer has one of those
    except (ValueError, TypeError, UnsupportedAlgorithm):
        verifies = False
    if not verifies:
        yield phrase("pki.crl.signature")


def _number(candidate: ReadCRL, published: Published) -> Iterator[Phrase]:
    number, base = candidate.number, candidate.base_number
    if number is None:
        yield phrase("pki.crl.no_number")
    elif published.newest_number is not None and number <= published.newest_number:
        yield phrase("pki.crl.number", number=number, newest=published.newest_number)
    previous = published.previous
    if base is not None and (previous is None or previous.number != base):
        yield phrase("pki.crl.base", base=base)


def _time(candidate: ReadCRL, published: Published) -> Iterator[Phrase]:
    this_update, next_update = candidate.this_update, candidate.next_update
    if published.newest_update is not None and this_update < published.newest_update:
        yield phrase("pki.crl.back", this_update=this_update, newest=published.newest_update)
    if this_update > published.now:
        yield phrase("pki.crl.future", this_update=this_update)
    if next_update is None:
        yield phrase("pki.crl.no_next_update")
    elif next_update <= published.now:
        yield phrase("pki.crl.next_update", next_update=next_update)


def _scope(candidate: ReadCRL, published: Published) -> Iterator[Phrase]:
    for extension in candidate.crl.extensions:
        if extension.critical and not isinstance(extension.value, _KNOWN):
            yield phrase("pki.crl.critical", oid=extension.oid.dotted_string)
    if published.previous is None:
        return
    before, now = _scope_of(published.previous), _scope_of(candidate)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield phrase("pki.crl.scope", oid=name)


def _scope_of(read: ReadCRL) -> dict[str, bytes]:
    """Return the extensions that say what a list is about, by their object identifiers."""
    return {
        extension.oid.dotted_string: extension.value.public_bytes()
        for extension in read.crl.extensions
        if isinstance(extension.value, x509.IssuingDistributionPoint | x509.AuthorityKeyIdentifier)
        or extension.oid == _EXPIRED_CERTS_ON_CRL
    }


def _removals(candidate: ReadCRL, _: Published) -> Iterator[Phrase]:
    if candidate.base_number is not None:
        return
    if candidate.der.find(REMOVAL, candidate.start, candidate.end) < 0:
        return
    data = candidate.der
    entries = zip(candidate.serials(), walk(data, candidate.start, candidate.end), strict=True)
    removed = [
        serial
        for serial, (start, end, *_) in entries
        if read_entry(data[start:end]).reason == REMOVE_FROM_CRL
    ]
    if removed:
        yield _about("pki.crl.removed", removed)


def _losses(previous: ReadCRL, candidate: ReadCRL) -> Iterator[Phrase]:
    before, after = _apart(previous, candidate)
    lost = [
        serial
        for serial, entry in before.items()
        if serial not in after and read_entry(entry).reason != _HOLD
    ]
    changed = [
        serial
        for serial, entry in before.items()
        if serial in after and not _follows(read_entry(entry), read_entry(after[serial]))
    ]
    if lost:
        yield _about("pki.crl.lost", lost)
    if changed:
        yield _about("pki.crl.changed", changed)


def _follows(before: Entry, after: Entry) -> bool:
    """Say whether an entry may have become another: a hold anything, a reason keyCompromise."""
    if before.reason == _HOLD:
        return True
    return before.revoked_at == after.revoked_at and after.reason in {
        before.reason,
        _KEY_COMPROMISE,
    }


def _apart(previous: ReadCRL, candidate: ReadCRL) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the entries that do not stand in both in the same order, by serial.

    A list goes on where the last one ended, so mostly there is nothing: the octets of the one
    begin with those of the other. Else both are walked side by side, and only what does not match
    is kept.
    """
    old = memoryview(previous.der)[previous.start : previous.end]
    new = memoryview(candidate.der)[candidate.start : candidate.end]
    if new[: len(old)] == old:
        return {}, {}
    before: dict[str, bytes] = {}
    mine = _entries(candidate)
    current = next(mine, None)
    for serial, entry in _entries(previous):
        if current is not None and current[1] == entry:
            current = next(mine, None)
        else:
            before[serial] = entry
    after = {} if current is None else dict([current])
    after.update(mine)
    return before, after


def _entries(read: ReadCRL) -> Iterator[tuple[str, bytes]]:
    data = read.der
    for serial, place in zip(read.serials(), walk(data, read.start, read.end), strict=True):
        yield serial, data[place[0] : place[1]]


def _against(candidate: ReadCRL, snapshot: Callable[[], Iterable[str]]) -> Iterator[Phrase]:
    if _digest(snapshot()) == _digest(candidate.serials()):
        return
    wanted, listed = set(snapshot()), set(candidate.serials())
    if missing := wanted - listed:
        yield _about("pki.crl.missing", missing)
    if unknown := listed - wanted:
        yield _about("pki.crl.unknown", unknown)
    if not missing and not unknown and len(listed) != sum(1 for _ in candidate.serials()):
        yield phrase("pki.crl.twice")


def _digest(serials: Iterable[str]) -> bytes:
    """Return a hash over serials in their order: a million are compared in little room."""
    hashed, left = hashlib.sha256(), iter(serials)
    while batch := list(islice(left, _BATCH)):
        hashed.update("\n".join([*batch, ""]).encode())
    return hashed.digest()


def _about(message: str, serials: Iterable[str]) -> Phrase:
    found = sorted(serials)
    return phrase(message, count=len(found), serials=tuple(found[:_SHOWN]))
