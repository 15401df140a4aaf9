"""Certificates read from untrusted DER, and what a judgement needs to know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from pki.keys import key_type_of
from verify.errors import MalformedObjectError
from verify.facts import Algorithm, CertificateFacts
from verify.finding import Finding
from verify.guard import foreign
from verify.identifiers import identifiers_of, units_of
from verify.inherited import with_inherited
from verify.lenient import is_mended, mend, original_der
from verify.quiet import quietly


def read_certificate(untrusted_der: bytes) -> x509.Certificate:
    """Read a certificate and all its extensions, mended where that changes nothing.

    Raises:
        MalformedObjectError: not a certificate, or one with fields that cannot be read.
    """
    try:
        return _read_strictly(untrusted_der)
    except MalformedObjectError:
        mended = mend(untrusted_der)
        if mended is None:
            raise
    return _load(mended)


_COMMON_BYTES = 8 * 1024


def _read_strictly(untrusted_der: bytes) -> x509.Certificate:
    if len(untrusted_der) <= _COMMON_BYTES:
        return _read_common(untrusted_der)
    return _read(untrusted_der)


@lru_cache(maxsize=64)
def _read_common(untrusted_der: bytes) -> x509.Certificate:
    """Read a certificate once: documents of one batch bring the same ones."""
    return _read(untrusted_der)


def _read(untrusted_der: bytes) -> x509.Certificate:
    if is_mended(untrusted_der):
        raise MalformedObjectError(what="certificate", reason="says that it was mended")
    return _load(untrusted_der)


def _load(der: bytes) -> x509.Certificate:
    with foreign("certificate"), quietly():
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.public_key(), certificate.subject
        _ = certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


_MENDED = 64
"""Of what cannot be read, so much is mended: it costs, and a document may hold any number."""


def readable(ders: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Yield the certificates that can be read and leave out the others.

    Keys that inherit their parameters, and what needs mending, are read once the rest is.
    """
    known, waiting = [], []
    for der in ders:
        try:
            known.append(_read_strictly(der))
        except MalformedObjectError:
            waiting.append(der)
            continue
        yield known[-1]
    for der in waiting[:_MENDED]:
        full = with_inherited(der, known)
        with suppress(MalformedObjectError):
            known.append(read_certificate(der if full is None else full))
            yield known[-1]


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the DER, as its issuer wrote it, in lower-case hex."""
    return hashlib.sha256(original_der(certificate)).hexdigest()


def serial_of(certificate: x509.Certificate) -> int:
    """Return the serial number, whatever RFC 5280 thinks of it: old authorities used zero."""
    with quietly():
        return certificate.serial_number


def attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """Return the first value of an attribute of a name, or None."""
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else None


def key_kind(certificate: x509.Certificate) -> tuple[str, int]:
    """Return the type and size in bits of the certified key."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size
    named = key_type_of(key)
    return str(named) if named else type(key).__name__.removesuffix("PublicKey").lower(), 0


def signed_with(
    certificate: x509.Certificate | x509.CertificateRevocationList, issuer: x509.Certificate
) -> Algorithm:
    """Return how a certificate or CRL was signed by its issuer's key."""
    oid = certificate.signature_algorithm_oid
    try:
        with foreign("signature algorithm"):
            hash_algorithm = certificate.signature_hash_algorithm
            scheme = _scheme(certificate, oid)
    except MalformedObjectError:
        return Algorithm(oid.dotted_string, None, *key_kind(issuer))  # no policy accepts it
    digest = hash_algorithm.name.replace("-", "_") if hash_algorithm else None
    return Algorithm(scheme, digest, *key_kind(issuer))


_WITHOUT_PARAMETERS = {
    SignatureAlgorithmOID.ED25519: "ed25519",
    SignatureAlgorithmOID.ED448: "ed448",
    SignatureAlgorithmOID.ML_DSA_44: "ml-dsa-44",
    SignatureAlgorithmOID.ML_DSA_65: "ml-dsa-65",
    SignatureAlgorithmOID.ML_DSA_87: "ml-dsa-87",
}


def _scheme(
    certificate: x509.Certificate | x509.CertificateRevocationList, oid: x509.ObjectIdentifier
) -> str:
    if oid in _WITHOUT_PARAMETERS:
        return _WITHOUT_PARAMETERS[oid]
    match certificate.signature_algorithm_parameters:
        case padding.PSS():
            return "rsassa-pss"
        case padding.PKCS1v15():
            return "rsassa-pkcs1v15"
        case ec.ECDSA():
            return "ecdsa"
        case _:
            return oid.dotted_string


def describe(
    certificate: x509.Certificate,
    *,
    issuer: x509.Certificate | None,
    trusted: bool,
    defects: tuple[Finding, ...] = (),
) -> CertificateFacts:
    """Return what a judgement needs to know of a certificate.

    Args:
        certificate: one that `read_certificate` gave.
        issuer: the certificate whose key signed it; None for the last of a path.
        trusted: it is a trust anchor.
        defects: what was found wrong with it in its place in the path.
    """
    key_type, key_bits = key_kind(certificate)
    issuer_name = attribute(certificate.issuer, NameOID.COMMON_NAME)
    return CertificateFacts(
        fingerprint=fingerprint(certificate),
        common_name=attribute(certificate.subject, NameOID.COMMON_NAME),
        organization=attribute(certificate.subject, NameOID.ORGANIZATION_NAME),
        title=attribute(certificate.subject, NameOID.TITLE),
        issuer=issuer_name or certificate.issuer.rfc4514_string(),
        serial=f"{serial_of(certificate):x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        algorithm=signed_with(certificate, issuer or certificate),
        key_type=key_type,
        key_bits=key_bits,
        trusted=trusted,
        defects=defects,
        identifiers=identifiers_of(certificate.subject),
        units=units_of(certificate.subject),
    )
