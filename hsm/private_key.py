"""The private key behind a key object: finds it, signs with it, and finds it again when it is lost.

A session ends without our doing: the machine slept, the HSM was restarted, another program reset
the token. Then the token says that it does not know the session, and so has signed nothing in it:
one new login with a PIN asked anew, and the signature is asked for once more. Where it is not sure
that nothing was signed (the token went away in the middle, the device failed) the call ends with
the error, and the next call reconnects.
"""

from __future__ import annotations

from typing import cast

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, Mechanism, Session
from pkcs11.types import SignMixin

from hsm.cryptoki.mapping import is_spoilt
from hsm.cryptoki.pad_signature import sign_on_pad
from hsm.cryptoki.pin_rules import check_may_ask, wrong_pin
from hsm.cryptoki.public_keys import read_attribute, read_public_key
from hsm.cryptoki.session_state import is_logged_in
from hsm.cryptoki.signer import PSSParameters
from hsm.errors import (
    FunctionFailedError,
    KeyAmbiguousError,
    KeyNotFoundError,
    SessionLostError,
    TokenAmbiguousError,
    TokenNotPresentError,
    WrongPINError,
)
from hsm.lanes import Lane
from hsm.login import login
from hsm.objects import ObjectKind, describe, find_objects, shared_key
from hsm.pin import Pin, PinSource, RememberingPinSource
from hsm.search import KeyPlace
from hsm.tokens import TokenInfo
from pki.keys import PublicKey


class PrivateKeyOnToken:
    """One private key on one token; calling it signs."""

    def __init__(self, place: KeyPlace, pin_source: PinSource, *, allow_final_try: bool) -> None:
        self.token = place.token
        self.always_authenticate = False
        """CKA_ALWAYS_AUTHENTICATE: every signature takes a PIN of its own."""
        self._module = place.module
        self._id = place.id
        self._public_key = place.public_key
        self._wanted = (place.id, _spki(place.public_key))
        self._pin_source = pin_source
        self._allow_final_try = allow_final_try

    def open(self) -> PublicKey | None:
        """Log in, find the key, and return the public half that it tells, if it tells one.

        Raises:
            KeyNotFoundError: no such private key on the token.
            KeyAmbiguousError: several fit, and nothing tells which.
            PKIError: as `hsm.login.login`.
        """
        self._log_in(self.token)

        def look(lane: Lane) -> PublicKey | None:
            # Looked for anew: what lies on the token may have changed since another was opened.
            self._module.working(lane, self.token).keys.pop(self._wanted, None)
            found = self._key(lane)
            self.always_authenticate = _flag(found, Attribute.ALWAYS_AUTHENTICATE)
            return read_public_key(found) or self._told_beside(lane, found)

        return self._module.run_files(look, self.token)

    def __call__(
        self, data: bytes, mechanism: Mechanism, parameters: PSSParameters | None
    ) -> bytes:
        """Return the token's signature over `data`.

        Raises:
            SessionLostError: lost, and lost again after reconnecting.
            TokenNotPresentError: the token is not there (any more).
            WrongPINError: the PIN for this one signature was wrong.
            PKIError: whatever else the token answers.
        """
        if not self._module.logged_in(self.token):
            self._reconnect()
        pin = self._ask_for_this_one() if self.always_authenticate else None
        try:
            return self._sign(data, mechanism, parameters, pin)
        except WrongPINError:
            self._forget_pin()
            raise
        except SessionLostError:
            if not self._module.logged_in(self.token):
                self._reconnect()
            return self._sign(data, mechanism, parameters, pin)

    def _sign(
        self, data: bytes, mechanism: Mechanism, parameters: PSSParameters | None, pin: Pin | None
    ) -> bytes:
        module, token = self._module, self.token
        on_pad = self.always_authenticate and pin is None

        def sign(lane: Lane) -> bytes:
            key = cast("SignMixin", self._key(lane))  # what get_objects gives for a private key
            if on_pad:
                return sign_on_pad(module.functions, key, data, mechanism, parameters)
            secret = None if pin is None else pin.reveal()
            return key.sign(data, mechanism=mechanism, mechanism_param=parameters, pin=secret)

        def attempt(lane: Lane) -> bytes:
            try:
                return sign(lane)
            except pkcs11.PKCS11Error as error:
                if not is_spoilt(error):  # else `run` gives everything back
                    # The operation may still be open in that session, or the key's handle be stale.
                    module.kept.drop_working(lane, token)
                if not isinstance(error, pkcs11.PinIncorrect):
                    raise
                if pin is not None:
                    module.refused.remember(token, pin)
                raise wrong_pin(module.refresh(token)) from error

        limit = module.limits.pad if on_pad else module.limits.sign
        return module.run(attempt, token, mechanism=mechanism.name, limit=limit)

    def _ask_for_this_one(self) -> Pin | None:
        """Return the PIN of the one signature to come, or None where it is typed on the pad."""
        now = self._module.refresh(self.token)
        check_may_ask(now, allow_final_try=self._allow_final_try)
        if now.protected_path:
            self._pin_source.announce_pad(now)
            return None
        pin = self._pin_source.ask(now)
        if self._module.refused.knows(now, pin):
            raise wrong_pin(now)
        return pin

    def _told_beside(self, lane: Lane, found: pkcs11.Object) -> PublicKey | None:
        """Return what the objects of the key's own CKA_ID tell, where nothing else told before.

        An elliptic key tells no public half, and an address may name nothing but the token.
        """
        own_id = read_attribute(found, Attribute.ID)
        if self._public_key is not None or not own_id:
            return None
        session = self._module.working(lane, self.token).session
        return shared_key(
            describe(item, kind, self.token)
            for kind in (ObjectKind.PUBLIC, ObjectKind.CERTIFICATE)
            for item in find_objects(session, kind, own_id)
        )

    def _log_in(self, token: TokenInfo) -> None:
        try:
            login(self._module, token, self._pin_source, allow_final_try=self._allow_final_try)
        except WrongPINError:
            self._forget_pin()
            raise

    def _forget_pin(self) -> None:
        if isinstance(self._pin_source, RememberingPinSource):
            self._pin_source.forget(self.token)

    def _reconnect(self) -> None:
        token = self._find_again()
        self._log_in(token)
        self.token = token

    def _find_again(self) -> TokenInfo:
        """Return the token, which may be in another slot now."""
        here = self._same(self._module.tokens())
        if not here and self._module.restart():
            here = self._same(self._module.tokens())
        if not here:
            raise TokenNotPresentError(token=self.token.label)
        if len(here) > 1:
            serials = tuple(f"{one.serial} ({one.label})" for one in here)
            raise TokenAmbiguousError(wanted=self.token.label, serials=serials)
        return here[0]

    def _same(self, tokens: tuple[TokenInfo, ...]) -> list[TokenInfo]:
        fitting = [one for one in tokens if _identity(one) == _identity(self.token)]
        return [one for one in fitting if one.slot_id == self.token.slot_id] or fitting

    def _key(self, lane: Lane) -> pkcs11.PrivateKey:
        working = self._module.working(lane, self.token)
        found = working.keys.get(self._wanted)
        if found is None:
            found = self._find(working.session)
            working.keys[self._wanted] = found
        return found

    def _find(self, session: Session) -> pkcs11.PrivateKey:
        # Asked for by id, and the id is not there: another key is not what was meant.
        found = find_objects(session, ObjectKind.PRIVATE, self._id)
        if self._public_key is not None and (self._id is None or len(found) > 1):
            found = _belonging(found, self._public_key)
        wanted = self._id.hex() if self._id is not None else "-"
        if not found and not is_logged_in(self._module.functions, session):
            raise pkcs11.UserNotLoggedIn  # lost meanwhile: the token shows no private key
        if not found:
            raise KeyNotFoundError(wanted=wanted, token=self.token.label)
        if len(found) > 1:
            raise KeyAmbiguousError(wanted=wanted, token=self.token.label)
        if not isinstance(found[0], SignMixin):
            # CKA_SIGN is not set, or the token failed to tell: python-pkcs11 passes over that.
            raise FunctionFailedError(token=self.token.label, reason="CKA_SIGN")
        return cast("pkcs11.PrivateKey", found[0])


def _belonging(
    found: tuple[pkcs11.Object, ...], public_key: PublicKey
) -> tuple[pkcs11.Object, ...]:
    """Return the keys that tell this public half, else those that tell none."""
    told = [(item, read_public_key(item)) for item in found]
    exact = tuple(item for item, key in told if key == public_key)
    return exact or tuple(item for item, key in told if key is None)


def _spki(public_key: PublicKey | None) -> bytes | None:
    if public_key is None:
        return None
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _identity(token: TokenInfo) -> tuple[str, str, str, str]:
    return token.serial, token.label, token.manufacturer, token.model


def _flag(item: pkcs11.Object, attribute: Attribute) -> bool:
    try:
        return bool(item[attribute])
    except (pkcs11.PKCS11Error, IndexError):  # many tokens do not know the attribute
        return False
