"""Trust anchors: certificates the relying party decided to trust, from PEM, DER, PKCS#7 files.

Those that trusted lists name are anchors for what their service is for, and at times at which its
status let it be trusted; those from files for everything, always.

Spec: RFC 5280 §6.1.1 (d); RFC 2315 §9.1 (bags of certificates: SignedData without signers).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    load_der_pkcs7_certificates,
    load_pem_pkcs7_certificates,
)

from verify.certificate import read_certificate
from verify.compare import Comparable, comparable
from verify.errors import MalformedObjectError, TrustFileError
from verify.finding import Finding
from verify.guard import foreign
from verify.lenient import original_der
from verify.listed import Listing, Period, merged
from verify.policy import Use
from verify.quiet import quietly

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".p7b", ".p7c"})

ALWAYS = (Period(datetime.min.replace(tzinfo=UTC)),)

_Index = dict[Comparable, tuple[x509.Certificate, ...]]


@dataclass(frozen=True)
class TrustStore:
    """The certificates where every path must end; indexed once, however many documents come."""

    own: tuple[x509.Certificate, ...] = ()
    """From files: trusted for everything, always."""
    listed: tuple[tuple[x509.Certificate, Listing], ...] = ()
    """What trusted lists tell of certificates; of one that is in `own` too, it decides nothing."""
    findings: tuple[Finding, ...] = ()
    """What is to be told of the lists: which are not to be had, or only as they were."""

    @cached_property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        """All certificates that are or were an anchor for anything."""
        return tuple(dict.fromkeys((*self.own, *(each for each, _ in self.listed))))

    @cached_property
    def _set(self) -> frozenset[x509.Certificate]:
        return frozenset(self.anchors)

    @cached_property
    def _own(self) -> frozenset[x509.Certificate]:
        return frozenset(self.own)

    @cached_property
    def _listings(self) -> dict[x509.Certificate, tuple[Listing, ...]]:
        found: dict[x509.Certificate, tuple[Listing, ...]] = {}
        for certificate, listing in self.listed:
            found[certificate] = (*found.get(certificate, ()), listing)
        return found

    @cached_property
    def _times(self) -> dict[tuple[x509.Certificate, Use], tuple[Period, ...]]:
        return {}

    @cached_property
    def _by_subject(self) -> _Index:
        return _index(self.anchors, lambda anchor: anchor.subject)

    @cached_property
    def _by_issuer(self) -> _Index:
        return _index(self.anchors, lambda anchor: anchor.issuer)

    @cached_property
    def _periods(self) -> Periods:
        return Periods(
            self.anchors, (state.since for _, listing in self.listed for state in listing.states)
        )

    def __contains__(self, certificate: object) -> bool:
        return certificate in self._set

    def listings(self, certificate: x509.Certificate) -> tuple[Listing, ...]:
        """Return what trusted lists tell of a certificate."""
        return self._listings.get(certificate, ())

    def times(self, certificate: x509.Certificate, use: Use) -> tuple[Period, ...]:
        """Return when a path for `use` may end in a certificate; none where it never may."""
        if certificate in self._own:
            return ALWAYS
        if certificate not in self._listings:
            return ()
        key = (certificate, use)
        if key not in self._times:
            listings = self.listings(certificate)
            self._times[key] = merged(each for one in listings for each in one.periods(use))
        return self._times[key]

    def lasts(self, certificate: x509.Certificate, use: Use, at: datetime) -> bool:
        """Say whether a certificate is an anchor at a time, with no end of it known."""
        times = self.times(certificate, use)
        return bool(times) and times[-1].end is None and at in times[-1]

    def __reduce__(self) -> tuple[Callable[..., TrustStore], tuple[object, ...]]:
        """Travel to other processes as DER: certificates of `cryptography` do not."""
        own = tuple(original_der(anchor) for anchor in self.own)
        listed = tuple((original_der(each), listing) for each, listing in self.listed)
        return _of_ders, (own, listed, self.findings)

    def named(self, subject: Comparable) -> tuple[x509.Certificate, ...]:
        """Return the anchors with this subject."""
        return self._by_subject.get(subject, ())

    def issued_under(self, issuer: Comparable) -> tuple[x509.Certificate, ...]:
        """Return the anchors with this issuer."""
        return self._by_issuer.get(issuer, ())

    def era(self, at: datetime) -> int:
        """Return a number that is the same at two times if the same anchors are in their period.

        An end of a period still lies within it; two times around one are told apart.
        """
        return self._periods.era(at)


class Periods:
    """When certificates begin and end to be in their period, and what else changes when."""

    def __init__(
        self, certificates: Iterable[x509.Certificate], changes: Iterable[datetime] = ()
    ) -> None:
        turns = {
            turn
            for each in certificates
            for turn in (each.not_valid_before_utc, each.not_valid_after_utc)
        }
        turns.update(changes)
        self._turns = sorted(turns)
        self._set = frozenset(turns)

    def era(self, at: datetime) -> int:
        """Return a number that is the same at two times if the same ones are in their period."""
        return 2 * bisect_right(self._turns, at) - (at in self._set)


def _of_ders(
    own: tuple[bytes, ...],
    listed: tuple[tuple[bytes, Listing], ...],
    findings: tuple[Finding, ...],
) -> TrustStore:
    return TrustStore(
        tuple(read_certificate(der) for der in own),
        tuple((read_certificate(der), listing) for der, listing in listed),
        findings,
    )


def _index(
    anchors: Iterable[x509.Certificate], name_of: Callable[[x509.Certificate], x509.Name]
) -> _Index:
    found: _Index = {}
    for anchor in anchors:
        form = comparable(name_of(anchor))
        found[form] = (*found.get(form, ()), anchor)
    return found


def load_trust(paths: Iterable[Path]) -> TrustStore:
    """Read trust anchors from files and folders (files named as in `SUFFIXES`, not deeper).

    A folder may be empty; a file that is named must hold certificates.

    Raises:
        TrustFileError: a file that cannot be read, or holds no certificate.
    """
    anchors: dict[x509.Certificate, None] = {}
    for file in anchor_files(paths):
        anchors.update(dict.fromkeys(_read(file)))
    return TrustStore(tuple(anchors))


def anchor_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files that `load_trust` reads, in that order."""
    return tuple(file for path in paths for file in _files(path))


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    return tuple(
        file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in SUFFIXES and file.is_file()
    )


def _read(path: Path) -> list[x509.Certificate]:
    try:
        return [read_certificate(der) for der in _ders(path.read_bytes())]
    except (OSError, MalformedObjectError) as error:
        raise TrustFileError(path=path, reason=str(error)) from error


def _ders(data: bytes) -> list[bytes]:
    with foreign("trust anchors"), quietly():
        if b"-----BEGIN PKCS7" in data:
            found = load_pem_pkcs7_certificates(data)
        elif b"-----BEGIN" in data:
            found = x509.load_pem_x509_certificates(data)
        elif _PKCS7_SIGNED_DATA in data[:32]:
            found = load_der_pkcs7_certificates(data)
        else:
            return [data]
        if not found:
            raise MalformedObjectError(what="trust anchors", reason="no certificate")
        return [certificate.public_bytes(Encoding.DER) for certificate in found]


_PKCS7_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
