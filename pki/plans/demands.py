"""A line of a plan as a worker gets it: the approved deed, and what it follows.

The worker makes the order, reads off it what would be done, and compares that with the deed that
was approved, octet for octet. A renewal is made from the certificate before it, not from the deed.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509

from pki.authority.deeds import certificate_deed, ordered
from pki.authority.issuance import Order
from pki.errors.certificates import RekeySameKeyError
from pki.errors.office import RequestChangedError
from pki.errors.plans import PlanLineError
from pki.errors.tree import PKIError
from pki.profile import Profile
from pki.records.certificates import serial_text
from pki.records.plans import PlanItem, PlanLine
from pki.records.requests import CERTIFYING, RequestKind
from pki.requests.canonical import MAX_OCTETS, canonical
from pki.strength import check_strength, spki_der
from pki.subject import subject_of

_RENEWED, _CHANGED, _NEW = RequestKind.RENEW, RequestKind.CHANGE, RequestKind.NEW


@dataclass(frozen=True, slots=True)
class PlannedDemand:
    """One certificate that an approved line asks for."""

    line: PlanLine
    requester: str
    replaces: int | None = None
    replaced_of: str | None = None
    revokes_replaced: bool = False
    followed_der: bytes | None = None
    """Of the certificate that is renewed."""
    fault: PKIError | None = None
    """Why it is refused already."""

    def judged(self, issuer: str, profile: Profile) -> Order:
        """Return the order that the line describes.

        Raises:
            RequestChangedError: what would be done is not what the line says.
            PKIError: it is refused, or the subject or key is certified no more.
        """
        if self.fault is not None:
            raise self.fault
        order = self._order(profile)
        if canonical(certificate_deed(order, issuer)) != self.line.item.deed:
            raise RequestChangedError(request=self.line.request_id)
        return order

    def again(self, issuer: str, profile: Profile) -> Order:
        """Return it once more."""
        return self.judged(issuer, profile)

    def _order(self, profile: Profile) -> Order:
        line = self.line
        told = deed_in(line)
        check_kind(line.item, told)
        order = ordered(told, profile, self.requester, line.request_id)
        if line.item.kind is not _RENEWED:
            return order
        certificate = x509.load_der_x509_certificate(self.followed_der or b"")
        own = spki_der(check_strength(certificate.public_key()))
        if told["renewal"] != (b64decode(told["key"]) == own):
            raise RekeySameKeyError(serial=serial_text(self.replaces or 0))
        return replace(order, subject=subject_of(certificate))


def deed_in(line: PlanLine) -> dict[str, Any]:
    """Return what a line says will be done.

    Raises:
        RequestChangedError: it is no deed.
    """
    try:
        told = json.loads(line.item.deed) if len(line.item.deed) <= MAX_OCTETS else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise RequestChangedError(request=line.request_id)
    return told


def check_kind(item: PlanItem, told: dict[str, Any]) -> None:
    """Refuse a line whose deed is not of its kind, or of another certificate or authority.

    Raises:
        PlanLineError: it is one.
    """
    serial = None if item.serial is None else serial_text(item.serial)
    expected: dict[str, object] = {"issuer": item.issuer, "profile": item.profile}
    if item.kind in CERTIFYING:
        expected |= {"replaces": serial, "revokes_replaced": item.kind is _CHANGED}
        if item.kind is not _RENEWED:
            expected["renewal"] = False
        follows = (item.serial is None, told.get("replaced_of") is None)
        if follows != (item.kind is _NEW,) * 2:
            raise PlanLineError(kind=item.kind.value, field="serial")
    else:
        expected |= {"serial": serial, "change": item.kind.value}
    for name, value in expected.items():
        if name not in told or told[name] != value:
            raise PlanLineError(kind=item.kind.value, field=name)
