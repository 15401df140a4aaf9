"""An Ed25519 key on a token as one of cryptography's private keys.

Spec: RFC 8032 §5.1.6; PKCS #11 v3.0 current mechanisms §2.3.14 (CKM_EDDSA without parameters is
pure Ed25519).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.utils import Buffer
from pkcs11 import Mechanism

from hsm.cryptoki.signer import RawSigner
from hsm.cryptoki.stays import KeyStays

_SIGNATURE_BYTES = 64


class TokenEd25519Key(KeyStays, ed25519.Ed25519PrivateKey):
    """Signs on the token; everything that needs the key itself is refused."""

    def __init__(self, signer: RawSigner, public_key: ed25519.Ed25519PublicKey) -> None:
        self._signer = signer
        self._public_key = public_key

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """Return the public half, an ordinary software key."""
        return self._public_key

    def sign(self, data: Buffer) -> bytes:
        """Sign the data itself, which goes to the token whole.

        Raises:
            MechanismUnsupportedError: the token cannot compute it.
            SignatureWrongError: what the token answered does not verify.
            PKIError: whatever else the token answers.
        """
        signed = bytes(data)
        mechanism = self._signer.choose(Mechanism.EDDSA)
        signature = self._signer.sign(signed, mechanism, None)
        self._signer.check_length(signature, _SIGNATURE_BYTES)
        self._signer.check(lambda: self._public_key.verify(signature, signed))
        return signature
