"""Makes keys on a token, and puts the certificate beside the key.

The private key never exists outside: it is made by the token as sensitive and not extractable,
and what the token made of that is read back. Its CKA_ID is random; certificate and both halves
carry it.
"""

from __future__ import annotations

import secrets
from typing import Any

import pkcs11
from cryptography import x509
from pkcs11 import Attribute, CertificateType, MechanismFlag, ObjectClass, Session

from hsm._asn1 import certificate_parts
from hsm.cryptoki.generation import generate_pair
from hsm.errors import KeyMismatchError, KeyNotFoundError, KeyNotProtectedError
from hsm.login import login
from hsm.module import Module
from hsm.objects import ObjectKind, certified_key, key_uri, list_objects
from hsm.pin import GivenPinSource, Pin
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType
from pki.names import common_name

_ID_BYTES = 8

PRIVATE_TEMPLATE = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
"""What the token is told of a private key, and what it must say of it afterwards."""

_PUBLIC_TEMPLATE = {
    Attribute.TOKEN: True,
    # Visible without a login: this is how the token is chosen before a PIN is asked for.
    Attribute.PRIVATE: False,
}


def generate_key(
    module: Module, token_label: str, pin: Pin, *, label: str, key_type: KeyType
) -> KeyURI:
    """Make a key pair on the token and return its address.

    Args:
        module: where the token is.
        token_label: the token; exactly one must have this label.
        pin: the token's user PIN; not used if this process is logged in already.
        label: the key's label, for people.
        key_type: which algorithm and size.

    Raises:
        TokenNotFoundError: no token of this label.
        TokenAmbiguousError: more than one.
        WrongPINError: the token refused the PIN.
        MechanismUnsupportedError: the token does not make such keys.
        KeyNotProtectedError: the token made a key that could leave it; it was destroyed.
        PKIError: whatever else the token answers.
    """
    token = _logged_in(module, KeyURI(token=token_label), pin)
    key_id = secrets.token_bytes(_ID_BYTES)

    def make(session: Session) -> None:
        public, private = _generate(session, key_type, key_id, label)
        lacking = _lacking(private)
        if lacking:
            private.destroy()
            public.destroy()
            raise KeyNotProtectedError(token=token.label, attributes=lacking)

    module.write(token, make, mechanism=str(key_type))
    return key_uri(token, key_id)


def import_certificate(
    module: Module, token_label: str, pin: Pin, key_uri: KeyURI, certificate: x509.Certificate
) -> None:
    """Put a certificate on the token, beside its key; a second time does nothing.

    Raises:
        KeyNotFoundError: the token shows no public key of this id.
        KeyMismatchError: the certificate is for another key.
        PKIError: as `generate_key`.
    """
    wanted = KeyURI(token=token_label, serial=key_uri.serial)
    _, token = find_token((module,), wanted)
    here = [item for item in list_objects(module, token) if item.id == key_uri.id]
    halves = [item for item in here if item.kind is ObjectKind.PUBLIC]
    if not halves:
        raise KeyNotFoundError(wanted=str(key_uri), token=token.label)
    if halves[0].public_key != certified_key(certificate):
        raise KeyMismatchError(token=token.label, wanted=common_name(certificate.subject))
    if any(item.certificate == certificate for item in here):
        return
    parts = certificate_parts(certificate)
    _logged_in(module, wanted, pin)
    template = {
        **_PUBLIC_TEMPLATE,
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.VALUE: parts.value,
        Attribute.SUBJECT: parts.subject,
        Attribute.ISSUER: parts.issuer,
        Attribute.SERIAL_NUMBER: parts.serial_number,
        Attribute.ID: halves[0].id,
        Attribute.LABEL: halves[0].label,
    }
    module.write(token, lambda session: session.create_object(template))


def _logged_in(module: Module, uri: KeyURI, pin: Pin) -> TokenInfo:
    _, token = find_token((module,), uri)
    login(module, token, GivenPinSource(pin))
    return token


def _generate(
    session: Session, key_type: KeyType, key_id: bytes, label: str
) -> tuple[pkcs11.PublicKey, pkcs11.PrivateKey]:
    options: dict[str, Any] = {
        "id": key_id,
        "label": label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "public_template": _PUBLIC_TEMPLATE,
        "private_template": PRIVATE_TEMPLATE,
    }
    return generate_pair(session, key_type, options)


def _lacking(private: pkcs11.PrivateKey) -> tuple[str, ...]:
    return tuple(
        attribute.name
        for attribute, wanted in PRIVATE_TEMPLATE.items()
        if bool(private[attribute]) is not wanted
    )
