"""Keys in files, and the one door to keys of both kinds."""

from __future__ import annotations

import traceback
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from hsm_world import CountingPinSource, certify, right_pin

from hsm.cryptoki.ec import TokenECKey
from hsm.errors import (
    KeyFileMalformedError,
    KeyFileUnavailableError,
    KeyMismatchError,
    KeyPasswordNeededError,
    KeyPasswordWrongError,
    KeyTypeUnsupportedError,
    KeyURIError,
)
from hsm.locate import file_path, open_any
from hsm.pin import Pin
from hsm.software import load_key, load_key_file
from pki.keys import KeyType, key_type_of, sign_data, verifies

PASSWORD = Pin("mật khẩu tệp")
LOCKED = ser.BestAvailableEncryption(PASSWORD.reveal().encode())
OPEN = ser.NoEncryption()
KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
CERTIFICATE = certify(KEY.public_key())
AUTHORITY = certify(RSA_KEY.public_key())


def pkcs8(key, encoding, encryption, form=ser.PrivateFormat.PKCS8):
    return key.private_bytes(encoding, form, encryption)


def bundle(encryption, key=KEY, certificate=CERTIFICATE):
    return pkcs12.serialize_key_and_certificates(b"An", key, certificate, [AUTHORITY], encryption)


PEM, DER = ser.Encoding.PEM, ser.Encoding.DER
OPEN_FILES = {
    "pem": pkcs8(KEY, PEM, OPEN),
    "der": pkcs8(KEY, DER, OPEN),
    "rsa": pkcs8(RSA_KEY, DER, OPEN),
    "traditional": pkcs8(KEY, PEM, OPEN, ser.PrivateFormat.TraditionalOpenSSL),
    "pkcs12": bundle(OPEN),
}
LOCKED_FILES = {
    "pem": pkcs8(KEY, PEM, LOCKED),
    "der": pkcs8(KEY, DER, LOCKED),
    "traditional": pkcs8(KEY, PEM, LOCKED, ser.PrivateFormat.TraditionalOpenSSL),
    "pkcs12": bundle(LOCKED),
}


@pytest.fixture
def save(tmp_path):
    def write(content: bytes):
        path = tmp_path / "khóa của An"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("content", OPEN_FILES.values(), ids=[*OPEN_FILES])
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_open_files_need_no_password(save, content, password):
    key = load_key(save(content), password)
    assert sign_data(key, b"x")
    assert key.public_key() in (KEY.public_key(), RSA_KEY.public_key())


@pytest.mark.parametrize("content", LOCKED_FILES.values(), ids=[*LOCKED_FILES])
def test_locked_files_need_theirs(save, content):
    path = save(content)
    assert load_key(path, PASSWORD).public_key() == KEY.public_key()
    with pytest.raises(KeyPasswordNeededError):
        load_key(path, None)
    wrong = Pin("không phải")
    with pytest.raises(KeyPasswordWrongError) as caught:
        load_key(path, wrong)
    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "Pin(***)" in text
    assert wrong.reveal() not in text


def test_pkcs12_brings_its_certificates(save):
    opened = load_key_file(save(bundle(LOCKED)), PASSWORD)
    assert (opened.certificate, opened.chain) == (CERTIFICATE, (AUTHORITY,))
    alone = pkcs12.serialize_key_and_certificates(b"An", KEY, None, None, OPEN)
    opened = load_key_file(save(alone), None)
    assert (opened.certificate, opened.chain) == (None, ())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"0",
        b"not a key",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        CERTIFICATE.public_bytes(PEM),
        CERTIFICATE.public_bytes(DER),
        OPEN_FILES["der"][:-4],
        pkcs12.serialize_key_and_certificates(None, None, CERTIFICATE, None, OPEN),
        b"x" * (1024 * 1024 + 1),
    ],
)
def test_files_without_a_key(save, content):
    with pytest.raises(KeyFileMalformedError):
        load_key(save(content), None)


def test_a_broken_pkcs12_file_asks_for_a_password_as_a_locked_one_does(save):
    broken = bundle(OPEN)[:-40]
    with pytest.raises(KeyPasswordNeededError):
        load_key(save(broken), None)
    with pytest.raises(KeyPasswordWrongError):
        load_key(save(broken), PASSWORD)


NEW_KINDS = (
    ec.generate_private_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate(),
    mldsa.MLDSA44PrivateKey.generate(),
    mldsa.MLDSA65PrivateKey.generate(),
    mldsa.MLDSA87PrivateKey.generate(),
)


@pytest.mark.parametrize("key", NEW_KINDS, ids=key_type_of)
@pytest.mark.parametrize("encoding", [PEM, DER])
@pytest.mark.parametrize("encryption", [OPEN, LOCKED], ids=["open", "locked"])
def test_every_kind_of_key_in_pkcs8(save, key, encoding, encryption):
    loaded = load_key(save(pkcs8(key, encoding, encryption)), PASSWORD)
    assert key_type_of(loaded) is key_type_of(key)
    assert verifies(key.public_key(), sign_data(loaded, b"x"), b"x")


@pytest.mark.parametrize("key", NEW_KINDS[:2], ids=key_type_of)
@pytest.mark.parametrize("encryption", [OPEN, LOCKED], ids=["open", "locked"])
def test_other_kinds_of_keys_in_pkcs12(save, key, encryption):
    """No ML-DSA: `cryptography` 50 writes none into PKCS#12."""
    certificate = certify(key.public_key())
    opened = load_key_file(save(bundle(encryption, key, certificate)), PASSWORD)
    assert (opened.certificate, opened.chain) == (certificate, (AUTHORITY,))
    assert verifies(key.public_key(), sign_data(opened.key, b"x"), b"x")


@pytest.mark.parametrize(
    "key",
    [
        ed448.Ed448PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
        x25519.X25519PrivateKey.generate(),
    ],
)
def test_other_kinds_of_keys(save, key):
    with pytest.raises(KeyTypeUnsupportedError):
        load_key(save(pkcs8(key, PEM, OPEN)), None)


def test_an_algorithm_nobody_knows(save):
    ec_key, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0202")
    strange = OPEN_FILES["der"].replace(ec_key, unknown)
    assert strange != OPEN_FILES["der"]
    with pytest.raises(KeyTypeUnsupportedError):
        load_key(save(strange), None)


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(KeyFileUnavailableError) as caught:
            load_key(path, None)
        assert caught.value.facts == {"path": path}


def no_modules(_named):
    raise AssertionError("no token was meant")


@pytest.mark.parametrize("prefix", ["file:", "file://"])
def test_a_file_is_opened_without_tokens_and_asks_only_when_locked(save, prefix):
    source = CountingPinSource(PASSWORD)
    address = f"{prefix}{save(bundle(OPEN))}"
    opened = open_any(address, no_modules, source, certificate=CERTIFICATE)
    assert (opened.certificate, source.asked) == (CERTIFICATE, [])
    path = save(bundle(LOCKED))
    opened = open_any(f"{prefix}{path}", no_modules, source)
    assert opened.key.public_key() == KEY.public_key()
    assert [(asked.key_file, asked.label) for asked in source.asked] == [(path, path.name)]


def test_a_file_with_another_key_than_the_certificates(save):
    with pytest.raises(KeyMismatchError):
        open_any(
            f"file:{save(bundle(OPEN))}", no_modules, CountingPinSource(), certificate=AUTHORITY
        )


@pytest.mark.parametrize("address", ["", "file:", "http://x", "key.pem", "PKCS11:"])
def test_other_addresses_are_refused(address):
    with pytest.raises(KeyURIError):
        open_any(address, no_modules, CountingPinSource())
    with pytest.raises(KeyURIError):
        file_path(address)


def test_a_token_is_opened_through_the_same_door(module, key_uri):
    opened = open_any(str(key_uri(KeyType.EC_P256)), lambda _named: [module], right_pin())
    assert isinstance(opened.key, TokenECKey)
    assert (opened.certificate, opened.chain) == (None, ())


def test_an_address_may_name_its_module(module, key_uri):
    asked = []

    def modules(named):
        asked.append(named)
        return [module]

    uri = key_uri(KeyType.EC_P256)
    open_any(str(uri), modules, right_pin())
    open_any(str(replace(uri, module_path="/lib/của tôi.so")), modules, right_pin())
    assert asked == [None, "/lib/của tôi.so"]
