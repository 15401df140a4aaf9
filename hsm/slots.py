"""The slots of one module, and the tokens in them. Called inside `Module.run` only."""

from __future__ import annotations

from contextlib import suppress

import pkcs11

from hsm.cryptoki.library import Library
from hsm.cryptoki.token_info import serial_of
from hsm.errors import TokenNotPresentError, TokenRemovedError
from hsm.tokens import TokenInfo


class Slots:
    """Lists slots, and finds a token that was seen in one."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._last: dict[int, pkcs11.Slot] = {}
        self._unread: dict[int, pkcs11.Token] = {}

    def present(self) -> tuple[pkcs11.Token, ...]:
        """Return the tokens that are plugged in."""
        found = [_present_token(slot) for slot in self._list()]
        self._unread = {token.slot.slot_id: token for token in found if token is not None}
        return tuple(self._unread.values())

    def find(self, token: TokenInfo) -> pkcs11.Token:
        """Return python-pkcs11's token, which is still the one that was seen.

        Raises:
            TokenNotPresentError: the slot is empty.
            TokenRemovedError: another token is in the slot.
        """
        found = _present_token(self.get(token.slot_id, token.label))
        if found is None:
            raise TokenNotPresentError(token=token.label)
        if serial_of(found) != token.serial:
            raise TokenRemovedError(token=token.label)
        return found

    def find_again(self, token: TokenInfo) -> pkcs11.Token:
        """As `find`, by the slots that were listed last; listed anew where that is not enough.

        The first reading after `present` believes what the token said there: asking each twice
        was a fifth of the time to find one of four. Not for what takes a PIN: whoever logs in or
        signs asks the token again, and some modules notice one that was swapped only when they
        list their slots.
        """
        unread = self._unread.pop(token.slot_id, None)
        if unread is not None and serial_of(unread) == token.serial:
            return unread
        slot = self._last.get(token.slot_id)
        with suppress(pkcs11.PKCS11Error):
            found = _present_token(slot) if slot is not None else None
            if found is not None and serial_of(found) == token.serial:
                return found
        return self.find(token)

    def get(self, slot_id: int, label: str) -> pkcs11.Slot:
        """Return a slot by its number.

        Raises:
            TokenNotPresentError: there is none; `label` is the token that was looked for.
        """
        for slot in self._list():
            if slot.slot_id == slot_id:
                return slot
        raise TokenNotPresentError(token=label)

    def _list(self) -> tuple[pkcs11.Slot, ...]:
        slots = tuple(self._library.get_slots())
        self._last = {slot.slot_id: slot for slot in slots}
        return slots


def _present_token(slot: pkcs11.Slot) -> pkcs11.Token | None:
    try:
        return slot.get_token()
    except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
        return None
