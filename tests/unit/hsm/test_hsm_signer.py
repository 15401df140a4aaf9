"""Tokens that lack the raw mechanisms get the data, or are told apart; SoftHSM has them all.

The token here is a software key behind `RawSigner`, which is what a token is to these classes.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from hsm_world import check_signature
from pkcs11 import Mechanism

from hsm.cryptoki.ec import TokenECKey
from hsm.cryptoki.rsa import TokenRSAKey
from hsm.cryptoki.signer import RawSigner
from hsm.errors import MechanismUnsupportedError

DATA = b"no raw mechanism here"
SHA256 = hashes.SHA256()
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
