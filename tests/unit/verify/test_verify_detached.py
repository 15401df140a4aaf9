"""Signatures apart from what they sign, or with it inside: the same verdicts as in a PDF."""

from __future__ import annotations

from datetime import timedelta

import jsonschema_rs
import pytest
from lxml import etree
from unit.verify.cms_world import (
    ARCHIVE,
    CERTIFICATE_VALUES,
    CONTENT,
    CONTENT_STAMP,
    COUNTER,
    INDEX_V3,
    OCSP_BASIC,
    REVOCATION_VALUES,
    STAMP,
    How,
    Indexed,
    at_level,
    attribute,
    basic_of,
    cms,
    default_certificates,
    digest_of,
    in_token,
    judge_file,
    octets,
    other_revocation,
    parts_of,
    pem,
    signer_info,
    stamp,
    tagged,
    value_of,
    values_of,
    with_archive,
    with_stamp,
    with_unsigned,
)
from unit.verify.verify_pki import (
    DAY,
    LATER,
    SIGNED,
    YEAR,
    Signing,
    answer,
    answers_for,
    crl,
    crl_evidence,
    fresh,
    judge,
    make_pdf,
    make_world,
    name,
    ocsp_evidence,
    official,
    replace_token,
    sign,
    usage,
)

from pki.der import NULL, SET, encode, integer, oid
from pki.der import sequence as seq
from pki.words import Language
from verify.cms.archive import identity_of
from verify.content import Digest
from verify.detached import is_signature
from verify.errors import (
    DigestInvalidError,
    NotASignatureError,
    TooLargeError,
    TooManySignaturesError,
)
from verify.evidence import Evidence, Item
from verify.facts import Changes, Kind
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.policy_file import parse_policy
from verify.render.etsi import NAMESPACE, render_etsi
from verify.render.html import render_html
from verify.render.json import to_json
from verify.render.schema import report_schema
from verify.render.text import render_text
from verify.trust import TrustStore

WORLD = make_world()
FRESH = fresh(WORLD, LATER)
OTHER = "Quyết định số 02/QĐ-UBND".encode()
PASSED = (Indication.TOTAL_PASSED, None)


def verdict(report):
    return report.indication, report.sub_indication


def codes(report):
    return {finding.code for item in report.signatures for finding in item.findings}


def failed(sub):
    return sub.indication, sub


ARMOUR = {
    "der": bytes,
    "pem": pem,
    "of old": lambda der: pem(der, "PKCS7"),
    "after a line": lambda der: b"\n" + pem(der),
}


@pytest.mark.parametrize("armour", ARMOUR)
def test_the_content_and_its_digest_get_one_verdict(armour):
    der = ARMOUR[armour](at_level("B-B"))
    for content, other in ((CONTENT, OTHER), (digest_of(CONTENT), digest_of(OTHER))):
        report = judge_file(der, content, evidence=FRESH)
        assert verdict(report) == PASSED
        (signature,) = report.signatures
        assert (signature.kind, signature.level) == (Kind.SIGNATURE, "B-B")
        assert signature.signer.common_name == "Nguyễn Văn A"
        assert (signature.covers_whole_document, signature.changes_after) == (True, Changes.NONE)
        differs = judge_file(der, other, evidence=FRESH)
        assert verdict(differs) == failed(SubIndication.HASH_FAILURE)
        assert "integrity.content_differs" in codes(differs)


def test_a_signature_that_has_its_content_inside():
    der = at_level("B-B", content=CONTENT)
    report = judge_file(der, None, evidence=FRESH)
    assert verdict(report) == PASSED
    assert (report.sha256, report.size) == (identity_of(der), len(der))
    assert verdict(judge_file(der, CONTENT, evidence=FRESH)) == PASSED
    assert verdict(judge_file(der, digest_of(CONTENT), evidence=FRESH)) == PASSED
    assert verdict(judge_file(der, digest_of(CONTENT, "sha512"), evidence=FRESH)) == PASSED
    for other in (OTHER, digest_of(OTHER), digest_of(OTHER, "sha512")):
        differs = judge_file(der, other, evidence=FRESH)
        assert verdict(differs) == failed(SubIndication.HASH_FAILURE)
    spoiled = at_level("B-B", content=OTHER)
    for handed in (None, CONTENT, digest_of(CONTENT), digest_of(CONTENT, "sha512")):
        found = judge_file(spoiled, handed, evidence=FRESH)
        assert verdict(found) == failed(SubIndication.HASH_FAILURE)


def test_what_is_not_at_hand_decides_nothing():
    der = at_level("B-B")
    missing = judge_file(der, None, evidence=FRESH)
    assert verdict(missing) == failed(SubIndication.SIGNED_DATA_NOT_FOUND)
    assert not missing.signatures[0].covers_whole_document
    assert "not at hand" in render_text(missing, Language.EN)
    assert "unchanged since" not in render_text(missing, Language.EN)
    assert (missing.sha256, missing.size) == (identity_of(der), len(der))
    other = judge_file(der, digest_of(CONTENT, "sha512"), evidence=FRESH)
    assert verdict(other) == failed(SubIndication.SIGNED_DATA_NOT_FOUND)
    assert {"signature.data_missing", "signature.other_digest"} <= codes(other)
    right = cms(signer_info(CONTENT, How(digest="sha512")))
    assert verdict(judge_file(right, digest_of(CONTENT, "sha512"), evidence=FRESH)) == PASSED


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("content", [CONTENT, digest_of(CONTENT)], ids=["content", "digest"])
def test_each_level_is_named(level, content):
    report = judge_file(at_level(level), content, evidence=FRESH)
    assert verdict(report) == PASSED
    (signature,) = report.signatures
    assert signature.level == level
    assert len(signature.timestamps) == {"B-B": 0, "B-LTA": 2}.get(level, 1)
    best = LATER if level == "B-B" else SIGNED
    assert signature.best_signature_time == best


def test_a_signature_that_names_no_certificate_has_no_level():
    report = judge_file(cms(signer_info(CONTENT, How(ess=False))), evidence=FRESH)
    assert verdict(report) == PASSED
    assert report.signatures[0].level is None
    assert "level.cms" in codes(report)


def mortal(days: int = 30):
    """Return a file of a signer who is in office for a month alone, stamped, with evidence."""
    party = official(WORLD.issuing, common="Trần B", not_after=SIGNED + days * DAY)
    info = with_stamp(signer_info(CONTENT, How(party=party)))
    answers = [answer(party, WORLD.ocsp, SIGNED + DAY), *answers_for(WORLD, SIGNED + DAY)]
    certificates = (party.der, WORLD.issuing.der)
    return info, answers, certificates


def test_an_archive_time_stamp_keeps_a_signature_whose_certificate_has_expired():
    info, answers, certificates = mortal()
    revocations = [other_revocation("1.3.6.1.5.5.7.16.2", each) for each in answers]
    what = Indexed(certificates, revocations, moment=SIGNED + 2 * DAY)
    at = SIGNED + YEAR
    evidence = ocsp_evidence(*answers_for(WORLD, at)[1:], had_at=at)

    def judged(signer):
        made = cms(signer, certificates=certificates, revocations=revocations)
        return judge_file(made, at=at, evidence=evidence)

    kept = judged(with_archive(info, what))
    assert verdict(kept) == PASSED
    assert kept.signatures[0].level == "B-LTA"
    not_kept = cms(info, certificates=certificates)
    assert judge_file(not_kept, at=at, evidence=evidence).indication is Indication.INDETERMINATE


@pytest.mark.parametrize("by_value", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_the_index_may_be_of_either_form(by_value, named):
    what = Indexed(default_certificates(), by_value=by_value, named=named)
    file = cms(with_archive(with_stamp(signer_info(CONTENT)), what))
    (signature,) = judge_file(file, evidence=FRESH).signatures
    assert [item.indication for item in signature.timestamps] == [Indication.TOTAL_PASSED] * 2


SPOILED = {
    "names what is not there": lambda info: with_archive(info, Indexed(more=(bytes(32),))),
    "is over other content": lambda info: with_archive(info, Indexed(content=OTHER)),
    "has an index of another kind": lambda info: with_archive(info, Indexed(index_of="1.2.3")),
    "has none": lambda info: with_unsigned(info, attribute(ARCHIVE, stamp(b""))),
    "is no token": lambda info: with_unsigned(info, attribute(ARCHIVE, octets(b"x"))),
    "has no lists": lambda info: with_index(info, seq((integer(1),))),
    "has two": lambda info: with_index(info, seq((octets(b""),) * 2)),
    "has five": lambda info: with_index(info, seq((seq(()),) * 5)),
    "has numbers": lambda info: with_index(info, seq((seq((integer(1),)), seq(()), seq(())))),
    "is broken": lambda info: with_index(info, encode(0x30, b"\x30\x05")),
}


def with_index(info: bytes, index: bytes) -> bytes:
    token = in_token(stamp(b""), attribute(INDEX_V3, index))
    return with_unsigned(info, attribute(ARCHIVE, token))


@pytest.mark.parametrize("how", SPOILED)
def test_an_archive_time_stamp_proves_nothing_that(how):
    spoil = SPOILED[how]
    info = with_stamp(signer_info(CONTENT))
    answers = [other_revocation("1.3.6.1.5.5.7.16.2", one) for one in answers_for(WORLD, LATER)]
    good = cms(with_archive(info, Indexed(default_certificates(), answers)), revocations=answers)
    assert judge_file(good, evidence=FRESH).signatures[0].level == "B-LTA"
    report = judge_file(cms(spoil(info), revocations=answers), evidence=FRESH)
    assert verdict(report) == PASSED
    (signature,) = report.signatures
    assert signature.level == "B-LT"
    archive = signature.timestamps[-1]
    assert archive.indication is Indication.TOTAL_FAILED
    assert "timestamp.not_usable" in codes(report)


def test_what_the_archive_does_not_cover_is_not_kept():
    answers = [other_revocation("1.3.6.1.5.5.7.16.2", one) for one in answers_for(WORLD, LATER)]
    info = with_archive(with_stamp(signer_info(CONTENT)), Indexed(default_certificates()))
    (signature,) = judge_file(cms(info, revocations=answers), evidence=FRESH).signatures
    assert signature.level == "B-LT"


def test_evidence_may_stand_in_unsigned_attributes():
    """Certificates and revocation values of CAdES, covered by an archive time-stamp."""
    lists = (crl(WORLD.root, SIGNED + DAY),)
    answers = answers_for(WORLD, SIGNED + timedelta(minutes=1))[:2]
    certificates = attribute(CERTIFICATE_VALUES, seq((WORLD.issuing.der, octets(b"none"))))
    info = with_unsigned(with_stamp(signer_info(CONTENT)), certificates, values_of(answers, lists))
    at, beside = SIGNED + 2 * DAY, fresh(WORLD, SIGNED + 2 * DAY)
    report = judge_file(cms(info, certificates=(WORLD.official.der,)), at=at, evidence=beside)
    assert verdict(report) == PASSED
    assert report.signatures[0].level == "B-LT"
    info = with_archive(info, Indexed((WORLD.official.der,), moment=at))
    report = judge_file(cms(info, certificates=(WORLD.official.der,)), at=at, evidence=beside)
    assert report.signatures[0].level == "B-LTA"


@pytest.mark.parametrize(
    "value",
    [octets(b"none"), seq((octets(b"x"), tagged(0, octets(b"x")))), encode(0x30, b"\xa0\x05")],
)
def test_values_that_cannot_be_read_take_nothing_away(value):
    more = [attribute(each, value) for each in (REVOCATION_VALUES, CERTIFICATE_VALUES)]
    file = cms(with_unsigned(signer_info(CONTENT), *more))
    assert verdict(judge_file(file, evidence=FRESH)) == PASSED


def test_evidence_may_stand_in_the_signed_data():
    answers = answers_for(WORLD, LATER)
    basic = [other_revocation(OCSP_BASIC, basic_of(each)) for each in answers]
    other = other_revocation("1.2.3", integer(1))
    lists = [crl(WORLD.root, LATER), crl(WORLD.issuing, LATER)]
    for revocations in ([other, *basic], lists):
        report = judge_file(cms(signer_info(CONTENT), revocations=revocations))
        assert verdict(report) == PASSED
    assert judge_file(cms(signer_info(CONTENT))).indication is Indication.INDETERMINATE
    for revocations in ([other, *basic], lists):
        what = Indexed(default_certificates(), revocations)
        info = with_archive(with_stamp(signer_info(CONTENT)), what)
        file = cms(info, revocations=revocations)
        assert judge_file(file, evidence=FRESH).signatures[0].level == "B-LTA"


def test_whatever_an_archive_time_stamp_covers_is_named():
    """Attributes of any kind, and time-stamps that cannot be read."""
    info = with_stamp(signer_info(CONTENT))
    more = [attribute("1.2.3", integer(1)), attribute(STAMP, octets(b"none"))]
    file = cms(with_archive(with_unsigned(info, *more), Indexed(default_certificates())))
    for content in (CONTENT, digest_of(CONTENT)):
        (signature,) = judge_file(file, content, evidence=FRESH).signatures
        found = [item.sub_indication for item in signature.timestamps]
        assert found == [None, SubIndication.FORMAT_FAILURE, None]
    for content in (None, digest_of(CONTENT, "sha512")):
        (signature,) = judge_file(file, content, evidence=FRESH).signatures
        assert signature.timestamps[2].sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_a_content_time_stamp_says_after_when():
    content_stamp = attribute(CONTENT_STAMP, stamp(CONTENT, SIGNED - DAY))
    file = cms(with_stamp(signer_info(CONTENT, How(signed=(content_stamp,)))))
    (signature,) = judge_file(file, evidence=FRESH).signatures
    assert [item.content for item in signature.timestamps] == [False, True]
    assert signature.timestamps[1].indication is Indication.TOTAL_PASSED
    (of_digest,) = judge_file(file, digest_of(CONTENT), evidence=FRESH).signatures
    assert of_digest.timestamps == signature.timestamps
    (without,) = judge_file(file, None, evidence=FRESH).signatures
    assert without.timestamps[1].sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_a_signature_time_stamp_over_another_value_proves_nothing():
    info = with_unsigned(signer_info(CONTENT), attribute(STAMP, stamp(b"other")))
    (signature,) = judge_file(cms(info), evidence=FRESH).signatures
    assert signature.timestamps[0].sub_indication is SubIndication.HASH_FAILURE
    assert signature.level == "B-B"


def test_a_time_stamp_token_alone_says_when_the_file_was_there():
    above = Evidence(certificates=(Item(WORLD.issuing.der, LATER),))
    report = judge_file(stamp(CONTENT), evidence=FRESH + above)
    assert verdict(report) == PASSED
    (found,) = report.signatures
    assert (found.kind, found.best_signature_time) == (Kind.TIMESTAMP, SIGNED)
    of_digest = judge_file(stamp(CONTENT), digest_of(CONTENT), evidence=FRESH + above)
    assert verdict(of_digest) == PASSED
    differs = judge_file(stamp(CONTENT), OTHER, evidence=FRESH + above)
    assert verdict(differs) == failed(SubIndication.HASH_FAILURE)
    missing = judge_file(stamp(CONTENT), None, evidence=FRESH + above)
    assert verdict(missing) == failed(SubIndication.SIGNED_DATA_NOT_FOUND)


def test_without_signed_attributes_the_value_is_over_the_content():
    file = cms(signer_info(CONTENT, How(attributes=False)))
    assert verdict(judge_file(file, evidence=FRESH)) == PASSED
    differs = judge_file(file, OTHER, evidence=FRESH)
    assert verdict(differs) == failed(SubIndication.HASH_FAILURE)
    digest = judge_file(file, digest_of(CONTENT), evidence=FRESH)
    assert verdict(digest) == failed(SubIndication.SIGNED_DATA_NOT_FOUND)
    assert "signature.needs_content" in codes(digest)


def test_attributes_of_one_signature_are_no_content_of_another():
    """Whoever takes signed attributes for the content has a signature that nobody made."""
    made = signer_info(CONTENT)
    attributes = next(each for each in parts_of(made) if each.tag == 0xA0)
    stripped = seq(each.whole for each in parts_of(made) if each.tag != 0xA0)
    content = encode(SET, attributes.content)
    report = judge_file(cms(stripped), content, evidence=FRESH)
    assert verdict(report) == failed(SubIndication.FORMAT_FAILURE)
    assert "signature.attributes_as_content" in codes(report)
    inside = judge_file(cms(stripped, content=content), None, evidence=FRESH)
    assert "signature.attributes_as_content" in codes(inside)
    for harmless in (b"\x31\x02\x05\x00", b"\x31\x05"):  # a SET of something else, or none
        file = cms(signer_info(harmless, How(attributes=False)))
        assert verdict(judge_file(file, harmless, evidence=FRESH)) == PASSED


def test_content_of_another_type_is_not_what_a_document_is():
    """It verifies, and the policy says how much the type weighs: if nothing, it passes."""
    other = "1.2.3.4"
    kind = attribute("1.2.840.113549.1.9.3", oid(other))
    info = signer_info(CONTENT, How(typed=False, signed=(kind,)))
    apart, inside = cms(info, content_type=other), cms(info, content=CONTENT, content_type=other)
    levels = '[levels]\n"signature.wrong_content" = "warn"'
    lenient = parse_policy(f'based_on = "default"\nname = "t"\n{levels}', name="t")
    for file, content in ((apart, CONTENT), (inside, None)):
        report = judge_file(file, content, evidence=FRESH)
        assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        assert codes(report) & {"signature.wrong_content"}
        assert judge_file(file, content, evidence=FRESH, policy=lenient).passed
    for broken in (judge_file(apart, b"other"), judge_file(cms(info), CONTENT, evidence=FRESH)):
        assert broken.indication is Indication.TOTAL_FAILED


def test_each_signer_is_judged_and_none_hides_another():
    second = official(WORLD.issuing, common="Lê C")
    certificates = (*default_certificates(), second.der)
    good, also = signer_info(CONTENT), signer_info(CONTENT, How(party=second))
    evidence = fresh(WORLD, LATER) + ocsp_evidence(answer(second, WORLD.ocsp, LATER))
    both = judge_file(cms(good, also, certificates=certificates), evidence=evidence)
    assert verdict(both) == PASSED
    assert [item.field for item in both.signatures] == ["SignerInfo 1", "SignerInfo 2"]
    assert {item.signer.common_name for item in both.signatures} == {"Nguyễn Văn A", "Lê C"}
    broken = {
        "HASH_FAILURE": signer_info(OTHER, How(party=second)),
        "SIG_CRYPTO_FAILURE": also[:-2] + bytes((also[-2] ^ 1, also[-1])),
        "FORMAT_FAILURE": seq((integer(1), oid("1.2.3"))),
    }
    for sub, bad in broken.items():
        for order in ((good, bad), (bad, good)):
            report = judge_file(cms(*order, certificates=certificates), evidence=evidence)
            found = [item.sub_indication for item in report.signatures]
            assert sorted(str(each) for each in found) == sorted(["None", sub])
            assert report.indication is Indication.TOTAL_FAILED


def countersigned(info: bytes, how: How, *, over: bytes | None = None) -> bytes:
    """Return a SignerInfo with another over its signature value."""
    value = value_of(info) if over is None else over
    return with_unsigned(info, attribute(COUNTER, signer_info(value, how)))


def nested(info: bytes, how: How, depth: int) -> bytes:
    """Return a SignerInfo that is signed by one who is signed in turn, so deep."""
    if not depth:
        return info
    inner = nested(signer_info(value_of(info), how), how, depth - 1)
    return with_unsigned(info, attribute(COUNTER, inner))


@pytest.mark.parametrize("named", [False, True])
def test_a_countersignature_is_a_signature_of_its_own(named):
    second = official(WORLD.issuing, common="Lê C")
    certificates = (*default_certificates(), second.der)
    evidence = fresh(WORLD, LATER) + ocsp_evidence(answer(second, WORLD.ocsp, LATER))
    info = countersigned(signer_info(CONTENT), How(party=second, typed=named))
    for content in (CONTENT, digest_of(CONTENT)):
        report = judge_file(cms(info, certificates=certificates), content, evidence=evidence)
        assert verdict(report) == PASSED
        assert [(one.field, one.signer.common_name) for one in report.signatures] == [
            ("SignerInfo 1", "Nguyễn Văn A"),
            ("SignerInfo 1, countersignature 1", "Lê C"),
        ]
    bad = countersigned(signer_info(CONTENT), How(party=second), over=b"another value")
    report = judge_file(cms(bad, certificates=certificates), evidence=evidence)
    found = [item.sub_indication for item in report.signatures]
    assert found == [None, SubIndication.HASH_FAILURE]
    assert report.indication is Indication.TOTAL_FAILED
    plain = countersigned(signer_info(CONTENT), How(party=second, attributes=False))
    assert verdict(judge_file(cms(plain, certificates=certificates), evidence=evidence)) == PASSED


def test_countersignatures_may_be_signed_and_stamped_and_kept_in_turn():
    second = official(WORLD.issuing, common="Lê C")
    certificates = (*default_certificates(), second.der)
    evidence = fresh(WORLD, LATER) + ocsp_evidence(answer(second, WORLD.ocsp, LATER))
    how, signer = How(party=second, typed=False), signer_info(CONTENT)
    inner = with_stamp(signer_info(value_of(signer), how))
    info = with_archive(with_unsigned(signer, attribute(COUNTER, inner)), Indexed(certificates))
    report = judge_file(cms(info, certificates=certificates), evidence=evidence)
    assert [item.level for item in report.signatures] == ["B-T", "B-T"]
    beside = signer
    for _ in range(9):
        beside = countersigned(beside, how)
    report = judge_file(cms(beside, certificates=certificates), evidence=evidence)
    assert verdict(report) == PASSED
    assert len(report.signatures) == 10
    report = judge_file(cms(nested(signer, how, 6), certificates=certificates), evidence=evidence)
    assert verdict(report) == PASSED
    assert len(report.signatures) == 5
    assert "signature.attributes_not_judged" in codes(report)  # the sixth is too deep
    broken = with_unsigned(signer, attribute(COUNTER, integer(1)))
    report = judge_file(cms(broken), evidence=evidence)
    assert [item.sub_indication for item in report.signatures] == [
        None,
        SubIndication.FORMAT_FAILURE,
    ]


def test_a_field_of_a_pdf_holds_one_signer():
    second = official(WORLD.issuing, common="Lê C")
    data = sign(make_pdf(), Signing(stamped=None, reserved=16000))
    assert judge(data, evidence=FRESH).indication is Indication.TOTAL_PASSED

    def twice(content_info):
        own = content_info["content"]["signer_infos"][0].copy()
        content_info["content"]["signer_infos"].append(own)
        return content_info

    report = judge(replace_token(data, twice), evidence=FRESH)
    assert verdict(report) == failed(SubIndication.SIG_CONSTRAINTS_FAILURE)
    assert "signature.several_signers" in codes(report)
    # Another field is judged all the same.
    later = sign(replace_token(data, twice), Signing(party=second, stamped=None, field="Second"))
    evidence = FRESH + ocsp_evidence(answer(second, WORLD.ocsp, LATER))
    both = judge(later, evidence=evidence).signatures
    assert [item.indication for item in both] == [
        Indication.INDETERMINATE,
        Indication.TOTAL_PASSED,
    ]


def test_a_seal_is_a_seal():
    agency = official(
        WORLD.issuing,
        (usage("digital_signature"), True),
        common="Seal",
        subject=name("Sở Nội vụ", organization="Sở Nội vụ", uid="MST:0100000000"),
    )
    file = cms(signer_info(CONTENT, How(party=agency)), certificates=(agency.der,))
    assert judge_file(file).signatures[0].kind is Kind.SEAL


def test_without_the_signers_certificate_nothing_is_known():
    file = cms(signer_info(CONTENT), certificates=())
    report = judge_file(file, evidence=FRESH)
    assert verdict(report) == failed(SubIndication.NO_SIGNING_CERTIFICATE_FOUND)


def test_what_is_not_looked_into_is_named():
    kinds = ["1.2.840.113549.1.9.16.2.48", "1.2.840.113549.1.9.16.2.49"]
    info = with_unsigned(signer_info(CONTENT), *(attribute(each, integer(1)) for each in kinds))
    (signature,) = judge_file(cms(info), evidence=FRESH).signatures
    told = next(f for f in signature.findings if f.code == "signature.attributes_not_judged")
    assert told.facts["kinds"] == ("archive-time-stamp-v2", "evidence record")


def test_a_bag_of_certificates_has_no_signature():
    report = judge_file(cms(), None)
    assert verdict(report) == failed(SubIndication.NO_SIGNATURE)


def test_a_signature_of_a_revoked_certificate():
    lists = crl(WORLD.issuing, LATER, revoked={WORLD.official.certificate: SIGNED - DAY})
    evidence = crl_evidence(lists, crl(WORLD.root, LATER))
    report = judge_file(at_level("B-B"), evidence=evidence)
    assert report.sub_indication is SubIndication.REVOKED_NO_POE
    assert judge_file(at_level("B-B"), trust=TrustStore(())).indication is Indication.INDETERMINATE


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7", b"0\x03\x02\x01\x01", pem(b"x"), pem(at_level("B-B")) + b"more",
     pem(at_level("B-B")) * 2, pem(at_level("B-B"), "CERTIFICATE"), pem(at_level("B-B"))[:200]],
)  # fmt: skip
def test_what_is_no_signature_is_refused(data):
    with pytest.raises(NotASignatureError):
        judge_file(data)


def test_what_cannot_be_taken_apart_is_a_verdict():
    der = at_level("B-B")
    for broken in (der[:-7], der + b"x", seq((oid("1.2.840.113549.1.7.2"), tagged(0, integer(1))))):
        report = judge_file(broken, evidence=FRESH)
        assert verdict(report) == failed(SubIndication.FORMAT_FAILURE)
        assert "signature.malformed" in codes(report)
    assert verdict(judge_file(der + b"\0\0", evidence=FRESH)) == PASSED


@pytest.mark.parametrize(
    ("algorithm", "size"), [("sha256", 31), ("sha512", 32), ("whirlpool", 64), ("", 0)]
)
def test_what_is_no_digest_is_refused(algorithm, size):
    with pytest.raises(DigestInvalidError):
        judge_file(at_level("B-B"), Digest(algorithm, bytes(size)))


def test_size_and_number_are_bounded():
    limits = default_policy().limits.model_copy(update={"signatures": 2, "document_bytes": 20000})
    policy = default_policy().model_copy(update={"limits": limits})
    info = signer_info(CONTENT)
    assert verdict(judge_file(cms(info, info), evidence=FRESH, policy=policy)) == PASSED
    for many in (cms(info, info, info), cms(with_stamp(info), info), cms(*[info] * 9)):
        with pytest.raises(TooManySignaturesError):
            judge_file(many, policy=policy)
    with pytest.raises(TooLargeError):
        judge_file(at_level("B-B"), bytes(20001), policy=policy)
    with pytest.raises(TooLargeError):
        judge_file(bytes(20001), policy=policy)


def test_a_file_is_known_for_a_signature_by_its_beginning():
    assert is_signature(at_level("B-B"))
    assert is_signature(pem(at_level("B-B")))
    assert not is_signature(make_pdf())
    assert not is_signature(pem(at_level("B-B"), "CERTIFICATE"))
    assert not is_signature(encode(NULL, b""))


@pytest.mark.parametrize(
    "content", [CONTENT, b"", digest_of(CONTENT), digest_of(CONTENT, "sha384")]
)
def test_the_report_can_be_written_in_every_form(content):
    how = How(digest="sha384") if isinstance(content, Digest) else How()
    signed = b"" if content == b"" else CONTENT
    report = judge_file(cms(signer_info(signed, how)), content, evidence=FRESH)
    told = to_json(report)
    jsonschema_rs.Draft202012Validator(report_schema()).validate(told)
    document = told["document"]
    if isinstance(content, Digest):
        assert document["size"] is None
        digest = {"algorithm": f"SHA-{content.algorithm[3:]}", "value": content.value.hex()}
        assert document["digest"] == digest
        assert (document["sha256"] is None) == (content.algorithm != "sha256")
    else:
        assert (document["size"], "digest" in document) == (len(content), False)
    for language in Language:
        for page in (render_text(report, language), render_html(report, language)):
            assert document["sha256"] is None or document["sha256"] in page
            assert not isinstance(content, Digest) or content.value.hex() in page
    root = etree.fromstring(render_etsi(report))
    told_only = root.find(f".//{{{NAMESPACE}}}DocHashOnly")
    assert told_only.text == str(isinstance(content, Digest)).lower()
