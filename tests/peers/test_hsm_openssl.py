"""OpenSSL accepts what token keys sign, and refuses it once the data has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from hsm.embedded import EmbeddedTokens
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.loading import close_modules
from hsm.pin import GivenPinSource, Pin
from pki.keys import KeyType, hash_for

DATA = "Quyết định số 01/QĐ-UBND".encode()
SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Văn An")])
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


KINDS = (
    KeyType.EC_P256,
    KeyType.EC_P384,
    KeyType.EC_P521,
    KeyType.ED25519,
    KeyType.RSA_2048,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key of each kind on a token of this file's own."""
    close_modules()
    embedded = EmbeddedTokens(tmp_path_factory.mktemp("hsm-peers"))
    pin = Pin("246810")
    embedded.create_token("thử", pin, Pin("13579135"))
    module = embedded.module()
    yield {
        key_type: open_key(
            generate_key(module, "thử", pin, label="k", key_type=key_type),
            [module],
            GivenPinSource(pin),
        )
        for key_type in KINDS
    }
    close_modules()


def openssl_verifies(
    openssl: Path, folder: Path, key, signature: bytes, *options: str, data: bytes = DATA
) -> bool:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for file, content in (("pub.pem", public), ("data", data), ("sig", signature)):
        (folder / file).write_bytes(content)
    done = subprocess.run(
        [openssl, "dgst", *options, "-verify", "pub.pem", "-signature", "sig", "data"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def both_ways(
    openssl: Path, folder: Path, key, signature: bytes, *options: str
) -> tuple[bool, ...]:
    return tuple(
        openssl_verifies(openssl, folder, key, signature, *options, data=data)
        for data in (DATA, DATA + b" ")
    )


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.EC_P384, KeyType.EC_P521])
def test_ecdsa(peer, tmp_path, keys, key_type, name):
    key = keys[key_type]
    signature = key.sign(DATA, ec.ECDSA(HASHES[name]))
    assert both_ways(peer("openssl"), tmp_path, key, signature, f"-{name}") == (True, False)


def test_ed25519(peer, tmp_path, keys):
    """`openssl dgst` of OpenSSL 3.0 knows no Ed25519, `openssl pkeyutl` does."""
    key = keys[KeyType.ED25519]
    (tmp_path / "sig").write_bytes(key.sign(DATA))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "pub.pem").write_bytes(public)
    command = [peer("openssl"), "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pub.pem"]
    command += ["-sigfile", "sig", "-in", "data"]
    verified = []
    for data in (DATA, DATA + b" "):
        (tmp_path / "data").write_bytes(data)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        verified.append(done.returncode == 0)
    assert verified == [True, False]


@pytest.mark.parametrize("name", HASHES)
def test_pkcs1(peer, tmp_path, keys, name):
    key = keys[KeyType.RSA_2048]
    signature = key.sign(DATA, padding.PKCS1v15(), HASHES[name])
    assert both_ways(peer("openssl"), tmp_path, key, signature, f"-{name}") == (True, False)


@pytest.mark.parametrize("name", HASHES)
def test_pss(peer, tmp_path, keys, name):
    key, algorithm = keys[KeyType.RSA_2048], HASHES[name]
    scheme = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
    signature = key.sign(DATA, scheme, algorithm)
    options = [f"-{name}"]
    for setting in ("rsa_padding_mode:pss", "rsa_pss_saltlen:digest", f"rsa_mgf1_md:{name}"):
        options += ["-sigopt", setting]
    assert both_ways(peer("openssl"), tmp_path, key, signature, *options) == (True, False)


@pytest.mark.parametrize("key_type", KINDS)
def test_a_request(peer, tmp_path, keys, key_type):
    key = keys[key_type]
    request = x509.CertificateSigningRequestBuilder().subject_name(SUBJECT)
    der = request.sign(key, hash_for(key)).public_bytes(Encoding.DER)
    statuses = []
    for content in (der, der[:-1] + bytes([der[-1] ^ 1])):
        (tmp_path / "request.der").write_bytes(content)
        done = subprocess.run(
            [peer("openssl"), "req", "-in", "request.der", "-inform", "DER", "-noout", "-verify"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        statuses.append((done.returncode == 0, "verify OK" in done.stdout + done.stderr))
    assert statuses[0] == (True, True)
    assert not statuses[1][1]
