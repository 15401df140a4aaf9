"""Tokens that lack the raw mechanisms get the data, or are told apart; SoftHSM has them all.

The token here is a software key behind `RawSigner`, which is what a token is to these classes.
"""

from __future__ import annotations

import copy
import pickle
from hashlib import sha512

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from hsm_world import build_everything, check_signature
from pkcs11 import Mechanism

from hsm.cryptoki.build import build_token_key, signs_for
from hsm.cryptoki.ec import TokenECKey
from hsm.cryptoki.rsa import TokenRSAKey
from hsm.cryptoki.signer import RawSigner
from hsm.errors import (
    AlgorithmUnsupportedError,
    KeyStaysError,
    MechanismUnsupportedError,
    SignatureWrongError,
)
from pki.keys import key_type_of, sign_data, verifies

DATA = b"no raw mechanism here"
SHA256, SHA512 = hashes.SHA256(), hashes.SHA512()
PSS = padding.PSS(padding.MGF1(SHA256), 32)
HASHED_ONLY = frozenset(
    {Mechanism.SHA256_RSA_PKCS, Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.ECDSA_SHA256}
)


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def token_rsa_key(inner, mechanisms=HASHED_ONLY):
    def sign(data, mechanism, parameters):
        if mechanism is Mechanism.SHA256_RSA_PKCS:
            assert parameters is None
            return inner.sign(data, padding.PKCS1v15(), SHA256)
        assert mechanism is Mechanism.SHA256_RSA_PKCS_PSS
        assert parameters[2] == 32
        return inner.sign(data, PSS, SHA256)

    return TokenRSAKey(RawSigner("chip", mechanisms, sign), inner.public_key())


def token_ec_key(inner, mechanisms=HASHED_ONLY):
    def sign(data, mechanism, parameters):
        assert (mechanism, parameters) == (Mechanism.ECDSA_SHA256, None)
        r, s = decode_dss_signature(inner.sign(data, ec.ECDSA(SHA256)))
        return r.to_bytes(32) + s.to_bytes(32)

    return TokenECKey(RawSigner("chip", mechanisms, sign), inner.public_key())


def test_data_goes_to_a_token_that_only_hashes_itself(rsa_key, ec_key):
    signature = token_rsa_key(rsa_key).sign(DATA, padding.PKCS1v15(), SHA256)
    check_signature(rsa_key.public_key(), signature, DATA, SHA256)
    signature = token_rsa_key(rsa_key).sign(DATA, PSS, SHA256)
    check_signature(rsa_key.public_key(), signature, DATA, SHA256, PSS)
    signature = token_ec_key(ec_key).sign(DATA, ec.ECDSA(SHA256))
    check_signature(ec_key.public_key(), signature, DATA, SHA256)


@pytest.mark.parametrize("mechanisms", [HASHED_ONLY, frozenset()])
def test_a_digest_is_no_use_to_such_a_token(rsa_key, ec_key, mechanisms):
    digest = bytes(32)
    for ask in (
        lambda: token_rsa_key(rsa_key, mechanisms).sign(
            digest, padding.PKCS1v15(), Prehashed(SHA256)
        ),
        lambda: token_rsa_key(rsa_key, mechanisms).sign(digest, PSS, Prehashed(SHA256)),
        lambda: token_ec_key(ec_key, mechanisms).sign(digest, ec.ECDSA(Prehashed(SHA256))),
    ):
        with pytest.raises(MechanismUnsupportedError):
            ask()


def test_a_token_that_offers_nothing_is_told_what_was_wanted(rsa_key):
    with pytest.raises(MechanismUnsupportedError) as caught:
        token_rsa_key(rsa_key, frozenset()).sign(DATA, padding.PKCS1v15(), SHA256)
    assert caught.value.facts == {"token": "chip", "mechanism": "RSA_PKCS, SHA256_RSA_PKCS"}


def test_p521_has_66_bytes_each_and_hashes_with_sha512():
    """Raw or not, with r or s short of its 66 bytes too: each is met in a few hundred tries."""
    inner = ec.generate_private_key(ec.SECP521R1())
    given, tops = [], set()

    def sign(data, mechanism, parameters):
        given.append((data, mechanism, parameters))
        algorithm = SHA512 if mechanism is Mechanism.ECDSA_SHA512 else Prehashed(SHA512)
        r, s = decode_dss_signature(inner.sign(data, ec.ECDSA(algorithm)))
        tops.add((r.to_bytes(66)[0], s.to_bytes(66)[0]))
        return r.to_bytes(66) + s.to_bytes(66)

    raw = build_token_key(RawSigner("chip", frozenset({Mechanism.ECDSA}), sign), inner.public_key())
    for number in range(60):
        data = DATA + bytes((number,))
        check_signature(inner.public_key(), sign_data(raw, data), data, SHA512)
    assert tops == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert given[0] == (sha512(DATA + b"\0").digest(), Mechanism.ECDSA, None)

    mechanisms = frozenset({Mechanism.ECDSA_SHA512})
    hashing = build_token_key(RawSigner("chip", mechanisms, sign), inner.public_key())
    check_signature(inner.public_key(), sign_data(hashing, DATA), DATA, SHA512)
    assert given[-1] == (DATA, Mechanism.ECDSA_SHA512, None)


def wrong_token(inner, spoil, *, verify_signatures=True):
    """Return a key of a token whose every answer goes through `spoil`."""

    def sign(data, mechanism, parameters):
        assert (parameters is None) is (mechanism is not Mechanism.RSA_PKCS_PSS)
        match inner:
            case rsa.RSAPrivateKey() if mechanism is Mechanism.RSA_PKCS:
                return spoil(inner.sign(data[19:], padding.PKCS1v15(), Prehashed(SHA256)))
            case rsa.RSAPrivateKey():
                return spoil(inner.sign(data, PSS, Prehashed(SHA256)))
            case ec.EllipticCurvePrivateKey():
                signature = inner.sign(data, ec.ECDSA(Prehashed(SHA256)))
                return spoil(b"".join(n.to_bytes(32) for n in decode_dss_signature(signature)))
            case _:
                return spoil(inner.sign(data))

    mechanisms = frozenset(
        {
            Mechanism.RSA_PKCS,
            Mechanism.RSA_PKCS_PSS,
            Mechanism.ECDSA,
            Mechanism.EDDSA,
            Mechanism.ML_DSA,
        }
    )
    signer = RawSigner("chip", mechanisms, sign, verify_signatures=verify_signatures)
    return build_token_key(signer, inner.public_key())


KINDS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ml-dsa-44": mldsa.MLDSA44PrivateKey.generate(),
    "ml-dsa-65": mldsa.MLDSA65PrivateKey.generate(),
    "ml-dsa-87": mldsa.MLDSA87PrivateKey.generate(),
}


def flip(signature):
    """Change one bit in the middle."""
    middle = len(signature) // 2
    return signature[:middle] + bytes((signature[middle] ^ 1,)) + signature[middle + 1 :]


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("inner", KINDS.values(), ids=[*KINDS])
def test_what_does_not_verify_is_not_handed_out(inner, pss):
    good = wrong_token(inner, bytes)
    assert verifies(inner.public_key(), sign_data(good, DATA, pss=pss), DATA, pss=pss)
    for spoil in (flip, lambda signature: bytes(len(signature))):
        with pytest.raises(SignatureWrongError) as caught:
            sign_data(wrong_token(inner, spoil), DATA, pss=pss)
        assert caught.value.facts == {"token": "chip"}


@pytest.mark.parametrize("inner", KINDS.values(), ids=[*KINDS])
def test_what_has_another_length_is_not_handed_out(inner):
    """Whether signatures are verified or not."""
    for verify_signatures in (True, False):
        for spoil in (lambda _: b"", lambda signature: signature[:-1], lambda found: found + b"\0"):
            key = wrong_token(inner, spoil, verify_signatures=verify_signatures)
            with pytest.raises(SignatureWrongError):
                sign_data(key, DATA)


@pytest.mark.parametrize("inner", KINDS.values(), ids=[*KINDS])
def test_verification_can_be_left_to_the_caller(inner):
    signature = sign_data(wrong_token(inner, flip, verify_signatures=False), DATA)
    assert signature
    assert not verifies(inner.public_key(), signature, DATA)


@pytest.mark.parametrize("inner", KINDS.values(), ids=[*KINDS])
def test_a_key_is_shown_to_belong_to_its_public_half(inner):
    assert signs_for(wrong_token(inner, bytes), inner.public_key())
    assert not signs_for(wrong_token(inner, flip), inner.public_key())
    assert not signs_for(wrong_token(inner, flip, verify_signatures=False), inner.public_key())


def test_a_token_without_the_mechanism_is_told_of():
    """As SoftHSM 2.6.1 is, which has Ed25519 and no ML-DSA."""
    for name, mechanism in (("ed25519", "EDDSA"), ("ml-dsa-65", "ML_DSA")):
        inner = KINDS[name]
        signer = RawSigner("chip", HASHED_ONLY, lambda *_: bytes(64))
        with pytest.raises(MechanismUnsupportedError) as caught:
            sign_data(build_token_key(signer, inner.public_key()), DATA)
        assert caught.value.facts == {"token": "chip", "mechanism": mechanism}


@pytest.mark.parametrize("inner", KINDS.values(), ids=[*KINDS])
def test_everything_is_built_with_such_a_key(inner):
    build_everything(wrong_token(inner, bytes))


ML_DSA = [name for name in KINDS if name.startswith("ml-dsa")]


@pytest.mark.parametrize("name", ML_DSA)
def test_ml_dsa_takes_no_context_and_no_message_representative(name):
    key = wrong_token(KINDS[name], bytes)
    for empty in (None, b""):
        assert verifies(key.public_key(), key.sign(bytearray(DATA), empty), DATA)
    with pytest.raises(AlgorithmUnsupportedError, match="context"):
        key.sign(DATA, b"Antin")
    with pytest.raises(AlgorithmUnsupportedError, match="mu"):
        key.sign_mu(bytes(64))


@pytest.mark.parametrize("name", [*ML_DSA, "ed25519"])
def test_the_new_kinds_of_key_stay_too(name):
    key = wrong_token(KINDS[name], bytes)
    secret = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for ask in (
        lambda: key.private_bytes(*secret),
        key.private_bytes_raw,
        lambda: pickle.dumps(key),
    ):
        with pytest.raises(KeyStaysError):
            ask()
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    assert key_type_of(key) == name
