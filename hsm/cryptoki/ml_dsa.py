"""An ML-DSA key on a token as one of cryptography's private keys.

One class for each parameter set, since cryptography has three.

Spec: FIPS 204 §5.2; PKCS #11 v3.2 (CKM_ML_DSA without parameters: pure ML-DSA, hedged if the
token can, empty context).
"""

from __future__ import annotations

from typing import ClassVar, Generic, NoReturn, TypeVar

from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.utils import Buffer
from pkcs11 import Mechanism

from hsm.cryptoki.signer import RawSigner
from hsm.cryptoki.stays import KeyStays
from hsm.errors import AlgorithmUnsupportedError
from pki.keys import MLDSAPublicKey

_PublicT = TypeVar("_PublicT", bound=MLDSAPublicKey)


class _TokenMLDSAKey(KeyStays, Generic[_PublicT]):
    _signature_bytes: ClassVar[int]
    """FIPS 204 §4, table 2."""

    def __init__(self, signer: RawSigner, public_key: _PublicT) -> None:
        self._signer = signer
        self._public_key = public_key

    def public_key(self) -> _PublicT:
        """Return the public half, an ordinary software key."""
        return self._public_key

    def sign(self, data: Buffer, context: Buffer | None = None) -> bytes:
        """Sign the data itself, which goes to the token whole.

        Raises:
            AlgorithmUnsupportedError: a context is given; nothing that Antin signs has one.
            MechanismUnsupportedError: the token cannot compute it.
            SignatureWrongError: what the token answered does not verify.
            PKIError: whatever else the token answers.
        """
        if context:
            raise AlgorithmUnsupportedError(algorithm="ML-DSA, context")
        signed = bytes(data)
        mechanism = self._signer.choose(Mechanism.ML_DSA)
        signature = self._signer.sign(signed, mechanism, None)
        self._signer.check_length(signature, self._signature_bytes)
        self._signer.check(lambda: self._public_key.verify(signature, signed))
        return signature

    def sign_mu(self, mu: Buffer) -> NoReturn:  # noqa: ARG002  cryptography's signature
        """Refuse: a token signs data; PKCS #11 has no mechanism for a message representative."""
        raise AlgorithmUnsupportedError(algorithm="ML-DSA, external mu")


class TokenMLDSA44Key(_TokenMLDSAKey[mldsa.MLDSA44PublicKey], mldsa.MLDSA44PrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    _signature_bytes = 2420


class TokenMLDSA65Key(_TokenMLDSAKey[mldsa.MLDSA65PublicKey], mldsa.MLDSA65PrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    _signature_bytes = 3309


class TokenMLDSA87Key(_TokenMLDSAKey[mldsa.MLDSA87PublicKey], mldsa.MLDSA87PrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    _signature_bytes = 4627
