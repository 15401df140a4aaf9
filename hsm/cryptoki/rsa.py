"""An RSA key on a token as one of cryptography's private keys.

Spec: RFC 8017 §8.1 (PSS), §8.2 and §9.2 note 1 (PKCS#1 v1.5 and its DigestInfo).
"""

from __future__ import annotations

from typing import NoReturn, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as pad
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from pkcs11 import MGF, Mechanism

from hsm.cryptoki.signer import Digest, PSSParameters, RawSigner, digest, hash_name
from hsm.cryptoki.stays import KeyStays
from hsm.errors import AlgorithmUnsupportedError, KeyStaysError

_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_HASHED_PKCS1 = {
    "sha256": Mechanism.SHA256_RSA_PKCS,
    "sha384": Mechanism.SHA384_RSA_PKCS,
    "sha512": Mechanism.SHA512_RSA_PKCS,
}
_HASHED_PSS = {
    "sha256": Mechanism.SHA256_RSA_PKCS_PSS,
    "sha384": Mechanism.SHA384_RSA_PKCS_PSS,
    "sha512": Mechanism.SHA512_RSA_PKCS_PSS,
}
_HASHES = {
    "sha256": (Mechanism.SHA256, MGF.SHA256),
    "sha384": (Mechanism.SHA384, MGF.SHA384),
    "sha512": (Mechanism.SHA512, MGF.SHA512),
}


class TokenRSAKey(KeyStays, rsa.RSAPrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    def __init__(self, signer: RawSigner, public_key: rsa.RSAPublicKey) -> None:
        self._signer = signer
        self._public_key = public_key

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public_key.key_size

    @property
    def signs_pss(self) -> bool:
        """Whether the token computes RSASSA-PSS with SHA-256: many older ones do not."""
        able = {Mechanism.RSA_PKCS_PSS, Mechanism.SHA256_RSA_PKCS_PSS}
        return not able.isdisjoint(self._signer.mechanisms)

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public half, an ordinary software key."""
        return self._public_key

    def sign(
        self,
        data: bytes,
        padding: pad.AsymmetricPadding,
        algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo,
    ) -> bytes:
        """Sign with PKCS#1 v1.5 or PSS over SHA-256, SHA-384 or SHA-512.

        Raises:
            AlgorithmUnsupportedError: another padding or hash, or a salt the key has no room for.
            MechanismUnsupportedError: the token cannot compute it.
            SignatureWrongError: what the token answered does not verify.
            PKIError: whatever else the token answers.
        """
        hashed = digest(data, algorithm)
        if isinstance(padding, pad.PSS):
            parameters = self._pss_parameters(hashed, padding)
            signature = self._sign_pss(hashed, parameters)
            # The salt's length as a number: `PSS.MAX_LENGTH` and its like are resolved by now.
            padding = pad.PSS(padding.mgf, parameters[2])
        elif isinstance(padding, pad.PKCS1v15):
            signature = self._sign_pkcs1(hashed)
        else:
            raise AlgorithmUnsupportedError(algorithm=padding.name)
        self._signer.check_length(signature, (self.key_size + 7) // 8)
        self._signer.check(
            lambda: self._public_key.verify(signature, hashed.value, padding, hashed.prehashed)
        )
        return signature

    def decrypt(self, ciphertext: bytes, padding: pad.AsymmetricPadding) -> NoReturn:  # noqa: ARG002
        """Refuse: a signing key decrypts nothing."""
        raise KeyStaysError(operation="decrypt", token=self._signer.token)

    def _sign_pkcs1(self, hashed: Digest) -> bytes:
        combined = _HASHED_PKCS1[hashed.name] if hashed.data is not None else None
        mechanism = self._signer.choose(Mechanism.RSA_PKCS, combined)
        if mechanism is Mechanism.RSA_PKCS:
            return self._signer.sign(_DIGEST_INFO[hashed.name] + hashed.value, mechanism, None)
        return self._signer.sign(cast("bytes", hashed.data), mechanism, None)

    def _sign_pss(self, hashed: Digest, parameters: PSSParameters) -> bytes:
        combined = _HASHED_PSS[hashed.name] if hashed.data is not None else None
        mechanism = self._signer.choose(Mechanism.RSA_PKCS_PSS, combined)
        if mechanism is Mechanism.RSA_PKCS_PSS:
            return self._signer.sign(hashed.value, mechanism, parameters)
        return self._signer.sign(cast("bytes", hashed.data), mechanism, parameters)

    def _pss_parameters(self, hashed: Digest, scheme: pad.PSS) -> PSSParameters:
        # cryptography's own builders read these two the same way; it has no public names for them.
        mask = hash_name(scheme._mgf._algorithm)  # noqa: SLF001
        salt: object = scheme._salt_length  # noqa: SLF001
        # emBits = modBits - 1, and two more bytes than hash and salt are needed (RFC 8017 §9.1.1).
        room = (self.key_size - 1 + 7) // 8 - hashed.size - 2
        if salt is pad.PSS.DIGEST_LENGTH:
            salt = hashed.size
        elif salt is pad.PSS.MAX_LENGTH:
            salt = room
        if not isinstance(salt, int) or not 0 <= salt <= room:
            raise AlgorithmUnsupportedError(algorithm=f"{scheme.name}, salt")
        return _HASHES[hashed.name][0], _HASHES[mask][1], salt
