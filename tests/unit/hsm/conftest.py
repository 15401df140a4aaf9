"""SoftHSM tokens in a directory of this test run; the key types are made once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hsm_faults import Faults
from hsm_shim import Shim, Workshop
from hsm_shim_token import copy_tokens, fill
from hsm_world import SO_PIN, USER_PIN, right_pin

from hsm.embedded import EmbeddedTokens, find_softhsm
from hsm.errors import EmbeddedConflictError
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.module import Module, close_modules
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import KeyType, PrivateKey

SHARED = "Kho khóa chung"
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def token_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hsm") / "thiết bị"


@pytest.fixture
def embedded(token_directory: Path) -> EmbeddedTokens:
    tokens = EmbeddedTokens(token_directory)
    try:
        tokens.module()
    except EmbeddedConflictError:  # another test left its own directory open
        close_modules()
        tokens.module()
    return tokens


@pytest.fixture
def module(embedded: EmbeddedTokens) -> Module:
    return embedded.module()


@pytest.fixture
def new_token(embedded: EmbeddedTokens) -> Callable[..., TokenInfo]:
    """Return what makes a token that no other test has used."""

    def make(label: str = "") -> TokenInfo:
        return embedded.create_token(label or f"thiết bị {next(_NUMBERS)}", USER_PIN, SO_PIN)

    return make


@pytest.fixture
def token(new_token: Callable[..., TokenInfo]) -> TokenInfo:
    return new_token()


@pytest.fixture(scope="session")
def _made_keys() -> dict[KeyType, KeyURI]:
    return {}


@pytest.fixture
def key_uri(
    embedded: EmbeddedTokens, _made_keys: dict[KeyType, KeyURI]
) -> Callable[[KeyType], KeyURI]:
    """Return the address of a key of this type on the shared token."""
    module = embedded.module()
    if not any(token.label == SHARED for token in module.tokens()):
        embedded.create_token(SHARED, USER_PIN, SO_PIN)

    def make(key_type: KeyType) -> KeyURI:
        if key_type not in _made_keys:
            _made_keys[key_type] = generate_key(
                module, SHARED, USER_PIN, label=f"khóa {key_type}", key_type=key_type
            )
        return _made_keys[key_type]

    return make


@pytest.fixture
def key(module: Module, key_uri: Callable[[KeyType], KeyURI]) -> Callable[[KeyType], PrivateKey]:
    """Return what opens a key of this type on the shared token."""
    return lambda key_type: open_key(key_uri(key_type), [module], right_pin())


@pytest.fixture
def faults(module: Module) -> Faults:
    return Faults(module.path)


@pytest.fixture(scope="session")
def shim_workshop(
    tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], Path]
) -> Workshop:
    """Return what makes modules that fail on demand; compiled once a run."""
    return Workshop(tmp_path_factory.mktemp("shim"), peer("cc"), find_softhsm().resolve())


@pytest.fixture(scope="session")
def _filled_shim(shim_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Shim:
    made = shim_workshop.shim(0, tmp_path_factory.mktemp("shim-token"))
    fill(made)
    return made


@pytest.fixture
def new_shim(
    shim_workshop: Workshop, _filled_shim: Shim, tmp_path: Path
) -> Iterator[Callable[..., Shim]]:
    """Return what makes a module with token `hsm_shim_token.LABEL`, or a second one beside it.

    `new_shim(empty=True)` has no token; `new_shim(beside=shim)` serves the tokens of `shim`.
    """
    made: list[Shim] = []

    def make(*, empty: bool = False, beside: Shim | None = None) -> Shim:
        number = len(made) + 1
        one = shim_workshop.shim(number, tmp_path / f"shim{number}", beside)
        made.append(one)
        if not empty and beside is None:
            copy_tokens(_filled_shim, one)
        return one

    yield make
    for one in made:
        one.clear()  # first: a call that hangs may hold what closing waits for
    close_modules()
    for one in made:
        one.close()


@pytest.fixture
def shim(new_shim: Callable[..., Shim]) -> Shim:
    """Return a module that fails on demand, with token `hsm_shim_token.LABEL`."""
    return new_shim()
