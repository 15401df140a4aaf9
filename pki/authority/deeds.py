"""What an authority's key is about to do, as a document that can be approved; and back again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki.authority.issuance import Order
from pki.profile import Profile
from pki.records.certificates import CertificateRecord, serial_text
from pki.records.requests import RequestKind
from pki.requests.canonical import canonical, digest
from pki.requests.content import Deed
from pki.requests.permission import Permit
from pki.requests.statement import written
from pki.strength import check_strength, spki_der
from pki.subject import ALTERNATIVES, build_subject


def certificate_deed(order: Order, issuer: str) -> Deed:
    """Return what issuing a certificate is: for whom, for which key, by which profile, how long."""
    subject, span = order.subject, order.lifetime
    others = [(short, value) for short in ALTERNATIVES for value in subject.values(short)]
    return {
        "issuer": issuer,
        "profile": order.profile.name,
        "profile_sha256": profile_sha256(order.profile),
        "subject": [list(pair) for pair in (*subject.attributes, *others)],
        "key": b64encode(spki_der(order.public_key)).decode(),
        "seconds": None if span is None else int(span.total_seconds()),
        "renewal": order.longest is not None,
        "replaces": None if order.replaces is None else serial_text(order.replaces),
        "replaced_of": order.replaced_of,
        "revokes_replaced": order.revokes_replaced,
    }


@lru_cache(maxsize=16)
def profile_sha256(profile: Profile) -> str:
    """Return the hash of everything a profile says."""
    return digest(canonical(profile.model_dump(mode="json")))


def status_deed(
    kind: RequestKind,
    record: CertificateRecord,
    *,
    reason: str | None = None,
    since: datetime | None = None,
) -> Deed:
    """Return what a hold, its end, or a revocation is."""
    return {
        "issuer": record.issuer,
        "profile": record.profile,
        "serial": serial_text(record.serial),
        "change": kind.value,
        "reason": reason,
        "invalidity_date": None if since is None else written(since),
    }


def recovery_deed(device: str) -> Deed:
    """Return what helping with a locked token is: the register's keys have no part in it."""
    return {"issuer": "-", "profile": "-", "recover": device}


def order_of(deed: Mapping[str, Any], profile: Profile, requester: str, permit: Permit) -> Order:
    """Return the order that a deed describes; whether it is the same is asked when it is done.

    Raises:
        PKIError: the subject or the key is none that is certified any more.
    """
    order = ordered(deed, profile, requester, permit.request)
    return replace(order, permit=permit)


def ordered(deed: Mapping[str, Any], profile: Profile, requester: str, request_id: str) -> Order:
    """Return the order that a deed describes, without what approves it.

    Raises:
        PKIError: as `order_of`.
    """
    key = check_strength(load_der_public_key(b64decode(deed["key"])))
    replaces, seconds = deed["replaces"], deed["seconds"]
    return Order(
        key,
        profile,
        build_subject((short, value) for short, value in deed["subject"]),
        requester,
        None if seconds is None else timedelta(seconds=seconds),
        profile.renewal if deed["renewal"] else None,
        None if replaces is None else int(replaces, 16),
        deed["replaced_of"],
        request_id=request_id,
        revokes_replaced=deed["revokes_replaced"],
    )
