"""What can be judged of a line without the register: in other processes, some lines at a time.

The request is read, its sender's key proven and measured; the subject held against the profile; the
certificate written as it would be signed. The linter reads what it has not seen the like of: its
words differ with the attributes and the kind of key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from pki.authority.bulk_work import Shop
from pki.authority.issuance import Order, judge_draft, write_draft
from pki.authority.issuer import Issuer, Signatory, key_elsewhere
from pki.batches.folder import read_request
from pki.batches.lines import Wanted
from pki.blocked import BlockedKeys
from pki.errors.tree import PKIError
from pki.keys import PublicKey, key_type_of
from pki.profile import Profile
from pki.request import parse_request
from pki.strength import spki_der
from pki.subject import Subject, build_subject


@dataclass(frozen=True, slots=True)
class Trial:
    """What lines are judged by; it travels to other processes."""

    shop: Shop
    """Without its key."""
    folder: Path
    """Of requests, resolved."""
    requester: str
    now: datetime

    @classmethod
    def of(
        cls, issuer: Issuer, profile: Profile, *, folder: Path, requester: str, now: datetime
    ) -> Trial:
        """Return that of an authority, whose key is not asked for anything."""
        certificate_der = issuer.certificate.public_bytes(Encoding.DER)
        shop = Shop.of(issuer, profile, partial(key_elsewhere, certificate_der))
        return cls(shop, folder, requester, now)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a line."""

    spki_der: bytes = b""
    """The key's SubjectPublicKeyInfo; empty where there is none."""
    subject: str = ""
    """RFC 4514 text."""
    asked_sha256: str = ""
    """Of all that is asked for, as `Order.asked_sha256` says."""
    faults: tuple[PKIError, ...] = ()


def try_lines(trial: Trial, lines: Sequence[Wanted]) -> tuple[Tried, ...]:
    """Judge some lines, each by itself."""
    signatory, seen = trial.shop.signatory(), set[tuple[object, ...]]()
    return tuple(_try(trial, signatory, one, seen) for one in lines)


def asked_by(trial: Trial, wanted: Wanted, requester: str) -> str:
    """Return the hash of what a line asks for, as if somebody else had asked for it.

    Raises:
        PKIError: its request or its subject is refused.
    """
    key = parse_request(read_request(trial.folder, wanted.csr)).public_key
    return _order(trial, key, build_subject(wanted.subject), requester).asked_sha256 or ""


def _order(trial: Trial, key: PublicKey, subject: Subject, requester: str) -> Order:
    # Which id it has is no part of what is asked for, but that it has one is.
    return Order(key, trial.shop.profile, subject, requester, request_id="-")


def _try(
    trial: Trial, signatory: Signatory, wanted: Wanted, seen: set[tuple[object, ...]]
) -> Tried:
    faults: list[PKIError] = []
    key: PublicKey | None = None
    subject: Subject | None = None
    try:
        key = parse_request(read_request(trial.folder, wanted.csr)).public_key
    except PKIError as error:
        faults.append(error)
    try:
        subject = build_subject(wanted.subject)
        trial.shop.profile.check_subject(subject)
    except PKIError as error:
        faults.append(error)
    held = b"" if key is None else spki_der(key)
    if key is None or subject is None or faults:
        return Tried(held, faults=tuple(faults))
    order = _order(trial, key, subject, trial.requester)
    try:
        record = write_draft(order, signatory, BlockedKeys(), trial.now)
        like = (*sorted(subject.shorts()), key_type_of(key))
        if like not in seen:
            judge_draft(order, record, signatory)
            seen.add(like)
    except PKIError as error:
        return Tried(held, faults=(error,))
    return Tried(held, record.subject, order.asked_sha256 or "")
