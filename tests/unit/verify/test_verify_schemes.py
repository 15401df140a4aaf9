"""Signature algorithms that are named or written in rarer ways, and are the same mathematics."""

from __future__ import annotations

import hashlib

import pytest
from asn1crypto import algos
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from unit.verify.verify_pki import issue, make_world

from pki import der
from verify.errors import MalformedObjectError
from verify.signature_value import (
    Scheme,
    compute_digest,
    digest_name_of,
    parse_scheme,
    signature_verifies,
)

WORLD = make_world()
DATA = b"what is signed"
SHA3 = [hashes.SHA3_224(), hashes.SHA3_256(), hashes.SHA3_384(), hashes.SHA3_512()]


def scheme_of(oid, digest="sha256"):
    return parse_scheme(algos.SignedDigestAlgorithm({"algorithm": oid}), digest)


def plain(signature, size=32):
    return b"".join(each.to_bytes(size, "big") for each in decode_dss_signature(signature))


def verifies(party, scheme, signature):
    return signature_verifies(party.certificate, scheme, signature, data=DATA)


def test_plain_ecdsa_is_ecdsa_written_otherwise():
    signature = WORLD.official.key.sign(DATA, ec.ECDSA(hashes.SHA256()))
    scheme = scheme_of("0.4.0.127.0.7.1.1.4.1.3")
    assert scheme == Scheme("ecdsa", "sha256", plain=True)
    assert verifies(WORLD.official, scheme, plain(signature))
    other = bytearray(plain(signature))
    other[5] ^= 1
    assert not verifies(WORLD.official, scheme, bytes(other))
    assert not verifies(WORLD.official, scheme, b"")
    with pytest.raises(MalformedObjectError):
        verifies(WORLD.official, scheme, plain(signature)[:-1])
    assert not verifies(WORLD.official, Scheme("ecdsa", "sha256"), plain(signature))


@pytest.mark.parametrize("arc", range(4))
def test_sha3_goes_with_rsa_and_ecdsa(arc):
    digest = SHA3[arc]
    scheme = scheme_of(f"2.16.840.1.101.3.4.3.{9 + arc}")
    assert verifies(WORLD.official, scheme, WORLD.official.key.sign(DATA, ec.ECDSA(digest)))
    holder = issue("Holder", WORLD.issuing, kind="rsa2048")
    signature = holder.key.sign(DATA, padding.PKCS1v15(), digest)
    assert verifies(holder, scheme_of(f"2.16.840.1.101.3.4.3.{13 + arc}"), signature)
    assert digest_name_of({"algorithm": algos.DigestAlgorithmId(f"2.16.840.1.101.3.4.2.{7 + arc}")})


def test_the_name_of_the_key_in_the_place_of_the_algorithm():
    """Some signers name id-ecPublicKey there: the digest is the one that the signer names."""
    scheme = scheme_of("1.2.840.10045.2.1", "sha384")
    assert scheme == Scheme("ecdsa", "sha384")
    signature = WORLD.official.key.sign(DATA, ec.ECDSA(hashes.SHA384()))
    assert verifies(WORLD.official, scheme, signature)
    with pytest.raises(ValueError, match="not known"):
        scheme_of("1.2.3.4")


def test_ed448_and_the_digest_that_goes_with_it():
    """RFC 8419: the attributes are signed as they are, the content is digested with SHAKE256."""
    holder = issue("Ed448 holder", WORLD.issuing, kind="ed448")
    signature = holder.key.sign(DATA)
    assert verifies(holder, Scheme("ed448", "shake256"), signature)
    assert not verifies(holder, Scheme("ed448", "shake256"), signature[:-1] + b"\x01")
    assert Scheme("ed448", "shake256").algorithm(holder.certificate).name == "Ed448"
    with pytest.raises(MalformedObjectError):
        verifies(WORLD.official, Scheme("ed448", "shake256"), signature)
    assert compute_digest("shake256", (DATA,)) == hashlib.shake_256(DATA).digest(64)


def raised(key, block):
    """Return a block of PKCS #1 v1.5 raised to the private exponent."""
    numbers, size = key.private_numbers(), key.key_size // 8
    padded = b"\x00\x01" + b"\xff" * (size - 3 - len(block)) + b"\x00" + block
    value = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
    return value.to_bytes(size, "big")


def digest_info(name, oid, *parameters):
    own = hashlib.new(name, DATA).digest()
    return der.sequence((der.sequence((der.oid(oid), *parameters)), der.encode(4, own)))


@pytest.mark.parametrize(
    ("name", "oid"),
    [("sha1", "1.3.14.3.2.26"), ("sha256", "2.16.840.1.101.3.4.2.1"),
     ("sha512", "2.16.840.1.101.3.4.2.3")],
)  # fmt: skip
def test_the_digest_may_be_named_without_parameters(name, oid):
    """RFC 8017 A.2.4: both ways of naming it are verified, and nothing else is."""
    holder = issue("Holder", WORLD.issuing, kind="rsa2048")
    scheme = Scheme("rsassa-pkcs1v15", name)
    for parameters in ((), (b"\x05\x00",)):
        assert verifies(holder, scheme, raised(holder.key, digest_info(name, oid, *parameters)))
    for wrong in (
        digest_info(name, oid, b"\x05\x00", b"\x05\x00"),
        digest_info(name, oid) + b"\x00",
        digest_info(name, "1.2.3"),
        digest_info("md5", oid),
    ):
        assert not verifies(holder, scheme, raised(holder.key, wrong))
    assert not verifies(holder, scheme, bytes(256))
    sha3 = raised(holder.key, digest_info("sha3_256", "2.16.840.1.101.3.4.2.8"))
    assert not verifies(holder, Scheme("rsassa-pkcs1v15", "sha3_256"), sha3)
