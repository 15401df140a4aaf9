"""Certificate requests: proof of possession, size, form, and whose key it is."""

from __future__ import annotations

import base64
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from pki_world import KINDS, ONE_SIZE, World, new_key, rsa_key, someone
from sqlalchemy import insert

from pki import der
from pki.authority.authority import Authority
from pki.errors.keys import KeyKindError, KeyPointError, KeySmallOrderError
from pki.errors.requests import (
    AuthorityKeyError,
    KeyUsedElsewhereError,
    MalformedRequestError,
    ProofOfPossessionError,
    RequestTooLongError,
)
from pki.keys import PrivateKey, hash_for
from pki.profile import load_profile
from pki.register.changes import values_of
from pki.register.tables import CERTIFICATES
from pki.request import MAX_REQUEST_BYTES, check_no_authority, parse_request


def request(key: PrivateKey, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wishes to be a minister")])
    )
    signed = builder.sign(key, algorithm or hash_for(key))  # type: ignore[arg-type]
    return signed.public_bytes(Encoding.DER)


def pem(der: bytes, label: str = "CERTIFICATE REQUEST") -> bytes:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_is_read_in_both_forms(kind: str):
    key = new_key(kind)
    der = request(key)
    for data in (der, pem(der), b"\n" + pem(der) + b"\n", pem(der, "NEW CERTIFICATE REQUEST")):
        parsed = parse_request(data)
        assert parsed.public_key == key.public_key()
        assert parsed.der == der


def test_only_the_key_is_taken_from_a_request(world: World):
    parsed = parse_request(request(new_key()))
    subject = someone()
    certificate = world.issuing.issue(
        parsed, load_profile("official"), subject, requester="văn thư"
    )
    assert certificate.subject == subject.name()
    assert certificate.public_key() == parsed.public_key


GOOD = request(new_key())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        GOOD[:-1],
        GOOD + b"\x00",
        GOOD.replace(b"\x02\x01\x00", b"\x02\x01\x24", 1),  # version 37
        pem(GOOD) + pem(GOOD),
        b"Subject: me\n" + pem(GOOD),
        pem(GOOD) + b"more",
        pem(GOOD)[:-10],
        pem(GOOD, "CERTIFICATE"),
        "-----BEGIN Nguyễn-----".encode(),
    ],
)
def test_what_is_no_single_request_is_malformed(data: bytes):
    with pytest.raises(MalformedRequestError):
        parse_request(data)


def test_a_request_of_64_kib_is_not_too_long():
    """The twin of the longest above: white space around the block is no second thing."""
    data = pem(GOOD)
    parse_request(data + b"\n" * (MAX_REQUEST_BYTES - len(data)))
    for longer in (data + b"\n" * (MAX_REQUEST_BYTES - len(data) + 1), data * 1000):
        with pytest.raises(RequestTooLongError) as refused:
            parse_request(longer)
        assert refused.value.facts == {"octets": len(longer), "bound": MAX_REQUEST_BYTES}


def test_a_request_under_sha224_is_malformed():
    sha256, sha224 = (bytes.fromhex(f"06082a8648ce3d04030{last}") for last in (2, 1))
    assert sha256 in GOOD
    with pytest.raises(MalformedRequestError, match="weak_hash"):
        parse_request(GOOD.replace(sha256, sha224))


def test_an_algorithm_nobody_knows_is_malformed():
    unknown = GOOD.replace(
        bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d030177")
    )
    assert unknown != GOOD
    with pytest.raises(MalformedRequestError):
        parse_request(unknown)


def test_whoever_does_not_hold_the_key_is_refused():
    """The public key of another is put into the request."""
    key, other = new_key(), new_key()
    mine, theirs = (
        k.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        for k in (key, other)
    )
    spoilt = request(key).replace(mine, theirs)
    with pytest.raises(ProofOfPossessionError):
        parse_request(spoilt)


@pytest.mark.parametrize("kind", ONE_SIZE)
def test_whoever_does_not_hold_a_key_that_hashes_inside_is_refused(kind: str):
    key, other = new_key(kind), new_key(kind)
    mine, theirs = (
        k.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for k in (key, other)
    )
    spoilt = request(key).replace(mine, theirs)
    with pytest.raises(ProofOfPossessionError):
        parse_request(spoilt)


def test_a_weak_key_is_refused():
    with pytest.raises(KeyKindError):
        parse_request(request(ec.generate_private_key(ec.SECP256K1()), hashes.SHA512()))


def test_a_key_under_which_anybody_can_sign_is_refused():
    """The neutral point: R neutral and S zero verify over every message, without any secret."""
    good = request(new_key("ed25519"))
    (found,) = re.findall(rb"\x06\x03\x2b\x65\x70\x03\x21\x00(.{32})", good, re.DOTALL)
    neutral = b"\x01" + bytes(31)
    forged = good.replace(found, neutral)[:-64] + neutral + bytes(32)
    assert x509.load_der_x509_csr(forged).is_signature_valid
    with pytest.raises(KeySmallOrderError):
        parse_request(forged)


def test_a_key_certifies_one_subject(world: World):
    key, subject = new_key(), someone()
    first = world.issue(key=key, subject=subject)
    with pytest.raises(KeyUsedElsewhereError) as refused:
        world.issue(key=key)
    assert refused.value.facts["serial"] == f"{first.serial_number:x}"
    world.issue(key=key, subject=subject)  # the same subject may have it again


def test_the_guard_is_what_keeps_keys_apart(world: World, monkeypatch: pytest.MonkeyPatch):
    """A mutant that reserves without the question lets a second person have the key."""
    key = rsa_key("mutant")
    world.issue(key=key)
    with pytest.raises(KeyUsedElsewhereError):
        world.issue(key=key)
    monkeypatch.setattr(
        "pki.register.changes._reserve",
        lambda connection, change, _: connection.execute(
            insert(CERTIFICATES), values_of(change.record)
        ),
    )
    world.issue(key=key)


@pytest.mark.parametrize("point", ["off the curve", "at infinity"])
def test_a_point_that_is_not_on_its_curve_is_refused(point: str):
    key = new_key()
    good = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    written = der.bit_string(good)
    other = good[:-1] + bytes([good[-1] ^ 1]) if point == "off the curve" else b"\0"
    data = request(key)
    assert parse_request(data).public_key == key.public_key()
    fields = der.read_all(der.read(data, "request").content, "request")
    spoilt_info = refit(fields[0], written, der.bit_string(other))
    with pytest.raises(KeyPointError):
        parse_request(der.sequence((spoilt_info, *(field.whole for field in fields[1:]))))


def refit(info: der.TLV, old: bytes, new: bytes) -> bytes:
    """Return the CertificationRequestInfo with another public key in it."""
    version, subject, spki, attributes = der.read_all(info.content, "info")
    algorithm, bits = der.read_all(spki.content, "key")
    assert bits.whole == old
    changed = der.sequence((algorithm.whole, new))
    return der.sequence((version.whole, subject.whole, changed, attributes.whole))


@pytest.mark.parametrize("which", ["root", "issuing"])
def test_an_authoritys_key_certifies_nobody(world: World, which: str):
    authority: Authority = getattr(world, which)
    key, name = authority.issuer.key, authority.issuer.certificate.subject
    with pytest.raises(AuthorityKeyError) as refused:
        world.issue(key=key)
    assert refused.value.facts == {"authority": which}
    with pytest.raises(AuthorityKeyError):
        check_no_authority(world.register.authority_certificates(), key.public_key())
    check_no_authority(world.register.authority_certificates(), key.public_key(), authority=name)
    check_no_authority(world.register.authority_certificates(), new_key().public_key())


def test_the_guard_is_what_keeps_an_authoritys_key_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """A mutant that forgets the authorities still sees other subjects."""
    key = world.issuing.issuer.key
    monkeypatch.setattr(world.register, "authority_certificates", lambda: ())
    with pytest.raises(KeyUsedElsewhereError):
        world.issue(key=key)
    check_no_authority(world.register.authority_certificates(), key.public_key())
