"""Keys on tokens beside the bare call: what signing and finding the right token cost.

SoftHSM computes within this process and answers in microseconds, so what Antin adds shows as it
never does with a card or an HSM. Each process logs in once, which is counted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pkcs11 import MGF, Attribute, Mechanism, ObjectClass, Session, TokenFlag

from bench.logins import LoginCounter
from bench.material import TOKEN_LABEL, USER_PIN, Material
from bench.paired import Ways
from hsm.cryptoki.build import build_token_key
from hsm.cryptoki.public_keys import PUBLIC_KEY_ATTRIBUTES
from hsm.embedded import CONFIGURATION, find_softhsm
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.pin import GivenPinSource, Pin
from hsm.search import find_key
from hsm.uri import KeyURI

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
DATA = bytes(range(256)) * 4
PKCS1, PSS = padding.PKCS1v15(), padding.PSS(padding.MGF1(SHA256()), 32)
PSS_PARAMETERS = (Mechanism.SHA256, MGF.SHA256, 32)
HASHED = Prehashed(SHA256())


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign, through a key of Antin's and by the bare call."""

    name: str
    key: str
    """Which key of the token: `token` (RSA-2048) or `ec` (P-256)."""
    times: int
    """How many signatures make a round, of about a fiftieth of a second."""
    openssl: str = ""
    """What `openssl speed` calls it."""

    def uri(self, material: Material) -> KeyURI:
        """Return the key's address."""
        return material.token_key if self.key == "token" else material.token_ec_key

    def sign(self, key: Any) -> bytes:
        """Sign as every caller of Antin does."""
        if self.key == "ec":
            signature: bytes = key.sign(DATA, ec.ECDSA(SHA256()))
        else:
            signature = key.sign(DATA, self.padding, SHA256())
        return signature

    def call(self, key: Any) -> tuple[bytes, bytes]:
        """Hash, and sign with python-pkcs11; returns digest and signature."""
        digest = hashlib.sha256(DATA).digest()
        if self.key == "ec":
            return digest, key.sign(digest, mechanism=Mechanism.ECDSA)
        if self.padding is PKCS1:
            return digest, key.sign(DIGEST_INFO_SHA256 + digest, mechanism=Mechanism.RSA_PKCS)
        mechanism = Mechanism.RSA_PKCS_PSS
        return digest, key.sign(digest, mechanism=mechanism, mechanism_param=PSS_PARAMETERS)

    def verify(self, public: object, digest: bytes, signature: bytes) -> None:
        """Verify what the bare call gave."""
        if isinstance(public, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            public.verify(encode_dss_signature(r, s), digest, ec.ECDSA(HASHED))
        else:
            assert isinstance(public, rsa.RSAPublicKey)
            public.verify(signature, digest, self.padding, HASHED)

    @property
    def padding(self) -> padding.AsymmetricPadding:
        """The padding of an RSA signature."""
        return PSS if "PSS" in self.name else PKCS1


RSA_PKCS1 = Scheme("RSA-2048 PKCS#1", "token", 30, "rsa2048")
RSA_PSS = Scheme("RSA-2048 PSS", "token", 30)
P256 = Scheme("P-256", "ec", 200, "ecdsap256")


class Signing(Ways):
    """A key of `open_key` (found, reconnected where need be, every signature verified), and the
    bare call of python-pkcs11 on one open session."""

    def __init__(self, material: Material, scheme: Scheme, *, supervised: bool) -> None:
        self._scheme = scheme
        if supervised:  # as modules of others are: on a thread of its own, with a time limit
            os.environ["SOFTHSM2_CONF"] = str(material.tokens.directory / CONFIGURATION)
            module = open_module(find_softhsm())
        else:
            module = material.tokens.module()
        self._counter = LoginCounter(module.path)
        key: Any = open_key(scheme.uri(material), (module,), GivenPinSource(Pin(USER_PIN)))
        signer = replace(key._signer, verify_signatures=False)  # noqa: SLF001
        unverified = build_token_key(signer, key.public_key())
        (token,) = (one for one in module.tokens() if one.label == TOKEN_LABEL)
        session: Session = module.run(lambda lane: module.working(lane, token).session)
        bare = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=scheme.uri(material).id)
        public = key.public_key()
        self.ways = {
            "bare": self._often(lambda: scheme.call(bare)),
            "bare, verified": self._often(lambda: scheme.verify(public, *scheme.call(bare))),
            "Antin": self._often(lambda: scheme.sign(key)),
            "Antin, not verified": self._often(lambda: scheme.sign(unverified)),
        }
        self.check = lambda: scheme.verify(public, *scheme.call(bare))  # type: ignore[method-assign]

    def _often(self, sign: Callable[[], object]) -> Callable[[], None]:
        times = self._scheme.times

        def work() -> None:
            for _ in range(times):
                sign()

        return work

    def logins(self) -> int:
        return self._counter.logins


def signing_lines(name: str, scheme: Scheme, times: dict[str, float]) -> list[tuple[str, ...]]:
    """Return the lines of one scheme; ratios say how much of the bare call's speed is left."""
    each = {way: f"{time / scheme.times * 1e6:.0f} µs" for way, time in times.items()}

    def line(way: str, measure: str, wanted: str = "") -> tuple[str, ...]:
        ratio = f"{times[measure] / times[way]:.2f}"
        return (f"{name}: {way}", each[way], ratio, wanted, f"{measure}: {each[measure]}")

    return [
        line("Antin", "bare", "≥ 0.9"),
        line("Antin, not verified", "bare"),
        line("Antin", "bare, verified"),
    ]


_OF_CERTIFICATES = [Attribute.ID, Attribute.LABEL, Attribute.VALUE]
_OF_KEYS = [*_OF_CERTIFICATES, *PUBLIC_KEY_ATTRIBUTES]
_FINDS = 5


class Finding(Ways):
    """`find_key` with a certificate, and what must be asked of each of the four tokens: which it
    is, its certificates, and of the right one its public keys."""

    def __init__(self, material: Material) -> None:
        self._module = material.tokens.module()
        # python-pkcs11's own object: the module is initialised once a process.
        self._library = self._module._library  # noqa: SLF001
        self._counter = LoginCounter(self._module.path)
        self._certificate = material.certificate("token")
        self._wanted = self._certificate.public_key()
        self.ways = {"bare": self._often(self._call), "Antin": self._often(self._find)}

    def check(self) -> None:
        assert self._call() == self._find() == TOKEN_LABEL

    def logins(self) -> int:
        return self._counter.logins

    def _often(self, find: Callable[[], str]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(_FINDS):
                find()

        return work

    def _find(self) -> str:
        return find_key((self._module,), KeyURI(), self._certificate).token.label

    def _call(self) -> str:
        present = (slot.get_token() for slot in self._library.get_slots())
        (found,) = (
            token.label
            for token in present
            if token.flags & TokenFlag.TOKEN_INITIALIZED and self._has_it(token.open())
        )
        return found

    def _has_it(self, session: Session) -> bool:
        with session:
            certified = any(
                self._is_it(item.get_attributes(_OF_CERTIFICATES)[Attribute.VALUE])
                for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
            )
            if certified:
                keys = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})
                assert [item.get_attributes(_OF_KEYS) for item in keys]
        return certified

    def _is_it(self, der: bytes) -> bool:
        return x509.load_der_x509_certificate(der).public_key() == self._wanted


def finding_lines(times: dict[str, float]) -> list[tuple[str, ...]]:
    """Return what finding costs beside the bare calls."""
    antin, bare = (f"{times[way] / _FINDS * 1e6:.0f} µs" for way in ("Antin", "bare"))
    ratio = f"{times['Antin'] / times['bare']:.2f}"
    return [("the right one of 4 tokens, by certificate", antin, ratio, "< 1.5", f"bare: {bare}")]


def signings() -> dict[str, tuple[Scheme, Callable[[Material], Ways]]]:
    """Return what signs, by name."""
    return {
        f"{scheme.name}, {place}": (scheme, partial(Signing, scheme=scheme, supervised=supervised))
        for scheme in (RSA_PKCS1, RSA_PSS, P256)
        for place, supervised in (("embedded", False), ("on a thread with a limit", True))
    }
