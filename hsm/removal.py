"""Removes a key and what belongs to it from a token, or its certificates alone.

What belongs together carries one CKA_ID. The private key goes first: it is the one that a token may
refuse to destroy, and then nothing else is gone; if it goes and the rest does not, a second call
removes the rest.

Spec: PKCS #11 v3.0 §5.7.4 (C_DestroyObject).
"""

from __future__ import annotations

from collections.abc import Collection

from pkcs11 import Session

from hsm.errors import FunctionFailedError, KeyNotFoundError
from hsm.login import login
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, find_objects, list_objects
from hsm.pin import PinSource
from hsm.tokens import TokenInfo

ORDER = (ObjectKind.PRIVATE, ObjectKind.PUBLIC, ObjectKind.CERTIFICATE)


def find_removed(
    module: Module, token: TokenInfo, key_id: bytes, kinds: Collection[ObjectKind] = ORDER
) -> tuple[TokenObject, ...]:
    """Return what would be removed, as far as it shows itself; nobody logs in.

    Raises:
        PKIError: whatever the token answers.
    """
    return tuple(item for item in list_objects(module, token, kinds) if item.id == key_id)


def remove_objects(
    module: Module,
    token: TokenInfo,
    pin_source: PinSource,
    *,
    key_id: bytes,
    kinds: Collection[ObjectKind] = ORDER,
) -> dict[ObjectKind, int]:
    """Remove every object of this CKA_ID and these kinds, and say how many there were of each.

    Raises:
        KeyNotFoundError: there is none; nothing was done.
        FunctionFailedError: the token says that it removed an object, and still has it.
        PKIError: as `hsm.login.login`, and whatever else the token answers.
    """
    login(module, token, pin_source)

    def remove(session: Session) -> dict[ObjectKind, int]:
        removed = {}
        for kind in ORDER:
            found = find_objects(session, kind, key_id) if kind in kinds else ()
            for item in found:
                item.destroy()
            if found and find_objects(session, kind, key_id):
                raise FunctionFailedError(token=token.label, reason="C_DestroyObject")
            removed[kind] = len(found)
        return removed

    removed = module.write(token, remove)
    if not any(removed.values()):
        raise KeyNotFoundError(wanted=key_id.hex(), token=token.label)
    return removed
