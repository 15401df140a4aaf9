"""Puts a certificate on the token that holds its key, beside the key.

The key is found by the certificate's public key: what CKA_ID or label say alone decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from pkcs11 import Attribute, CertificateType, ObjectClass

from hsm._asn1 import certificate_parts
from hsm.errors import (
    KeyAmbiguousError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyTypeUnsupportedError,
    TokenAmbiguousError,
)
from hsm.login import login
from hsm.look import Look
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, certified_key
from hsm.pin import PinSource
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI, same_text
from pki.errors.tree import PKIError
from pki.names import common_name

_SHOWN = (ObjectKind.CERTIFICATE, ObjectKind.PUBLIC)
_Looked = tuple[Module, TokenInfo, tuple[TokenObject, ...]]


@dataclass(frozen=True, slots=True)
class CertificatePlace:
    """The public half on one token that the certificate belongs to."""

    module: Module
    token: TokenInfo
    half: TokenObject
    is_there: bool
    """The very certificate lies there already."""

    @property
    def uri(self) -> KeyURI:
        """The address of the private key."""
        return self.half.uri


def find_place(
    modules: Iterable[Module], uri: KeyURI, certificate: x509.Certificate
) -> CertificatePlace:
    """Return where the certificate belongs; nobody logs in.

    Args:
        modules: where to look.
        uri: which tokens, and which key of several with one public half; a token that fits and
            holds the certificate's key under another CKA_ID is taken all the same.
        certificate: what is to be put there.

    Raises:
        TokenNotFoundError: no token fits.
        TokensUnseenError: none shows the certificate's key, and some could not be looked at.
        KeyMismatchError: the key of this CKA_ID is another one, and none is the certificate's.
        KeyNotFoundError: no token shows the certificate's key.
        TokenAmbiguousError: several tokens do.
        KeyAmbiguousError: one token has it under several CKA_IDs, and `uri` names none of them.
        KeyTypeUnsupportedError: the certificate's key is of a kind Antin does not sign with.
    """
    wanted = certified_key(certificate)
    subject = common_name(certificate.subject)
    if wanted is None:
        raise KeyTypeUnsupportedError(where=subject)
    look = Look(modules, uri)
    looked = look.each(lambda module, token: [_look(look, module, token)])
    if not looked:
        raise look.not_found()
    fitting = [
        (module, token, objects, halves)
        for module, token, objects in looked
        if (halves := [one for one in _halves(objects) if one.public_key == wanted])
    ]
    if not fitting:
        raise _nothing_fits(look, looked, subject)
    if len(fitting) > 1:
        serials = tuple(f"{token.serial} ({token.label})" for _, token, _, _ in fitting)
        raise TokenAmbiguousError(wanted=subject, serials=serials)
    module, token, objects, halves = fitting[0]
    half = _only(halves, uri, token, subject)
    is_there = any(one.certificate == certificate and one.id == half.id for one in objects)
    return CertificatePlace(module, token, half, is_there)


def put_certificate(
    place: CertificatePlace, certificate: x509.Certificate, pin_source: PinSource
) -> None:
    """Put the certificate there; if it is there already, nobody is asked for anything.

    Raises:
        PKIError: as `hsm.login.login`, and whatever else the token answers.
    """
    if place.is_there:
        return
    parts = certificate_parts(certificate)
    login(place.module, place.token, pin_source)
    template = {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        # Visible without a login: this is how the token is chosen before a PIN is asked for.
        Attribute.PRIVATE: False,
        Attribute.VALUE: parts.value,
        Attribute.SUBJECT: parts.subject,
        Attribute.ISSUER: parts.issuer,
        Attribute.SERIAL_NUMBER: parts.serial_number,
        Attribute.ID: place.half.id,
        Attribute.LABEL: place.half.label,
    }
    place.module.write(place.token, lambda session: session.create_object(template))


def _look(look: Look, module: Module, token: TokenInfo) -> _Looked:
    return module, token, look.objects(module, token, _SHOWN)


def _halves(objects: tuple[TokenObject, ...]) -> list[TokenObject]:
    return [item for item in objects if item.kind is ObjectKind.PUBLIC]


def _only(halves: list[TokenObject], uri: KeyURI, token: TokenInfo, subject: str) -> TokenObject:
    named = [one for one in halves if _is_named(one, uri)] or halves
    if len({one.id for one in named}) > 1:
        raise KeyAmbiguousError(wanted=subject, token=token.label)
    return named[0]


def _is_named(item: TokenObject, uri: KeyURI) -> bool:
    return (uri.id is None or item.id == uri.id) and (
        uri.object is None or same_text(item.label, uri.object)
    )


def _nothing_fits(look: Look, looked: tuple[_Looked, ...], subject: str) -> PKIError:
    uri = look.uri
    for _, token, objects in looked:
        if uri.id is not None and any(item.id == uri.id for item in _halves(objects)):
            return KeyMismatchError(token=token.label, wanted=subject)
    if look.failures:  # the key may be on one that could not be looked at
        return look.not_found()
    labels = ", ".join(token.label for _, token, _ in looked)
    wanted = str(uri) if uri.id is not None else subject
    return KeyNotFoundError(wanted=wanted, token=labels)
