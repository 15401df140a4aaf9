"""Keys in files: PKCS#8 (PEM or DER) and PKCS#12, for whoever has no token yet.

The password is revealed to cryptography and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from hsm.errors import (
    KeyFileMalformedError,
    KeyFileUnavailableError,
    KeyPasswordNeededError,
    KeyPasswordWrongError,
    KeyTypeUnsupportedError,
)
from hsm.pin import Pin
from pki.keys import PrivateKey, key_type_of

# A PKCS#12 file with a long chain has tens of kilobytes.
_MAX_BYTES = 1024 * 1024
# Version 3, the first element of a PFX (RFC 7292 §4); PKCS#8 begins with 0 or 1, or has none.
_PFX_VERSION = bytes.fromhex("020103")


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A private key ready to sign, and the certificates that lay beside it (PKCS#12)."""

    key: PrivateKey
    certificate: x509.Certificate | None = None
    chain: tuple[x509.Certificate, ...] = ()


def load_key(path: Path, password: Pin | None) -> PrivateKey:
    """Return the private key of a PKCS#8 or PKCS#12 file; `load_key_file` says what it raises."""
    return load_key_file(path, password).key


def load_key_file(path: Path, password: Pin | None) -> OpenedKey:
    """Read a PKCS#8 file (PEM or DER) or a PKCS#12 file.

    Args:
        path: the file, at most 1 MiB.
        password: None for a file that is not encrypted.

    Raises:
        KeyFileUnavailableError: no such file, or it cannot be read.
        KeyPasswordNeededError: encrypted, and no password was given.
        KeyPasswordWrongError: it does not open with this password.
        KeyFileMalformedError: no private key in a form that is known.
        KeyTypeUnsupportedError: of a kind that Antin does not sign with.

    Spec: RFC 5958, RFC 7292.
    """
    data = _read(path)
    if b"-----BEGIN" in data:
        return OpenedKey(_load_pkcs8(load_pem_private_key, path, data, password))
    if _looks_like_pkcs12(data):
        return _load_pkcs12(path, data, password)
    return OpenedKey(_load_pkcs8(load_der_private_key, path, data, password))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise KeyFileUnavailableError(path=path) from error
    if len(data) > _MAX_BYTES:
        raise KeyFileMalformedError(path=path)
    return data


def _load_pkcs8(
    load: Callable[[bytes, bytes | None], object], path: Path, data: bytes, password: Pin | None
) -> PrivateKey:
    try:
        return _supported(load(data, None), path)
    except TypeError as error:  # cryptography's word for "encrypted, and no password"
        if password is None:
            raise KeyPasswordNeededError(path=path) from error
    except UnsupportedAlgorithm as error:
        raise KeyTypeUnsupportedError(where=path) from error
    except ValueError as error:
        raise KeyFileMalformedError(path=path) from error
    try:
        return _supported(load(data, password.reveal().encode()), path)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyPasswordWrongError(path=path) from error


def _load_pkcs12(path: Path, data: bytes, password: Pin | None) -> OpenedKey:
    try:
        bundle = _open_pkcs12(data, password)
    except (ValueError, UnsupportedAlgorithm) as error:
        # PKCS#12 cannot tell a wrong password from a broken or strange file.
        if password is None:
            raise KeyPasswordNeededError(path=path) from error
        raise KeyPasswordWrongError(path=path) from error
    if bundle.key is None:
        raise KeyFileMalformedError(path=path)
    return OpenedKey(
        key=_supported(bundle.key, path),
        certificate=bundle.cert.certificate if bundle.cert else None,
        chain=tuple(item.certificate for item in bundle.additional_certs),
    )


def _open_pkcs12(data: bytes, password: Pin | None) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(data, None)
    except ValueError:
        if password is None:
            raise
    return pkcs12.load_pkcs12(data, password.reveal().encode())


def _looks_like_pkcs12(data: bytes) -> bool:
    if data[:1] != b"\x30" or len(data) < 2:
        return False
    length_bytes = data[1] & 0x7F if data[1] & 0x80 else 0
    return data[2 + length_bytes :].startswith(_PFX_VERSION)


def _supported(key: object, path: Path) -> PrivateKey:
    # RSA keys of unusual sizes have no type to be made with, but sign like any other.
    if isinstance(key, PrivateKey) and (isinstance(key, rsa.RSAPrivateKey) or key_type_of(key)):
        return key
    raise KeyTypeUnsupportedError(where=path)
