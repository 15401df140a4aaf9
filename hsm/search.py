"""Finds the token that is meant, and the certificates on tokens, before anybody logs in.

A token is chosen by its public objects and its label or serial number. Two that fit are never
guessed between: a PIN tried on the wrong token costs one of its few tries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from cryptography import x509

from hsm.errors import (
    KeyMismatchError,
    KeyTypeUnsupportedError,
    TokenAmbiguousError,
    TokenNotFoundError,
)
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, certified_key, key_uri, list_objects
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI, same_text
from pki.keys import PublicKey
from pki.names import common_name


@dataclass(frozen=True, slots=True)
class TokenCertificate:
    """A certificate on a token, and where its key is."""

    module: Module
    token: TokenInfo
    certificate: x509.Certificate
    id: bytes
    label: str

    @property
    def uri(self) -> KeyURI:
        """The address of its private key."""
        return key_uri(self.token, self.id)


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """The one token that was meant, and what its public objects tell of the key."""

    module: Module
    token: TokenInfo
    id: bytes | None
    """CKA_ID of the key; None where nothing public tells it."""
    public_key: PublicKey | None
    """What the private key must belong to; None where nothing public tells it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    module: Module
    token: TokenInfo
    objects: tuple[TokenObject, ...]
    evidence: tuple[TokenObject, ...]


def find_certificates(
    modules: Iterable[Module], *, token: KeyURI | None = None
) -> tuple[TokenCertificate, ...]:
    """Return the certificates on all tokens, or on those `token` fits; nobody logs in.

    Raises:
        PKIError: whatever a token answers.
    """

    def look(module: Module) -> tuple[TokenCertificate, ...]:
        return tuple(
            TokenCertificate(module, found, item.certificate, item.id, item.label)
            for _, found in find_tokens((module,), token or KeyURI())
            for item in list_objects(module, found, (ObjectKind.CERTIFICATE,))
            if item.certificate is not None
        )

    return tuple(
        one for module in dict.fromkeys(modules) for one in module.hold_files(partial(look, module))
    )


def find_token(modules: Iterable[Module], uri: KeyURI) -> tuple[Module, TokenInfo]:
    """Return the one token that the address's token part fits.

    Raises:
        TokenNotFoundError: none fits.
        TokenAmbiguousError: more than one fits.
    """
    modules = tuple(dict.fromkeys(modules))
    return _only(find_tokens(modules, uri), modules, uri)


def find_key(
    modules: Iterable[Module], uri: KeyURI, certificate: x509.Certificate | None
) -> KeyPlace:
    """Return where the key is, as far as it can be known before a login.

    1. Tokens whose label, serial, manufacturer and model fit the address.
    2. Of those, the ones that show the certificate and its key, else the certificate's key, or the
       address's id or label.
    3. Where none shows it, the one that the address names: some tokens show nothing.

    Raises:
        TokenNotFoundError: no token is meant.
        TokenAmbiguousError: more than one is.
        KeyMismatchError: the id belongs to another key than the certificate.
        KeyTypeUnsupportedError: the certificate's key is of a kind Antin does not sign with.
    """
    modules = tuple(dict.fromkeys(modules))
    wanted_key = _wanted_key(certificate)
    found = _look_everywhere(modules, uri, wanted_key)
    asked = wanted_key is not None or uri.id is not None or uri.object is not None
    shown = [candidate for candidate in found if candidate.evidence]
    if asked and not shown and not uri.names_token:
        found = []
    by_token = {(candidate.module, candidate.token): candidate for candidate in (shown or found)}
    chosen = by_token[_only(tuple(by_token), modules, uri)]
    if certificate is not None and not chosen.evidence:
        _check_no_other_key(chosen, uri, certificate)
    return _place(chosen, uri, wanted_key)


def _look_everywhere(
    modules: tuple[Module, ...], uri: KeyURI, wanted_key: PublicKey | None
) -> list[_Candidate]:
    """Look at every token that fits; at its keys only where its certificates do not settle it."""

    def look(module: Module) -> list[_Candidate]:
        return [_look(module, token, uri, wanted_key) for _, token in find_tokens((module,), uri)]

    def look_at_certificates(module: Module) -> list[_Candidate]:
        certified = (
            (token, list_objects(module, token, (ObjectKind.CERTIFICATE,)))
            for _, token in find_tokens((module,), uri)
        )
        return [
            _look(module, token, uri, wanted_key, certificates)
            for token, certificates in certified
            if any(item.public_key == wanted_key for item in certificates)
        ]

    if wanted_key is not None:
        found = [
            one
            for module in modules
            for one in module.hold_files(partial(look_at_certificates, module))
            if any(item.kind is ObjectKind.PUBLIC for item in one.evidence)
        ]
        if found:
            return found
    return [one for module in modules for one in module.hold_files(partial(look, module))]


def _look(
    module: Module,
    token: TokenInfo,
    uri: KeyURI,
    wanted_key: PublicKey | None,
    certificates: tuple[TokenObject, ...] | None = None,
) -> _Candidate:
    if certificates is None:
        objects = list_objects(module, token)
    else:
        objects = certificates + list_objects(module, token, (ObjectKind.PUBLIC,))
    if wanted_key is not None:
        evidence = tuple(item for item in objects if item.public_key == wanted_key)
    elif uri.id is not None or uri.object is not None:
        evidence = tuple(item for item in objects if _is_meant(item, uri))
    else:
        evidence = ()
    return _Candidate(module, token, objects, evidence)


def _is_meant(item: TokenObject, uri: KeyURI) -> bool:
    return (uri.id is None or item.id == uri.id) and (
        uri.object is None or same_text(item.label, uri.object)
    )


def _place(chosen: _Candidate, uri: KeyURI, wanted_key: PublicKey | None) -> KeyPlace:
    ids = {item.id for item in chosen.evidence if item.id}
    key_id = uri.id if uri.id is not None else (ids.pop() if len(ids) == 1 else None)
    public_key = wanted_key or _shared_key(chosen.evidence)
    return KeyPlace(chosen.module, chosen.token, key_id, public_key)


def _shared_key(evidence: tuple[TokenObject, ...]) -> PublicKey | None:
    keys = [item.public_key for item in evidence if item.public_key is not None]
    return keys[0] if keys and all(key == keys[0] for key in keys) else None


def _check_no_other_key(chosen: _Candidate, uri: KeyURI, certificate: x509.Certificate) -> None:
    for item in chosen.objects:
        if uri.id is not None and item.id == uri.id and item.public_key is not None:
            raise KeyMismatchError(
                token=chosen.token.label, wanted=common_name(certificate.subject)
            )


def find_tokens(modules: Iterable[Module], uri: KeyURI) -> tuple[tuple[Module, TokenInfo], ...]:
    """Return every token that the address's token part fits, those set up alone."""
    return tuple(
        (module, token) for module in modules for token in module.tokens() if uri.fits(token)
    )


def _only(
    found: tuple[tuple[Module, TokenInfo], ...], modules: tuple[Module, ...], uri: KeyURI
) -> tuple[Module, TokenInfo]:
    if not found:
        seen = tuple(token.label for module in modules for token in module.tokens())
        raise TokenNotFoundError(wanted=str(uri), seen=seen or ("-",))
    if len(found) > 1:
        serials = tuple(f"{token.serial} ({token.label})" for _, token in found)
        raise TokenAmbiguousError(wanted=str(uri), serials=serials)
    return found[0]


def _wanted_key(certificate: x509.Certificate | None) -> PublicKey | None:
    if certificate is None:
        return None
    key = certified_key(certificate)
    if key is None:
        raise KeyTypeUnsupportedError(where=common_name(certificate.subject))
    return key
