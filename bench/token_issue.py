"""Issuing one at a time with an RSA-2048 key in SoftHSM, beside what the token signs by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import ObjectClass

from bench import issue
from bench.material import TOKEN_LABEL, USER_PIN, Material
from bench.rounds import Contender, Task
from bench.tokens import RSA_PKCS1
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from pki.keys import PrivateKey


class Antin(issue.Antin):
    """As in software: the key alone is another, and verifies what the token gives."""

    def key(self) -> PrivateKey:
        modules = (self.material.tokens.module(),)
        return open_key(self.material.token_key, modules, GivenPinSource(Pin(USER_PIN)))


class TwoCallers(Antin):
    """Two threads, each with its own requests: while the token signs for one, the other works."""

    def work(self) -> None:
        numbers = range(self.material.requests)
        with ThreadPoolExecutor(2) as callers:
            list(callers.map(self.issue, (numbers[::2], numbers[1::2])))


class Bare(Task):
    """python-pkcs11 on one open session: hash and sign, as many times."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._module = material.tokens.module()
        pin = GivenPinSource(Pin(USER_PIN))
        self._key: Any = open_key(material.token_key, (self._module,), pin)
        (token,) = (one for one in self._module.tokens() if one.label == TOKEN_LABEL)
        session = self._module.run(lambda lane: self._module.working(lane, token).session)
        found = {"object_class": ObjectClass.PRIVATE_KEY, "id": material.token_key.id}
        self._bare = session.get_key(**found)

    def work(self) -> None:
        for _ in range(self.material.requests):
            RSA_PKCS1.call(self._bare)

    def check(self) -> None:
        public = self._key.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        RSA_PKCS1.verify(public, *RSA_PKCS1.call(self._bare))


CONTENDERS = (
    Contender("Antin", Antin),
    Contender("floor", Bare),
    Contender("Antin, two callers", TwoCallers),
)
