"""Finds a certificate by what a SignerInfo names: issuer and serial number, or identifier of a key.

A few are looked through. A file may bring thousands of both signers and certificates, and then each
certificate is asked once how it is called, not once a signer.

Spec: RFC 5652 §5.3; RFC 5280 §7.1.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509

from verify.certificate import serial_of
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.lenient import issuer_der

Certificates = tuple[x509.Certificate, ...]
_FEW = 16


def by_issuer(certificates: Certificates, issuer: bytes, serial: int) -> x509.Certificate | None:
    """Return the first that this issuer (DER) gave this number."""
    if len(certificates) > _FEW:
        return _index(_Held(certificates)).issuers.get((issuer, serial))
    named = (each for each in certificates if issuer_der(each) == issuer)
    return next((each for each in named if serial_of(each) == serial), None)


def by_key(certificates: Certificates, identifier: bytes) -> x509.Certificate | None:
    """Return the first that says that its key has this identifier."""
    if len(certificates) > _FEW:
        return _index(_Held(certificates)).keys.get(identifier)
    return next((each for each in certificates if _key_id(each) == identifier), None)


def by_like_issuer(
    certificates: Certificates, issuer: bytes, serial: int
) -> x509.Certificate | None:
    """Return the first with this number whose issuer's name is written in other string types."""
    name = _spelled(issuer)
    if name is None:
        return None
    if len(certificates) > _FEW:
        return _index(_Held(certificates)).names.get((name, serial))
    numbered = (each for each in certificates if serial_of(each) == serial)
    return next((each for each in numbered if _spelled(issuer_der(each)) == name), None)


class _Held:
    """A tuple that is known again as itself: to compare thousands of certificates takes as long."""

    def __init__(self, certificates: Certificates) -> None:
        self.certificates = certificates

    def __hash__(self) -> int:
        return id(self.certificates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.certificates is other.certificates


class _Index:
    """The first certificate of each name."""

    def __init__(self, certificates: Certificates) -> None:
        self._reversed = certificates[::-1]

    @cached_property
    def issuers(self) -> dict[tuple[bytes, int], x509.Certificate]:
        return {(issuer_der(each), serial_of(each)): each for each in self._reversed}

    @cached_property
    def keys(self) -> dict[bytes | None, x509.Certificate]:
        return {_key_id(each): each for each in self._reversed}

    @cached_property
    def names(self) -> dict[tuple[str | None, int], x509.Certificate]:
        return {(_spelled(issuer_der(each)), serial_of(each)): each for each in self._reversed}


@lru_cache(maxsize=2)
def _index(held: _Held) -> _Index:
    """Return the index of what a file brings, and of all that is at hand."""
    return _Index(held.certificates)


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return own.value.digest


def _spelled(name_der: bytes) -> str | None:
    """Return what two names have in common that RFC 5280 holds for one."""
    try:
        with foreign("issuer's name"):
            return str(asn1_x509.Name.load(name_der).hashable)
    except MalformedObjectError:
        return None
