"""A module that fails on demand (`hsm_shim`), opened as Antin opens a real token's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cryptography import x509
from hsm_shim_token import EC_ID, LABEL, RSA_ID
from hsm_world import CountingPinSource

from hsm.gate import Limits
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.module import Module
from hsm.pin import PinSource
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.keys import PrivateKey

SHORT = timedelta(seconds=0.4)
QUICK = Limits(call=SHORT, sign=SHORT, pad=timedelta(seconds=2), generate=timedelta(seconds=30))
EC = KeyURI(token=LABEL, id=EC_ID)
RSA = KeyURI(token=LABEL, id=RSA_ID)


def opened(path: Path, *, limits: Limits | None = None) -> Module:
    """Return the module; its limits are far off unless a test wants to reach them."""
    return open_module(path, limits=limits or Limits())


def token_of(module: Module) -> TokenInfo:
    """Return the one token that is set up."""
    (token,) = module.tokens()
    return token


def key_of(
    module: Module,
    source: PinSource | None = None,
    uri: KeyURI = EC,
    *,
    certificate: x509.Certificate | None = None,
    one_pin: bool = False,
) -> PrivateKey:
    """Open a key of the token."""
    return open_key(
        uri, [module], source or CountingPinSource(), certificate=certificate, one_pin=one_pin
    )
