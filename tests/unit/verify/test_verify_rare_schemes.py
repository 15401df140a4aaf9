"""Rare algorithms and odd names for usual ones, in PDFs and in files: judged, by the policy."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import algos, core
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from unit.verify.cms_world import (
    CONTENT,
    DIGESTS,
    How,
    algorithm,
    cms,
    digest_of,
    judge_file,
    signer_info,
)
from unit.verify.verify_pki import (
    LATER,
    Party,
    Signing,
    answer,
    answers_for,
    fresh,
    judge,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    replace_token,
    sign,
)

from pki.der import integer, oid, read, read_all
from pki.der import sequence as seq
from verify.certificate import read_certificate
from verify.errors import PolicyAlgorithmUnknownError
from verify.evidence import Evidence
from verify.indication import Indication, SubIndication
from verify.policy_file import parse_policy
from verify.revocation.ocsp import key_bits
from verify.signature_value import digest_name_of

WORLD = make_world()
FRESH = fresh(WORLD, LATER)
PASSED = (Indication.TOTAL_PASSED, None)
SIGNATURES_AS_DIGESTS = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
    "0.4.0.127.0.7.1.1.4.1.3": "sha256",
}
EDWARDS = """
based_on = "default"
name = "edwards"
[algorithms]
schemes = ["rsassa-pss", "rsassa-pkcs1v15", "ecdsa", "ed25519", "ed448"]
[algorithms.digests]
sha256 = {}
sha512 = {}
shake256 = {}
"""


def verdict(report):
    return report.indication, report.sub_indication


def about(party: Party) -> Evidence:
    own = answer(party, WORLD.ocsp, LATER)
    return ocsp_evidence(own, *answers_for(WORLD, LATER))


def shake(bits: int | None) -> bytes:
    """Return id-shake256, or id-shake256-len with a length."""
    if bits is None:
        return algorithm("2.16.840.1.101.3.4.2.12")
    return seq((oid("2.16.840.1.101.3.4.2.18"), integer(bits)))


def test_a_policy_says_whether_edwards_curves_are_accepted():
    edwards = parse_policy(EDWARDS, name="edwards")
    for kind, digest in (("ed448", "shake256"), ("ed25519", "sha512")):
        party = official(WORLD.issuing, common=f"Of {kind}", kind=kind)
        certificates = (party.der, WORLD.issuing.der)
        file = cms(signer_info(CONTENT, How(party, digest)), certificates=certificates)
        for content in (CONTENT, digest_of(CONTENT, digest)):
            report = judge_file(file, content, evidence=about(party), policy=edwards)
            assert verdict(report) == PASSED
            assert report.signatures[0].algorithm == {"ed448": "Ed448"}.get(kind, "Ed25519")
            refused = judge_file(file, content, evidence=about(party))
            assert refused.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
        differs = judge_file(file, CONTENT + b" ", evidence=about(party), policy=edwards)
        assert differs.sub_indication is SubIndication.HASH_FAILURE


def test_ed448_is_judged_in_a_pdf():
    edwards = parse_policy(EDWARDS, name="edwards")
    party = official(WORLD.issuing, common="Of ed448", kind="ed448")
    data = sign(make_pdf(), Signing(stamped=None, reserved=16000))
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    info = signer_info(data[:start] + data[end:], How(party, "shake256"))
    token = cms(info, certificates=(party.der, WORLD.issuing.der)).hex().encode()
    data = data[: start + 1] + token.ljust(end - start - 2, b"0") + data[end - 1 :]
    assert verdict(judge(data, evidence=about(party), policy=edwards)) == PASSED
    refused = judge(data, evidence=about(party))
    assert refused.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


@pytest.mark.parametrize(("bits", "passes"), [(None, True), (512, True), (256, False)])
def test_shake_has_the_length_that_cms_gives_it(bits, passes):
    party = official(WORLD.issuing, common="Of ed448", kind="ed448")
    info = signer_info(CONTENT, How(party, "shake256", digest_named=shake(bits)))
    report = judge_file(
        cms(info, certificates=(party.der, WORLD.issuing.der)),
        evidence=about(party),
        policy=parse_policy(EDWARDS, name="edwards"),
    )
    assert (report.indication is Indication.TOTAL_PASSED) is passes


def test_a_policy_names_what_can_be_verified():
    with pytest.raises(PolicyAlgorithmUnknownError):
        parse_policy(EDWARDS.replace('"ed448"', '"ed444"'), name="edwards")


def test_plain_ecdsa_is_judged_as_ecdsa():
    file = cms(signer_info(CONTENT, How(plain=True)))
    report = judge_file(file, evidence=FRESH)
    assert verdict(report) == PASSED
    assert report.signatures[0].algorithm == "ECDSA/SHA-256"
    data = sign(make_pdf(), Signing(stamped=None))

    def plainly(content_info):
        signer = content_info["content"]["signer_infos"][0]
        numbers = read_all(read(signer["signature"].native, "").content, "")
        halves = (int.from_bytes(each.content, "big").to_bytes(32, "big") for each in numbers)
        signer["signature"] = b"".join(halves)
        signer["signature_algorithm"] = {"algorithm": "0.4.0.127.0.7.1.1.4.1.3"}
        return content_info

    assert verdict(judge(replace_token(data, plainly), evidence=FRESH)) == PASSED
    spoiled = replace_token(data, plainly).replace(b"595 842", b"595 841", 1)
    assert judge(spoiled, evidence=FRESH).sub_indication is SubIndication.HASH_FAILURE


@pytest.mark.parametrize("dotted", SIGNATURES_AS_DIGESTS)
def test_the_name_of_a_signature_in_the_place_of_a_digest(dotted):
    digest = SIGNATURES_AS_DIGESTS[dotted]
    assert digest_name_of({"algorithm": algos.DigestAlgorithmId(dotted)}) == digest
    if digest not in DIGESTS:
        return
    file = cms(signer_info(CONTENT, How(digest=digest, digest_named=algorithm(dotted))))
    assert verdict(judge_file(file, evidence=FRESH)) == PASSED
    differs = judge_file(file, CONTENT + b" ", evidence=FRESH)
    assert differs.sub_indication is SubIndication.HASH_FAILURE


def test_the_name_of_a_signature_in_the_place_of_a_digest_in_a_pdf():
    data = sign(make_pdf(), Signing(stamped=None))

    def named(content_info):
        signer = content_info["content"]["signer_infos"][0]
        signer["digest_algorithm"] = {"algorithm": "1.2.840.10045.4.3.2", "parameters": core.Null()}
        return content_info

    for change in (lambda info: info, named):
        assert verdict(judge(replace_token(data, change), evidence=FRESH)) == PASSED


def test_a_name_that_is_no_digest_passes_nothing():
    file = cms(signer_info(CONTENT, How(digest_named=algorithm("1.2.3.4"))))
    report = judge_file(file, evidence=FRESH, at=LATER + timedelta(seconds=1))
    assert report.indication is not Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("found", "odd"),
    [(b"\x03\x82\x01\x0f\x00\x30", b"\x03\x82\x01\x0f\x00\x31"), (b"", b"")],
    ids=["key that was mended", "as it was"],
)
def test_a_key_that_is_odd_is_hashed_by_its_octets(found, odd):
    """What names an issuer in OCSP is the hash of its key as it stands, whatever that is."""
    party = official(WORLD.issuing, common="RSA", kind="rsa2048")
    der = party.der.replace(found, odd, 1) if found else party.der
    key = party.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert (der == party.der) is not bool(found)
    assert key_bits(read_certificate(der)) == (b"\x31" if found else b"\x30") + key[1:]
