"""Opens a private key on a token. The PIN comes last, once, and for the right token.

1. The token is chosen by what it shows without a login (`hsm.search`).
2. Login (`hsm.login`): the PIN is asked for, one C_Login.
3. The private key is found by CKA_ID, else by its public half; a label alone finds nothing.
4. A key that tells another public half is not handed out. One that tells none cannot deceive
   either: every signature is verified before anybody gets it (`hsm.cryptoki.signer`).
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from hsm.cryptoki.build import build_token_key
from hsm.cryptoki.signer import RawSigner
from hsm.errors import KeyMismatchError, PublicKeyMissingError
from hsm.module import Module
from hsm.pin import PinSource, RememberingPinSource
from hsm.private_key import PrivateKeyOnToken
from hsm.search import find_key
from hsm.uri import KeyURI
from pki.keys import PrivateKey


def open_key(
    uri: KeyURI,
    modules: Iterable[Module],
    pin_source: PinSource,
    *,
    certificate: x509.Certificate | None = None,
    allow_final_try: bool = False,
    one_pin: bool = False,
) -> PrivateKey:
    """Return a token's private key as one of cryptography's.

    Args:
        uri: which key; its `module_path` is for whoever chooses the modules.
        modules: where to look.
        pin_source: asked last, and not at all if this process is logged in; asked again when the
            login was lost, and at every signature of a key that wants that.
        certificate: what the key must belong to.
        allow_final_try: spend the token's last try if it comes to that.
        one_pin: a PIN that was right is kept in memory for as long as the key lives, and given to
            a key that wants one at every signature. For a batch, where the person said so.

    Raises:
        TokenNotFoundError: no token fits.
        TokenAmbiguousError: more than one does.
        KeyMismatchError: the private key is not the certificate's.
        PINLockedError, PINFinalTryError: nothing was asked, nothing tried.
        WrongPINError: the token refused the PIN.
        KeyNotFoundError: no such private key on the token.
        KeyAmbiguousError: several fit, and nothing tells which.
        PKIError: whatever else the token answers.
    """
    place = find_key(modules, uri, certificate)
    source = RememberingPinSource(pin_source) if one_pin else pin_source
    private = PrivateKeyOnToken(place, source, allow_final_try=allow_final_try)
    told = private.open()
    public_key = place.public_key or told
    if public_key is None:
        raise PublicKeyMissingError(token=place.token.label)
    if told not in (None, public_key):
        raise KeyMismatchError(token=place.token.label, wanted=str(uri))
    signer = RawSigner(
        token=place.token.label,
        mechanisms=place.module.mechanisms(place.token),
        sign=private,
    )
    return build_token_key(signer, public_key)


def wants_pin_each_time(key: PrivateKey) -> bool:
    """Say whether a key of a token takes a PIN for every signature (CKA_ALWAYS_AUTHENTICATE)."""
    signer = getattr(key, "_signer", None)
    on_token = signer.sign if isinstance(signer, RawSigner) else None
    return isinstance(on_token, PrivateKeyOnToken) and on_token.always_authenticate
