"""The CMS of a signature: what it is with each kind of key, and when it opens the key."""

from __future__ import annotations

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding
from unit.signing.signing_world import (
    DAY,
    NOW,
    UNLISTED,
    PyHankoSigner,
    World,
    make_key,
    name,
)

from signing.coroutine import finish
from signing.errors.standing import KeyMismatchError, WrongUsageError
from signing.key import SigningKey
from signing.signer import KeySigner

KINDS = ("rsa-2048", "ec-p256", "ec-p384", "ec-p521", *UNLISTED)
DIGESTS = {"rsa-2048": "sha256", "ec-p256": "sha256", "ec-p384": "sha384"}
"""Of the document, for keys of which it is not SHA-512 (RFC 8419 §3.1, RFC 9882 §3.3)."""


HASHES = {"ec-p256": hashes.SHA256(), "ec-p384": hashes.SHA384(), "ec-p521": hashes.SHA512()}


def make(signer: KeySigner, digest: bytes) -> bytes:
    attributes = signer.signed_attributes(digest)
    return signer.finish(attributes, signer.sign(attributes))


def sign(signer: KeySigner, digest: bytes) -> cms.SignedData:
    return cms.ContentInfo.load(make(signer, digest), strict=True)["content"]


def digest_of(signer: KeySigner) -> bytes:
    return bytes(SIZES[signer.digest_name])


SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}


@pytest.mark.parametrize(
    ("kind", "pss", "algorithm"),
    [
        ("rsa-2048", True, "rsassa_pss"),
        ("rsa-2048", False, "sha256_rsa"),
        ("ec-p256", True, "sha256_ecdsa"),
        ("ec-p384", True, "sha384_ecdsa"),
        ("ec-p521", True, "sha512_ecdsa"),
        ("ed25519", True, "ed25519"),
        ("ml-dsa-44", True, "2.16.840.1.101.3.4.3.17"),
        ("ml-dsa-65", True, "2.16.840.1.101.3.4.3.18"),
        ("ml-dsa-87", True, "2.16.840.1.101.3.4.3.19"),
    ],
)
def test_each_key_signs_in_its_own_way(kind, pss, algorithm):
    world = World(kind)
    signer = KeySigner(world.signer(), pss=pss)
    (info,) = sign(signer, digest_of(signer))["signer_infos"]
    named = info["signature_algorithm"]["algorithm"]
    assert algorithm in (named.native, named.dotted)
    assert info["digest_algorithm"]["algorithm"].native == DIGESTS.get(kind, "sha512")
    data, value = info["signed_attrs"].untag().dump(), info["signature"].native
    key = world.certificate.public_key()
    if kind in UNLISTED:
        key.verify(value, data)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(value, data, ec.ECDSA(HASHES[kind]))
    elif pss:
        key.verify(value, data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())


def test_pss_parameters_name_the_hash_and_a_salt_as_long():
    (info,) = sign(KeySigner(World("rsa-2048").signer()), bytes(32))["signer_infos"]
    parameters = info["signature_algorithm"]["parameters"].native
    assert parameters["hash_algorithm"]["algorithm"] == "sha256"
    assert parameters["mask_gen_algorithm"]["parameters"]["algorithm"] == "sha256"
    assert parameters["salt_length"] == 32


def test_signed_attributes_are_those_of_pades():
    """EN 319 142-1 §6.3: signing-time must not be there, the ESS certificate reference must."""
    signer = KeySigner(World().signer())
    (info,) = sign(signer, bytes(32))["signer_infos"]
    found = {each["type"].native for each in info["signed_attrs"]}
    assert found == {"content_type", "message_digest", "signing_certificate_v2"}


def test_the_root_is_left_out_and_the_rest_of_the_chain_is_in():
    world = World()
    embedded = {
        each.chosen.dump() for each in sign(KeySigner(world.signer()), bytes(32))["certificates"]
    }
    der = x509.Certificate.public_bytes
    from cryptography.hazmat.primitives.serialization import Encoding

    assert embedded == {der(c, Encoding.DER) for c in (world.certificate, world.ca.certificate)}


@pytest.mark.parametrize("pss", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_from_ready_parts_is_what_pyhanko_writes(kind, pss):
    """All but the value; keys that hash by themselves have no parameters (RFC 8419 §3.1)."""
    world = World(kind)
    ours = KeySigner(world.signer(), pss=pss)
    digest = digest_of(ours)
    peer = PyHankoSigner(world.certificate, world.signer().chain, make_key(kind), pss=pss)
    made = finish(peer.async_sign(digest, peer.digest_name, use_pades=True)).dump()
    attributes = ours.signed_attributes(digest)
    value = cms.ContentInfo.load(made)["content"]["signer_infos"][0]["signature"].native
    null = b"" if kind in UNLISTED else b"\x05\x00"
    assert without_null(made, null) == without_null(ours.finish(attributes, value), null)


def without_null(der: bytes, null: bytes) -> object:
    """Return the CMS as values; for keys that hash by themselves without NULL parameters."""
    if null:
        return der
    native = cms.ContentInfo.load(der)["content"].native
    return [native[key] for key in ("version", "encap_content_info", "certificates")], [
        info[key]
        for info in native["signer_infos"]
        for key in ("sid", "signed_attrs", "signature_algorithm", "signature")
    ]


def test_a_root_and_a_second_copy_are_not_embedded():
    world = World()
    chain = (world.ca.certificate, world.ca.certificate, world.root.certificate)
    signer = KeySigner(SigningKey(world.certificate, chain, world.open_key))
    assert len(sign(signer, bytes(32))["certificates"]) == 2


def test_a_time_stamp_is_the_one_unsigned_attribute():
    signer = KeySigner(World().signer())
    token = cms.ContentInfo({"content_type": "data", "content": b"token"}).dump()
    attributes = signer.signed_attributes(bytes(32))
    made = signer.finish(attributes, signer.sign(attributes), token)
    (info,) = cms.ContentInfo.load(made, strict=True)["content"]["signer_infos"]
    (found,) = info["unsigned_attrs"]
    assert found["type"].native == "signature_time_stamp_token"
    assert found["values"][0].dump() == token


def test_the_claimed_time_is_an_attribute_where_asked():
    attributes = KeySigner(World().signer()).signed_attributes(bytes(32), at=NOW)
    found = {
        each["type"].native: each["values"][0].native for each in cms.CMSAttributes.load(attributes)
    }
    assert found["signing_time"] == NOW


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_enough_and_not_twice_as_much(kind):
    signer = KeySigner(World(kind).signer())
    made = len(make(signer, digest_of(signer)))
    assert made <= signer.estimate_cms_size() <= made + 64


def test_the_key_is_opened_once_and_not_before_it_is_needed():
    world = World()
    signer = KeySigner(world.signer())
    signer.estimate_cms_size()
    signer.signed_attributes(bytes(32))
    assert world.key_openings == 0
    sign(signer, bytes(32))
    sign(signer, bytes(32))
    assert world.key_openings == 1


def test_another_key_than_the_certificates_is_refused():
    world = World()
    signer = KeySigner(SigningKey(world.certificate, (), lambda: make_key("ec-p384")))
    with pytest.raises(KeyMismatchError) as caught:
        signer.open_key()
    assert caught.value.facts == {"subject": "Nguyễn Văn Đức"}


def test_a_kind_of_key_that_antin_does_not_sign_with_is_refused():
    world = World()
    key = ed448.Ed448PrivateKey.generate()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("Ed"))
        .issuer_name(world.ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(world.ca.key, hashes.SHA256())
    )
    with pytest.raises(WrongUsageError):
        KeySigner(SigningKey(certificate, (), world.open_key))


def test_a_changed_attribute_breaks_the_signature():
    world = World()
    (info,) = sign(KeySigner(world.signer()), bytes(32))["signer_infos"]
    data = bytearray(info["signed_attrs"].untag().dump())
    data[-1] ^= 1
    with pytest.raises(InvalidSignature):
        world.certificate.public_key().verify(
            info["signature"].native, bytes(data), ec.ECDSA(hashes.SHA256())
        )
