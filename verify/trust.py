"""Trust anchors: certificates the relying party decided to trust, from PEM, DER, PKCS#7 files.

Spec: RFC 5280 §6.1.1 (d); RFC 2315 §9.1 (bags of certificates: SignedData without signers).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    load_der_pkcs7_certificates,
    load_pem_pkcs7_certificates,
)

from verify.certificate import quietly, read_certificate
from verify.compare import Comparable, comparable
from verify.errors import MalformedObjectError, TrustFileError
from verify.guard import foreign

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".p7b", ".p7c"})

_Index = dict[Comparable, tuple[x509.Certificate, ...]]


@dataclass(frozen=True)
class TrustStore:
    """The certificates where every path must end; indexed once, however many documents come."""

    anchors: tuple[x509.Certificate, ...] = ()

    @cached_property
    def _set(self) -> frozenset[x509.Certificate]:
        return frozenset(self.anchors)

    @cached_property
    def _by_subject(self) -> _Index:
        return _index(self.anchors, lambda anchor: anchor.subject)

    @cached_property
    def _by_issuer(self) -> _Index:
        return _index(self.anchors, lambda anchor: anchor.issuer)

    @cached_property
    def _turns(self) -> list[datetime]:
        ends = (anchor.not_valid_after_utc for anchor in self.anchors)
        return sorted({*(anchor.not_valid_before_utc for anchor in self.anchors), *ends})

    def __contains__(self, certificate: object) -> bool:
        return certificate in self._set

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
        return 2 * bisect_right(self._turns, at) - (at in self._set_of_turns)

    @cached_property
    def _set_of_turns(self) -> frozenset[datetime]:
        return frozenset(self._turns)


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
