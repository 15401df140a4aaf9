"""Lines for makers: an order or a change of status, as an item whose deed is exactly that."""

from __future__ import annotations

from datetime import datetime

from pki.authority.deeds import certificate_deed, status_deed
from pki.authority.issuance import Order
from pki.records.certificates import CertificateRecord
from pki.records.plans import PlanItem
from pki.records.requests import RequestKind
from pki.requests.canonical import canonical
from pki.requests.content import Concerned


def certificate_item(
    order: Order, issuer: str, concerned: Concerned, source: int | None = None
) -> PlanItem:
    """Return a certificate that is wanted, as an item.

    Args:
        order: for whom, which key, by which profile; what it follows says of which kind it is.
        issuer: whose key signs.
        concerned: whom and what it is for.
        source: line of the file that it came from.
    """
    kind = RequestKind.NEW if order.replaces is None else RequestKind.RENEW
    return PlanItem(
        kind=RequestKind.CHANGE if order.revokes_replaced else kind,
        issuer=issuer,
        profile=order.profile.name,
        serial=order.replaces,
        **_codes(concerned),
        source=source,
        deed=canonical(certificate_deed(order, issuer)),
    )


def status_item(
    kind: RequestKind,
    record: CertificateRecord,
    concerned: Concerned,
    *,
    reason: str | None = None,
    since: datetime | None = None,
    source: int | None = None,
) -> PlanItem:
    """Return a hold, a release or a revocation as an item.

    Args:
        kind: which of the three.
        record: of the certificate.
        concerned: whose it is.
        reason: of a revocation, by its name in RFC 5280.
        since: since when the key is known or suspected to be compromised.
        source: line of the file that it came from.
    """
    return PlanItem(
        kind=kind,
        issuer=record.issuer,
        profile=record.profile,
        serial=record.serial,
        **_codes(concerned),
        source=source,
        deed=canonical(status_deed(kind, record, reason=reason, since=since)),
    )


def _codes(one: Concerned) -> dict[str, str | None]:
    return {"person": one.person, "post": one.post, "agency": one.agency, "device": one.device}
