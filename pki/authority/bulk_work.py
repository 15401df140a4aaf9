"""A worker's part of issuing in bulk: it writes the bytes, and later lints and signs them.

Between the two the register takes them. What travels is plain: requests and records; a pass of the
linter never leaves the process that was given it, and the authority's key never leaves its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.authority.issuance import Order, sign_record, write_draft
from pki.authority.issuer import Issuer, Signatory
from pki.blocked import BlockedKeys
from pki.errors.keys import KeyMismatchError
from pki.errors.tree import PKIError
from pki.keys import PrivateKey, PublicKey, certifies
from pki.lint.fields import KEY, read_fields
from pki.profile import Profile
from pki.records.certificates import CertificateRecord
from pki.request import parse_request, requested_key
from pki.subject import build_subject
from pki.urls import AuthorityURLs


class Wanted(Protocol):
    """One certificate that is wanted, in a form that travels to a worker."""

    def judged(self, issuer: str, profile: Profile) -> Order:
        """Return the order; everything that can be asked of it by itself is asked here.

        Raises:
            PKIError: it is refused.
        """
        ...

    def again(self, issuer: str, profile: Profile) -> Order:
        """Return the order of what was judged before, maybe in another process.

        Raises:
            PKIError: as `judged`.
        """
        ...


OpenKey = Callable[[], PrivateKey]
"""Gives the authority's key in the process that asks; itself it travels to other processes."""
Drafted = CertificateRecord | PKIError
Signed = bytes | PKIError


@dataclass(frozen=True, slots=True)
class Demand:
    """One certificate that is wanted."""

    untrusted_request: bytes
    """PKCS #10, PEM or DER."""
    subject: tuple[tuple[str, str], ...]
    """Pairs for `pki.subject.build_subject`."""
    requester: str
    request_id: str | None = None
    """As in `pki.authority.issuance.Order`."""

    def judged(self, issuer: str, profile: Profile) -> Order:  # noqa: ARG002  as of `Wanted`
        """Return it as an order for the key that the request proves to hold.

        Raises:
            PKIError: as `parse_request` and `order`.
        """
        return self.order(parse_request(self.untrusted_request).public_key, profile)

    def again(self, issuer: str, profile: Profile) -> Order:  # noqa: ARG002  as of `Wanted`
        """Return it as an order for the key of a request that was judged before."""
        return self.order(requested_key(self.untrusted_request), profile)

    def order(self, key: PublicKey, profile: Profile) -> Order:
        """Return it as an order for its key.

        Raises:
            SubjectInvalidError: the subject does not fit.
            RequestIdError: the id is none.
        """
        subject = build_subject(self.subject)
        return Order(key, profile, subject, self.requester, request_id=self.request_id)


@dataclass(frozen=True, slots=True)
class Shop:
    """What a worker needs to know of the authority."""

    name: str
    certificate_der: bytes
    urls: AuthorityURLs
    profile: Profile
    open_key: OpenKey
    pss: bool = False

    @classmethod
    def of(cls, issuer: Issuer, profile: Profile, open_key: OpenKey) -> Shop:
        """Return that of an authority."""
        der_form = issuer.certificate.public_bytes(Encoding.DER)
        return cls(issuer.name, der_form, issuer.urls, profile, open_key, issuer.pss)

    def signatory(self) -> Signatory:
        """Return who signs, the key opened in this process.

        Raises:
            KeyMismatchError: the key is not the authority's.
            PKIError: whatever opening the key raises.
        """
        certificate, key = _opened(self.certificate_der, self.open_key)
        if not certifies(certificate, key):
            raise KeyMismatchError(authority=self.name)
        return Signatory(self.name, certificate.subject, certificate, key, self.urls, self.pss)


@lru_cache(maxsize=4)
def _opened(certificate_der: bytes, open_key: OpenKey) -> tuple[x509.Certificate, PrivateKey]:
    return x509.load_der_x509_certificate(certificate_der), open_key()


def _at_home(shop: Shop) -> Shop:
    """Return it with the profile that is here already: each batch brings one like it."""
    return replace(shop, profile=_known(shop.profile))


@lru_cache(maxsize=16)
def _known(profile: Profile) -> Profile:
    return profile


class _Orders:
    """Orders that this process wrote bytes for: made again where another process did.

    That the reserved bytes say what was ordered is for the linter.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Wanted, Order]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, serial: int, demand: Wanted, order: Order) -> None:
        with self._lock:
            self._kept[serial] = (demand, order)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def take(self, serial: int, demand: Wanted, shop: Shop) -> Order:
        with self._lock:
            asked, order = self._kept.pop(serial, (None, None))
        if order is None or asked != demand or order.profile is not shop.profile:
            return demand.again(shop.name, shop.profile)
        return order


MOST_KEPT = 1024
"""Orders, of some kilobytes each: all that are under way between writing and signing."""
_orders = _Orders()


def draft_batch(shop: Shop, demands: tuple[Wanted, ...], now: datetime) -> tuple[Drafted, ...]:
    """Judge each request by itself and write the bytes to be signed, or say why not."""
    shop = _at_home(shop)
    signatory = shop.signatory()
    return tuple(_draft(shop, signatory, demand, now) for demand in demands)


def sign_batch(
    shop: Shop, work: tuple[tuple[Wanted, CertificateRecord], ...]
) -> tuple[Signed, ...]:
    """Have the linter judge what was reserved, sign it, read it back; or say why not."""
    shop = _at_home(shop)
    signatory = shop.signatory()
    return tuple(_sign(shop, signatory, demand, record) for demand, record in work)


def certified_key(record: CertificateRecord) -> bytes:
    """Return the key that stands in a record's bytes, as it is written there."""
    return read_fields(record.tbs_der)[KEY].whole


def _draft(shop: Shop, signatory: Signatory, demand: Wanted, now: datetime) -> Drafted:
    try:
        order = demand.judged(shop.name, shop.profile)
        record = write_draft(order, signatory, BlockedKeys(), now)
    except PKIError as error:
        return error
    _orders.keep(record.serial, demand, order)
    return record


def _sign(shop: Shop, signatory: Signatory, demand: Wanted, record: CertificateRecord) -> Signed:
    try:
        order = _orders.take(record.serial, demand, shop)
        return sign_record(order, record, signatory).public_bytes(Encoding.DER)
    except PKIError as error:
        return error
