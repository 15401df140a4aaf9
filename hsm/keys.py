"""Opens a private key on a token. The PIN comes last, once, and for the right token.

1. The token is chosen by what it shows without a login (`hsm.search`).
2. Login (`hsm.cryptoki.login`): the PIN is asked for, one C_Login.
3. The private key is found by CKA_ID, else by its public half; a label alone finds nothing.
4. The private key is shown to belong to the certificate, or it is not handed out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pkcs11 import Mechanism, Session
from pkcs11.types import Object, SignMixin

from hsm.cryptoki.ec import TokenECKey
from hsm.cryptoki.public_keys import read_public_key
from hsm.cryptoki.rsa import TokenRSAKey
from hsm.cryptoki.signer import PSSParameters, RawSigner
from hsm.errors import (
    KeyAmbiguousError,
    KeyMismatchError,
    KeyNotFoundError,
    PublicKeyMissingError,
)
from hsm.module import Module
from hsm.objects import ObjectKind, find_objects
from hsm.pin import PinSource
from hsm.search import KeyPlace, find_key
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import PrivateKey, PublicKey, hash_for, sign_data


def open_key(
    uri: KeyURI,
    modules: Iterable[Module],
    pin_source: PinSource,
    *,
    certificate: x509.Certificate | None = None,
    allow_final_try: bool = False,
) -> PrivateKey:
    """Return a token's private key as one of cryptography's.

    Args:
        uri: which key; its `module_path` is for whoever chooses the modules.
        modules: where to look.
        pin_source: asked last, at most once, and not at all if this process is logged in.
        certificate: what the key must belong to.
        allow_final_try: spend the token's last try if it comes to that.

    Raises:
        TokenNotFoundError: no token fits.
        TokenAmbiguousError: more than one does.
        KeyMismatchError: the key found is not the certificate's.
        PINLockedError: the PIN is locked; it was not asked for.
        PINFinalTryError: one try is left; the PIN was not asked for.
        WrongPINError: the token refused the PIN.
        KeyNotFoundError: no such private key on the token.
        KeyAmbiguousError: several fit, and nothing tells which.
        PKIError: whatever else the token answers.
    """
    place = find_key(modules, uri, certificate)
    session = place.module.login(place.token, pin_source, allow_final_try=allow_final_try)
    with place.module.use_files(place.token):
        found = _find_private(session, place, uri)
        told = read_public_key(found)
    public_key = place.public_key or told
    if public_key is None:
        raise PublicKeyMissingError(token=place.token.label)
    key = _build_key(place, found, public_key)
    _check_belongs(key, told, place, uri)
    return key


class _Call:
    """The call behind `RawSigner.sign`: one C_Sign, with the module held."""

    def __init__(self, module: Module, token: TokenInfo, key: Object) -> None:
        self._module = module
        self._token = token
        self._key = cast("SignMixin", key)  # what get_objects gives for a private key

    def __call__(
        self, data: bytes, mechanism: Mechanism, parameters: PSSParameters | None
    ) -> bytes:
        with self._module.use(self._token, mechanism=mechanism.name):
            signature: bytes = self._key.sign(data, mechanism=mechanism, mechanism_param=parameters)
        return signature


def _find_private(session: Session, place: KeyPlace, uri: KeyURI) -> Object:
    # Asked for by id, and the id is not there: another key is not what was meant.
    found = find_objects(session, ObjectKind.PRIVATE, place.id)
    if place.public_key is not None and (place.id is None or len(found) > 1):
        found = _belonging(found, place.public_key)
    if not found:
        raise KeyNotFoundError(wanted=str(uri), token=place.token.label)
    if len(found) > 1:
        raise KeyAmbiguousError(wanted=str(uri), token=place.token.label)
    return found[0]


def _belonging(found: tuple[Object, ...], public_key: PublicKey) -> tuple[Object, ...]:
    """Return the keys that tell this public half, else those that tell none."""
    told = [(item, read_public_key(item)) for item in found]
    exact = tuple(item for item, key in told if key == public_key)
    return exact or tuple(item for item, key in told if key is None)


def _build_key(place: KeyPlace, found: Object, public_key: PublicKey) -> PrivateKey:
    signer = RawSigner(
        token=place.token.label,
        mechanisms=place.module.mechanisms(place.token),
        sign=_Call(place.module, place.token, found),
    )
    if isinstance(public_key, rsa.RSAPublicKey):
        return TokenRSAKey(signer, public_key)
    return TokenECKey(signer, public_key)


def _check_belongs(key: PrivateKey, told: PublicKey | None, place: KeyPlace, uri: KeyURI) -> None:
    """Show that the private key belongs to the public key it is handed out with.

    RSA private objects tell their modulus. EC ones seldom tell their point, so one signature over
    random bytes is made and verified: a public object lying beside the key proves nothing.
    """
    belongs = _signs_for(key) if told is None else told == key.public_key()
    if not belongs:
        raise KeyMismatchError(token=place.token.label, wanted=str(uri))


def _signs_for(key: PrivateKey) -> bool:
    data = secrets.token_bytes(32)
    signature = sign_data(key, data)
    try:
        match key.public_key():
            case rsa.RSAPublicKey() as public:
                public.verify(signature, data, PKCS1v15(), hash_for(key))
            case public:
                public.verify(signature, data, ec.ECDSA(hash_for(key)))
    except InvalidSignature:
        return False
    return True
