"""Finds the token that is meant, and the certificates on tokens, before anybody logs in.

A token is chosen by its public objects and its label or serial number. Two that fit are never
guessed between: a PIN tried on the wrong token costs one of its few tries. How tokens are looked at
where some fail, or where two modules show the same one, is `hsm.look`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography import x509

from hsm.errors import (
    KeyMismatchError,
    KeyTypeUnsupportedError,
    TokenAmbiguousError,
)
from hsm.look import Look, TokenFailure, identity
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, certified_key, key_uri, shared_key
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI, same_text
from pki.errors.tree import PKIError
from pki.keys import PublicKey
from pki.names import common_name

_PUBLIC = (ObjectKind.CERTIFICATE, ObjectKind.PUBLIC)


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
class SeenCertificates:
    """What tokens show, and what could not be looked at."""

    certificates: tuple[TokenCertificate, ...]
    failures: tuple[TokenFailure, ...] = ()


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
    error: PKIError | None = None
    """Why it could not be looked at."""


def see_certificates(modules: Iterable[Module], *, token: KeyURI | None = None) -> SeenCertificates:
    """Return the certificates on all tokens, or on those `token` fits; nobody logs in.

    Nothing raises for a token that fails: it is told.
    """
    look = Look(modules, token or KeyURI())
    return SeenCertificates(look.each(_certificates(look)), tuple(look.failures))


def find_certificates(
    modules: Iterable[Module], *, token: KeyURI | None = None
) -> tuple[TokenCertificate, ...]:
    """Return the certificates on all tokens, or on those `token` fits; nobody logs in.

    Raises:
        PKIError: there is none, and a token could not be looked at.
    """
    look = Look(modules, token or KeyURI())
    found = look.each(_certificates(look))
    if not found and look.failures:
        raise look.not_found()
    return found


def find_token(modules: Iterable[Module], uri: KeyURI) -> tuple[Module, TokenInfo]:
    """Return the one token that the address's token part fits.

    Raises:
        TokenNotFoundError: none fits.
        TokenAmbiguousError: more than one fits.
        PKIError: none fits, and the only one there is could not be looked at.
    """
    look = Look(modules, uri)
    return _only(look.tokens(), look)


def _certificates(look: Look) -> Callable[[Module, TokenInfo], list[TokenCertificate]]:
    def on(module: Module, token: TokenInfo) -> list[TokenCertificate]:
        return [
            TokenCertificate(module, token, item.certificate, item.id, item.label)
            for item in look.objects(module, token, (ObjectKind.CERTIFICATE,))
            if item.certificate is not None
        ]

    return on


def find_key(
    modules: Iterable[Module], uri: KeyURI, certificate: x509.Certificate | None
) -> KeyPlace:
    """Return where the key is, as far as it can be known before a login.

    1. Tokens whose label, serial, manufacturer and model fit the address.
    2. Of those, the ones that show the certificate and its key, else the certificate's key, or the
       address's id or label.
    3. Where none shows it, the one that the address names: some tokens show nothing.

    Tokens that cannot be looked at are told only where none shows the key: then one of them may be
    the one that is meant, and another is not taken in its place.

    Raises:
        TokenNotFoundError: no token is meant.
        TokenAmbiguousError: more than one is.
        KeyMismatchError: the id belongs to another key than the certificate.
        KeyTypeUnsupportedError: the certificate's key is of a kind Antin does not sign with.
    """
    modules = tuple(modules)
    look = Look(modules, uri)
    wanted_key = _wanted_key(certificate)
    found = _look_everywhere(modules, look, wanted_key)
    asked = wanted_key is not None or uri.id is not None or uri.object is not None
    shown = tuple(candidate for candidate in found if candidate.evidence)
    if wanted_key is not None:
        shown = _each_card_once(shown)
    if asked and not shown and not uri.names_token:
        found = ()
    by_token = {(candidate.module, candidate.token): candidate for candidate in (shown or found)}
    chosen = by_token[_only(tuple(by_token), look)]
    if chosen.error is not None:
        raise chosen.error
    if certificate is not None and not chosen.evidence:
        _check_no_other_key(chosen, uri, certificate)
    return _place(chosen, uri, wanted_key)


def _look_everywhere(
    modules: tuple[Module, ...], look: Look, wanted_key: PublicKey | None
) -> tuple[_Candidate, ...]:
    """Look at every token that fits; at its keys only where its certificates do not settle it."""
    if wanted_key is not None:
        first = Look(modules, look.uri)  # what fails here is looked at once more below

        def certified(module: Module, token: TokenInfo) -> list[_Candidate]:
            objects = first.objects(module, token, _PUBLIC, certifying=wanted_key)
            return [_candidate(module, token, objects, look.uri, wanted_key)] if objects else []

        found = first.each(certified)
        settled = [one for one in found if any(map(_is_public, one.evidence))]
        if settled:
            return tuple(settled)

    def everything(module: Module, token: TokenInfo) -> list[_Candidate]:
        try:
            objects = look.objects(module, token)
        except PKIError as error:
            failed.append(_Candidate(module, token, (), (), error))
            raise
        return [_candidate(module, token, objects, look.uri, wanted_key)]

    failed: list[_Candidate] = []
    looked = look.each(everything)
    others = {identity(one.token) for one in looked}
    return (*looked, *(one for one in failed if identity(one.token) not in others))


def _each_card_once(shown: tuple[_Candidate, ...]) -> tuple[_Candidate, ...]:
    """Leave a card to its first module: two makers give one card two names, not two numbers."""
    first: dict[str, Module] = {}
    return tuple(
        one
        for one in shown
        if not one.token.serial or first.setdefault(one.token.serial, one.module) is one.module
    )


def _candidate(
    module: Module,
    token: TokenInfo,
    objects: tuple[TokenObject, ...],
    uri: KeyURI,
    wanted_key: PublicKey | None,
) -> _Candidate:
    if wanted_key is not None:
        evidence = tuple(item for item in objects if item.public_key == wanted_key)
    elif uri.id is not None or uri.object is not None:
        evidence = tuple(item for item in objects if _is_meant(item, uri))
    else:
        evidence = ()
    return _Candidate(module, token, objects, evidence)


def _is_public(item: TokenObject) -> bool:
    return item.kind is ObjectKind.PUBLIC


def _is_meant(item: TokenObject, uri: KeyURI) -> bool:
    return (uri.id is None or item.id == uri.id) and (
        uri.object is None or same_text(item.label, uri.object)
    )


def _place(chosen: _Candidate, uri: KeyURI, wanted_key: PublicKey | None) -> KeyPlace:
    ids = {item.id for item in chosen.evidence if item.id}
    key_id = uri.id if uri.id is not None else (ids.pop() if len(ids) == 1 else None)
    public_key = wanted_key or shared_key(chosen.evidence)
    return KeyPlace(chosen.module, chosen.token, key_id, public_key)


def _check_no_other_key(chosen: _Candidate, uri: KeyURI, certificate: x509.Certificate) -> None:
    for item in chosen.objects:
        if uri.id is not None and item.id == uri.id and item.public_key is not None:
            raise KeyMismatchError(
                token=chosen.token.label, wanted=common_name(certificate.subject)
            )


def _only(found: tuple[tuple[Module, TokenInfo], ...], look: Look) -> tuple[Module, TokenInfo]:
    if not found:
        raise look.not_found()
    if len(found) > 1:
        serials = tuple(f"{token.serial} ({token.label})" for _, token in found)
        raise TokenAmbiguousError(wanted=str(look.uri), serials=serials)
    return found[0]


def _wanted_key(certificate: x509.Certificate | None) -> PublicKey | None:
    if certificate is None:
        return None
    key = certified_key(certificate)
    if key is None:
        raise KeyTypeUnsupportedError(where=common_name(certificate.subject))
    return key
