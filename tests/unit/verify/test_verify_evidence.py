"""Odd certificates, tokens, lists and answers: each with the verdict it must and must not get."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from unit.verify.test_verify_revocation import official_answer, point, rest, sub
from unit.verify.verify_pki import (
    BORN,
    LATER,
    SECOND,
    SIGNED,
    YEAR,
    Party,
    Signing,
    answer,
    authority,
    crl,
    crl_evidence,
    fresh,
    hash_of,
    judge,
    key,
    make_document,
    make_pdf,
    make_world,
    name,
    ocsp_evidence,
    official,
    replace_token,
    resigned,
    responder,
    sign,
    signed_data,
    wide_policy,
)

from pki.words import Language
from verify.certificate import signed_with
from verify.evidence import Evidence, Item
from verify.indication import SubIndication
from verify.policy import default_policy
from verify.render.timeline import make_timeline
from verify.render.view import Speaker
from verify.revocation.ocsp import key_bits
from verify.signature_value import hash_with

WORLD = make_world()
GOOD = fresh(WORLD, LATER)


@pytest.mark.parametrize(
    ("kind", "pss", "algorithm", "expected"),
    [
        ("p521", False, "ECDSA/SHA-256", None),
        ("ed25519", False, "Ed25519", None),
        ("ml-dsa-44", False, "ML-DSA-44", None),
        ("ml-dsa-65", False, "ML-DSA-65", None),
        ("ml-dsa-87", False, "ML-DSA-87", None),
        ("rsa2048", True, "RSASSA-PSS/SHA-256", None),
        ("rsa2048", False, "RSASSA-PKCS1-v1_5/SHA-256", None),
        # not even what its responder says of it counts: that one is certified the same way
        ("ed448", False, "Ed448", SubIndication.TRY_LATER),
    ],
)
def test_certificates_signed_in_each_way_a_policy_may_accept(kind, pss, algorithm, expected):
    issuing = authority(f"Issuing with {kind}", WORLD.root, kind=kind)
    party = official(issuing, common=f"Of {kind}", pss=pss)
    assert signed_with(party.certificate, issuing.certificate).name == algorithm
    good = rest() + ocsp_evidence(
        answer(party, responder(issuing, f"OCSP of {kind}", pss=pss), LATER),
        answer(issuing, WORLD.root_ocsp, LATER),
    )
    data = sign(make_pdf(), Signing(party=party))
    assert sub(data, good, policy=wide_policy()) is expected
    listed = expected is None and algorithm.startswith(("RSA", "ECDSA"))
    # what the default policy does not list counts neither in a certificate nor in its status
    assert sub(data, good) is (None if listed else SubIndication.TRY_LATER)


def around_contents(data):
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    return data[:start] + data[data.index(b">", start) + 1 :]


def wrapping(content, *, content_type="data"):
    """Return a document whose token contains `content(bytes signed)`, signed with SHA-256."""
    data = sign(make_pdf(), Signing(stamped=None, reserved=8000))
    data = data.replace(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1    ")
    token = signed_data(WORLD.official, content(around_contents(data)), content_type=content_type)
    return replace_token(data, lambda _: token)


def sha1(data):
    return hashlib.sha1(data, usedforsecurity=False).digest()


def test_a_token_around_the_sha_1_of_the_document_is_as_good_as_sha_1():
    evidence = GOOD + Evidence(certificates=(Item(WORLD.issuing.der, LATER),))
    report = judge(wrapping(sha1), evidence=evidence)
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    finding = next(item for item in report.signatures[0].findings if "algorithm" in item.facts)
    assert finding.facts["algorithm"] == "SHA1"
    table = default_policy().algorithms
    accepting = {**table.digests, "sha1": table.digests["sha256"]}
    policy = default_policy().model_copy(
        update={"algorithms": table.model_copy(update={"digests": accepting})}
    )
    assert judge(wrapping(sha1), evidence=evidence, policy=policy).passed
    other = judge(wrapping(lambda _: bytes(20)), evidence=evidence, policy=policy)
    assert other.sub_indication is SubIndication.HASH_FAILURE
    stamp = judge(wrapping(sha1, content_type="1.2.3.4"), evidence=evidence, policy=policy)
    assert stamp.sub_indication is SubIndication.FORMAT_FAILURE


def test_a_token_around_all_that_is_signed_is_as_good_as_its_own_digest():
    evidence = GOOD + Evidence(certificates=(Item(WORLD.issuing.der, LATER),))
    assert judge(wrapping(bytes), evidence=evidence).passed
    for other in (lambda data: data[:-1], lambda _: b""):
        report = judge(wrapping(other), evidence=evidence)
        assert report.sub_indication is SubIndication.HASH_FAILURE


def without_identifier():
    own = key("without identifier")
    subject = name("without identifier")
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(7)
        .not_valid_before(BORN)
        .not_valid_after(BORN + YEAR)
    )
    return Party(made.sign(own, hash_of(own)), own)


def test_a_certificate_without_key_identifier_is_not_the_signer_named_by_one():
    identifier = WORLD.official.certificate.extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier
    ).value.digest
    others = [without_identifier(), WORLD.issuing]

    def put(*certificates):
        def change(content_info):
            signed = content_info["content"]
            sid = asn1_cms.SignerIdentifier("subject_key_identifier", identifier)
            signed["signer_infos"][0]["sid"] = sid
            signed["certificates"] = [
                asn1_cms.CertificateChoices("certificate", item.asn1) for item in certificates
            ]
            return content_info

        return replace_token(sign(make_pdf(), Signing(stamped=None, reserved=8000)), change)

    assert judge(put(*others, WORLD.official), evidence=GOOD).passed
    report = judge(put(*others), evidence=GOOD)
    assert report.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND


@pytest.mark.parametrize(("number", "counts"), [("1.3.6.1.5.5.7.16.2", True), ("1.2.3.4", False)])
def test_only_an_ocsp_response_among_other_revocation_information_counts(number, counts):
    own = asn1_ocsp.OCSPResponse.load(answer(WORLD.official, WORLD.ocsp, LATER - SECOND))

    def put(content_info):
        other = {"other_rev_info_format": number, "other_rev_info": own}
        choices = [asn1_cms.RevocationInfoChoice("other", other)]
        content_info["content"]["crls"] = asn1_cms.RevocationInfoChoices(choices)
        return content_info

    data = replace_token(sign(make_pdf(), Signing(stamped=None, reserved=16000)), put)
    assert judge(data, evidence=rest()).passed is counts


def test_a_time_stamp_without_a_time_is_no_mark_on_the_line():
    def spoil(content_info):
        signer = content_info["content"]["signer_infos"][0]
        rubbish = asn1_cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"x")})
        good = signer["unsigned_attrs"][0]["values"][0]
        token = {"type": "signature_time_stamp_token", "values": [rubbish, good]}
        signer["unsigned_attrs"] = asn1_cms.CMSAttributes([token])
        return content_info

    for data in (make_document("B-T"), replace_token(make_document("B-T"), spoil)):
        line = make_timeline(judge(data, evidence=GOOD), Speaker(Language.EN))
        assert [mark.kind for mark in line.lanes[0].marks].count("stamped") == 1


def list_with(*extensions, revoked=True, reason=None):
    """Return a list of the issuing authority whose entry has these extensions."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(WORLD.issuing.certificate.subject)
        .last_update(LATER)
        .next_update(LATER + timedelta(days=1))
    )
    number = WORLD.official.certificate.serial_number
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(number if revoked else number + 1)
        .revocation_date(SIGNED)
    )
    for value in (*extensions, *((x509.CRLReason(reason),) if reason else ())):
        entry = entry.add_extension(value, False)
    made = builder.add_revoked_certificate(entry.build()).sign(WORLD.issuing.key, hashes.SHA256())
    return crl_evidence(made.public_bytes(Encoding.DER))


ODD_REASON = x509.UnrecognizedExtension(x509.CRLReason.oid, b"\x0a\x01\x63")
INVALIDITY = x509.InvalidityDate(SIGNED.replace(tzinfo=None))


@pytest.mark.parametrize("extensions", [(ODD_REASON,), (INVALIDITY,), ()])
def test_an_entry_revokes_though_its_extensions_cannot_be_read(extensions):
    good = rest() + official_answer()
    assert sub(evidence=good + list_with(*extensions, revoked=False)) is None
    found = sub(evidence=good + list_with(*extensions))
    assert found is SubIndication.REVOKED_NO_POE


def test_the_reason_is_found_behind_other_extensions():
    """A hold that a newer answer lifts is told from a revocation that stands, by its reason."""
    newer = official_answer(LATER + SECOND)
    for reason, expected in (
        (x509.ReasonFlags.certificate_hold, None),
        (x509.ReasonFlags.superseded, SubIndication.REVOKED_NO_POE),
    ):
        listed = list_with(INVALIDITY, reason=reason)
        assert sub(evidence=rest() + newer + listed) is expected


def test_a_list_with_an_unreadable_promise_still_revokes():
    odd = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x01x"), False)
    good = rest() + official_answer()
    for revoked, expected in (
        ({WORLD.official.certificate: SIGNED}, SubIndication.REVOKED_NO_POE),
        ({WORLD.tsa.certificate: LATER + SECOND}, None),
    ):
        listed = crl_evidence(crl(WORLD.issuing, LATER, revoked=revoked, extensions=(odd,)))
        assert sub(evidence=good + listed) is expected


def test_a_list_of_a_point_named_relatively_is_no_evidence():
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    for extension, expected in (
        (
            point(None, only_contains_user_certs=True, relative_name=relative),
            SubIndication.TRY_LATER,
        ),
        (point(None, only_contains_user_certs=True), None),
    ):
        listed = crl_evidence(crl(WORLD.issuing, LATER, extensions=(extension,)))
        assert sub(evidence=rest() + listed) is expected


def test_a_list_signed_in_a_way_nobody_knows_is_no_evidence():
    der = crl(WORLD.issuing, LATER)
    assert sub(evidence=rest() + crl_evidence(der)) is None
    listed = asn1_crl.CertificateList.load(der)
    unknown = {"algorithm": "1.2.3.4"}
    listed["tbs_cert_list"]["signature"] = unknown
    listed["signature_algorithm"] = unknown
    odd = crl_evidence(listed.dump(force=True))
    assert sub(evidence=rest() + odd) is SubIndication.TRY_LATER
    assert sub(evidence=rest() + odd + official_answer()) is None


def of_official(**changes):
    return ocsp_evidence(resigned(answer(WORLD.official, WORLD.ocsp, LATER), WORLD.ocsp, **changes))


@pytest.mark.parametrize("critical", [True, False])
def test_an_answer_with_a_critical_extension_is_no_evidence(critical):
    nonce = {"extn_id": "nonce", "critical": critical, "extn_value": core.OctetString(b"12345678")}
    expected = SubIndication.TRY_LATER if critical else None
    assert sub(evidence=rest() + of_official(response_extensions=[nonce])) is expected


def test_an_answer_whose_signer_has_another_kind_of_key_is_no_evidence():
    assert sub(evidence=rest() + of_official(algorithm={"algorithm": "sha256_ecdsa"})) is None
    odd = of_official(algorithm={"algorithm": "sha256_rsa"})
    assert sub(evidence=rest() + odd) is SubIndication.TRY_LATER


@pytest.mark.parametrize(
    ("digest", "expected"), [("sha256", None), ("md5", SubIndication.TRY_LATER)]
)
def test_an_answer_that_names_the_issuer_by_a_weak_digest_is_no_evidence(digest, expected):
    items = singles(answer(WORLD.official, WORLD.ocsp, LATER))
    named = items[0]["cert_id"]
    named["hash_algorithm"] = {"algorithm": digest}
    issuer = WORLD.issuing.certificate
    named["issuer_name_hash"] = hash_with(digest, issuer.subject.public_bytes())
    named["issuer_key_hash"] = hash_with(digest, key_bits(issuer))
    assert sub(evidence=rest() + of_official(responses=items)) is expected


def singles(*ders):
    """Return the single answers of some responses, to be put into one."""
    return asn1_ocsp.Responses([
        item
        for der in ders
        for item in asn1_ocsp.OCSPResponse.load(der)["response_bytes"]["response"]
        .parsed["tbs_response_data"]["responses"]
    ])  # fmt: skip


def test_one_response_may_say_two_things_and_the_worse_stands():
    good = answer(WORLD.official, WORLD.ocsp, LATER)
    bad = answer(WORLD.official, WORLD.ocsp, LATER, revoked_at=SIGNED)
    assert sub(evidence=rest() + of_official(responses=singles(good, good))) is None
    for order in ((good, bad), (bad, good)):
        both = of_official(responses=singles(*order))
        assert sub(evidence=rest() + both) is SubIndication.REVOKED_NO_POE


def test_the_archive_cutoff_is_found_among_other_extensions():
    """An answer from after the expiry counts when the responder keeps what expired since."""
    at = SIGNED + 2 * timedelta(days=1)
    short = official(WORLD.issuing, common="Short lived", not_after=SIGNED + timedelta(days=1))
    data = sign(make_pdf(), Signing(party=short))
    reference = {"extn_id": "crl", "extn_value": {"crl_num": 1}}
    cutoff = {"extn_id": "archive_cutoff", "extn_value": core.GeneralizedTime(BORN)}
    for extensions, expected in (
        ([reference], SubIndication.TRY_LATER),
        ([reference, cutoff], None),
    ):
        der = answer(short, WORLD.ocsp, at)
        items = singles(der)
        items[0]["single_extensions"] = extensions
        kept = ocsp_evidence(resigned(der, WORLD.ocsp, responses=items), had_at=at)
        assert sub(data, rest(at) + kept, at=at) is expected


@pytest.mark.parametrize(
    ("digest", "expected"), [(hashes.SHA256(), None), (hashes.SHA224(), SubIndication.TRY_LATER)]
)
def test_a_responder_certified_with_a_weak_algorithm_proves_nothing(digest, expected):
    own = responder(WORLD.issuing, "Weakly certified", digest=digest)
    evidence = rest() + ocsp_evidence(answer(WORLD.official, own, LATER))
    assert sub(evidence=evidence) is expected
