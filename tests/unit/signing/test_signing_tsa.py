"""Time-stamps: what the service is asked, and which answers are not taken."""

from __future__ import annotations

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from unit.signing.signing_world import DAY, TSA_URL, World, other_digest, reject

from pki.errors.fetching import FetchRefusedError
from pki.fetcher import NoNetwork
from signing import token as token_module
from signing.coroutine import finish
from signing.errors.times import TSARejectedError, TSAUnavailableError, TSAWrongAnswerError
from signing.failover import TimestampService, TimestampServices
from signing.token import TimeStampResp
from signing.tsa import FetchingTimeStamper
from verify.trust import TrustStore

DIGEST = bytes(range(32))


def stamper(world: World, **changed: object) -> FetchingTimeStamper:
    given = {"fetcher": world, "clock": world.clock, "trust": world.trust} | changed
    services = TimestampServices((TimestampService(TSA_URL),), pause=lambda _: None)
    return FetchingTimeStamper(services, **given)


def ask(world: World, **changed: object):
    return finish(stamper(world, **changed).async_timestamp(DIGEST, "sha256"))


def wrong(world: World, **changed: object) -> str:
    with pytest.raises(TSAWrongAnswerError) as caught:
        ask(world, **changed)
    assert caught.value.facts["url"] == TSA_URL
    return str(caught.value.facts["reason"])


def test_a_right_answer_is_taken():
    token = ask(World())
    info = token["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == DIGEST


def test_the_request_has_a_nonce_and_asks_for_the_certificate():
    world = World()
    seen: list[tsp.TSTInfo] = []
    world.change_token = lambda info: seen.append(info) or info
    ask(world)
    ask(world)
    assert seen[0]["nonce"].native != seen[1]["nonce"].native
    assert seen[0]["nonce"].native.bit_length() == 63


def test_certificates_are_remembered_each_once():
    world = World()
    asked = stamper(world)
    finish(asked.async_timestamp(DIGEST, "sha256"))
    finish(asked.async_timestamp(DIGEST, "sha256"))
    assert asked.signers == (world.tsa_certificate,)
    assert set(asked.certificates) == {world.tsa_certificate, world.ca.certificate}
    assert len(asked.certificates) == 2


def test_a_service_that_is_down():
    with pytest.raises(TSAUnavailableError) as caught:
        ask(World(broken={"tsa"}))
    assert caught.value.facts == {"url": TSA_URL, "reason": "connection refused"}


def test_an_address_that_may_not_be_asked():
    with pytest.raises(FetchRefusedError):
        ask(World(), fetcher=NoNetwork())


@pytest.mark.parametrize("status", ["rejection", "waiting", "revocation_notification"])
def test_a_refusal_is_told_with_its_words(status):
    with pytest.raises(TSARejectedError) as caught:
        ask(World(change_answer=lambda _: reject(status)))
    assert caught.value.facts == {"url": TSA_URL, "status": status, "reason": "không; bad_alg"}


@pytest.mark.parametrize("answer", [b"", b"<html>", b"0\x00", b"\x30\x03\x02\x01\x00"])
def test_an_answer_that_is_none(answer):
    assert wrong(World(change_answer=lambda _: answer)) == "not an RFC 3161 answer"


def test_trailing_bytes_after_the_answer():
    assert wrong(World(change_answer=lambda a: a + b"\x00")) == "not an RFC 3161 answer"


def test_granted_and_no_token():
    empty = TimeStampResp({"status": {"status": "granted"}}).dump()
    assert wrong(World(change_answer=lambda _: empty)) == "not an RFC 3161 answer"


def test_granted_with_modifications_is_granted():
    def change(answer: bytes) -> bytes:
        response = tsp.TimeStampResp.load(answer)
        response["status"] = {"status": "granted_with_mods"}
        return response.dump(force=True)

    assert ask(World(change_answer=change))


def test_a_token_over_something_else():
    assert wrong(World(change_token=other_digest)) == "messageImprint"


@pytest.mark.parametrize("nonce", [core.Integer(5), None])
def test_a_token_with_another_nonce_or_none(nonce):
    def change(info: tsp.TSTInfo) -> tsp.TSTInfo:
        info["nonce"] = nonce
        return info

    assert wrong(World(change_token=change)) == "nonce"


def test_a_token_whose_signature_is_broken():
    def change(answer: bytes) -> bytes:
        response = tsp.TimeStampResp.load(answer)
        info = response["time_stamp_token"]["content"]["signer_infos"][0]
        value = bytearray(info["signature"].native)
        value[-1] ^= 1
        info["signature"] = bytes(value)
        return response.dump(force=True)

    assert wrong(World(change_answer=change)) == "signature"


def test_a_token_whose_content_was_changed_after_signing():
    def change(answer: bytes) -> bytes:
        serial = b"\x02\x01\x07"  # the token's serial number, 7, as the test authority gives it
        assert answer.count(serial) == 1
        return answer.replace(serial, b"\x02\x01\x08")

    assert wrong(World(change_answer=change)) == "signature"


@pytest.mark.parametrize(
    "usage",
    [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), False),
        (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]
            ),
            True,
        ),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), True),
        (x509.OCSPNoCheck(), False),
    ],
    ids=["not critical", "not alone", "another", "none"],
)
def test_a_certificate_that_is_not_for_time_stamps_alone(usage):
    assert wrong(World(tsa_usage=usage)) == "extendedKeyUsage"


def test_a_service_nobody_trusts():
    assert wrong(World(), trust=TrustStore((World().root.certificate,))) == "path"


def test_a_services_certificate_out_of_its_period():
    world = World()
    world.clock.advance(366 * DAY)
    assert wrong(world) == "path"


def test_a_token_too_long_for_its_place(monkeypatch):
    monkeypatch.setattr("signing.tsa.TOKEN_BYTES", 200)
    assert wrong(World()) == "longer than 200 bytes"


def with_certificates(*ders: bytes):
    """Return what puts other certificates into the token of an answer; they are not signed."""

    def change(answer: bytes) -> bytes:
        response = tsp.TimeStampResp.load(answer)
        choices = [asn1_cms.CertificateChoices.load(der) for der in ders]
        signed = response["time_stamp_token"]["content"]
        signed["certificates"] = asn1_cms.CertificateSet(choices)
        return response.dump(force=True)

    return change


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def twin_of(world: World) -> x509.Certificate:
    """Return another certificate of the service's key, by the same issuer and number."""
    real = world.tsa_certificate
    key = real.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    builder = x509.CertificateBuilder(real.issuer, real.subject, key, real.serial_number)
    for each in real.extensions:
        builder = builder.add_extension(each.value, critical=each.critical)
    builder = builder.not_valid_before(real.not_valid_before_utc)
    return builder.not_valid_after(real.not_valid_after_utc + DAY).sign(
        world.ca.key, hashes.SHA256()
    )


def test_a_token_without_the_certificate_it_is_signed_with():
    world = World()
    world.change_answer = with_certificates(der_of(world.ca.certificate))
    assert wrong(world) == "token: no certificate of its signer"
    world.change_answer = with_certificates(
        der_of(world.tsa_certificate), der_of(world.ca.certificate)
    )
    assert ask(world), "the twin: put together anew it is taken"


def test_a_token_that_names_another_certificate_of_the_same_key():
    world = World()
    world.change_answer = with_certificates(der_of(twin_of(world)), der_of(world.ca.certificate))
    assert wrong(world) == "token: it names another certificate"


def test_a_certificate_that_cannot_be_read_is_left_out():
    """It may be one that nobody needs."""
    world = World()
    whole = der_of(world.ocsp_certificate)
    broken = whole.replace(b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x13")
    ders = (der_of(world.tsa_certificate), der_of(world.ca.certificate), whole)
    put_in = with_certificates(*ders)
    world.change_answer = lambda answer: put_in(answer).replace(whole, broken)
    assert ask(world)


def test_a_token_that_others_signed_as_well():
    def change(answer: bytes) -> bytes:
        response = tsp.TimeStampResp.load(answer)
        signed = response["time_stamp_token"]["content"]
        signed["signer_infos"] = [signed["signer_infos"][0]] * 2
        return response.dump(force=True)

    assert wrong(World(change_answer=change)) == "token: signature.several_signers"


def test_weak_digests_are_not_taken(monkeypatch):
    """SHA-256 is called weak here: nobody makes tokens with weaker ones any more."""
    assert ask(World())
    monkeypatch.setattr(token_module, "WEAK", frozenset({"sha256"}))
    assert wrong(World()) == "signature"


@pytest.mark.parametrize("digest", [hashes.SHA384(), None], ids=["SHA-384", "Ed25519"])
def test_weak_digests_in_the_path_are_not_taken(monkeypatch, digest):
    """SHA-384, which the service's certificate alone is signed with, is called weak here."""
    world = World()
    key = world.ca.key if digest else ed25519.Ed25519PrivateKey.generate()
    real = world.tsa_certificate
    public = real.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    builder = x509.CertificateBuilder(real.issuer, real.subject, public, real.serial_number)
    builder = builder.not_valid_before(real.not_valid_before_utc)
    made = builder.not_valid_after(real.not_valid_after_utc).sign(key, digest)
    assert token_module._digest_of(made) == (digest.name if digest else None)
    assert token_module._digest_of(unknown_of(made)) is None
    monkeypatch.setattr(token_module, "_digest_of", lambda _: "md5")
    assert wrong(world) == "path"


def unknown_of(certificate: x509.Certificate) -> x509.Certificate:
    """Return it with an algorithm that nobody knows."""
    oid = core.ObjectIdentifier(certificate.signature_algorithm_oid.dotted_string).dump()
    return x509.load_der_x509_certificate(
        der_of(certificate).replace(oid, oid[:-1] + bytes([0x7F]))
    )
