"""Tokens and evidence of kinds that are rarer: found in the wild, judged like the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import pdf as asn1_pdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.general import as_signing_certificate_v2
from unit.verify.verify_pki import (
    LATER,
    SECOND,
    SIGNED,
    Signing,
    add_store,
    answer,
    answers_for,
    authority,
    crl,
    crl_evidence,
    fresh,
    issue,
    judge,
    make_document,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    replace_token,
    resign,
    settled,
    sign,
    stamper,
    usage,
)

from pki import der
from verify import certificate as certificate_module
from verify.certificate import describe, readable, signed_with
from verify.cms.check import Parts, check_signature
from verify.cms.token import read_token
from verify.errors import MalformedObjectError
from verify.facts import ChainFacts, Reference
from verify.indication import Indication, SubIndication
from verify.purpose import timestamp_defects
from verify.signature_value import compute_digest, digest_name_of, hash_with

WORLD = make_world()
REFERENCE = "signing_certificate_v2"
GOOD = fresh(WORLD, LATER)


def token_of(data):
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    return bytes.fromhex(data[start : data.index(b">", start)].decode())


def passes(data, evidence=GOOD):
    return judge(data, evidence=evidence).indication is Indication.TOTAL_PASSED


def test_a_signer_named_by_key_identifier():
    identifier = WORLD.official.certificate.extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier
    ).value.digest

    def rename(content_info):
        signer = content_info["content"]["signer_infos"][0]
        signer["sid"] = asn1_cms.SignerIdentifier("subject_key_identifier", identifier)
        return content_info

    assert passes(replace_token(make_document("B-B"), rename))
    token = read_token(token_of(replace_token(make_document("B-B"), rename)))
    without = authority("no identifier")
    assert token.signer(()) == WORLD.official.certificate
    assert token.reference_to(without.certificate) is Reference.DIFFERS


def attributes_of(token):
    return asn1_cms.ContentInfo.load(token)["content"]["signer_infos"][0]["signed_attrs"].dump()


def with_attributes(change):
    """Return a document whose signed attributes stand otherwise than they were signed."""
    data = make_document("B-B")
    whole = token_of(data).hex().encode()
    data = data.replace(whole.upper(), whole)
    own = attributes_of(token_of(data))
    listed = [item.whole for item in der.read_all(der.read(own, "test").content, "test")]
    changed = der.encode(own[0], b"".join(change(listed)))
    assert len(changed) == len(own)
    return data.replace(own.hex().encode(), changed.hex().encode())


def test_signed_attributes_are_signed_in_the_order_of_der_wherever_they_stand():
    """RFC 5652 §5.4: what is signed is their DER."""
    turned = with_attributes(lambda listed: listed[::-1])
    assert turned != with_attributes(lambda listed: listed)
    assert passes(with_attributes(lambda listed: listed))
    assert passes(turned)
    spoiled = with_attributes(lambda listed: [listed[0][:-1] + b"\x00", *listed[1:]])
    assert not passes(spoiled)


def test_attributes_that_are_no_der_are_not_put_in_order():
    token = replace(read_token(token_of(make_document("B-B"))), signed_attributes=b"\x31\x05\x00")
    facts = check_signature(
        token, Parts(()), others=(), chains=lambda *_: ChainFacts((), ()), at=LATER
    )
    assert not facts.signature_verifies


def test_several_references_to_the_signer_must_all_be_to_it():
    def again(other):
        def change(items):
            own = next(item for item in items if item["type"].native == REFERENCE)
            return [*items, settled(own.copy()) if other is None else other]

        return resign(sign(make_pdf(), Signing(stamped=None, reserved=16000)), change)

    of_another = as_signing_certificate_v2(WORLD.tsa.asn1)
    wrong = asn1_cms.CMSAttribute({"type": REFERENCE, "values": [of_another]})
    assert passes(again(None))
    report = judge(again(wrong), evidence=GOOD)
    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_bytes_after_the_token_must_be_zero():
    der = token_of(make_document("B-B"))
    assert read_token(der + b"\0\0")
    with pytest.raises(MalformedObjectError):
        read_token(der.rstrip(b"\0") + b"\1")


def test_only_signed_data_is_a_signature():
    other = asn1_cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"x")})
    with pytest.raises(MalformedObjectError, match="not SignedData"):
        read_token(other.dump())


def test_lists_and_answers_in_the_token_are_evidence():
    data = sign(make_pdf(), Signing(stamped=None, reserved=16000))
    root_list = asn1_crl.CertificateList.load(crl(WORLD.root, LATER - SECOND))
    own = asn1_ocsp.OCSPResponse.load(answer(WORLD.official, WORLD.ocsp, LATER - SECOND))

    def put(content_info):
        other = {"other_rev_info_format": "1.3.6.1.5.5.7.16.2", "other_rev_info": own}
        choices = [
            asn1_cms.RevocationInfoChoice("crl", root_list),
            asn1_cms.RevocationInfoChoice("other", other),
        ]
        content_info["content"]["crls"] = asn1_cms.RevocationInfoChoices(choices)
        return content_info

    assert judge(data).sub_indication is SubIndication.TRY_LATER
    assert passes(replace_token(data, put), evidence=ocsp_evidence())


def test_evidence_in_adobe_s_attribute_is_evidence():
    data = sign(make_pdf(), Signing(stamped=None, reserved=16000))
    archived = asn1_pdf.RevocationInfoArchival({
        "ocsp": [
            asn1_ocsp.OCSPResponse.load(item) for item in answers_for(WORLD, LATER - SECOND)
        ],
        "crl": [asn1_crl.CertificateList.load(crl(WORLD.root, LATER - SECOND))],
    })  # fmt: skip
    attribute = {"type": "adobe_revocation_info_archival", "values": [archived]}
    assert passes(resign(data, lambda items: [*items, attribute]), evidence=ocsp_evidence())


def test_a_signature_without_signed_attributes_is_over_the_document_itself():
    party = official(WORLD.issuing, common="Bare")
    data = sign(make_pdf(), Signing(party=party, stamped=None)).replace(
        b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"
    )
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    signed = data[:start] + data[end:]

    def bare(content_info):
        signer = content_info["content"]["signer_infos"][0]
        del signer["signed_attrs"]
        signer["signature"] = party.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return content_info

    good = fresh(WORLD, LATER) + ocsp_evidence(answer(party, WORLD.ocsp, LATER))
    whole = replace_token(data, bare)
    assert passes(whole, good)
    spoiled = judge(whole.replace(b"Page 1", b"Page 7"), evidence=good)
    assert spoiled.sub_indication is SubIndication.HASH_FAILURE


def test_what_the_store_holds_and_cannot_be_read_is_left_out():
    data = add_store(make_document("B-T"), answers=answers_for(WORLD, LATER - SECOND))
    assert passes(data, evidence=ocsp_evidence())
    start = data.rindex(b"/OCSPs [ ") + len(b"/OCSPs [ ")
    first = data[start:].split(b" ")[0]
    for number in (b"1", b"9" * len(first)):  # the catalogue, and an object that is not there
        odd = data[:start] + number.rjust(len(first)) + data[start + len(first) :]
        assert judge(odd, evidence=ocsp_evidence()).signatures[0].level != "B-LT"


def test_a_time_stamp_authority_without_its_usage():
    plain = official(WORLD.issuing, common="plain")
    wrong = stamper(WORLD.issuing, "wrong usage")
    assert timestamp_defects(plain.certificate)
    assert not timestamp_defects(wrong.certificate)
    enciphering = issue(
        "enciphering stamper",
        WORLD.issuing,
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        (usage("key_encipherment"), True),
    )
    assert timestamp_defects(enciphering.certificate)


def test_an_algorithm_nobody_knows_is_named_by_its_number(monkeypatch):
    def fail(*_):
        raise NotImplementedError

    own = WORLD.official.certificate
    assert signed_with(own, WORLD.issuing.certificate).name == "ECDSA/SHA-256"
    monkeypatch.setattr(certificate_module, "_scheme", fail)
    assert signed_with(own, WORLD.issuing.certificate).name == "1.2.840.10045.4.3.2"
    assert describe(own, issuer=None, trusted=False).algorithm.digest is None


def test_certificates_that_cannot_be_read_are_left_out():
    assert list(readable(iter([b"nothing", WORLD.root.der]))) == [WORLD.root.certificate]


@pytest.mark.parametrize(
    ("name", "length"), [("sha1", 20), ("sha256", 32), ("sha3_256", 32), ("sha512_256", 32),
                         ("shake128", 32), ("shake256", 64), ("nonsense", None)]
)  # fmt: skip
def test_hashes_that_identify(name, length):
    made = hash_with(name, b"x")
    assert (None if made is None else len(made)) == length


def test_digests_that_sign():
    assert compute_digest("nonsense", b"x") is None
    named = asn1_cms.DigestAlgorithm({"algorithm": "sha256"})
    assert digest_name_of(named) == "sha256"


def test_a_signature_value_of_a_kind_that_is_not_known():
    data = make_document("B-B")

    def rename(content_info):
        signer = content_info["content"]["signer_infos"][0]
        signer["signature_algorithm"] = {"algorithm": "sha256_rsa"}
        return content_info

    report = judge(replace_token(data, rename), evidence=GOOD)
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert SIGNED < LATER


def test_a_time_stamp_inside_that_cannot_be_read_is_told_and_proves_nothing():
    def spoil(content_info):
        signer = content_info["content"]["signer_infos"][0]
        rubbish = asn1_cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"x")})
        token = {"type": "signature_time_stamp_token", "values": [rubbish]}
        signer["unsigned_attrs"] = asn1_cms.CMSAttributes([token])
        return content_info

    report = judge(replace_token(make_document("B-T"), spoil), evidence=GOOD)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].level == "B-B"
    assert report.signatures[0].timestamps[0].sub_indication is SubIndication.FORMAT_FAILURE


def test_an_answer_with_weak_algorithms_proves_nothing():
    weak = issue(
        "weak responder",
        WORLD.issuing,
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        kind="rsa1024",
    )
    others = ocsp_evidence(answer(WORLD.issuing, WORLD.root_ocsp, LATER))
    only = others + ocsp_evidence(answer(WORLD.official, weak, LATER))
    data = make_document("B-B")
    assert judge(data, evidence=only).sub_indication is SubIndication.TRY_LATER
    assert passes(data, only + ocsp_evidence(answer(WORLD.official, WORLD.ocsp, LATER)))


def test_a_list_entry_tells_its_reason_and_revokes_whatever_that_is():
    for reason in (None, x509.ReasonFlags.key_compromise):
        revoked = crl(
            WORLD.issuing, LATER, revoked={WORLD.official.certificate: SIGNED}, reason=reason
        )
        evidence = GOOD + crl_evidence(revoked)
        report = judge(make_document("B-B"), evidence=evidence)
        assert report.sub_indication is SubIndication.REVOKED_NO_POE
