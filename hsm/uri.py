"""Addresses of keys: PKCS#11 URIs. `file:PATH` addresses are `hsm.locate`'s.

A PIN never stands in an address (`pin-value` is refused): addresses are typed on command lines,
logged and stored.

Spec: RFC 7512 §2.3.
"""

from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from hsm.errors import KeyURIError
from hsm.tokens import TokenInfo

SCHEME = "pkcs11:"
# Path attribute of RFC 7512 → field of KeyURI; others are refused, since what is not understood
# cannot be matched (§2.3, last paragraph).
_TEXT_FIELDS = ("token", "object", "type", "serial", "manufacturer", "model")
_TYPES = ("public", "private", "cert", "secret-key", "data")
# RFC 7512's pk11-pchar beside letters and digits, less `&`, which ends a query attribute.
_PATH_SAFE = "-._~:[]@!$'()*+,="
_QUERY_SAFE = _PATH_SAFE + "/?|"


@dataclass(frozen=True, slots=True)
class KeyURI:
    """Which key: every field left None matches anything."""

    token: str | None = None
    """The token's label."""
    object: str | None = None
    """The object's label; says which public object is meant, and never chooses a key alone."""
    id: bytes | None = None
    """CKA_ID."""
    type: str | None = None
    serial: str | None = None
    """The token's serial number."""
    manufacturer: str | None = None
    model: str | None = None
    module_path: str | None = None
    """The PKCS#11 module's file; None where the configured ones are to be searched."""

    @classmethod
    def parse(cls, text: str) -> KeyURI:
        """Read a `pkcs11:` URI.

        Raises:
            KeyURIError: another scheme, an unknown or repeated attribute, a PIN, broken escapes.

        Spec: RFC 7512 §2.3.
        """
        if not text.startswith(SCHEME):
            raise KeyURIError(reason="scheme")
        path, _, query = text.removeprefix(SCHEME).partition("?")
        fields: dict[str, str] = {}
        key_id: bytes | None = None
        for name, value in _attributes(path, ";"):
            if name == "id":
                key_id = value
            elif name in _TEXT_FIELDS:
                fields[name] = _text(name, value)
            else:
                raise KeyURIError(reason=name)
        if fields.get("type", "private") not in _TYPES:
            raise KeyURIError(reason="type")
        return cls(**fields, id=key_id, module_path=_module_path(query))

    def __str__(self) -> str:
        parts = []
        for name in _TEXT_FIELDS:
            value = getattr(self, name)
            if value is not None:
                parts.append(f"{name}={quote(value, safe=_PATH_SAFE)}")
        if self.id is not None:
            parts.append("id=" + "".join(f"%{byte:02X}" for byte in self.id))
        query = ""
        if self.module_path is not None:
            query = "?module-path=" + quote(self.module_path, safe=_QUERY_SAFE)
        return SCHEME + ";".join(parts) + query

    def fits(self, token: TokenInfo) -> bool:
        """Say whether the token's label, serial, manufacturer and model are those asked for."""
        return all(
            wanted is None or same_text(wanted, found)
            for wanted, found in (
                (self.token, token.label),
                (self.serial, token.serial),
                (self.manufacturer, token.manufacturer),
                (self.model, token.model),
            )
        )

    @property
    def names_token(self) -> bool:
        """Whether it says which token by label or serial."""
        return self.token is not None or self.serial is not None


def same_text(one: str, other: str) -> bool:
    """Compare labels in NFC: keyboards and systems write Vietnamese letters in two forms."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def _attributes(text: str, separator: str) -> list[tuple[str, bytes]]:
    pairs: list[tuple[str, bytes]] = []
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals:
            raise KeyURIError(reason=name)
        if any(name == seen for seen, _ in pairs):
            raise KeyURIError(reason=name)
        pairs.append((name, _unescape(name, value)))
    return pairs


def _unescape(name: str, value: str) -> bytes:
    for piece in value.split("%")[1:]:
        if len(piece) < 2 or not set(piece[:2]) <= set(string.hexdigits):
            raise KeyURIError(reason=name)
    try:
        return unquote_to_bytes(value)
    except UnicodeEncodeError as error:  # a lone surrogate: no text a person can have meant
        raise KeyURIError(reason=name) from error


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KeyURIError(reason=name) from error


def _module_path(query: str) -> str | None:
    found = None
    for name, value in _attributes(query, "&"):
        if name != "module-path":
            raise KeyURIError(reason="pin-value" if name == "pin-value" else name)
        found = _text(name, value)
    return found
