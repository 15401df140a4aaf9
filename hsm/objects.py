"""What lies on a token, as far as it shows itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pkcs11 import Attribute, ObjectClass, PKCS11Error, Session, _pkcs11
from pkcs11.types import Object

from hsm.cryptoki.attributes import read_attributes
from hsm.cryptoki.public_keys import (
    PUBLIC_KEY_ATTRIBUTES,
    read_attribute,
    read_public_key,
    read_text,
)
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
_SearchIter = cast("Any", _pkcs11).SearchIter  # its types leave it out
_BATCH = 10
_NAMES = (Attribute.ID, Attribute.LABEL)
_ASKED = {
    ObjectKind.CERTIFICATE: (*_NAMES, Attribute.VALUE),
    ObjectKind.PUBLIC: (*_NAMES, *PUBLIC_KEY_ATTRIBUTES, Attribute.VALUE),
    # CKA_VALUE of a private key is the private key: it is not even asked for.
    ObjectKind.PRIVATE: (*_NAMES, *PUBLIC_KEY_ATTRIBUTES),
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


def list_objects(
    module: Module,
    token: TokenInfo,
    kinds: Collection[ObjectKind] = tuple(ObjectKind),
    *,
    certifying: PublicKey | None = None,
) -> tuple[TokenObject, ...]:
    """Return the token's certificates and keys; private keys only once somebody has logged in.

    Args:
        module: where the token is.
        token: the token.
        kinds: what is looked for; the rest is not read.
        certifying: nothing is returned, nor more read, where no certificate is for this key.

    Raises:
        PKIError: whatever the token answers.
    """

    def look(session: Session) -> tuple[TokenObject, ...]:
        found: list[TokenObject] = []
        for kind in ObjectKind:  # certificates first
            if kind in kinds:
                found += (describe(item, kind, token) for item in find_objects(session, kind))
            if certifying is not None and all(one.public_key != certifying for one in found):
                return ()
        return tuple(found)

    return module.read(token, look)


def find_objects(
    session: Session, kind: ObjectKind, key_id: bytes | None = None
) -> tuple[Object, ...]:
    """Return the objects of one kind, and of one CKA_ID where it is given."""
    wanted: dict[Attribute, object] = {Attribute.CLASS: _CLASSES[kind]}
    if key_id is not None:
        wanted[Attribute.ID] = key_id
    # What `session.get_objects` does. If C_FindObjectsInit fails, that leaves a search behind which
    # python-pkcs11 0.9 ends when it is collected, and then the program's user sees a traceback.
    search = _SearchIter(session, wanted, _BATCH)
    try:
        with search as batches:
            return tuple(item for batch in batches for item in batch)
    except PKCS11Error:
        with suppress(PKCS11Error):
            search._finalize()  # noqa: SLF001  see above
        raise


def certified_key(certificate: x509.Certificate) -> PublicKey | None:
    """Return the key a certificate is for, or None where Antin does not sign with such keys."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PublicKey) else None


def shared_key(objects: Iterable[TokenObject]) -> PublicKey | None:
    """Return the key that all of them tell of which any tells one; None where they differ."""
    told = [one.public_key for one in objects if one.public_key is not None]
    return told[0] if told and all(key == told[0] for key in told) else None


def describe(item: Object, kind: ObjectKind, token: TokenInfo) -> TokenObject:
    """Return what an object tells."""
    read = read_attributes(item, _ASKED[kind])
    certificate = None
    if kind is ObjectKind.CERTIFICATE:
        certificate = _parse(read_attribute(read, Attribute.VALUE) or b"")
        public_key = certified_key(certificate) if certificate else None
    else:
        public_key = read_public_key(read)
    return TokenObject(
        kind=kind,
        token=token,
        id=read_attribute(read, Attribute.ID) or b"",
        label=read_text(read, Attribute.LABEL),
        public_key=public_key,
        certificate=certificate,
    )


def _parse(untrusted_der: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(untrusted_der)
    except ValueError:  # not X.509, or broken: there, but no certificate to choose by
        return None
