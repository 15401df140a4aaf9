"""Token keys sign as cryptography's own do, and do nothing else."""

from __future__ import annotations

import copy
import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from hsm_world import (
    SOFTHSM_TYPES,
    USER_PIN,
    build_everything,
    certify,
    check_signature,
    name,
    right_pin,
)

from hsm.cryptoki.generation import generation_mechanism
from hsm.errors import (
    AlgorithmUnsupportedError,
    KeyStaysError,
    MechanismUnsupportedError,
    SignatureWrongError,
)
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.objects import list_objects
from hsm.uri import KeyURI
from pki.keys import KeyType, hash_for, sign_data, verifies

KINDS = (KeyType.RSA_2048, KeyType.EC_P256, KeyType.EC_P521, KeyType.ED25519)
HASHES = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
DATA = "Kính gửi: Ủy ban nhân dân tỉnh".encode() * 4000


def hash_id(algorithm: hashes.HashAlgorithm) -> str:
    return algorithm.name


@pytest.mark.parametrize("key_type", SOFTHSM_TYPES)
def test_every_key_type_signs_and_a_changed_document_does_not_verify(key, key_type):
    private = key(key_type)
    signature = sign_data(private, DATA)
    check_signature(private.public_key(), signature, DATA, hash_for(private))
    with pytest.raises(InvalidSignature):
        check_signature(private.public_key(), signature, DATA + b".", hash_for(private))


@pytest.mark.parametrize("algorithm", HASHES, ids=hash_id)
@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.EC_P384, KeyType.EC_P521])
def test_ecdsa_with_every_hash_also_longer_than_the_curve(key, key_type, algorithm):
    private = key(key_type)
    digest = hashlib.new(algorithm.name, DATA).digest()
    for signature in (
        private.sign(DATA, ec.ECDSA(algorithm)),
        private.sign(digest, ec.ECDSA(Prehashed(algorithm))),
        private.sign(memoryview(DATA), ec.ECDSA(algorithm)),
    ):
        check_signature(private.public_key(), signature, DATA, algorithm)


@pytest.mark.parametrize("algorithm", HASHES, ids=hash_id)
def test_pkcs1_with_every_hash(key, algorithm):
    private = key(KeyType.RSA_2048)
    digest = hashlib.new(algorithm.name, DATA).digest()
    for signature in (
        private.sign(DATA, padding.PKCS1v15(), algorithm),
        private.sign(digest, padding.PKCS1v15(), Prehashed(algorithm)),
    ):
        check_signature(private.public_key(), signature, DATA, algorithm)


@pytest.mark.parametrize("salt", [0, 20, padding.PSS.DIGEST_LENGTH, padding.PSS.MAX_LENGTH])
@pytest.mark.parametrize("algorithm", HASHES, ids=hash_id)
def test_pss_with_every_hash_and_salt(key, algorithm, salt):
    private = key(KeyType.RSA_2048)
    scheme = padding.PSS(padding.MGF1(algorithm), salt)
    digest = hashlib.new(algorithm.name, DATA).digest()
    for signature in (
        private.sign(DATA, scheme, algorithm),
        private.sign(digest, scheme, Prehashed(algorithm)),
    ):
        check_signature(private.public_key(), signature, DATA, algorithm, scheme)


def test_a_salt_of_another_length_does_not_verify(key):
    private = key(KeyType.RSA_2048)
    sha256 = hashes.SHA256()
    signature = private.sign(DATA, padding.PSS(padding.MGF1(sha256), 20), sha256)
    other = padding.PSS(padding.MGF1(sha256), 32)
    with pytest.raises(InvalidSignature):
        check_signature(private.public_key(), signature, DATA, sha256, other)


@pytest.mark.parametrize("key_type", KINDS)
def test_certificates_requests_crls_and_ocsp_answers_are_built_with_it(key, key_type):
    build_everything(key(key_type))


def test_a_certificate_is_built_with_pss(key):
    private = key(KeyType.RSA_2048)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name("An"))
        .sign(private, hashes.SHA256(), rsa_padding=scheme)
    )
    assert request.is_signature_valid
    assert request.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS


@pytest.mark.parametrize("key_type", KINDS)
def test_what_needs_the_key_itself_is_refused(key, key_type):
    private = key(key_type)
    secret = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    asked = [
        private.private_numbers,
        lambda: private.private_bytes(*secret),
        lambda: pickle.dumps(private),
    ]
    if isinstance(private, rsa.RSAPrivateKey):
        asked.append(lambda: private.decrypt(b"0" * 256, padding.PKCS1v15()))
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        asked.append(private.private_bytes_raw)
    else:
        asked.append(lambda: private.exchange(ec.ECDH(), private.public_key()))
    for ask in asked:
        with pytest.raises(KeyStaysError):
            ask()
    assert copy.copy(private) is private
    assert copy.deepcopy(private) is private


def test_sizes_are_those_of_the_public_half(key):
    assert key(KeyType.RSA_3072).key_size == 3072
    assert (key(KeyType.EC_P384).key_size, key(KeyType.EC_P384).curve.name) == (384, "secp384r1")
    assert (key(KeyType.EC_P521).key_size, key(KeyType.EC_P521).curve.name) == (521, "secp521r1")


SHA1 = hashes.SHA1()  # noqa: S303  what is refused
SHA256 = hashes.SHA256()


@pytest.mark.parametrize(
    ("scheme", "algorithm"),
    [
        (padding.PKCS1v15(), SHA1),
        (padding.PKCS1v15(), NoDigestInfo()),
        (padding.PKCS1v15(), Prehashed(SHA256)),  # of data that is no digest
        (padding.OAEP(padding.MGF1(SHA256), SHA256, None), SHA256),
        (padding.PSS(padding.MGF1(SHA256), padding.PSS.AUTO), SHA256),
        (padding.PSS(padding.MGF1(SHA256), 223), SHA256),
        (padding.PSS(padding.MGF1(SHA1), 32), SHA256),
    ],
)
def test_other_rsa_algorithms_are_refused(key, scheme, algorithm):
    with pytest.raises(AlgorithmUnsupportedError):
        key(KeyType.RSA_2048).sign(DATA, scheme, algorithm)


@pytest.mark.parametrize(
    "algorithm",
    [
        ec.ECDSA(SHA1),
        ec.ECDSA(SHA256, deterministic_signing=True),
        ec.ECDSA(Prehashed(SHA256)),
        object(),
    ],
)
def test_other_ec_algorithms_are_refused(key, algorithm):
    with pytest.raises(AlgorithmUnsupportedError):
        key(KeyType.EC_P256).sign(DATA, algorithm)


@pytest.mark.parametrize("key_type", KINDS)
def test_a_signature_of_the_wrong_length_is_not_handed_out(key, faults, key_type):
    private = key(key_type)
    with faults.short_signatures(12), pytest.raises(SignatureWrongError):
        sign_data(private, DATA)
    check_signature(private.public_key(), sign_data(private, DATA), DATA, hash_for(private))


def test_a_mechanism_the_token_lacks_is_named(key, faults):
    private = key(KeyType.RSA_2048)
    with (
        faults.answer("C_SignInit", "MECHANISM_INVALID"),
        pytest.raises(MechanismUnsupportedError) as caught,
    ):
        private.sign(DATA, padding.PKCS1v15(), SHA256)
    assert caught.value.facts["mechanism"] == "RSA_PKCS"


@pytest.mark.parametrize("key_type", [one for one in KeyType if one not in SOFTHSM_TYPES])
def test_softhsm_makes_no_ml_dsa_keys_and_says_so(module, token, key_type):
    with pytest.raises(MechanismUnsupportedError) as caught:
        generate_key(module, token.label, USER_PIN, label="k", key_type=key_type)
    assert caught.value.facts == {"token": token.label, "mechanism": str(key_type)}
    assert list_objects(module, token) == ()
    assert generation_mechanism(key_type) not in module.mechanisms(token)


@pytest.mark.parametrize("key_type", SOFTHSM_TYPES)
def test_softhsm_names_what_it_needs_to_make_the_others(module, token, key_type):
    assert generation_mechanism(key_type) in module.mechanisms(token)


@pytest.mark.parametrize("key_type", SOFTHSM_TYPES)
def test_a_certificate_comes_beside_any_key_and_finds_it(module, token, key_type):
    uri = generate_key(module, token.label, USER_PIN, label="k", key_type=key_type)
    made = open_key(uri, [module], right_pin())
    certificate = certify(made.public_key())
    import_certificate(module, token.label, USER_PIN, uri, certificate)
    found = open_key(KeyURI(token=token.label), [module], right_pin(), certificate=certificate)
    assert found.public_key() == made.public_key()
    assert verifies(made.public_key(), sign_data(found, DATA), DATA)


def test_eight_threads_on_two_tokens_each_get_their_own_signature(module, new_token):
    keys = []
    for key_type in (KeyType.RSA_2048, KeyType.EC_P256):
        token = new_token()
        uri = generate_key(module, token.label, USER_PIN, label="k", key_type=key_type)
        keys.append(open_key(uri, [module], right_pin()))

    def sign(number: int) -> tuple[int, bytes]:
        return number, sign_data(keys[number % 2], str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(sign, range(400)))
    assert len(made) == 400
    for number, signature in made:
        check_signature(keys[number % 2].public_key(), signature, str(number).encode(), SHA256)
