"""What no key of a token does: leave it."""

from __future__ import annotations

from typing import NoReturn, Self

from cryptography.hazmat.primitives import serialization as ser

from hsm.cryptoki.signer import RawSigner
from hsm.errors import KeyStaysError


class KeyStays:
    """The methods of cryptography's private keys that would need the raw key."""

    _signer: RawSigner

    def private_numbers(self) -> NoReturn:
        """Refuse: keys never leave the token."""
        raise KeyStaysError(operation="private_numbers", token=self._signer.token)

    def private_bytes(
        self,
        encoding: ser.Encoding,  # noqa: ARG002  cryptography's signature
        format: ser.PrivateFormat,  # noqa: A002, ARG002
        encryption_algorithm: ser.KeySerializationEncryption,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse: keys never leave the token."""
        raise KeyStaysError(operation="private_bytes", token=self._signer.token)

    def private_bytes_raw(self) -> NoReturn:
        """Refuse: keys never leave the token."""
        raise KeyStaysError(operation="private_bytes_raw", token=self._signer.token)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise KeyStaysError(operation="pickle", token=self._signer.token)
