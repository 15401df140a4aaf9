"""What Antin asks of any token: SoftHSM here, a real one by the environment (tests/README.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import Mechanism
from tokens_world import SPEND_TRIES, TokenUnderTest, open_token

from hsm.errors import MechanismUnsupportedError, WrongPINError
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.login import login, logout
from hsm.objects import list_objects
from hsm.pin import GivenPinSource, Pin
from hsm.search import find_certificates
from hsm.tokens import PINState
from hsm.uri import KeyURI
from pki.keys import KeyType, PrivateKey, hash_for, sign_data, verifies


@pytest.fixture(scope="module")
def bench_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenUnderTest]:
    """The token under test; what was made on it is removed at the end."""
    under_test = open_token(tmp_path_factory.mktemp("tokens"))
    yield under_test
    under_test.clean()


NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Made in seconds by a token that makes them at all; the sizes above take a smart card minutes.
QUICK = [one for one in KeyType if one not in (KeyType.RSA_3072, KeyType.RSA_4096)]
PIN = Pin("not used: logged in")


def certificate_for(key: PrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, hash_for(key))


@pytest.mark.parametrize("key_type", QUICK)
def test_a_key_is_made_and_signs_or_the_token_is_said_to_lack_it(
    bench_token: TokenUnderTest, key_type: KeyType
) -> None:
    if bench_token.makes(key_type):
        key = bench_token.key(key_type)
        for data in (b"", b"quyet dinh", bytes(100_000)):
            assert verifies(key.public_key(), sign_data(key, data), data)
            assert not verifies(key.public_key(), sign_data(key, data), data + b".")
        return
    login(bench_token.module, bench_token.token, bench_token.source)
    before = list_objects(bench_token.module, bench_token.token)
    with pytest.raises(MechanismUnsupportedError) as caught:
        generate_key(
            bench_token.module, bench_token.token.label, PIN, label="antin-test", key_type=key_type
        )
    assert caught.value.facts["mechanism"] == str(key_type)
    assert list_objects(bench_token.module, bench_token.token) == before


def test_pss_is_made_or_said_to_be_lacking(bench_token: TokenUnderTest) -> None:
    if not bench_token.makes(KeyType.RSA_2048):
        login(bench_token.module, bench_token.token, bench_token.source)
        assert bench_token.module.logged_in(bench_token.token)
        return
    key = bench_token.key(KeyType.RSA_2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    mechanisms = bench_token.module.mechanisms(bench_token.token)
    if {Mechanism.RSA_PKCS_PSS, Mechanism.SHA256_RSA_PKCS_PSS}.isdisjoint(mechanisms):
        with pytest.raises(MechanismUnsupportedError, match="PSS"):
            sign_data(key, b"x", pss=True)
        return
    signature = sign_data(key, b"x", pss=True)
    assert verifies(key.public_key(), signature, b"x", pss=True)


def some_type(bench_token: TokenUnderTest) -> KeyType:
    return next(one for one in QUICK if bench_token.makes(one))


def test_a_certificate_is_put_beside_its_key_and_chooses_it(bench_token: TokenUnderTest) -> None:
    module, token = bench_token.module, bench_token.token
    key_type = some_type(bench_token)
    uri, key = bench_token.uri(key_type), bench_token.key(key_type)
    certificate = certificate_for(key, "Nguyễn Thị Bưởi")
    import_certificate(module, token.label, PIN, uri, certificate)
    logout(module, token)
    (found,) = [one for one in find_certificates([module]) if one.certificate == certificate]
    assert (found.id, found.token.serial) == (uri.id, token.serial)
    before = bench_token.source.asked
    by_certificate = open_key(KeyURI(), [module], bench_token.source, certificate=certificate)
    assert verifies(key.public_key(), sign_data(by_certificate, b"x"), b"x")
    assert bench_token.source.asked == before + 1


def test_one_login_serves_every_key(bench_token: TokenUnderTest) -> None:
    logout(bench_token.module, bench_token.token)
    uri = bench_token.uri(some_type(bench_token))
    before = bench_token.source.asked
    for number in range(5):
        key = open_key(uri, [bench_token.module], bench_token.source)
        assert sign_data(key, bytes([number]))
    assert bench_token.source.asked <= before + 1


def test_a_login_that_was_given_back_is_asked_for_again_and_the_key_goes_on(
    bench_token: TokenUnderTest,
) -> None:
    key = bench_token.key(some_type(bench_token))
    assert sign_data(key, b"x")
    before = bench_token.source.asked
    logout(bench_token.module, bench_token.token)
    assert verifies(key.public_key(), sign_data(key, b"y"), b"y")
    assert bench_token.source.asked == before + 1


def test_the_token_says_that_its_pin_is_in_order(bench_token: TokenUnderTest) -> None:
    login(bench_token.module, bench_token.token, bench_token.source)
    now = bench_token.module.refresh(bench_token.token)
    assert now.pin_state is PINState.NORMAL
    assert now.pin_bytes is None or now.pin_bytes.start > 0


def test_a_wrong_pin_is_one_try_and_is_called_so(bench_token: TokenUnderTest) -> None:
    """On a token of somebody's, only where the environment says that a try may be spent."""
    module, token = bench_token.module, bench_token.token
    logout(module, token)
    if SPEND_TRIES or bench_token.own:
        with pytest.raises(WrongPINError):
            login(module, token, GivenPinSource(Pin("99999998")))
        assert not module.logged_in(token)
    login(module, token, bench_token.source)
    assert module.logged_in(token)
