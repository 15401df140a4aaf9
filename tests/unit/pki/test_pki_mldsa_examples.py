"""ML-DSA keys as RFC 9881 publishes them, used by an authority.

The examples' private keys come from one seed, the octets 00 to 1f. Here stand hashes of what
Appendix C prints: of the SubjectPublicKeyInfo, and of the private key in its seed form.

Spec: RFC 9881 Appendix C (github.com/lamps-wg/dilithium-certificates, `examples`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pki_world import NOW, make_world, new_authority, profile_for, someone

from pki.authority.create import create_root
from pki.clock import FixedClock
from pki.keys import KeyType, algorithm_der, key_type_of
from pki.register.sql import create_register

SEED = bytes(range(32))
EXAMPLES = [
    (
        mldsa.MLDSA44PrivateKey,
        "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be",
        "c823cb6a31172daa8af670a22c0f049af972bf1cb39a4a95971aa8c0c659dff4",
    ),
    (
        mldsa.MLDSA65PrivateKey,
        "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d",
        "af965903772933b6acc59764f335fcad9b5c61cdab2b368eabf224e7c29e31ac",
    ),
    (
        mldsa.MLDSA87PrivateKey,
        "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642",
        "72cc4260a8d3d7622801ea98636123866d00e236d5f77221039c862325e02754",
    ),
]


@pytest.mark.parametrize(("kind", "public", "private"), EXAMPLES)
def test_an_authority_with_the_key_of_the_example(tmp_path: Path, kind, public: str, private: str):
    key = kind.from_seed_bytes(SEED)
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert hashlib.sha256(pkcs8).hexdigest() == private
    clock = FixedClock(NOW)
    register = create_register(tmp_path / "register.db", clock)
    root = create_root(new_authority("root", "root", key=key), register, clock)
    certificate = root.issuer.certificate
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(spki).hexdigest() == public
    assert spki in certificate.tbs_certificate_bytes
    # No parameters in the AlgorithmIdentifier, in the key as in the signature (§2).
    algorithm = algorithm_der(key)
    assert spki[4:].startswith(algorithm)
    assert certificate.tbs_certificate_bytes.count(algorithm) == 2
    assert root.issue_crl().is_signature_valid(certificate.public_key())
    register.close()


def test_the_example_is_a_subscribers_key(tmp_path: Path):
    world = make_world(tmp_path)
    for kind, *_ in EXAMPLES:
        key = kind.from_seed_bytes(SEED)
        certificate = world.issuing.issue(
            key.public_key(), profile_for("official", key), someone(), requester="văn thư"
        )
        assert key_type_of(certificate.public_key()) is key_type_of(key)
        assert key_type_of(key) in set(KeyType)
    world.register.close()
