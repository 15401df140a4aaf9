"""How each type of key is asked for from a token.

Spec: PKCS #11 v3.0 current mechanisms §2.1.4 (RSA), §2.3.5 (EC), §2.3.6 (Edwards); v3.2 (ML-DSA).
"""

from __future__ import annotations

from typing import Any

import pkcs11
from pkcs11 import Attribute, Session
from pkcs11.mechanisms import Mechanism, MLDSAParameterSet

from hsm.cryptoki.public_keys import EC_PARAMS, EDWARDS_PARAMS
from pki.keys import KeyType

_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES = {
    KeyType.EC_P256: (pkcs11.KeyType.EC, EC_PARAMS["secp256r1"]),
    KeyType.EC_P384: (pkcs11.KeyType.EC, EC_PARAMS["secp384r1"]),
    KeyType.EC_P521: (pkcs11.KeyType.EC, EC_PARAMS["secp521r1"]),
    # The curve's name: version 3.0 of PKCS #11 knows no other way to say Ed25519.
    KeyType.ED25519: (pkcs11.KeyType.EC_EDWARDS, EDWARDS_PARAMS[0]),
}
_ML_DSA_SETS = {
    KeyType.ML_DSA_44: MLDSAParameterSet.ML_DSA_44,
    KeyType.ML_DSA_65: MLDSAParameterSet.ML_DSA_65,
    KeyType.ML_DSA_87: MLDSAParameterSet.ML_DSA_87,
}


def generation_mechanism(key_type: KeyType) -> Mechanism:
    """Return the mechanism a token needs to make keys of this type."""
    if key_type in _RSA_BITS:
        return Mechanism.RSA_PKCS_KEY_PAIR_GEN
    if key_type in _ML_DSA_SETS:
        return Mechanism.ML_DSA_KEY_PAIR_GEN
    edwards = key_type is KeyType.ED25519
    return Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN


def generate_pair(
    session: Session, key_type: KeyType, options: dict[str, Any]
) -> tuple[pkcs11.PublicKey, pkcs11.PrivateKey]:
    """Make a key pair on the token.

    Args:
        session: one that may write.
        key_type: which algorithm and size.
        options: what python-pkcs11's `generate_keypair` takes for every type, with
            `public_template` and `private_template` among them.

    Raises:
        pkcs11.PKCS11Error: whatever the token answers.
    """
    if key_type in _RSA_BITS:
        return session.generate_keypair(pkcs11.KeyType.RSA, _RSA_BITS[key_type], **options)
    if key_type in _ML_DSA_SETS:
        parameter_set = {Attribute.PARAMETER_SET: _ML_DSA_SETS[key_type]}
        template = {**options["public_template"], **parameter_set}
        options = {**options, "public_template": template}
        return session.generate_keypair(pkcs11.KeyType.ML_DSA, **options)
    kind, parameters = _CURVES[key_type]
    curve = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: parameters}, local=True)
    return curve.generate_keypair(**options)
