"""Checks a signature value with `cryptography`, from the algorithm as CMS and OCSP name it.

RSA PKCS#1 v1.5, RSASSA-PSS, ECDSA, Ed25519, Ed448 and ML-DSA. Whether an algorithm is good enough
is not asked here: the policy judges that.

Spec: RFC 8017 §8, RFC 4055 §3, RFC 5753, RFC 8419, RFC 9882.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from pki import der
from pki.keys import key_type_of
from verify.certificate import key_kind
from verify.facts import Algorithm
from verify.guard import ASN1, foreign

HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303  read, so that the policy can refuse it by name
    "sha1": hashes.SHA1(),  # noqa: S303  the same
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512_224": hashes.SHA512_224(),
    "sha512_256": hashes.SHA512_256(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
    "shake256": hashes.SHAKE256(64),  # what Ed448 goes with (RFC 8419 §2.3, RFC 8702 §3.1)
}

# Signature OIDs that some signers write where a digest OID belongs (seen in plugtest files of
# EU countries and in LibreOffice): the digest is the one the signature algorithm implies.
_DIGESTS_BY_OID = {
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.15": "sha512_224",
    "1.2.840.113549.1.1.16": "sha512_256",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}

_SHAKES_WITH_LENGTH = {
    "2.16.840.1.101.3.4.2.17": ("shake128", 256),
    "2.16.840.1.101.3.4.2.18": ("shake256", 512),
}
"""id-shake128-len and id-shake256-len with the lengths, in bits, that CMS uses (RFC 8419 §2.3)."""

_SHA3 = ("sha3_224", "sha3_256", "sha3_384", "sha3_512")
_SHA2 = ("sha1", "sha224", "sha256", "sha384", "sha512")
_BY_OID: dict[str, tuple[str, str | None]] = {
    **{f"2.16.840.1.101.3.4.3.{arc}": ("ecdsa", name) for arc, name in enumerate(_SHA3, 9)},
    **{
        f"2.16.840.1.101.3.4.3.{arc}": ("rsassa-pkcs1v15", name)
        for arc, name in enumerate(_SHA3, 13)
    },
    **{f"0.4.0.127.0.7.1.1.4.1.{arc}": ("plain-ecdsa", name) for arc, name in enumerate(_SHA2, 1)},
    "1.2.840.10045.2.1": ("ecdsa", None),
}
"""Schemes that asn1crypto has no names for: with SHA-3 (NIST), plain ECDSA (BSI TR-03111 §5.2.1),
and the OID of the key in the place of the signature's, which says nothing about the digest."""

_ML_DSA = {
    "2.16.840.1.101.3.4.3.17": "ml-dsa-44",
    "2.16.840.1.101.3.4.3.18": "ml-dsa-65",
    "2.16.840.1.101.3.4.3.19": "ml-dsa-87",
}
"""RFC 9882 §3.1; asn1crypto has no names for them."""
_HASHING_INSIDE = frozenset({"ed25519", "ed448", *_ML_DSA.values()})

_DIGESTING_FIRST = frozenset({"rsassa-pkcs1v15", "rsassa-pss", "ecdsa"})

_SCHEMES = {"rsassa_pkcs1v15": "rsassa-pkcs1v15", "rsassa_pss": "rsassa-pss"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature algorithm with its parameters, as an object names it."""

    name: str
    digest: str
    salt_length: int = 0
    mask_digest: str = ""
    plain: bool = False
    """ECDSA: the two numbers side by side, not as DER."""

    @property
    def digests_first(self) -> bool:
        """Say whether what is signed is digested by `digest` before."""
        return self.name in _DIGESTING_FIRST

    def algorithm(self, certificate: x509.Certificate) -> Algorithm:
        """Return the algorithm with the signer's key, for the policy to judge."""
        digest = None if self.name in _HASHING_INSIDE else self.digest
        return Algorithm(self.name, digest, *key_kind(certificate))


def digest_name_of(algorithm_identifier: ASN1) -> str:
    """Return the name of a digest from an asn1crypto DigestAlgorithm."""
    oid, name = algorithm_identifier["algorithm"].dotted, algorithm_identifier["algorithm"].native
    if oid in _SHAKES_WITH_LENGTH:
        shake, bits = _SHAKES_WITH_LENGTH[oid]
        return shake if algorithm_identifier["parameters"].native == bits else str(name)
    _, implied = _BY_OID.get(oid, ("", None))
    return implied or _DIGESTS_BY_OID.get(oid, str(name))


_SHAKE_BYTES = {"shake128": 32, "shake256": 64}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    **HASHES,
    "shake128": hashes.SHAKE128(_SHAKE_BYTES["shake128"]),
}


KNOWN_DIGESTS = tuple(_DIGESTS)


def digest_size(name: str) -> int | None:
    """Return how many octets a digest has, None for one that is not known."""
    return _DIGESTS[name].digest_size if name in _DIGESTS else None


def compute_digest(name: str, parts: Iterable[bytes | memoryview]) -> bytes | None:
    """Return the digest of the parts joined, or None for a digest that is not known.

    SHAKE gives as many octets as RFC 8702 §3.1 says.
    """
    if name not in _DIGESTS:
        return None
    hasher = hashes.Hash(_DIGESTS[name])
    for part in parts:
        hasher.update(part)
    return hasher.finalize()


def parse_scheme(algorithm_identifier: ASN1, digest: str) -> Scheme:
    """Return the scheme an asn1crypto SignedDigestAlgorithm names.

    Args:
        algorithm_identifier: as found in the SignerInfo or the OCSP response.
        digest: what to take when the identifier implies none (rsaEncryption, plain ECDSA).
    """
    ml_dsa = _ML_DSA.get(algorithm_identifier["algorithm"].dotted)
    if ml_dsa is not None:
        return Scheme(ml_dsa, digest)
    known = _BY_OID.get(algorithm_identifier["algorithm"].dotted)
    if known is not None:
        plain = known[0] == "plain-ecdsa"
        return Scheme("ecdsa" if plain else known[0], known[1] or digest, plain=plain)
    name = str(algorithm_identifier.signature_algo)
    name = _SCHEMES.get(name, name)
    if name == "rsassa-pss":
        parameters = algorithm_identifier["parameters"]
        return Scheme(
            name,
            digest_name_of(parameters["hash_algorithm"]),
            int(parameters["salt_length"].native),
            digest_name_of(parameters["mask_gen_algorithm"]["parameters"]),
        )
    with suppress(ValueError):  # rsaEncryption and id-ecPublicKey say nothing about the digest
        digest = str(algorithm_identifier.hash_algo)
    return Scheme(name, digest)


def signature_verifies(
    certificate: x509.Certificate,
    scheme: Scheme,
    signature: bytes,
    *,
    data: bytes,
    hashed: bool = False,
) -> bool:
    """Say whether `signature` over `data` verifies with the certificate's key.

    Args:
        certificate: with the key.
        scheme: how it was signed.
        signature: the value.
        data: what was signed.
        hashed: `data` is its digest by `scheme.digest`; for schemes that digest first.

    Raises:
        MalformedObjectError: an algorithm or key of a kind that is not known.
    """
    with foreign("signature value"):
        try:
            _verify(certificate.public_key(), scheme, signature, data, hashed=hashed)
        except InvalidSignature:
            return False
    return True


def _digest(scheme: Scheme, *, hashed: bool) -> hashes.HashAlgorithm | Prehashed:
    digest = HASHES[scheme.digest]
    return Prehashed(digest) if hashed else digest


def _verify(key: object, scheme: Scheme, signature: bytes, data: bytes, *, hashed: bool) -> None:
    match key:
        case rsa.RSAPublicKey() if scheme.name == "rsassa-pkcs1v15":
            _verify_pkcs1(key, scheme, signature, data, hashed=hashed)
        case rsa.RSAPublicKey() if scheme.name == "rsassa-pss":
            mask = padding.MGF1(HASHES[scheme.mask_digest])
            pss = padding.PSS(mask, scheme.salt_length)
            key.verify(signature, data, pss, _digest(scheme, hashed=hashed))
        case ec.EllipticCurvePublicKey() if scheme.name == "ecdsa":
            value = _as_der(signature) if scheme.plain else signature
            key.verify(value, data, ec.ECDSA(_digest(scheme, hashed=hashed)))
        case (
            ed25519.Ed25519PublicKey()
            | mldsa.MLDSA44PublicKey()
            | mldsa.MLDSA65PublicKey()
            | mldsa.MLDSA87PublicKey()
        ) if scheme.name == key_type_of(key):
            key.verify(signature, data)
        case ed448.Ed448PublicKey() if scheme.name == "ed448":
            key.verify(signature, data)
        case _:
            raise NotImplementedError(f"{scheme.name} with {type(key).__name__}")


def _verify_pkcs1(
    key: rsa.RSAPublicKey, scheme: Scheme, signature: bytes, data: bytes, *, hashed: bool
) -> None:
    """Verify as whoever verifies must: the digest's name with parameters NULL, or without any.

    Spec: RFC 8017 §9.2 (note 1), A.2.4.
    """
    try:
        key.verify(signature, data, padding.PKCS1v15(), _digest(scheme, hashed=hashed))
    except InvalidSignature:
        name = DIGEST_OIDS.get(scheme.digest)
        own = data if hashed else compute_digest(scheme.digest, (data,))
        if name is None or own is None:
            raise
        told = key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        if told != der.sequence((der.sequence((name,)), der.encode(der.OCTET_STRING, own))):
            raise


DIGEST_OIDS = {
    "sha1": der.oid("1.3.14.3.2.26"),
    **{
        name: der.oid(f"2.16.840.1.101.3.4.2.{arc}")
        for arc, name in enumerate(("sha256", "sha384", "sha512", "sha224"), 1)
    },
}
"""Digests as PKCS #1 v1.5 names them, DER."""


def _as_der(plain: bytes) -> bytes:
    """Return a plain ECDSA signature as others write it.

    Spec: BSI TR-03111 §5.2.1, §5.2.2.
    """
    half, odd = divmod(len(plain), 2)
    if odd:
        raise ValueError("two numbers of one length make no odd length")
    return encode_dss_signature(
        int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big")
    )


def hash_with(name: str, data: bytes) -> bytes | None:
    """Return a hash that only identifies (CertID, ESSCertID), where SHA-1 is still in use.

    SHAKE gives as many bytes as RFC 8702 §3.1 says; a name that is not known gives None.
    """
    length = _SHAKE_BYTES.get(name)
    if length is not None:
        return hashlib.new(name, data, usedforsecurity=False).digest(length)  # type: ignore[call-arg]  # SHAKE takes a length
    if name not in HASHES:
        return None
    return hashlib.new(name, data, usedforsecurity=False).digest()
