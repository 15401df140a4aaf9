"""Every sub-indication that can be returned, each beside the same thing done right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign import fields
from unit.verify import verify_pki
from unit.verify.verify_pki import (
    BORN,
    DAY,
    LATER,
    SECOND,
    SIGNED,
    YEAR,
    FixedTimeStamper,
    Signing,
    accepting,
    answer,
    authority,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    name,
    ocsp_evidence,
    official,
    replace_token,
    resign,
    responder,
    sign,
    stamper,
    usage,
    wide_policy,
    with_content_timestamp,
)

from verify.facts import Kind
from verify.finding import Severity
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.trust import TrustStore

WORLD = make_world()


def good(*parties, at=LATER):
    """Good answers about the usual ones and about `parties` of the issuing authority."""
    more = ocsp_evidence(*(answer(party, WORLD.ocsp, at) for party in parties), had_at=at)
    return fresh(WORLD, at) + more


def signed_by(party, **more):
    return sign(make_pdf(), Signing(party=party, **more))


def sub(data, evidence=None, **more):
    report = judge(data, evidence=evidence or good(), **more)
    if report.sub_indication is not None:
        assert report.indication is report.sub_indication.indication
    return report.sub_indication


def codes(report):
    return {finding.code for item in report.signatures for finding in item.findings}


def test_indications_belong_to_their_main_indication():
    failed = {item for item in SubIndication if item.indication is Indication.TOTAL_FAILED}
    assert {item.value for item in failed} == {
        "FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED",
        "NOT_YET_VALID",
    }  # fmt: skip


def test_no_signature():
    assert sub(make_pdf()) is SubIndication.NO_SIGNATURE


def test_hash_failure():
    data = make_document("B-B")
    assert sub(data) is None
    spoiled = data.replace(b"Page 1", b"Page 7")
    assert sub(spoiled) is SubIndication.HASH_FAILURE
    finding = judge(spoiled).signatures[0].findings[0]
    assert finding.code == "integrity.signed_bytes_differ"
    assert finding.facts["size"] == len(data)


def test_sig_crypto_failure():
    data = make_document("B-B")

    def spoil(content_info):
        signer = content_info["content"]["signer_infos"][0]
        signer["signature"] = make_signature_of_other_bytes()
        return content_info

    assert sub(replace_token(data, spoil)) is SubIndication.SIG_CRYPTO_FAILURE
    assert sub(replace_token(data, lambda token: token)) is None


def make_signature_of_other_bytes() -> bytes:
    return WORLD.official.key.sign(b"other", verify_pki.ec.ECDSA(hashes.SHA256()))


def test_format_failure_of_what_is_no_cms():
    data = make_document("B-B")
    start = data.index(b"/Contents <") + len(b"/Contents <")
    broken = data[:start] + b"ff" + data[start + 2 :]
    assert sub(broken) is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda signed: signed.__setitem__("signer_infos", []), id="no signer"),
        pytest.param(
            lambda signed: signed["encap_content_info"].__setitem__("content_type", "signed_data"),
            id="other content",
        ),
        pytest.param(lambda signed: drop(signed, "message_digest"), id="no digest"),
        pytest.param(lambda signed: drop(signed, "content_type"), id="no content type"),
        pytest.param(lambda signed: double(signed, "message_digest"), id="two digests"),
    ],
)  # fmt: skip
def test_format_failure_of_cms_that_is_wrong(spoil):
    def change(content_info):
        spoil(content_info["content"])
        return content_info

    assert sub(replace_token(make_document("B-B"), change)) is SubIndication.FORMAT_FAILURE


def test_of_several_signers_the_first_is_judged_and_it_does_not_pass():
    def signers(count):
        def change(content_info):
            signed = content_info["content"]
            signed["signer_infos"] = [signed["signer_infos"][0]] * count
            return content_info

        return replace_token(sign(make_pdf(), Signing(stamped=None, reserved=16000)), change)

    assert sub(signers(1)) is None
    assert sub(signers(3)) is SubIndication.SIG_CONSTRAINTS_FAILURE
    found = judge(signers(3), evidence=fresh(WORLD, LATER)).signatures[0].findings[0]
    assert (found.code, found.facts["count"]) == ("signature.several_signers", 3)


def drop(signed, kind):
    signer = signed["signer_infos"][0]
    kept = [item for item in signer["signed_attrs"] if item["type"].native != kind]
    signer["signed_attrs"] = asn1_cms.CMSAttributes(kept)


def double(signed, kind):
    signer = signed["signer_infos"][0]
    twice = [item for item in signer["signed_attrs"] if item["type"].native == kind]
    signer["signed_attrs"] = asn1_cms.CMSAttributes([*signer["signed_attrs"], *twice])


def test_no_signing_certificate_found():
    def without(content_info):
        content_info["content"]["certificates"] = asn1_cms.CertificateSet([])
        return content_info

    data = replace_token(make_document("B-B"), without)
    assert sub(data) is SubIndication.NO_SIGNING_CERTIFICATE_FOUND
    item = verify_pki.Item(WORLD.official.der, LATER)
    issuing = verify_pki.Item(WORLD.issuing.der, LATER)
    given = good() + verify_pki.Evidence(certificates=(item, issuing))
    assert sub(data, given) is None


def test_no_certificate_chain_found():
    data = make_document("B-B")
    assert sub(data, trust=TrustStore(())) is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert sub(data) is None


def test_certificate_chain_general_failure():
    deep = authority("Too deep", WORLD.issuing)  # Issuing allows no authority below it
    data = signed_by(official(deep, common="Below"))
    assert sub(data) is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ([(usage("digital_signature"), True)], None),
        ([(usage("content_commitment"), True)], None),
        ([(usage("key_encipherment"), True)], SubIndication.CHAIN_CONSTRAINTS_FAILURE),
        (
            [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)],
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        ),
        ([(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)], None),
    ],
)
def test_chain_constraints_failure(extensions, expected):
    party = official(WORLD.issuing, *extensions, common="Usage", serial=77)
    assert sub(signed_by(party), good(party)) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("rsa1024", SubIndication.CRYPTO_CONSTRAINTS_FAILURE), ("rsa2048", None)],
)
@pytest.mark.filterwarnings("ignore")
def test_crypto_constraints_failure_of_short_keys(kind, expected):
    party = official(WORLD.issuing, common=kind, kind=kind)
    report = judge(signed_by(party, stamped=None), evidence=good(party))
    assert report.sub_indication is expected
    assert report.signatures[0].algorithm.startswith("RSASSA-PKCS1-v1_5")


def test_p521_is_accepted():
    party = official(WORLD.issuing, common="P-521", kind="p521")
    report = judge(signed_by(party, digest="sha512", stamped=None), evidence=good(party))
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].algorithm == "ECDSA/SHA-512"


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("ed25519", "Ed25519"),
        ("ml-dsa-44", "ML-DSA-44"),
        ("ml-dsa-65", "ML-DSA-65"),
        ("ml-dsa-87", "ML-DSA-87"),
    ],
)
def test_crypto_constraints_failure_of_what_the_circular_does_not_list(kind, algorithm):
    """Circular 15/2025 Annex I: RSA and ECDSA. A policy of one's own may accept the others."""
    party = official(WORLD.issuing, common=kind, kind=kind)
    data = signed_by(party, digest="sha512", stamped=None)
    report = judge(data, evidence=good(party))
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    (found,) = (each for each in report.signatures[0].findings if each.severity is Severity.ERROR)
    assert (found.code, found.facts) == ("algorithm.not_accepted", {"algorithm": algorithm})

    accepted = judge(data, evidence=good(party), policy=wide_policy())
    assert accepted.indication is Indication.TOTAL_PASSED
    assert accepted.signatures[0].algorithm == algorithm

    def spoil(content_info):
        signer = content_info["content"]["signer_infos"][0]
        value = bytearray(signer["signature"].native)
        value[10] ^= 1
        signer["signature"] = bytes(value)
        return content_info

    broken = judge(replace_token(data, spoil), evidence=good(party), policy=wide_policy())
    assert broken.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_a_signature_named_after_another_algorithm_does_not_verify():
    """The signature of an ML-DSA-65 key, said to be one of ML-DSA-44."""
    party = official(WORLD.issuing, common="ml-dsa-65", kind="ml-dsa-65")
    data = signed_by(party, digest="sha512", stamped=None)

    def rename(content_info):
        signer = content_info["content"]["signer_infos"][0]
        signer["signature_algorithm"] = {"algorithm": "2.16.840.1.101.3.4.3.17"}
        return content_info

    report = judge(replace_token(data, rename), evidence=good(party), policy=wide_policy())
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_pss_is_understood():
    party = official(WORLD.issuing, common="PSS", kind="rsa2048")
    data = signed_by(party, pss=True)
    report = judge(data, evidence=good(party))
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].algorithm == "RSASSA-PSS/SHA-256"


def test_crypto_constraints_failure_of_what_the_policy_does_not_list():
    data = sign(make_pdf(), Signing(stamped=None, digest="sha512"))
    digests = default_policy().algorithms.digests
    without = {key: value for key, value in digests.items() if key != "sha512"}
    assert sub(data) is None
    refused = sub(data, policy=accepting(digests=without))
    assert refused is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    party = official(WORLD.issuing, common="v1.5", kind="rsa2048")
    data = signed_by(party, stamped=None)
    assert sub(data, good(party), policy=accepting(schemes=("rsassa-pkcs1v15", "ecdsa"))) is None
    refused = sub(data, good(party), policy=accepting(schemes=("ecdsa",)))
    assert refused is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


@pytest.mark.filterwarnings("ignore")
def test_sha1_is_judged_by_the_time_it_was_made():
    data = sign(make_pdf(), Signing(stamped=None, digest="sha1"))
    assert sub(data) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    digests = default_policy().algorithms.digests
    until = digests["sha1"].model_copy(update={"until": SIGNED + DAY})
    policy = accepting(digests={**digests, "sha1": until})
    at = SIGNED + 2 * DAY
    stamped = verify_pki.add_timestamp(data, SIGNED)
    assert sub(stamped, good(at=at), at=at, policy=policy) is None
    late = verify_pki.add_timestamp(data, SIGNED + DAY + SECOND)
    for unproved in (data, late):
        judged = sub(unproved, good(at=at), at=at, policy=policy)
        assert judged is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_not_yet_valid():
    party = official(WORLD.issuing, common="Early", not_before=SIGNED + SECOND)
    assert sub(signed_by(party), good(party)) is SubIndication.NOT_YET_VALID
    party = official(WORLD.issuing, common="In time", not_before=SIGNED)
    assert sub(signed_by(party), good(party)) is None


def test_expired_with_proof_of_existence_before_is_fine_and_without_is_out_of_bounds():
    party = official(WORLD.issuing, common="Expiring", not_after=SIGNED + DAY)
    at = SIGNED + 2 * DAY
    known = ocsp_evidence(answer(party, WORLD.ocsp, SIGNED + DAY))
    stamped, plain = signed_by(party), signed_by(party, stamped=None)
    assert sub(stamped, fresh(WORLD, at) + known, at=at) is None
    assert sub(plain, fresh(WORLD, at) + known, at=at) is SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
    assert sub(plain, fresh(WORLD, at), at=at) is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert sub(plain, good(party)) is None


def test_an_expired_authority_is_out_of_bounds():
    issuing = authority("Short-lived", WORLD.root, not_after=SIGNED + DAY)
    party = official(issuing, common="Of short-lived")
    ocsp = responder(issuing, "its OCSP")
    data = signed_by(party, stamped=None)
    for at, expected in ((LATER, None), (SIGNED + 2 * DAY, SubIndication.OUT_OF_BOUNDS_NO_POE)):
        evidence = ocsp_evidence(
            answer(party, ocsp, at), answer(issuing, WORLD.root_ocsp, at), had_at=at
        )
        assert sub(data, evidence, at=at) is expected


def test_an_expired_trust_anchor_is_out_of_bounds():
    root = authority("Old root", not_after=SIGNED + DAY)
    party = official(root, common="Of old root")
    data = signed_by(party, stamped=None)
    for at, expected in ((LATER, None), (SIGNED + 2 * DAY, SubIndication.OUT_OF_BOUNDS_NO_POE)):
        evidence = ocsp_evidence(answer(party, root, at), had_at=at)
        assert sub(data, evidence, at=at, trust=TrustStore((root.certificate,))) is expected


def test_revoked_and_expired_for_good_when_a_content_time_stamp_shows_it():
    party = official(WORLD.issuing, common="Content", not_after=SIGNED + 2 * DAY)
    data = with_content_timestamp(SIGNED, party=party)
    assert sub(data, good(party)) is None
    for revoked_at, expected in (
        (SIGNED + SECOND, SubIndication.REVOKED_NO_POE),
        (SIGNED, SubIndication.REVOKED),
        (SIGNED - SECOND, SubIndication.REVOKED),
    ):
        evidence = fresh(WORLD, LATER) + ocsp_evidence(
            answer(party, WORLD.ocsp, LATER, revoked_at=revoked_at)
        )
        assert sub(data, evidence) is expected
    for not_after, expected in (
        (SIGNED - SECOND, SubIndication.EXPIRED),
        (SIGNED, SubIndication.OUT_OF_BOUNDS_NO_POE),
    ):
        party = official(WORLD.issuing, common="Content", not_after=not_after)
        data = with_content_timestamp(SIGNED, party=party)
        assert sub(data) is expected


def test_time_stamps_in_the_wrong_order():
    data = with_content_timestamp(SIGNED + timedelta(minutes=5), stamped=SIGNED)
    assert sub(data) is SubIndication.TIMESTAMP_ORDER_FAILURE
    assert sub(with_content_timestamp(SIGNED, stamped=SIGNED)) is None


def test_the_signature_must_name_its_certificate():
    data = make_document("B-B")

    def is_reference(item):
        return item["type"].native.startswith("signing_certificate")

    def other(items):
        reference = verify_pki.as_signing_certificate_v2(WORLD.tsa.asn1)
        kind = "signing_certificate_v2"
        return [*without(items), {"type": kind, "values": [reference]}]

    def without(items):
        return [item for item in items if not is_reference(item)]

    assert sub(resign(data, lambda items: items)) is None
    assert sub(resign(data, without)) is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert sub(resign(data, other)) is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_iso_32000_signatures_have_no_level():
    data = sign(make_pdf(), Signing(sub_filter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
    report = judge(data, evidence=good())
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].level is None
    assert "level.iso32000" in codes(report)


def test_an_unknown_format_is_named():
    data = make_document("B-B").replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.attached")
    report = judge(data)
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert "signature.unsupported_format" in codes(report)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (Signing(spoil="imprint"), "HASH_FAILURE"),
        (Signing(stamper=stamper(WORLD.issuing, "Not critical", critical=False)),
         "CHAIN_CONSTRAINTS_FAILURE"),
        (Signing(stamper=stamper(authority("Elsewhere"), "Stranger")),
         "NO_CERTIFICATE_CHAIN_FOUND"),
        (Signing(stamper=stamper(WORLD.issuing, "Unknown status")), "TRY_LATER"),
        (Signing(stamper=stamper(WORLD.issuing, "Young", not_before=SIGNED + SECOND)),
         "NOT_YET_VALID"),
        (Signing(stamped=LATER + DAY), "TIMESTAMP_ORDER_FAILURE"),
        (Signing(stamper=official(WORLD.issuing, common="No stamper")),
         "CHAIN_CONSTRAINTS_FAILURE"),
    ],
)  # fmt: skip
def test_a_time_stamp_that_is_not_valid_proves_nothing_and_says_why(how, why):
    stamps = [how.stamper] if how.stamper and why != "TRY_LATER" else []
    report = judge(sign(make_pdf(), how), evidence=good(*stamps))
    assert report.indication is Indication.TOTAL_PASSED
    signature = report.signatures[0]
    assert signature.level == "B-B"
    assert signature.best_signature_time == LATER
    assert signature.timestamps[0].sub_indication == why
    assert "timestamp.not_usable" in codes(report)


def test_a_broken_time_stamp_token_is_told():
    def spoil(content_info):
        signer = content_info["content"]["signer_infos"][0]
        for attribute in signer["unsigned_attrs"]:
            token = FixedTimeStamper(WORLD.tsa, SIGNED).token(b"x")
            token["content"]["encap_content_info"]["content_type"] = "data"
            attribute["values"] = [token]
        return content_info

    data = replace_token(make_document("B-T"), spoil)
    report = judge(data, evidence=good())
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].timestamps[0].sub_indication is SubIndication.FORMAT_FAILURE


def test_a_document_with_only_a_time_stamp_is_judged_by_it():
    data = verify_pki.add_timestamp(make_pdf(), SIGNED)
    issuing = verify_pki.Evidence(certificates=(verify_pki.Item(WORLD.issuing.der, LATER),))
    report = judge(data, evidence=good() + issuing)
    assert report.indication is Indication.TOTAL_PASSED
    assert [item.kind for item in report.signatures] == [Kind.TIMESTAMP]
    assert judge(data, evidence=issuing).sub_indication is SubIndication.TRY_LATER
    assert judge(data).sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


@pytest.mark.parametrize(
    ("subject", "policies", "kind"),
    [
        (name("Sở", organization="Sở Nội vụ", uid="MST:0100"), (), Kind.SEAL),
        (name("Sở", organization="Sở Nội vụ"), (), Kind.SIGNATURE),
        (name("A", organization="Sở", uid="MST:0100", given_name="A"), (), Kind.SIGNATURE),
        (name("A", organization="Sở", uid="CCCD:0100"), (), Kind.SIGNATURE),
        (name("A", uid="MST:0100"), (), Kind.SIGNATURE),
        (name("A", organization="Sở"), ("1.2.3.4",), Kind.SEAL),
    ],
)
def test_kind_of_signature(subject, policies, kind):
    extensions = [(usage("digital_signature"), True)]
    if policies:
        oid = x509.ObjectIdentifier(policies[0])
        value = x509.CertificatePolicies([x509.PolicyInformation(oid, None)])
        extensions.append((value, False))
    party = official(WORLD.issuing, *extensions, subject=subject, common="kind")
    policy = default_policy()
    signer = policy.signer.model_copy(update={"seal_policies": ("1.2.3.4",)})
    policy = policy.model_copy(update={"signer": signer})
    report = judge(signed_by(party), evidence=good(party), policy=policy)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].kind is kind


def test_the_best_time_is_the_earliest_proof():
    data = verify_pki.add_timestamp(sign(make_pdf()), SIGNED + timedelta(minutes=2))
    report = judge(data, evidence=good())
    assert report.signatures[0].best_signature_time == SIGNED
    plain = verify_pki.add_timestamp(sign(make_pdf(), Signing(stamped=None)), SIGNED)
    report = judge(plain, evidence=good())
    assert report.signatures[0].best_signature_time == SIGNED
    assert report.signatures[0].level == "B-T"


def test_a_later_document_time_stamp_that_claims_an_earlier_time_is_out_of_order():
    data = verify_pki.add_timestamp(make_document("B-LTA"), SIGNED - DAY)
    report = judge(data, evidence=good())
    inner = report.signatures[1]
    assert inner.sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE


def test_a_signer_s_claim_of_a_later_time_is_told():
    report = judge(make_document("B-T"), evidence=good())
    assert "signature.claims_later_time" in codes(report)


def test_long_lived_world_is_what_the_tests_think():
    assert WORLD.root.certificate.not_valid_before_utc == BORN
    assert WORLD.root.certificate.not_valid_after_utc == BORN + 10 * YEAR
