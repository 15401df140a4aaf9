"""The token this suite is for: SoftHSM, or the one that the environment names (tests/README.md).

On a token of yours the suite makes keys of its own, named `antin-test-…`, and removes them. It
gives no wrong PIN unless ANTIN_TEST_SPEND_TRIES=1 says that tries may be spent.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from hsm.cryptoki.generation import generation_mechanism
from hsm.embedded import EmbeddedTokens
from hsm.errors import EmbeddedConflictError
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules, open_module
from hsm.login import login
from hsm.module import Module
from hsm.objects import ObjectKind, find_objects
from hsm.pin import GivenPinSource, Pin, PinSource, parse_pin_source
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType, PrivateKey

MODULE = os.environ.get("ANTIN_TEST_MODULE")
TOKEN = os.environ.get("ANTIN_TEST_TOKEN", "pkcs11:")
PIN_SOURCE = os.environ.get("ANTIN_TEST_PIN_SOURCE", "env:ANTIN_TEST_PIN")
SPEND_TRIES = os.environ.get("ANTIN_TEST_SPEND_TRIES") == "1"
_OWN_PIN = Pin("246810")


class CountedSource:
    """The token's PIN, and how often it was asked for."""

    def __init__(self, source: PinSource) -> None:
        self._source = source
        self.asked = 0

    def ask(self, token: TokenInfo) -> Pin:
        self.asked += 1
        return self._source.ask(token)

    def announce_pad(self, token: TokenInfo) -> None:
        self.asked += 1
        self._source.announce_pad(token)


@dataclass(frozen=True)
class TokenUnderTest:
    """The token, and keys made on it for this run."""

    module: Module
    token: TokenInfo
    source: CountedSource
    own: bool
    """It is SoftHSM in a folder of this run: nothing on it is anybody's."""
    made: dict[KeyType, KeyURI] = field(default_factory=dict)

    def makes(self, key_type: KeyType) -> bool:
        """Say whether the token makes keys of this type."""
        return int(generation_mechanism(key_type)) in self.module.mechanisms(self.token)

    def uri(self, key_type: KeyType) -> KeyURI:
        """Return the address of a key of this type, made once a run."""
        if key_type not in self.made:
            login(self.module, self.token, self.source)
            label = f"antin-test-{secrets.token_hex(4)}"
            made = generate_key(
                self.module, self.token.label, _OWN_PIN, label=label, key_type=key_type
            )
            self.made[key_type] = made if isinstance(made, KeyURI) else made.uri
        return self.made[key_type]

    def key(self, key_type: KeyType) -> PrivateKey:
        """Return a key of this type."""
        return open_key(self.uri(key_type), [self.module], self.source)

    def clean(self) -> None:
        """Remove what was made."""
        ids = {uri.id for uri in self.made.values()}

        def destroy(session: object) -> None:
            for kind in ObjectKind:
                for key_id in ids:
                    for item in find_objects(session, kind, key_id):  # type: ignore[arg-type]
                        item.destroy()

        if ids:
            login(self.module, self.token, self.source)
            self.module.write(self.token, destroy)


def _own(folder: Path) -> tuple[Module, TokenInfo, PinSource]:
    embedded = EmbeddedTokens(folder)
    try:
        module = embedded.module()
    except EmbeddedConflictError:  # another suite left its own directory open
        close_modules()
        module = embedded.module()
    if module.tokens():
        return module, module.tokens()[0], GivenPinSource(_OWN_PIN)
    token = embedded.create_token("thiết bị thử", _OWN_PIN, Pin("13579135"))
    return module, token, GivenPinSource(_OWN_PIN)


def _named() -> tuple[Module, TokenInfo, PinSource]:
    module = open_module(Path(str(MODULE)))
    _, token = find_token([module], KeyURI.parse(TOKEN))
    return module, token, parse_pin_source(PIN_SOURCE, lambda _token: "")


def open_token(folder: Path) -> TokenUnderTest:
    """Return the token that the environment names, or one in the folder."""
    module, token, source = _named() if MODULE else _own(folder)
    return TokenUnderTest(module, token, CountedSource(source), own=MODULE is None)
