"""Certificate requests: what is taken from them is the public key, proven to be the sender's.

Subject and extensions in a request are not read: they come from the record and the profile.

Spec: RFC 2986; RFC 7468 §7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pki import der
from pki.errors.keys import KeyPointError
from pki.errors.requests import (
    AuthorityKeyError,
    MalformedRequestError,
    ProofOfPossessionError,
    RequestTooLongError,
)
from pki.errors.tree import phrase
from pki.keys import PublicKey, hash_for
from pki.points import misses_its_curve
from pki.records.authorities import AuthorityCertificate
from pki.strength import check_strength, spki_sha256

MAX_REQUEST_BYTES = 64 * 1024
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_BEGIN, _END = b"-----BEGIN", b"-----END"


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A request whose sender holds the key. Made by `parse_request`."""

    public_key: PublicKey
    der: bytes


def parse_request(untrusted_request: bytes) -> CertificateRequest:
    """Read a request, PEM or DER, and check that its sender holds a key worth certifying.

    Args:
        untrusted_request: one request, at most 64 KiB.

    Raises:
        RequestTooLongError: longer than that.
        MalformedRequestError: not one request, or an algorithm nobody should use.
        ProofOfPossessionError: the self-signature does not verify.
        WeakKeyError: the key may not be certified.

    Spec: RFC 2986 §4.2.
    """
    request = _load(untrusted_request)
    try:
        key = request.public_key()
        algorithm = request.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm) as error:
        if _misses_its_curve(request):
            raise KeyPointError from error
        raise MalformedRequestError(reason=phrase("pki.request.unknown_algorithm")) from error
    strong = check_strength(key)
    # Ed25519 and ML-DSA hash by themselves: there is none to name.
    if hash_for(strong) is not None and not isinstance(algorithm, _HASHES):
        raise MalformedRequestError(reason=phrase("pki.request.weak_hash"))
    if not request.is_signature_valid:
        raise ProofOfPossessionError
    return CertificateRequest(strong, request.public_bytes(Encoding.DER))


def requested_key(request: bytes) -> PublicKey:
    """Return the key of a request that `parse_request` has judged before.

    Raises:
        MalformedRequestError: it is none.
        WeakKeyError: its subclasses say why.
    """
    return check_strength(_load(request).public_key())


def check_no_authority(
    authorities: Iterable[AuthorityCertificate],
    key: PublicKey,
    *,
    authority: x509.Name | None = None,
) -> None:
    """Refuse a key that is an authority's own: whoever had it certified could sign in its name.

    Whether the key certifies somebody else is asked where the serial is reserved, in that
    transaction (`pki.records.changes.Reserve`).

    Args:
        authorities: all that the register knows.
        key: the key to be certified.
        authority: set for a link or a cross-certificate alone: an authority's key may be certified
            again under exactly the name that the authority has.

    Raises:
        AuthorityKeyError: the key is that of an authority in the register.
    """
    _check_no_authority(authorities, spki_sha256(key), authority)


def check_no_authority_der(authorities: Iterable[AuthorityCertificate], spki_der: bytes) -> None:
    """Refuse a key, by its SubjectPublicKeyInfo, that is an authority's own.

    Raises:
        AuthorityKeyError: it is.
    """
    _check_no_authority(authorities, sha256(spki_der).hexdigest(), None)


def _check_no_authority(
    authorities: Iterable[AuthorityCertificate], identity: str, authority: x509.Name | None
) -> None:
    for own in authorities:
        held, name = _certified(own.certificate_der)
        # Octets are compared: names that only read alike are two names to a verifier.
        if held == identity and (authority is None or authority.public_bytes() != name):
            raise AuthorityKeyError(authority=own.name)


@lru_cache(maxsize=64)
def _certified(certificate_der: bytes) -> tuple[str, bytes]:
    """Return the key's identity and the name; the few authorities are asked about each time."""
    certificate = x509.load_der_x509_certificate(certificate_der)
    return spki_sha256(certificate.public_key()), certificate.subject.public_bytes()


def _misses_its_curve(request: x509.CertificateSigningRequest) -> bool:
    info = der.read(request.tbs_certrequest_bytes, "request").content
    return misses_its_curve(der.read_all(info, "request")[2].whole)


def _load(data: bytes) -> x509.CertificateSigningRequest:
    if len(data) > MAX_REQUEST_BYTES:
        raise RequestTooLongError(octets=len(data), bound=MAX_REQUEST_BYTES)
    try:
        if _BEGIN not in data:
            return x509.load_der_x509_csr(data)
        _check_one_block(data)
        return x509.load_pem_x509_csr(data)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise MalformedRequestError(reason=phrase("pki.request.not_a_request")) from error


def _check_one_block(data: bytes) -> None:
    before, _, rest = data.partition(_BEGIN)
    after = rest.partition(_END)[2].partition(b"-----")[2]
    if before.strip() or after.strip():
        raise MalformedRequestError(reason=phrase("pki.request.not_alone"))
