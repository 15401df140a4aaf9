"""Keys of a ceremony: made on a token, found again, and what the token says of them read back."""

from __future__ import annotations

from typing import Any

from cli.errors import CeremonyKeyError
from cli.homes.keys import open_modules
from cli.homes.office import Office
from hsm.cryptoki.attributes import read_attributes
from hsm.errors import KeyNotFoundError
from hsm.generate import make_key
from hsm.login import login
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, find_objects, list_objects
from hsm.protection import PROTECTIVE_ATTRIBUTES, KeyProtection, read_protection
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.ceremony.plan import KeyStep
from pki.keys import PublicKey, key_type_of


def find_place(office: Office, label: str) -> tuple[Module, TokenInfo]:
    """Return the one token of that label.

    Raises:
        PKIError: none, or more than one.
    """
    return find_token(open_modules(office.home, session=office.session), KeyURI(token=label))


def make(office: Office, step: KeyStep, *, again: bool) -> TokenObject:
    """Make the key of a step; after an interruption take the one that was made.

    Raises:
        PKIError: whatever the token answers.
    """
    module, token = find_place(office, step.token)
    if again:
        found = [one for one in _halves(module, token) if _is_of(step, one)]
        if len(found) == 1:
            return found[0]
    made = office.pins.retrying(
        lambda: make_key(module, token, office.pins, label=step.key, key_type=step.key_type)
    )
    return next(one for one in _halves(module, token) if one.id == made.uri.id)


def find(office: Office, step: KeyStep, key: PublicKey) -> str:
    """Return the address of a key that a step before made.

    Raises:
        KeyNotFoundError: it is not on its token any more.
        PKIError: no such token.
    """
    module, token = find_place(office, step.token)
    for one in _halves(module, token):
        if one.public_key == key:
            return str(one.uri)
    raise KeyNotFoundError(token=token.label, wanted=step.key)


def read_back(office: Office, step: KeyStep, half: TokenObject) -> KeyProtection:
    """Return what the token says now of how it keeps the private key.

    Raises:
        PKIError: whatever the token answers.
    """
    module, token = find_place(office, step.token)
    office.pins.retrying(lambda: login(module, token, office.pins))

    def look(session: Any) -> KeyProtection:  # noqa: ANN401  the module's own session
        privates = find_objects(session, ObjectKind.PRIVATE, half.id)
        if len(privates) != 1:
            raise KeyNotFoundError(token=token.label, wanted=step.key)
        return read_protection(read_attributes(privates[0], PROTECTIVE_ATTRIBUTES))

    return module.read(token, look)


def demanded(office: Office, step: KeyStep, names: tuple[str, ...], half: TokenObject) -> Any:  # noqa: ANN401  JSON
    """Return the attributes that a ceremony demands, as the token tells them.

    Raises:
        CeremonyKeyError: one is not as demanded; unknown is not either.
        PKIError: whatever the token answers.
    """
    told = dict(read_back(office, step, half).as_pairs())
    wanted = dict.fromkeys(names, True) | {"extractable": False}
    lacking = tuple(name for name, value in wanted.items() if told[name] is not value)
    if lacking:
        raise CeremonyKeyError(key=step.key, token=step.token, attributes=lacking)
    return wanted


def _halves(module: Module, token: TokenInfo) -> tuple[TokenObject, ...]:
    return list_objects(module, token, (ObjectKind.PUBLIC,))


def _is_of(step: KeyStep, half: TokenObject) -> bool:
    return half.label == step.key and key_type_of(half.public_key) == step.key_type
