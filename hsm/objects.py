"""What lies on a token, as far as it shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pkcs11 import Attribute, ObjectClass, Session
from pkcs11.types import Object

from hsm.cryptoki.public_keys import read_attribute, read_public_key, read_text
from hsm.module import Module
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import PublicKey


class ObjectKind(StrEnum):
    """The kinds Antin looks at, by RFC 7512's names."""

    CERTIFICATE = "cert"
    PUBLIC = "public"
    PRIVATE = "private"


_CLASSES = {
    ObjectKind.CERTIFICATE: ObjectClass.CERTIFICATE,
    ObjectKind.PUBLIC: ObjectClass.PUBLIC_KEY,
    ObjectKind.PRIVATE: ObjectClass.PRIVATE_KEY,
}


@dataclass(frozen=True, slots=True)
class TokenObject:
    """A certificate or half a key pair on a token."""

    kind: ObjectKind
    token: TokenInfo
    id: bytes
    label: str
    public_key: PublicKey | None
    """None where the object does not tell it, or it is of a kind not used here."""
    certificate: x509.Certificate | None = None

    @property
    def uri(self) -> KeyURI:
        """The address of the private key that belongs to it."""
        return key_uri(self.token, self.id)


def key_uri(token: TokenInfo, key_id: bytes) -> KeyURI:
    """Return the address of a private key by its token and CKA_ID."""
    return KeyURI(token=token.label, serial=token.serial, id=key_id or None, type="private")


def list_objects(module: Module, token: TokenInfo) -> tuple[TokenObject, ...]:
    """Return the token's certificates and keys; private keys only once somebody has logged in.

    Raises:
        PKIError: whatever the token answers.
    """

    def look(session: Session) -> tuple[TokenObject, ...]:
        return tuple(
            _describe(item, kind, token)
            for kind in ObjectKind
            for item in find_objects(session, kind)
        )

    return module.read(token, look)


def find_objects(
    session: Session, kind: ObjectKind, key_id: bytes | None = None
) -> tuple[Object, ...]:
    """Return the objects of one kind, and of one CKA_ID where it is given."""
    wanted: dict[Attribute, object] = {Attribute.CLASS: _CLASSES[kind]}
    if key_id is not None:
        wanted[Attribute.ID] = key_id
    return tuple(session.get_objects(wanted))


def certified_key(certificate: x509.Certificate) -> PublicKey | None:
    """Return the key a certificate is for, or None where Antin does not sign with such keys."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PublicKey) else None


def _describe(item: Object, kind: ObjectKind, token: TokenInfo) -> TokenObject:
    certificate = _read_certificate(item) if kind is ObjectKind.CERTIFICATE else None
    return TokenObject(
        kind=kind,
        token=token,
        id=read_attribute(item, Attribute.ID) or b"",
        label=read_text(item, Attribute.LABEL),
        public_key=certified_key(certificate) if certificate else read_public_key(item),
        certificate=certificate,
    )


def _read_certificate(item: Object) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(read_attribute(item, Attribute.VALUE) or b"")
    except ValueError:  # not X.509, or broken: there, but no certificate to choose by
        return None
