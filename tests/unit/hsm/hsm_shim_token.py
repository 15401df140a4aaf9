"""A token as an official has it, made once a run and copied: two keys, each with a certificate."""

from __future__ import annotations

import shutil

from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from hsm_shim import Shim
from hsm_world import SO_PIN, USER_PIN, certify
from pkcs11 import Attribute, KeyType, Session
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from hsm.uri import KeyURI

LABEL = "Thẻ ký số"
EC_ID, RSA_ID = b"\x01", b"\x02"
EC_URI = KeyURI(token=LABEL, id=EC_ID)
EC_LABEL, RSA_LABEL = "khóa EC", "khóa RSA"


def fill(shim: Shim) -> None:
    """Put token `LABEL` into an empty shim: an EC P-256 and an RSA-2048 key, each certified."""
    shim.add_token(LABEL, USER_PIN.reveal(), SO_PIN.reveal())
    token = shim.load().get_token(token_label=LABEL)
    with token.open(rw=True, user_pin=USER_PIN.reveal()) as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
        public, _private = parameters.generate_keypair(store=True, id=EC_ID, label=EC_LABEL)
        _certify(session, encode_ec_public_key(public), EC_ID, EC_LABEL)
        public, _private = session.generate_keypair(
            KeyType.RSA, 2048, store=True, id=RSA_ID, label=RSA_LABEL
        )
        _certify(session, encode_rsa_public_key(public), RSA_ID, RSA_LABEL)
    shim.close()


def copy_tokens(source: Shim, target: Shim) -> None:
    """Give `target`, not loaded yet, the tokens of `source`: labels, serials, keys and PINs."""
    shutil.copytree(source.tokens, target.tokens, dirs_exist_ok=True)


def _certify(session: Session, public_key_der: bytes, key_id: bytes, label: str) -> None:
    certificate = certify(load_der_public_key(public_key_der))  # type: ignore[arg-type]
    attributes = decode_x509_certificate(certificate.public_bytes(Encoding.DER))
    names = {Attribute.ID: key_id, Attribute.LABEL: label, Attribute.TOKEN: True}
    session.create_object(attributes | names)
