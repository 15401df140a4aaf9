"""What a token can sign and make, by what it tells of its mechanisms; nobody logs in.

The answers are those that the key classes of `hsm.cryptoki` give: they choose between the same
mechanisms in the same order, and a token that lacks all of them is said to lack the algorithm.

Spec: PKCS #11 v3.0 §5.5.5 (C_GetMechanismList), §5.5.6 (C_GetMechanismInfo).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pkcs11
from pkcs11 import Mechanism, MechanismFlag

from hsm.cryptoki.generation import generation_mechanism
from hsm.lanes import Lane
from hsm.module import Module
from hsm.tokens import TokenInfo
from pki.keys import KeyType


class SigningAlgorithm(StrEnum):
    """What Antin signs with, hash included where there is one to choose."""

    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ECDSA_P384_SHA384 = "ecdsa-p384-sha384"
    ECDSA_P521_SHA512 = "ecdsa-p521-sha512"
    ED25519 = "ed25519"
    ML_DSA = "ml-dsa"


class Hashing(StrEnum):
    """Where the data is hashed."""

    HOST = "host"
    """Here; the token gets the digest alone."""
    TOKEN = "token"  # noqa: S105  no password
    """On the token, which gets the whole of the data."""


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Sizes of keys in bits, both ends included."""

    smallest: int
    largest: int

    def __contains__(self, bits: int) -> bool:
        return self.smallest <= bits <= self.largest


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a token can do; everything is named, and None or False says that it cannot."""

    signs: tuple[tuple[SigningAlgorithm, Hashing | None], ...]
    makes: tuple[tuple[KeyType, bool], ...]
    rsa_bits: SizeRange | None
    """Sizes of RSA keys that it makes, or else signs with; None where it tells none."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What C_GetMechanismInfo said of one mechanism."""

    flags: int
    sizes: SizeRange | None


_M = Mechanism
# Algorithm → the mechanism for a digest made here, the one that hashes on the token, bits of the
# key where it has only one size.
_SIGNING: dict[SigningAlgorithm, tuple[Mechanism | None, Mechanism | None, int | None]] = {
    SigningAlgorithm.RSA_PKCS1_SHA256: (_M.RSA_PKCS, _M.SHA256_RSA_PKCS, None),
    SigningAlgorithm.RSA_PKCS1_SHA384: (_M.RSA_PKCS, _M.SHA384_RSA_PKCS, None),
    SigningAlgorithm.RSA_PKCS1_SHA512: (_M.RSA_PKCS, _M.SHA512_RSA_PKCS, None),
    SigningAlgorithm.RSA_PSS_SHA256: (_M.RSA_PKCS_PSS, _M.SHA256_RSA_PKCS_PSS, None),
    SigningAlgorithm.RSA_PSS_SHA384: (_M.RSA_PKCS_PSS, _M.SHA384_RSA_PKCS_PSS, None),
    SigningAlgorithm.RSA_PSS_SHA512: (_M.RSA_PKCS_PSS, _M.SHA512_RSA_PKCS_PSS, None),
    SigningAlgorithm.ECDSA_P256_SHA256: (_M.ECDSA, _M.ECDSA_SHA256, 256),
    SigningAlgorithm.ECDSA_P384_SHA384: (_M.ECDSA, _M.ECDSA_SHA384, 384),
    SigningAlgorithm.ECDSA_P521_SHA512: (_M.ECDSA, _M.ECDSA_SHA512, 521),
    # They hash inside, more than once over: the token gets the data itself.
    SigningAlgorithm.ED25519: (None, _M.EDDSA, None),
    SigningAlgorithm.ML_DSA: (None, _M.ML_DSA, None),
}
_BITS = {
    KeyType.EC_P256: 256,
    KeyType.EC_P384: 384,
    KeyType.EC_P521: 521,
    KeyType.RSA_2048: 2048,
    KeyType.RSA_3072: 3072,
    KeyType.RSA_4096: 4096,
}
_RSA = (_M.RSA_PKCS_KEY_PAIR_GEN, _M.RSA_PKCS, _M.SHA256_RSA_PKCS, _M.RSA_PKCS_PSS)
_WANTED = {
    mechanism
    for raw, combined, _bits in _SIGNING.values()
    for mechanism in (raw, combined)
    if mechanism is not None
} | {generation_mechanism(key_type) for key_type in KeyType}
_SENSELESS_RSA_BITS = 1024
"""A larger size than this is the least that any token tells in bits; some tell bytes."""


def read_capabilities(module: Module, token: TokenInfo) -> Capabilities:
    """Return what the token can do.

    Raises:
        PKIError: whatever the token answers.
    """

    def look(_lane: Lane) -> dict[Mechanism, _Told]:
        slot = module.slots.find(token).slot
        listed = slot.get_mechanisms()
        return {one: _ask(slot, one) for one in _WANTED if one in listed}

    told = module.run_files(look, token)
    return Capabilities(
        signs=tuple((one, _hashing(told, *_SIGNING[one])) for one in SigningAlgorithm),
        makes=tuple((one, _makes(told, one)) for one in KeyType),
        rsa_bits=next((told[one].sizes for one in _RSA if one in told and told[one].sizes), None),
    )


def _ask(slot: pkcs11.Slot, mechanism: Mechanism) -> _Told:
    try:
        info = slot.get_mechanism_info(mechanism)
    except (pkcs11.MechanismInvalid, pkcs11.FunctionNotSupported):
        return _Told(0, None)  # listed all the same: it may well work
    smallest, largest = info.min_key_length or 0, info.max_key_length or 0
    senseless = largest < smallest or not largest
    if mechanism in _RSA:
        senseless = senseless or largest < _SENSELESS_RSA_BITS
    return _Told(int(info.flags), None if senseless else SizeRange(smallest, largest))


def _hashing(
    told: dict[Mechanism, _Told],
    raw: Mechanism | None,
    combined: Mechanism | None,
    bits: int | None,
) -> Hashing | None:
    # The first that is listed is the one that is used, as `RawSigner.choose` has it.
    chosen = next((one for one in (raw, combined) if one is not None and one in told), None)
    if chosen is None or not _can(told[chosen], MechanismFlag.SIGN, bits):
        return None
    return Hashing.HOST if chosen is raw else Hashing.TOKEN


def _makes(told: dict[Mechanism, _Told], key_type: KeyType) -> bool:
    mechanism = generation_mechanism(key_type)
    return mechanism in told and _can(
        told[mechanism], MechanismFlag.GENERATE_KEY_PAIR, _BITS.get(key_type)
    )


def _can(told: _Told, flag: MechanismFlag, bits: int | None) -> bool:
    """Say whether the mechanism does it, with such a key; what is not told speaks against nothing.

    Modules are found that leave the flags zero.
    """
    fits = bits is None or told.sizes is None or bits in told.sizes
    return fits and (not told.flags or bool(told.flags & int(flag)))
