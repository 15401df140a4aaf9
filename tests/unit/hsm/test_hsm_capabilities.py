"""What a token is said to sign and make, held against what it signs and makes.

SoftHSM lacks nothing of RSA and ECDSA, so the shim takes its mechanisms away one after the other.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding
from hsm_shim import Shim
from hsm_shim_token import EC_ID, LABEL, RSA_ID
from hsm_world import SOFTHSM_TYPES, USER_PIN, check_signature, right_pin
from pkcs11 import Mechanism

from hsm.capabilities import Capabilities, Hashing, SigningAlgorithm, SizeRange, read_capabilities
from hsm.cryptoki.build import build_token_key
from hsm.cryptoki.ml_dsa import TokenMLDSA65Key
from hsm.cryptoki.signer import RawSigner
from hsm.errors import FunctionFailedError, MechanismUnsupportedError
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import open_module
from hsm.module import Module
from hsm.uri import KeyURI
from pki.keys import KeyType, PrivateKey, key_type_of

DATA = b"m\xe1\xbb\x99t v\xc4\x83n b\xe1\xba\xa3n"
A = SigningAlgorithm
SHA = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
KEY_TYPES = {
    A.ECDSA_P256_SHA256: KeyType.EC_P256,
    A.ECDSA_P384_SHA384: KeyType.EC_P384,
    A.ECDSA_P521_SHA512: KeyType.EC_P521,
    A.ED25519: KeyType.ED25519,
}


def sign(algorithm: SigningAlgorithm, key: PrivateKey) -> None:
    """Sign as the algorithm says, and check what came."""
    hashed = SHA.get(algorithm[-3:])
    scheme = None
    if algorithm.startswith("rsa"):
        scheme = (
            padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
            if "pss" in algorithm
            else padding.PKCS1v15()
        )
        signature = key.sign(DATA, scheme, hashed)
    elif algorithm.startswith("ecdsa"):
        signature = key.sign(DATA, ec.ECDSA(hashed))
    else:
        signature = key.sign(DATA)
    check_signature(key.public_key(), signature, DATA, hashed, scheme)


def said(module: Module, token) -> Capabilities:
    return read_capabilities(module, token)


@pytest.mark.parametrize("algorithm", [one for one in A if one is not A.ML_DSA])
def test_what_softhsm_is_said_to_sign_it_signs(module, token, key_uri, algorithm):
    signs = dict(said(module, token).signs)
    assert signs[algorithm] is (Hashing.TOKEN if algorithm is A.ED25519 else Hashing.HOST)
    uri = key_uri(KEY_TYPES.get(algorithm, KeyType.RSA_2048))
    sign(algorithm, open_key(uri, [module], right_pin()))


@pytest.mark.parametrize("key_type", KeyType)
def test_what_softhsm_is_said_to_make_it_makes(module, token, key_uri, key_type):
    makes = dict(said(module, token).makes)
    assert makes[key_type] is (key_type in SOFTHSM_TYPES)
    if makes[key_type]:
        key = open_key(key_uri(key_type), [module], right_pin())
        assert key_type_of(key) is key_type
    else:
        with pytest.raises(MechanismUnsupportedError):
            generate_key(module, token.label, USER_PIN, label="k", key_type=key_type)


def test_ml_dsa_is_lacking_and_is_not_signed_with(module, token):
    """No SoftHSM makes such a key: the key class is asked, with what the token says it can."""
    assert dict(said(module, token).signs)[A.ML_DSA] is None
    signer = RawSigner(token.label, module.mechanisms(token), lambda *_: b"")
    key = build_token_key(signer, mldsa.MLDSA65PrivateKey.generate().public_key())
    assert isinstance(key, TokenMLDSA65Key)
    with pytest.raises(MechanismUnsupportedError):
        key.sign(DATA)


@pytest.fixture
def weak(shim: Shim) -> Callable[..., tuple[Capabilities, dict[bytes, PrivateKey]]]:
    """Return what takes mechanisms away, and gives what is said then and the keys to try it."""

    def make(*lacking: Mechanism) -> tuple[Capabilities, dict[bytes, PrivateKey]]:
        shim.without_mechanisms(*lacking)
        module = open_module(shim.path)
        (token,) = module.tokens()
        assert token.label == LABEL
        keys = {
            key_id: open_key(KeyURI(token=LABEL, id=key_id), [module], right_pin())
            for key_id in (EC_ID, RSA_ID)
        }
        return read_capabilities(module, token), keys

    return make


WEAKENED = {
    "no raw RSA": (Mechanism.RSA_PKCS,),
    "only raw RSA": (Mechanism.SHA256_RSA_PKCS, Mechanism.SHA384_RSA_PKCS),
    "one hash of RSA": (
        Mechanism.RSA_PKCS,
        Mechanism.SHA384_RSA_PKCS,
        Mechanism.SHA512_RSA_PKCS,
    ),
    "no PSS": (
        Mechanism.RSA_PKCS_PSS,
        Mechanism.SHA256_RSA_PKCS_PSS,
        Mechanism.SHA384_RSA_PKCS_PSS,
        Mechanism.SHA512_RSA_PKCS_PSS,
    ),
    "no raw PSS": (Mechanism.RSA_PKCS_PSS, Mechanism.SHA512_RSA_PKCS_PSS),
    "no ECDSA": (
        Mechanism.ECDSA,
        Mechanism.ECDSA_SHA256,
        Mechanism.ECDSA_SHA384,
        Mechanism.ECDSA_SHA512,
    ),
    "no raw ECDSA": (Mechanism.ECDSA,),
}


@pytest.mark.parametrize("lacking", WEAKENED.values(), ids=WEAKENED.keys())
def test_what_is_said_of_a_weaker_token_is_what_it_does(weak, shim, lacking):
    capabilities, keys = weak(*lacking)
    answers = []
    for algorithm, hashing in capabilities.signs:
        if algorithm not in {A.ECDSA_P384_SHA384, A.ECDSA_P521_SHA512, A.ED25519, A.ML_DSA}:
            key = keys[RSA_ID if algorithm.startswith("rsa") else EC_ID]
            shim.calls.forget()
            answers.append(hashing)
            if hashing is None:
                with pytest.raises(MechanismUnsupportedError):
                    sign(algorithm, key)
            else:
                sign(algorithm, key)
                (made,) = shim.calls.signatures
                assert (made.length == len(DATA)) is (hashing is Hashing.TOKEN)
    assert answers, "something was tried"


def test_between_them_those_tokens_gave_every_answer(weak):
    capabilities, _keys = weak(*WEAKENED["one hash of RSA"])
    signs = dict(capabilities.signs)
    assert [signs[one] for one in (A.RSA_PKCS1_SHA256, A.RSA_PKCS1_SHA384, A.RSA_PSS_SHA256)] == [
        Hashing.TOKEN,
        None,
        Hashing.HOST,
    ]


def test_sizes_are_the_tokens_own(module, token, faults):
    assert said(module, token).rsa_bits == SizeRange(512, 16384)
    with told_sizes(faults, 2048, 3072):
        capabilities = said(module, token)
    makes = dict(capabilities.makes)
    assert capabilities.rsa_bits == SizeRange(2048, 3072)
    assert [makes[one] for one in (KeyType.RSA_2048, KeyType.RSA_3072, KeyType.RSA_4096)] == [
        True,
        True,
        False,
    ]
    assert not makes[KeyType.EC_P256], "its size is not between these"
    assert dict(capabilities.signs)[A.ECDSA_P256_SHA256] is None


@pytest.mark.parametrize(("smallest", "largest"), [(0, 0), (9999, 1), (128, 512)])
def test_sizes_that_make_no_sense_are_not_told(module, token, faults, smallest, largest):
    """Some modules tell bytes for RSA, some nothing."""
    with told_sizes(faults, smallest, largest):
        capabilities = said(module, token)
    assert capabilities.rsa_bits is None
    assert dict(capabilities.makes)[KeyType.RSA_4096]


def test_a_mechanism_without_the_flag_does_not_count(module, token, faults):
    with told_sizes(faults, 2048, 4096, flags=0x10000):  # CKF_GENERATE_KEY_PAIR alone
        capabilities = said(module, token)
    assert {hashing for _, hashing in capabilities.signs} == {None}
    assert dict(capabilities.makes)[KeyType.RSA_2048]


def test_a_module_that_tells_no_flags_is_believed_its_list(module, token, faults):
    with told_sizes(faults, 0, 0, flags=0):
        capabilities = said(module, token)
    assert dict(capabilities.signs)[A.RSA_PKCS1_SHA256] is Hashing.HOST
    with faults.answer("C_GetMechanismInfo", "MECHANISM_INVALID"):
        assert said(module, token).signs == capabilities.signs


def test_a_module_that_fails_says_so(module, token, faults):
    with faults.answer("C_GetMechanismInfo", "GENERAL_ERROR"), pytest.raises(FunctionFailedError):
        said(module, token)


def told_sizes(faults, smallest: int, largest: int, *, flags: int | None = None):
    """Let C_GetMechanismInfo tell these sizes, and these flags if any."""

    def fake(original, arguments):
        result = original(*arguments)
        info = (ctypes.c_ulong * 3).from_address(arguments[2])
        info[0], info[1] = smallest, largest
        info[2] = info[2] if flags is None else flags
        return result

    return faults._swapped("C_GetMechanismInfo", fake)
