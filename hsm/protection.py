"""What a token says of how it keeps a private key, and whether that is enough.

Spec: PKCS #11 v3.0 §4.9 (private key objects), tables 19 and 20.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from pkcs11 import Attribute, PKCS11Error

from hsm.cryptoki.attributes import Readable

_NAMES = {
    "sensitive": Attribute.SENSITIVE,
    "always_sensitive": Attribute.ALWAYS_SENSITIVE,
    "never_extractable": Attribute.NEVER_EXTRACTABLE,
    "extractable": Attribute.EXTRACTABLE,
    "local": Attribute.LOCAL,
    "private": Attribute.PRIVATE,
    "token": Attribute.TOKEN,
    "sign": Attribute.SIGN,
}


@dataclass(frozen=True, slots=True)
class KeyProtection:
    """The protective attributes of a private key; None for one that the token does not tell."""

    sensitive: bool | None
    """CKA_SENSITIVE: its value cannot be read."""
    always_sensitive: bool | None
    """CKA_ALWAYS_SENSITIVE: it never could."""
    never_extractable: bool | None
    """CKA_NEVER_EXTRACTABLE: it never could leave the token, wrapped or not."""
    extractable: bool | None
    """CKA_EXTRACTABLE: it may leave the token wrapped."""
    local: bool | None
    """CKA_LOCAL: it was made on the token."""
    private: bool | None
    """CKA_PRIVATE: it is seen only after a login."""
    token: bool | None
    """CKA_TOKEN: it stays when the session ends."""
    sign: bool | None
    """CKA_SIGN."""

    def as_pairs(self) -> tuple[tuple[str, bool | None], ...]:
        """Return the attributes by name, the most telling first."""
        return tuple((field.name, getattr(self, field.name)) for field in fields(self))

    def lacking(self) -> tuple[str, ...]:
        """Return the attributes, by PKCS #11's names, that leave the key unprotected.

        The first four must be told; of the others a bad word counts, silence does not: version 2
        modules leave them out.
        """
        told_well = {
            "sensitive": self.sensitive is True,
            "extractable": self.extractable is False,
            "private": self.private is True,
            "token": self.token is True,
            "always_sensitive": self.always_sensitive is not False,
            "never_extractable": self.never_extractable is not False,
            "local": self.local is not False,
        }
        return tuple(_NAMES[name].name for name, is_well in told_well.items() if not is_well)


PROTECTIVE_ATTRIBUTES = tuple(_NAMES.values())
"""What `read_protection` asks for."""


def read_protection(key: Readable) -> KeyProtection:
    """Return what the token says of a private key; nothing is taken from what it was told to do."""
    return KeyProtection(**{name: _flag(key, attribute) for name, attribute in _NAMES.items()})


def _flag(key: Readable, attribute: Attribute) -> bool | None:
    try:
        return bool(key[attribute])
    except (PKCS11Error, IndexError):
        return None
