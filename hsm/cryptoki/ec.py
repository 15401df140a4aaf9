"""A P-256, P-384 or P-521 key on a token as one of cryptography's private keys.

Spec: X9.62 / FIPS 186-5 §6.4; RFC 3279 §2.2.3 (Ecdsa-Sig-Value); PKCS #11 current mechanisms
§2.3.1 (a token's signature is r and s side by side).
"""

from __future__ import annotations

from typing import NoReturn, cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Mechanism

from hsm.cryptoki.signer import RawSigner, digest
from hsm.cryptoki.stays import KeyStays
from hsm.errors import AlgorithmUnsupportedError, KeyStaysError

_HASHED = {
    "sha256": Mechanism.ECDSA_SHA256,
    "sha384": Mechanism.ECDSA_SHA384,
    "sha512": Mechanism.ECDSA_SHA512,
}


class TokenECKey(KeyStays, ec.EllipticCurvePrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    def __init__(self, signer: RawSigner, public_key: ec.EllipticCurvePublicKey) -> None:
        self._signer = signer
        self._public_key = public_key
        self._half = (public_key.key_size + 7) // 8
        """Bytes of r and of s: P-521 has 66 of them, not 65."""

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve the key is on."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve's order."""
        return self._public_key.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, an ordinary software key."""
        return self._public_key

    def sign(
        self,
        data: bytes | bytearray | memoryview,
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,
    ) -> bytes:
        """Sign with ECDSA over SHA-256, SHA-384 or SHA-512; returns an Ecdsa-Sig-Value in DER.

        Raises:
            AlgorithmUnsupportedError: another algorithm or hash, or a nonce made by RFC 6979:
                the token makes its own.
            MechanismUnsupportedError: the token cannot compute it.
            SignatureWrongError: what the token answered does not verify.
            PKIError: whatever else the token answers.
        """
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise AlgorithmUnsupportedError(algorithm=type(signature_algorithm).__name__)
        if signature_algorithm.deterministic_signing:
            raise AlgorithmUnsupportedError(algorithm="ECDSA, RFC 6979")
        hashed = digest(bytes(data), signature_algorithm.algorithm)
        combined = _HASHED[hashed.name] if hashed.data is not None else None
        mechanism = self._signer.choose(Mechanism.ECDSA, combined)
        # The leftmost bits of the digest, as many as the order has (FIPS 186-5 §6.4.1): done
        # here, since tokens differ in whether they do it. P-521 is longer than any digest.
        raw = mechanism is Mechanism.ECDSA
        given = hashed.value[: self._half] if raw else cast("bytes", hashed.data)
        signature = self._encode(self._signer.sign(given, mechanism, None))
        self._signer.check(
            lambda: self._public_key.verify(signature, hashed.value, ec.ECDSA(hashed.prehashed))
        )
        return signature

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002
        """Refuse: a signing key agrees on nothing."""
        raise KeyStaysError(operation="exchange", token=self._signer.token)

    def _encode(self, raw: bytes) -> bytes:
        half = self._half
        self._signer.check_length(raw, 2 * half)
        return encode_dss_signature(
            int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        )
