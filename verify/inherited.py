"""DSA keys whose parameters are their issuer's: filled in to be read, left out to be verified.

Certificates from the nineties did this, and RFC 5280 still carries the parameters down the path.
A certificate here is read with its issuer's parameters in it, which is what its key is; what was
signed are its octets without them.

Spec: RFC 5280 §6.1.4 (d)-(f); RFC 3279 §2.3.2.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki import der
from pki.errors.files import MalformedDERError

_DSA = der.oid("1.2.840.10040.4.1")
_WHAT = "certificate"
_ISSUER, _SUBJECT_KEY = 2, 5
"""Places in what is signed, after version and serial number's."""


def with_inherited(untrusted_der: bytes, issuers: Iterable[x509.Certificate]) -> bytes | None:
    """Return a certificate with the DSA parameters of its issuer's key; None: it is no such one.

    Args:
        untrusted_der: what could not be read as a certificate.
        issuers: where its issuer may be.
    """
    try:
        tbs, *signature = der.read_all(der.read(untrusted_der, _WHAT).content, _WHAT)
        fields = _fields(tbs.whole)
        key, *bits = der.read_all(fields[_SUBJECT_KEY].content, _WHAT)
        if key.content != _DSA:
            return None
        for issuer in issuers:
            parameters = _parameters_of(issuer)
            if parameters and issuer.subject.public_bytes() == fields[_ISSUER].whole:
                full = der.sequence(
                    (der.sequence((_DSA, parameters)), *(bit.whole for bit in bits))
                )
                return der.sequence(
                    (_with_key(tbs.whole, full), *(each.whole for each in signature))
                )
    except (MalformedDERError, IndexError, ValueError):
        return None
    return None


def without_inherited(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
    """Return what was signed of a certificate that inherits; None where it cannot inherit."""
    own = _parameters_of(certificate)
    if own is None or own != _parameters_of(issuer):
        return None
    tbs = certificate.tbs_certificate_bytes
    _, *bits = der.read_all(_fields(tbs)[_SUBJECT_KEY].content, _WHAT)
    return _with_key(tbs, der.sequence((der.sequence((_DSA,)), *(bit.whole for bit in bits))))


def _fields(tbs: bytes) -> tuple[der.TLV, ...]:
    """Return the fields from the serial number on."""
    fields = der.read_all(der.read(tbs, _WHAT).content, _WHAT)
    return fields if fields[0].tag == der.INTEGER else fields[1:]


def _with_key(tbs: bytes, key: bytes) -> bytes:
    fields = der.read_all(der.read(tbs, _WHAT).content, _WHAT)
    place = _SUBJECT_KEY + (fields[0].tag != der.INTEGER)
    parts = [field.whole for field in fields]
    return der.sequence((*parts[:place], key, *parts[place + 1 :]))


def _parameters_of(certificate: x509.Certificate) -> bytes | None:
    key = certificate.public_key()
    if not isinstance(key, dsa.DSAPublicKey):
        return None
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = der.read_all(der.read(info, _WHAT).content, _WHAT)[0]
    return der.read_all(algorithm.content, _WHAT)[1].whole
