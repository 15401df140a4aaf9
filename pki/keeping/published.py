"""What an authority published, as found outside its register: certificates and revocation lists.

It may come from anybody. What the authority's own key did not sign is left aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from pki.errors.keeping import PublishedUnreadableError

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
_HOLD = x509.ReasonFlags.certificate_hold
_GIVEN_BACK = x509.ReasonFlags.remove_from_crl


@dataclass(frozen=True, slots=True)
class Published:
    """What was found."""

    certificates: tuple[x509.Certificate, ...] = ()
    lists: tuple[x509.CertificateRevocationList, ...] = ()


class Entry(NamedTuple):
    """What a list says of a serial."""

    reason: x509.ReasonFlags
    revoked_at: datetime
    invalidity_date: datetime | None
    known_at: datetime
    """Of the first list that said so."""


@dataclass(frozen=True, slots=True)
class PublishedBy:
    """What one authority published."""

    certificates: tuple[x509.Certificate, ...]
    number: int
    """Its highest CRL number; 0 where there is no list."""
    newest: x509.CertificateRevocationList | None
    """The full list with the highest number."""
    entries: dict[int, Entry]
    """What is revoked, and what is on hold by the newest list; by serial."""


def read_published(untrusted: bytes, source: str) -> Published:
    """Read certificates and lists, PEM or DER.

    Raises:
        PublishedUnreadableError: there is none in it, or one that cannot be read.
    """
    try:
        if b"-----BEGIN " not in untrusted:
            return _read_der(untrusted)
        found = Published(
            tuple(x509.load_pem_x509_certificates(untrusted))
            if b"-----BEGIN CERTIFICATE-----" in untrusted
            else (),
            tuple(_pem_lists(untrusted)),
        )
    except _UNREADABLE as error:
        raise PublishedUnreadableError(source=source, reason="neither PEM nor DER") from error
    if not found.certificates and not found.lists:
        raise PublishedUnreadableError(source=source, reason="no block of either")
    return found


def published_by(
    authority: x509.Certificate, published: Iterable[Published], source: str
) -> PublishedBy:
    """Return what the authority's key signed.

    Raises:
        PublishedUnreadableError: a list of its own that has no number or odd entries.
    """
    everything = list(published)
    lists = [
        (_number(one, source), one)
        for found in everything
        for one in found.lists
        if _signed_list(one, authority)
    ]
    lists.sort(key=lambda numbered: numbered[0])
    full = [one for _, one in lists if not _is_delta(one)]
    certificates = {
        one.serial_number: one
        for found in everything
        for one in found.certificates
        if _signed_certificate(one, authority)
    }
    return PublishedBy(
        tuple(certificates.values()),
        max((number for number, _ in lists), default=0),
        full[-1] if full else None,
        _entries([one for _, one in lists], source),
    )


def _entries(lists: Sequence[x509.CertificateRevocationList], source: str) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    for crl in lists:
        if not _is_delta(crl):  # what the newest full list does not hold is released
            found = {serial: entry for serial, entry in found.items() if entry.reason is not _HOLD}
        for revoked in crl:
            entry = _entry(revoked, crl.last_update_utc, source)
            known = found.get(revoked.serial_number)
            if entry.reason is _GIVEN_BACK:
                if known is not None and known.reason is _HOLD:
                    del found[revoked.serial_number]
            elif known is None or known.reason is _HOLD or known.reason != entry.reason:
                found[revoked.serial_number] = entry
    return found


def _entry(revoked: x509.RevokedCertificate, known_at: datetime, source: str) -> Entry:
    reason, since = x509.ReasonFlags.unspecified, None
    try:
        for extension in revoked.extensions:
            if isinstance(extension.value, x509.CRLReason):
                reason = extension.value.reason
            elif isinstance(extension.value, x509.InvalidityDate):
                since = extension.value.invalidity_date_utc
    except (*_UNREADABLE, x509.DuplicateExtension) as error:
        raise PublishedUnreadableError(source=source, reason="an entry of a list") from error
    return Entry(reason, revoked.revocation_date_utc, since, known_at)


def _number(crl: x509.CertificateRevocationList, source: str) -> int:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (*_UNREADABLE, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise PublishedUnreadableError(source=source, reason="a list without number") from error


def _is_delta(crl: x509.CertificateRevocationList) -> bool:
    return any(isinstance(one.value, x509.DeltaCRLIndicator) for one in crl.extensions)


def _signed_list(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        signed = crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # says so
    except _UNREADABLE:
        return False
    return signed and crl.issuer == authority.subject


def _signed_certificate(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def _read_der(untrusted: bytes) -> Published:
    try:
        return Published(lists=(x509.load_der_x509_crl(untrusted),))
    except _UNREADABLE:
        return Published((x509.load_der_x509_certificate(untrusted),))


def _pem_lists(untrusted: bytes) -> Iterator[x509.CertificateRevocationList]:
    begin, end = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----"
    for block in untrusted.split(begin)[1:]:
        yield x509.load_pem_x509_crl(begin + block.partition(end)[0] + end + b"\n")
