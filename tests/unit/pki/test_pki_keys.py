"""Keys: each kind names the algorithm it signs with, and its signatures verify."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import KINDS, NOW, ONE_SIZE, new_key, rsa_key

from pki import der
from pki.keys import (
    KeyType,
    PrivateKey,
    algorithm_der,
    certifies,
    digest_for,
    hash_for,
    key_type_of,
    sign_data,
    verifies,
)
from pki.lint.fields import ALGORITHM

DATA = "Công văn số 1".encode()
HASHES = {"p256": SHA256, "p384": SHA384, "p521": SHA512, "a": SHA256}


def self_signed(key: PrivateKey) -> x509.Certificate:
    """Return a certificate that `cryptography` builds and signs by itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    return builder.sign(key, hash_for(key))


@pytest.mark.parametrize("kind", KINDS)
def test_the_algorithm_is_written_as_cryptography_writes_it(kind: str):
    tbs = der.read(self_signed(new_key(kind)).tbs_certificate_bytes, "certificate")
    written = der.read_all(tbs.content, "certificate")[ALGORITHM].whole
    key = new_key(kind)
    assert algorithm_der(key) == algorithm_der(key.public_key()) == written


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_verifies_and_nothing_else(kind: str):
    key, other = new_key(kind), new_key("b" if kind == "a" else kind)
    signature = sign_data(key, DATA)
    assert verifies(key.public_key(), signature, DATA)
    assert not verifies(key.public_key(), signature, DATA + b".")
    assert not verifies(key.public_key(), signature[:-1], DATA)
    assert kind == "a" or not verifies(other.public_key(), signature, DATA)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_that_cryptography_signs_verifies(kind: str):
    certificate = self_signed(new_key(kind))
    key = certificate.public_key()
    assert verifies(key, certificate.signature, certificate.tbs_certificate_bytes)  # type: ignore[arg-type]


def test_pss_and_pkcs1_are_two_things():
    key = rsa_key()
    signature = sign_data(key, DATA, pss=True)
    assert verifies(key.public_key(), signature, DATA, pss=True)
    assert not verifies(key.public_key(), signature, DATA)
    assert not verifies(key.public_key(), sign_data(key, DATA), DATA, pss=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_hash_is_as_strong_as_the_key(kind: str):
    """Ed25519 and ML-DSA hash by themselves; CMS digests the content with SHA-512 for them."""
    key = new_key(kind)
    for half in (key, key.public_key()):
        found = hash_for(half)
        assert (found is None) is (kind in ONE_SIZE)
        assert found is None or type(found) is HASHES[kind]
        assert type(digest_for(half)) is HASHES.get(kind, SHA512)


@pytest.mark.parametrize("kind", KINDS)
def test_both_halves_have_one_type(kind: str):
    key = new_key(kind)
    assert key_type_of(key) is key_type_of(key.public_key())


def test_what_antin_has_no_name_for_has_no_type():
    assert key_type_of(ec.generate_private_key(ec.SECP256K1())) is None
    assert key_type_of(ed448.Ed448PrivateKey.generate()) is None
    assert key_type_of(None) is None
    assert {key_type_of(new_key(kind)) for kind in KINDS} == {*KeyType} - {
        KeyType.RSA_3072,
        KeyType.RSA_4096,
    }


@pytest.mark.parametrize("kind", ["p256", "p521", *ONE_SIZE])
def test_a_certificate_belongs_to_its_key_alone(kind: str):
    key = new_key(kind)
    certificate = self_signed(key)
    again = x509.load_der_x509_certificate(certificate.public_bytes(Encoding.DER))
    assert certifies(again, key)
    assert not certifies(again, new_key(kind))
