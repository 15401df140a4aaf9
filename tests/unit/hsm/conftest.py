"""SoftHSM tokens in a directory of this test run; the key types are made once."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hsm_faults import Faults
from hsm_shim import Shim, Workshop
from hsm_shim_token import EC_URI, copy_tokens, fill
from hsm_world import SO_PIN, USER_PIN, right_pin

from hsm.embedded import EmbeddedTokens, find_softhsm
from hsm.errors import EmbeddedConflictError
from hsm.gate import Limits
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules, open_module
from hsm.module import Module
from hsm.pin import PinSource
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from hsm.workers.address import ModuleFile
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import SigningWorkers, signing_workers
from pki.keys import KeyType, PrivateKey, PublicKey

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


@pytest.fixture
def start_workers(shim: Shim) -> Iterator[Callable[..., SigningWorkers]]:
    """Return what starts workers on the shim's EC key; they are ended after the test."""
    started: list[SigningWorkers] = []

    def make(
        workers: int = 2,
        *,
        source: PinSource | None = None,
        limits: Limits | None = None,
        **order: Any,
    ) -> SigningWorkers:
        address = ModuleFile(shim.path, limits or Limits())
        wanted = KeyOrder(**{"uri": EC_URI, "modules": (address,), **order})
        pool = signing_workers(wanted, source or right_pin(), workers=workers)
        started.append(pool)
        return pool

    yield make
    shim.clear()
    for pool in started:
        pool.shutdown(cancel_futures=True)
    assert multiprocessing.active_children() == []


@pytest.fixture
def ec_public_key(shim: Shim) -> PublicKey:
    """Return the public half of the shim's EC key, read in this process."""
    module = open_module(shim.path)
    try:
        return open_key(EC_URI, [module], right_pin()).public_key()
    finally:
        module.close()
        shim.calls.forget()
