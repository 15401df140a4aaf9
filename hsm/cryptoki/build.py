"""The key class that fits a public key, and the proof that the token's key belongs to it."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from hsm.cryptoki.ec import TokenECKey
from hsm.cryptoki.ed25519 import TokenEd25519Key
from hsm.cryptoki.ml_dsa import TokenMLDSA44Key, TokenMLDSA65Key, TokenMLDSA87Key
from hsm.cryptoki.rsa import TokenRSAKey
from hsm.cryptoki.signer import RawSigner
from hsm.errors import SignatureWrongError
from pki.keys import PrivateKey, PublicKey, sign_data, verifies


def build_token_key(signer: RawSigner, public_key: PublicKey) -> PrivateKey:
    """Return the token's key as one of cryptography's private keys.

    Args:
        signer: the private key on its token.
        public_key: its public half; nothing here shows that it is (`signs_for` does).
    """
    match public_key:
        case rsa.RSAPublicKey():
            return TokenRSAKey(signer, public_key)
        case ec.EllipticCurvePublicKey():
            return TokenECKey(signer, public_key)
        case ed25519.Ed25519PublicKey():
            return TokenEd25519Key(signer, public_key)
        case mldsa.MLDSA44PublicKey():
            return TokenMLDSA44Key(signer, public_key)
        case mldsa.MLDSA65PublicKey():
            return TokenMLDSA65Key(signer, public_key)
        case _:
            return TokenMLDSA87Key(signer, public_key)


def signs_for(key: PrivateKey, public_key: PublicKey) -> bool:
    """Say whether a key signs what the public key verifies: one signature over random bytes.

    Raises:
        PKIError: the token does not sign at all.
    """
    data = secrets.token_bytes(32)
    try:
        signature = sign_data(key, data)
    except SignatureWrongError:
        return False
    return verifies(public_key, signature, data)
