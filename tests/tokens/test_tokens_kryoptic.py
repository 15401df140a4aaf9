"""ML-DSA on a token: a second software token, and the suite that any token is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from kryoptic import build_kryoptic
from pki_world import NOW, new_authority, new_key, profile_for, someone
from unit.hsm.hsm_world import build_everything

from hsm.cryptoki.generation import generation_mechanism
from hsm.errors import AlgorithmUnsupportedError, KeyStaysError
from hsm.generate import generate_key, import_certificate
from hsm.keys import open_key
from hsm.loading import close_modules, open_module
from hsm.module import Module
from hsm.objects import ObjectKind, list_objects
from hsm.pin import GivenPinSource, Pin
from hsm.token_setup import set_up_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.authority.create import create_root
from pki.clock import FixedClock
from pki.keys import KeyType, PrivateKey, key_type_of, sign_data, verifies
from pki.register.sql import create_register

pytestmark = [pytest.mark.long, pytest.mark.network]

LABEL = "Ký hậu lượng tử"
USER_PIN, SO_PIN = Pin("246810-2"), Pin("13579135")
KINDS = [kind for kind in KeyType if kind.startswith("ml-dsa")]
SUITE = Path(__file__).with_name("test_tokens.py")


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kryoptic")
    (folder / "token.conf").write_text(
        f'[[slots]]\nslot = 7\ndbtype = "sqlite"\ndbargs = "{folder}/token.sql"\n', "utf-8"
    )
    return folder / "token.conf"


@pytest.fixture(scope="module")
def module(peer, configuration: Path) -> Iterator[Module]:
    path = build_kryoptic(peer("cargo"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRYOPTIC_CONF", str(configuration))
        yield open_module(path)
        close_modules()


@pytest.fixture(scope="module")
def token(module: Module) -> TokenInfo:
    return set_up_token(module, LABEL, user_pin=USER_PIN, so_pin=SO_PIN)


@pytest.fixture(scope="module")
def keys(module: Module, token: TokenInfo) -> dict[KeyType, tuple[KeyURI, PrivateKey]]:
    made = {}
    for kind in KINDS:
        uri = generate_key(module, token.label, USER_PIN, label=str(kind), key_type=kind)
        made[kind] = uri, open_key(uri, [module], GivenPinSource(USER_PIN))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_an_ml_dsa_key_on_a_token_signs_and_everything_is_built_with_it(module, token, keys, kind):
    assert generation_mechanism(kind) in module.mechanisms(token)
    _, key = keys[kind]
    assert key_type_of(key) is kind
    for data in (b"", "Quyết định".encode(), bytes(1_000_000)):
        signature = sign_data(key, data)
        assert verifies(key.public_key(), signature, data)
        assert not verifies(key.public_key(), signature, data + b".")
    build_everything(key)


@pytest.mark.parametrize("kind", KINDS)
def test_its_public_half_is_told_and_its_private_half_stays(module, token, keys, kind):
    uri, key = keys[kind]
    told = {item.kind: item.public_key for item in list_objects(module, token) if item.id == uri.id}
    assert told == {ObjectKind.PUBLIC: key.public_key(), ObjectKind.PRIVATE: None}
    with pytest.raises(KeyStaysError):
        key.private_bytes_raw()
    with pytest.raises(AlgorithmUnsupportedError):
        key.sign(b"", b"context")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_an_authoritys_key_and_its_certificate_finds_it(module, token, keys, kind, tmp_path):
    uri, key = keys[kind]
    register = create_register(tmp_path / "register.db", FixedClock(NOW))
    new = new_authority("root", "root", key=key, key_uri=str(uri))
    root = create_root(new, register, FixedClock(NOW))
    certificate = root.issuer.certificate
    certificate.verify_directly_issued_by(certificate)
    below = new_key(kind)
    issued = root.issue(
        below.public_key(), profile_for("official", below), someone(), requester="văn thư"
    )
    issued.verify_directly_issued_by(certificate)
    root.revoke(issued.serial_number, x509.ReasonFlags.key_compromise)
    assert root.issue_crl().is_signature_valid(key.public_key())
    register.close()

    import_certificate(module, token.label, USER_PIN, uri, certificate)
    anywhere = open_key(KeyURI(), [module], GivenPinSource(USER_PIN), certificate=certificate)
    assert verifies(key.public_key(), sign_data(anywhere, b"x"), b"x")


def test_the_suite_of_all_tokens_passes(module, token, configuration):
    """It makes keys of every kind in a process of its own; none is said to be lacking."""
    assert all(generation_mechanism(kind) in module.mechanisms(token) for kind in KeyType)
    environment = {
        **os.environ,
        "KRYOPTIC_CONF": str(configuration),
        "ANTIN_TEST_MODULE": str(module.path),
        "ANTIN_TEST_TOKEN": f"pkcs11:serial={token.serial}",
        "ANTIN_TEST_PIN": USER_PIN.reveal(),
        "ANTIN_TEST_SPEND_TRIES": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-cov", SUITE]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
