"""A worker's part of issuing in bulk: it writes the bytes, and later lints and signs them.

Between the two the register takes them. What travels is plain: requests and records; a pass of the
linter never leaves the process that was given it, and the authority's key never leaves its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

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
from pki.strength import check_strength
from pki.subject import build_subject
from pki.urls import AuthorityURLs

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


def draft_batch(shop: Shop, demands: tuple[Demand, ...], now: datetime) -> tuple[Drafted, ...]:
    """Judge each request by itself and write the bytes to be signed, or say why not."""
    signatory = shop.signatory()
    return tuple(_draft(shop, signatory, demand, now) for demand in demands)


def sign_batch(
    shop: Shop, work: tuple[tuple[Demand, CertificateRecord], ...]
) -> tuple[Signed, ...]:
    """Have the linter judge what was reserved, sign it, read it back; or say why not."""
    signatory = shop.signatory()
    return tuple(_sign(shop, signatory, demand, record) for demand, record in work)


def certified_key(record: CertificateRecord) -> PublicKey:
    """Return the key that stands in a record's bytes."""
    return check_strength(load_der_public_key(read_fields(record.tbs_der)[KEY].whole))


def _draft(shop: Shop, signatory: Signatory, demand: Demand, now: datetime) -> Drafted:
    try:
        key = parse_request(demand.untrusted_request).public_key
        return write_draft(demand.order(key, shop.profile), signatory, BlockedKeys(), now)
    except PKIError as error:
        return error


def _sign(shop: Shop, signatory: Signatory, demand: Demand, record: CertificateRecord) -> Signed:
    try:
        # The key is read from the request again: that it stands in the bytes is for the linter.
        key = requested_key(demand.untrusted_request)
        return sign_record(demand.order(key, shop.profile), record, signatory).public_bytes(
            Encoding.DER
        )
    except PKIError as error:
        return error
