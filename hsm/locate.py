"""One door to every key: `pkcs11:…` on a token, `file:PATH` in a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography import x509

from hsm.errors import KeyMismatchError, KeyPasswordNeededError, KeyURIError
from hsm.keys import open_key
from hsm.module import Module
from hsm.objects import certified_key
from hsm.pin import PinSource
from hsm.software import OpenedKey, load_key_file
from hsm.tokens import TokenInfo
from hsm.uri import SCHEME, KeyURI
from pki.names import common_name

FILE_SCHEME = "file:"

Modules = Callable[[str | None], Iterable[Module]]
"""Gives the module that an address names by `module-path` (RFC 7512 §2.4), or with None those to
search; called only when a token is meant. An unknown module is tried before (`hsm.opening`)."""


def open_any(
    uri_text: str,
    modules: Modules,
    pin_source: PinSource,
    *,
    certificate: x509.Certificate | None = None,
    allow_final_try: bool = False,
    one_pin: bool = False,
) -> OpenedKey:
    """Open the key at an address, wherever it is.

    Args:
        uri_text: `pkcs11:…` (RFC 7512) or `file:PATH`.
        modules: where to look for tokens.
        pin_source: gives the token's PIN, or the file's password if it is encrypted.
        certificate: what the key must belong to.
        allow_final_try: spend a token's last try if it comes to that.
        one_pin: keep the token's PIN for every signature of this key.

    Raises:
        KeyURIError: neither kind of address.
        KeyMismatchError: the key is not the certificate's.
        PKIError: as `hsm.keys.open_key` and `hsm.software.load_key_file`.
    """
    if uri_text.startswith(FILE_SCHEME):
        return _open_file(file_path(uri_text), pin_source, certificate)
    if not uri_text.startswith(SCHEME):
        raise KeyURIError(reason="scheme")
    uri = KeyURI.parse(uri_text)
    key = open_key(
        uri,
        modules(uri.module_path),
        pin_source,
        certificate=certificate,
        allow_final_try=allow_final_try,
        one_pin=one_pin,
    )
    return OpenedKey(key)


def file_path(uri_text: str) -> Path:
    """Return the path of a `file:PATH` address, taken as it stands.

    Raises:
        KeyURIError: another scheme, or no path.
    """
    path = uri_text.removeprefix(FILE_SCHEME)
    if path == uri_text or not path:
        raise KeyURIError(reason="scheme")
    # file:///path is what other programs write; the empty authority says nothing.
    path = path[2:] if path.startswith("///") else path
    # Before a drive the slash is the address's, not the path's: file:///C:/keys/seal.p12.
    is_drive = sys.platform == "win32" and re.match(r"/[A-Za-z]:[/\\]", path) is not None
    return Path(path[1:] if is_drive else path)


def _open_file(
    path: Path, pin_source: PinSource, certificate: x509.Certificate | None
) -> OpenedKey:
    found = _load(path, pin_source)
    if certificate is not None and certified_key(certificate) != found.key.public_key():
        raise KeyMismatchError(token=path.name, wanted=common_name(certificate.subject))
    return found


def _load(path: Path, pin_source: PinSource) -> OpenedKey:
    try:
        return load_key_file(path, None)
    except KeyPasswordNeededError:
        holder = TokenInfo(label=path.name, serial="", key_file=path)
        return load_key_file(path, pin_source.ask(holder))
