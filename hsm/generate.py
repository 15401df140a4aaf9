"""Makes keys on a token; the certificate comes beside the key later (`hsm.certificates`).

The private key never exists outside: it is made by the token as sensitive and not extractable,
and what the token made of that is read back. Its CKA_ID is random; certificate and both halves
carry it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import pkcs11
from cryptography import x509
from pkcs11 import Attribute, MechanismFlag, Session

from hsm.certificates import find_place, put_certificate
from hsm.cryptoki.attributes import read_attributes
from hsm.cryptoki.generation import generate_pair
from hsm.errors import KeyLeftBehindError, KeyNotProtectedError
from hsm.login import login
from hsm.module import Module
from hsm.objects import key_uri
from hsm.pin import GivenPinSource, Pin, PinSource
from hsm.protection import PROTECTIVE_ATTRIBUTES, KeyProtection, read_protection
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType

_ID_BYTES = 8

PRIVATE_TEMPLATE = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
"""What the token is told of a private key; `hsm.protection` reads what it made of it."""

_PUBLIC_TEMPLATE = {
    Attribute.TOKEN: True,
    # Visible without a login: this is how the token is chosen before a PIN is asked for.
    Attribute.PRIVATE: False,
}


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was just made, and what the token says of it."""

    uri: KeyURI
    protection: KeyProtection


def make_key(
    module: Module, token: TokenInfo, pin_source: PinSource, *, label: str, key_type: KeyType
) -> MadeKey:
    """Make a key pair on the token and read back how the token keeps it.

    Args:
        module: where the token is.
        token: the token.
        pin_source: gives its user PIN; not asked if this process is logged in already.
        label: the key's label, for people.
        key_type: which algorithm and size.

    Raises:
        MechanismUnsupportedError: the token does not make such keys.
        KeyNotProtectedError: the token made a key that could leave it; it was destroyed.
        KeyLeftBehindError: the same, or the key could not be looked at, and it is still there.
        PKIError: as `hsm.login.login`, and whatever else the token answers.
    """
    login(module, token, pin_source)
    key_id = secrets.token_bytes(_ID_BYTES)
    uri = key_uri(token, key_id)

    def make(session: Session) -> KeyProtection:
        public, private = _generate(session, key_type, key_id, label)
        try:
            protection = read_protection(read_attributes(private, PROTECTIVE_ATTRIBUTES))
            if not protection.lacking():
                return protection
            private.destroy()
            public.destroy()
        except pkcs11.PKCS11Error as error:
            raise KeyLeftBehindError(token=token.label, key=str(uri)) from error
        raise KeyNotProtectedError(token=token.label, attributes=protection.lacking())

    return MadeKey(uri, module.write(token, make, mechanism=str(key_type)))


def generate_key(
    module: Module, token_label: str, pin: Pin, *, label: str, key_type: KeyType
) -> KeyURI:
    """Make a key pair on the one token of this label and return its address.

    Raises:
        TokenNotFoundError: no token of this label.
        TokenAmbiguousError: more than one.
        PKIError: as `make_key`.
    """
    _, token = find_token((module,), KeyURI(token=token_label))
    return make_key(module, token, GivenPinSource(pin), label=label, key_type=key_type).uri


def import_certificate(
    module: Module, token_label: str, pin: Pin, key_uri: KeyURI, certificate: x509.Certificate
) -> None:
    """Put a certificate on the token, beside its key; a second time does nothing.

    Raises:
        KeyNotFoundError: the token shows no public key of this id.
        KeyMismatchError: the certificate is for another key.
        PKIError: as `hsm.certificates`.
    """
    wanted = KeyURI(token=token_label, serial=key_uri.serial, id=key_uri.id)
    place = find_place((module,), wanted, certificate)
    put_certificate(place, certificate, GivenPinSource(pin))


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
