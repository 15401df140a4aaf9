"""The time-stamp authority: what a token says, and every rejection by its own bit."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyhanko_certvalidator.asn1_types  # noqa: F401  tells asn1crypto of ML-DSA keys
import pytest
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import KINDS, NOW, World, new_key

from pki.clock import FixedClock, whole_second
from pki.keys import PublicKey, algorithm_der, digest_for, hash_for, verifies
from pki.profile import load_profile
from pki.timestamp import TimestampAuthority

SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
DIGESTS = {"p256": "sha256", "p384": "sha384", "a": "sha256"}
"""Of the content, for keys of which it is not SHA-512 (RFC 8419 §3.1, RFC 9882 §3.3)."""
POLICY = load_profile("timestamp").policy_oid


def query(algorithm: str = "sha256", octets: int | None = None, **more: Any) -> bytes:
    fields = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": algorithm},
            "hashed_message": bytes(SIZES.get(algorithm, 20) if octets is None else octets),
        },
        **more,
    }
    encoded: bytes = tsp.TimeStampReq(fields).dump()
    return encoded


HOSTILE = (
    bytes.fromhex("303c0201003031300d060001010001040000000001000420")
    + bytes(32)
    + bytes.fromhex("010100070100")
)
"""Found by Hypothesis: asn1crypto answers it with an AttributeError."""


def ask(authority: TimestampAuthority, request: bytes) -> tsp.TimeStampResp:
    class Answer(core.Sequence):  # asn1crypto does not know that the token is optional
        _fields: ClassVar = [
            ("status", tsp.PKIStatusInfo),
            ("time_stamp_token", cms.ContentInfo, {"optional": True}),
        ]

    answer = Answer.load(authority.respond(request), strict=True)
    answer.native  # noqa: B018  read to its end
    return answer


def token_of(answer: tsp.TimeStampResp) -> tuple[cms.SignedData, tsp.TSTInfo]:
    assert answer["status"]["status"].native == "granted"
    signed = answer["time_stamp_token"]["content"]
    return signed, signed["encap_content_info"]["content"].parsed


@pytest.mark.parametrize("algorithm", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_says_what_was_asked(world: World, algorithm: str, kind: str):
    answer = ask(world.timestamp(kind), query(algorithm, nonce=2**64 + 1, cert_req=True))
    signed, info = token_of(answer)
    assert info["gen_time"].native == whole_second(NOW)
    assert info["accuracy"].native == {"seconds": 1, "millis": None, "micros": None}
    assert info["policy"].dotted == POLICY
    assert info["nonce"].native == 2**64 + 1
    assert info["message_imprint"]["hash_algorithm"]["algorithm"].native == algorithm
    assert info["message_imprint"]["hashed_message"].native == bytes(SIZES[algorithm])
    assert 64 <= info["serial_number"].native.bit_length() <= 159
    assert signed["version"].native == "v3"
    assert len(signed["certificates"]) == 2


def test_serials_differ(world: World):
    authority = world.timestamp()
    serials = {token_of(ask(authority, query()))[1]["serial_number"].native for _ in range(20)}
    assert len(serials) == 20


def test_without_being_asked_for_certificates_and_nonce_stay_away(world: World):
    signed, info = token_of(ask(world.timestamp(), query()))
    assert signed["certificates"].native is None
    assert info["nonce"].native is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_token_is_signed_over_its_attributes(world: World, kind: str):
    key = new_key(kind)
    certificate = world.issue("timestamp", key=key)
    assert POLICY
    authority = TimestampAuthority(
        certificate, key, chain=[certificate], clock=world.clock, policy_oid=POLICY
    )
    signed, _ = token_of(ask(authority, query(cert_req=True)))
    assert len(signed["certificates"]) == 1  # the same certificate twice is one
    (signer,) = signed["signer_infos"]
    attributes = {a["type"].native: a["values"][0] for a in signer["signed_attrs"]}
    assert attributes.keys() == {"content_type", "message_digest", "signing_certificate_v2"}
    name = signer["digest_algorithm"]["algorithm"].native
    content = signed["encap_content_info"]["content"].parsed.dump()
    assert attributes["message_digest"].native == hashlib.new(name, content).digest()
    (identified,) = attributes["signing_certificate_v2"]["certs"]
    der = certificate.public_bytes(Encoding.DER)
    assert identified["cert_hash"].native == hashlib.sha256(der).digest()
    assert identified["issuer_serial"]["serial_number"].native == certificate.serial_number
    data = signer["signed_attrs"].untag().dump()
    assert signer["signature_algorithm"].dump() == algorithm_der(key)
    assert name == DIGESTS.get(kind, "sha512")
    assert verifies(key.public_key(), signer["signature"].native, data)


def test_the_algorithm_default_is_not_written(world: World):
    """DER leaves a default out: SHA-256 in ESSCertIDv2 (RFC 5035 §4)."""
    response = world.timestamp().respond(query())
    signed = tsp.TimeStampResp.load(response)["time_stamp_token"]["content"]
    (signer,) = signed["signer_infos"]
    certs = signer["signed_attrs"][2]["values"][0].dump()
    assert bytes.fromhex("0609608648016503040201") not in certs


@pytest.mark.parametrize(
    ("request_der", "failure"),
    [
        (b"", "bad_data_format"),
        (b"junk", "bad_data_format"),
        (query()[:-1], "bad_data_format"),
        (query() + b"\0", "bad_data_format"),
        (query(octets=31), "bad_data_format"),
        (query("sha512", 32), "bad_data_format"),
        (HOSTILE, "bad_data_format"),
        (query("sha1"), "bad_alg"),
        (query("md5", 16), "bad_alg"),
        (query(req_policy="1.2.3"), "unaccepted_policy"),
        (
            query(extensions=[{"extn_id": "1.2.3", "critical": False, "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
    ],
    ids=str,
)
def test_a_rejection_says_why(world: World, request_der: bytes, failure: str):
    answer = ask(world.timestamp(), request_der)
    assert answer["status"]["status"].native == "rejection"
    assert answer["status"]["fail_info"].native == {failure}
    assert answer["time_stamp_token"].native is None


def test_another_version_is_a_bad_request(world: World):
    request = query()
    version = request.index(b"\x02\x01\x01")
    spoilt = request[:version] + b"\x02\x01\x02" + request[version + 3 :]
    assert ask(world.timestamp(), spoilt)["status"]["fail_info"].native == {"bad_request"}


def test_the_offered_policy_may_be_asked_for(world: World):
    token_of(ask(world.timestamp(), query(req_policy=POLICY)))


def test_outside_its_certificates_life_it_stamps_nothing(world: World):
    authority = world.timestamp()
    assert isinstance(world.clock, FixedClock)
    world.clock.advance(timedelta(seconds=-1))
    failure = {"time_not_available"}
    assert ask(authority, query())["status"]["fail_info"].native == failure
    world.clock.advance(timedelta(days=5 * 366))
    assert ask(authority, query())["status"]["fail_info"].native == failure
    world.clock.advance(timedelta(days=-366))
    token_of(ask(authority, query()))


def test_a_token_that_fails_is_a_system_failure(world: World, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object) -> bytes:
        raise RuntimeError("the token was pulled out")

    monkeypatch.setattr("pki.timestamp.sign_data", fails)
    answer = ask(world.timestamp(), query())
    assert answer["status"]["fail_info"].native == {"system_failure"}


def test_the_imprint_is_echoed_as_it_came(world: World):
    """With or without NULL parameters, the token has the octets of the query."""
    for parameters in (None, core.Null()):
        imprint = tsp.MessageImprint(
            {
                "hash_algorithm": {"algorithm": "sha256", "parameters": parameters},
                "hashed_message": bytes(32),
            }
        )
        request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint}).dump()
        _, info = token_of(ask(world.timestamp(), request))
        assert info["message_imprint"].dump() == imprint.dump()


def test_times_are_whole_seconds(world: World):
    assert NOW.microsecond
    _, info = token_of(ask(world.timestamp(), query()))
    assert info["gen_time"].contents == b"20260302073015Z"
    assert info["gen_time"].native == datetime(2026, 3, 2, 7, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize("certificates", [True, False])
@pytest.mark.parametrize("nonce", [None, 2**63, 127])
@pytest.mark.parametrize("kind", KINDS)
def test_the_octets_are_those_of_another_encoder(
    world: World, kind: str, nonce: int | None, *, certificates: bool
):
    key = new_key(kind)
    certificate, issuer = world.issue("timestamp", key=key), world.issuing.issuer.certificate
    authority = TimestampAuthority(
        certificate, key, chain=[issuer], clock=world.clock, policy_oid=str(POLICY)
    )
    more = {} if nonce is None else {"nonce": nonce}
    answer = authority.respond(query(cert_req=certificates, **more))
    embedded = (certificate, issuer) if certificates else ()
    assert answer == asn1crypto_writes(answer, certificate, embedded, more)


SHA512_ALONE = bytes.fromhex("300b0609608648016503040203")
"""As RFC 8419 §3.1 and RFC 9882 §3.3 have it; asn1crypto of itself writes a NULL behind it."""


def asn1crypto_writes(
    answer: bytes,
    certificate: x509.Certificate,
    embedded: tuple[x509.Certificate, ...],
    more: dict[str, int],
) -> bytes:
    """Return an answer built from objects, with the serial and the signature of `answer`."""
    given = tsp.TimeStampResp.load(answer)["time_stamp_token"]["content"]
    serial = token_of(tsp.TimeStampResp.load(answer))[1]["serial_number"].native
    key = certificate.public_key()
    assert isinstance(key, PublicKey)
    name = digest_for(key).name
    digest = algos.DigestAlgorithm({"algorithm": name})
    if hash_for(key) is None:
        digest = algos.DigestAlgorithm.load(SHA512_ALONE)
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": tsp.TimeStampReq.load(query())["message_imprint"],
            "serial_number": serial,
            "gen_time": whole_second(NOW),
            "accuracy": {"seconds": 1},
            **more,
        }
    )
    der = certificate.public_bytes(Encoding.DER)
    signer = asn1_x509.Certificate.load(der)
    named = {
        "issuer": [asn1_x509.GeneralName("directory_name", signer.issuer)],
        "serial_number": signer.serial_number,
    }
    identified = {"cert_hash": hashlib.sha256(der).digest(), "issuer_serial": named}
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": signer.issuer, "serial_number": signer.serial_number},
        ),
        "digest_algorithm": digest,
        "signed_attrs": [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.new(name, info.dump()).digest()]},
            {"type": "signing_certificate_v2", "values": [{"certs": [identified]}]},
        ],
        "signature_algorithm": algos.SignedDigestAlgorithm.load(algorithm_der(key)),
        "signature": given["signer_infos"][0]["signature"].native,
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [digest],
        "encap_content_info": {
            "content_type": "tst_info",
            "content": core.ParsableOctetString(info.dump()),
        },
        "signer_infos": [signer_info],
    }
    if embedded:
        others = [one.public_bytes(Encoding.DER) for one in embedded]
        signed["certificates"] = [asn1_x509.Certificate.load(other) for other in others]
    token = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
    granted = {"status": {"status": "granted"}, "time_stamp_token": token}
    written: bytes = tsp.TimeStampResp(granted).dump()
    return written
