"""Signing a document from end to end, with the services of the test authority."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from unit.signing.signing_world import (
    DAY,
    NOW,
    SIGNER_NAME,
    TSA_URL,
    UNLISTED,
    Issuer,
    World,
    key_usage,
    make_key,
    make_pdf,
    other_digest,
    reject,
    wide_policy,
)
from unit.signing.test_signing_revision import certified

from pki.keys import sign_data
from signing.check import check_algorithm
from signing.display.profile import load_display
from signing.errors.documents import (
    DocumentLockedError,
    ExistingSignatureBrokenError,
    ResultNotValidError,
    WouldBreakError,
)
from signing.errors.standing import (
    AlgorithmNotAcceptedError,
    CertificateExpiredError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    KeyMismatchError,
    RevokedMeanwhileError,
    StatusUnknownError,
    UntrustedPathError,
    WrongUsageError,
)
from signing.errors.times import (
    EvidenceUnavailableError,
    TSANotNamedError,
    TSARejectedError,
    TSAUnavailableError,
    TSAWrongAnswerError,
)
from signing.evidence import gather_evidence
from signing.key import SigningKey
from signing.options import Level, SigningOptions, UnknownStatus
from signing.sign import SignedDocument, sign_document
from signing.verdict import is_broken
from verify.document import verify_document
from verify.errors import BrokenPDFError, EmptyPDFError, NotAPDFError
from verify.indication import Indication
from verify.policy import default_policy
from verify.report import Report
from verify.trust import TrustStore

SECOND = dt.timedelta(seconds=1)
QUIET = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)


def sign(
    world: World,
    level: Level = Level.B_B,
    *,
    data: bytes | None = None,
    certificate: x509.Certificate | None = None,
    **changed: object,
) -> SignedDocument:
    return sign_document(
        make_pdf() if data is None else data,
        signer=world.signer(certificate),
        options=replace(QUIET, level=level, **changed),
        services=world.services(),
        name="cv.pdf",
    )


def refused(error: type[Exception], world: World, *args: object, **given: object) -> Exception:
    """Check that signing is refused before the key is opened."""
    with pytest.raises(error) as caught:
        sign(world, *args, **given)
    assert world.key_openings == 0
    return caught.value


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521", *UNLISTED])
def test_each_level_with_each_key_is_total_passed(level, kind):
    world = World(kind, policy=wide_policy() if kind in UNLISTED else default_policy())
    done = sign(world, level)
    assert done.report.indication is Indication.TOTAL_PASSED
    assert done.report.signatures[0].level == level.value
    assert done.warnings == ()
    assert world.key_openings == 1


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("ed25519", "Ed25519"),
        ("ml-dsa-44", "ML-DSA-44"),
        ("ml-dsa-65", "ML-DSA-65"),
        ("ml-dsa-87", "ML-DSA-87"),
    ],
)
def test_what_the_policy_does_not_list_is_not_signed_with(kind, algorithm):
    """Circular 15/2025 Annex I names RSA and ECDSA: the signature would not be valid."""
    error = refused(AlgorithmNotAcceptedError, World(kind))
    assert error.facts == {"subject": SIGNER_NAME, "algorithm": algorithm}
    done = sign(World(kind, policy=wide_policy()))
    assert done.report.signatures[0].algorithm == algorithm


def test_a_curve_the_policy_finds_too_short_is_not_signed_with():
    policy = default_policy()
    algorithms = policy.algorithms.model_copy(update={"ec_min_bits": 384})
    strict = policy.model_copy(update={"algorithms": algorithms})
    refused(AlgorithmNotAcceptedError, World(policy=strict))
    check_algorithm(World("ec-p384").certificate, strict)
    check_algorithm(World("rsa-2048").certificate, strict)


@pytest.mark.parametrize("kind", ["ec-p521", "ed25519", "ml-dsa-65"])
def test_a_second_signature_leaves_the_first_of_any_kind_valid(kind):
    """ISO 32002 has the document name Ed25519 and other curves as extensions of its catalogue."""
    policy = wide_policy()
    first, second = World(kind, policy=policy), World("ec-p256", policy=policy)
    trust = TrustStore((first.root.certificate, second.root.certificate))
    services = replace(second.services(), trust=trust)
    data = sign(first, Level.B_LT).data
    done = sign_document(data, signer=second.signer(), options=QUIET, services=services)
    found = [(one.kind, one.indication) for one in done.report.signatures]
    assert [indication for _, indication in found] == [Indication.TOTAL_PASSED] * len(found)
    assert len(found) == 2


def test_pkcs1_padding_is_made_when_asked():
    done = sign(World("rsa-2048"), pss=False)
    assert done.report.signatures[0].algorithm == "RSASSA-PKCS1-v1_5/SHA-256"
    assert sign(World("rsa-2048")).report.signatures[0].algorithm == "RSASSA-PSS/SHA-256"


def test_the_document_stays_in_front_of_the_signature_to_the_byte():
    assert sign(World(), Level.B_LTA).data.startswith(make_pdf())


def test_the_evidence_is_asked_for_after_the_time_stamp():
    world = World()
    sign(world, Level.B_LT)
    last_stamp = len(world.asked) - 1 - world.asked[::-1].index("tsa")
    assert "ocsp" in world.asked[last_stamp:]


def test_a_list_of_an_offline_root_may_be_older_than_the_signature():
    assert sign(World(root_crl_age=60 * DAY), Level.B_LTA).report.passed


def test_the_store_holds_chain_and_answers_and_a_vri_entry():
    store = PdfFileReader(BytesIO(sign(World(), Level.B_LT).data)).root["/DSS"]
    assert len(store["/Certs"]) >= 3
    assert len(store["/OCSPs"]) + len(store["/CRLs"]) >= 3
    assert len(store["/VRI"]) == 1


def judged_later(world: World, done: SignedDocument, *ends: x509.Certificate) -> Report:
    """Judge with what is in the document and with today's answers about `ends` alone."""
    services = world.services()
    return verify_document(
        done.data,
        policy=services.policy,
        trust=services.trust,
        at=world.clock.now(),
        evidence=gather_evidence(ends, world.signer().chain, services),
    )


def test_a_long_term_signature_outlives_its_certificate():
    """Revoked the day after, judged most of a year on: the archive time-stamp proves it older."""
    world = World()
    done = sign(world, Level.B_LTA)
    world.clock.advance(DAY)
    world.revoke(world.certificate)
    world.clock.advance(300 * DAY)
    report = judged_later(world, done, world.certificate, world.tsa_certificate)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].best_signature_time == NOW


def test_a_service_of_several_units_gets_evidence_about_each():
    world = World()
    after_stamp(world, world.change_tsa)
    done = sign(world, Level.B_LTA)
    assert done.report.passed
    assert done.data.count(b"%%EOF") == 5, "document, signature, evidence, time-stamp, evidence"
    world = World()
    assert sign(world, Level.B_LTA).data.count(b"%%EOF") == 4


def test_a_second_signature_leaves_the_first_one_valid():
    world = World()
    first = sign(world, Level.B_LTA)
    second = sign(world, Level.B_LTA, data=first.data)
    assert second.field_name == "Signature2"
    assert [each.indication for each in second.report.signatures if each.kind == "signature"] == [
        Indication.TOTAL_PASSED
    ] * 2


def test_it_signs_inside_a_running_loop():
    async def handler() -> SignedDocument:
        return sign(World(), Level.B_LTA)

    assert asyncio.run(handler()).report.passed


# Before the key


def test_an_expired_certificate():
    world = World()
    end = world.certificate.not_valid_after_utc
    world.clock.advance(end - NOW)
    assert sign(world).report.passed
    world.key_openings = 0
    world.clock.advance(SECOND)
    error = refused(CertificateExpiredError, world)
    assert error.facts == {"subject": "Nguyễn Văn Đức", "not_after": end}


def test_a_certificate_not_yet_valid():
    world = World()
    certificate = world.issue_signer(not_before=NOW + SECOND, not_after=NOW + DAY)
    error = refused(CertificateNotYetValidError, world, certificate=certificate)
    assert error.facts["not_before"] == NOW + SECOND
    world.clock.advance(SECOND)
    assert sign(world, certificate=certificate).report.passed


def test_an_authoritys_certificate_that_expired():
    world = World()
    world.clock.advance(dt.timedelta(days=3001))
    certificate = world.issue_signer(not_before=NOW, not_after=NOW + 3600 * DAY)
    refused(CertificateExpiredError, world, certificate=certificate)


@pytest.mark.parametrize("usage", ["key_encipherment", "key_cert_sign"])
def test_a_key_usage_that_is_not_for_signatures(usage):
    world = World()
    error = refused(WrongUsageError, world, certificate=world.issue_signer(usage=key_usage(usage)))
    assert error.facts["extension"] == "keyUsage"


@pytest.mark.parametrize("usage", ["digital_signature", "content_commitment"])
def test_either_usage_for_signatures_is_enough(usage):
    world = World()
    certificate = world.issue_signer(usage=key_usage(usage))
    assert sign(world, certificate=certificate).report.passed


def test_an_extended_usage_for_something_else():
    world = World()
    usage = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    error = refused(WrongUsageError, world, certificate=world.issue_signer(usage))
    assert error.facts["extension"] == "extendedKeyUsage"


def test_an_extended_usage_for_documents():
    world = World()
    usage = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    assert sign(world, certificate=world.issue_signer(usage)).report.passed


def test_a_certificate_without_key_usage():
    world = World()
    certificate = world.ca.issue(world.certificate.subject, make_key())
    assert refused(WrongUsageError, world, certificate=certificate).facts["extension"] == "keyUsage"


def test_an_authoritys_certificate_signs_no_documents():
    world = World()
    extensions = (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (key_usage("digital_signature", "key_cert_sign"), True),
    )
    certificate = world.ca.issue(world.certificate.subject, make_key(), *extensions)
    error = refused(WrongUsageError, world, certificate=certificate)
    assert error.facts["extension"] == "basicConstraints"


def test_a_root_nobody_trusts():
    world, stranger = World(), World()
    error = refused(UntrustedPathError, world, certificate=stranger.certificate)
    assert error.facts["issuer"] == "Antin test authority"


def test_a_path_that_rfc_5280_forbids():
    """Issued by an official's certificate: the path ends at the root, and is none."""
    world = World()
    key = make_key()
    certificate = Issuer(world.certificate, key).issue(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]),
        key,
        (key_usage("digital_signature"), True),
    )
    signer = SigningKey(certificate, (world.certificate, world.ca.certificate), world.open_key)
    with pytest.raises(UntrustedPathError):
        sign_document(make_pdf(), signer=signer, options=QUIET, services=world.services())


def test_a_revoked_certificate_is_refused_with_time_and_reason():
    world = World()
    world.revoke(world.certificate, NOW - DAY)
    error = refused(CertificateRevokedError, world)
    assert error.facts["revoked_at"] == NOW - DAY
    assert "ompromise" in str(error.facts["reason"])


def test_a_revoked_authority_is_refused_too():
    world = World()
    world.revoke(world.ca.certificate, NOW - DAY)
    assert refused(CertificateRevokedError, world).facts["subject"] == "Antin test authority"


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_a_status_that_cannot_be_known_warns_at_the_lower_levels(level):
    world = World(broken={"ocsp", "crl"})
    done = sign(world, level)
    assert [(each.code, each.facts["subject"]) for each in done.warnings] == [
        ("signing.status_unchecked", "Nguyễn Văn Đức"),
        ("signing.status_unchecked", "Antin test authority"),
    ]
    assert world.asked.count("crl/root.crl") <= 2, "what is down is not asked again and again"


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_a_status_that_cannot_be_known_refuses_at_the_higher_levels(level):
    refused(StatusUnknownError, World(broken={"ocsp", "crl"}), level)


def test_a_status_that_cannot_be_known_refuses_by_policy():
    world = World(broken={"ocsp", "crl"})
    refused(StatusUnknownError, world, unknown_status=UnknownStatus.REFUSE)


def test_the_list_answers_where_the_responder_is_down():
    assert sign(World(broken={"ocsp"}), Level.B_LT).report.passed


def test_no_time_stamp_service_is_named():
    error = refused(TSANotNamedError, World(), Level.B_T, tsa_url=None)
    assert error.facts == {"level": "B-T"}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyPDFError),
        (b"%!PS not a PDF", NotAPDFError),
        (make_pdf()[:200], BrokenPDFError),
    ],
    ids=["empty", "no PDF", "truncated"],
)
def test_what_is_no_document(data, error):
    refused(error, World(), data=data)


def test_a_broken_signature_in_the_document():
    world = World()
    changed = bytearray(sign(world).data)
    changed[changed.index(b"595.28")] ^= 1
    world.key_openings = 0
    error = refused(ExistingSignatureBrokenError, world, data=bytes(changed))
    assert error.facts == {"field": "Signature1"}
    told = sign(world, data=bytes(changed), allow_broken_signatures=True)
    assert told.report.indication is Indication.TOTAL_FAILED
    assert told.report.signatures[-1].indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("permission", [MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
def test_a_certification_stays_valid(permission):
    world = World()
    data = certified(make_pdf(), permission)
    done = sign(world, data=data)
    assert not is_broken(done.report.signatures[0])


def test_without_the_look_at_certifications_the_verdicts_stand_in_the_way(monkeypatch):
    data = certified(make_pdf(), MDPPerm.FILL_FORMS)
    monkeypatch.setattr("signing.revision.check_unlocked", lambda *_, **__: None)
    with pytest.raises(WouldBreakError):
        sign(World(), data=data, display=load_display("text"))
    monkeypatch.setattr("signing.sign.check_kept", lambda *_, **__: None)
    with pytest.raises(ResultNotValidError):
        sign(World(), data=data, display=load_display("text"))


# The key and after


def test_another_key_than_the_certificates():
    world = World()
    signer = replace(world.signer(), open_key=lambda: make_key("ec-p384"))
    with pytest.raises(KeyMismatchError):
        sign_document(make_pdf(), signer=signer, options=QUIET, services=world.services())


def test_a_time_stamp_service_that_is_down():
    with pytest.raises(TSAUnavailableError):
        sign(World(broken={"tsa"}), Level.B_T)
    assert sign(World(broken={"tsa"})).report.passed


def test_a_time_stamp_service_that_refuses():
    with pytest.raises(TSARejectedError):
        sign(World(change_answer=lambda _: reject()), Level.B_T)


def test_a_time_stamp_over_something_else():
    with pytest.raises(TSAWrongAnswerError):
        sign(World(change_token=other_digest), Level.B_T)


def after_stamp(world: World, action) -> None:
    """Do something at the moment the time-stamp is given."""

    def change(answer: bytes) -> bytes:
        action()
        return answer

    world.change_answer = change


def test_a_certificate_revoked_while_signing():
    world = World()
    after_stamp(world, lambda: world.revoke(world.certificate))
    with pytest.raises(RevokedMeanwhileError) as caught:
        sign(world, Level.B_LT)
    assert caught.value.facts == {"subject": "Nguyễn Văn Đức", "revoked_at": NOW}


def test_a_time_stamp_service_revoked_while_signing():
    world = World()
    after_stamp(world, lambda: world.revoke(world.tsa_certificate))
    with pytest.raises(RevokedMeanwhileError) as caught:
        sign(world, Level.B_LT)
    assert caught.value.facts["subject"] == "Antin test TSA"


def test_evidence_that_cannot_be_had_after_signing():
    world = World()
    after_stamp(world, lambda: world.broken.update({"ocsp", "crl"}))
    with pytest.raises(EvidenceUnavailableError) as caught:
        sign(world, Level.B_LT)
    assert caught.value.facts["subject"] == "Nguyễn Văn Đức"


@pytest.mark.parametrize(
    ("offset", "passed"), [(-SECOND, False), (SECOND * 0, False), (SECOND, True)]
)
def test_revocation_around_the_best_signature_time(offset, passed):
    """Revoked before or at the time-stamp: no signature. Revoked after: it stays what it was."""
    world = World()
    done = sign(world, Level.B_T)
    world.clock.advance(DAY)
    world.revoke(world.certificate, NOW + offset)
    report = judged_later(world, done, world.certificate, world.tsa_certificate)
    assert report.passed is passed


def test_a_result_that_does_not_hold_is_not_given_out(monkeypatch):
    """The guard at the end: a signer that writes a wrong signature is found out."""
    world = World()
    monkeypatch.setattr(
        "signing.signer.sign_data", lambda key, data, pss: sign_data(key, data + b"!", pss=pss)
    )
    with pytest.raises(ResultNotValidError) as caught:
        sign(world)
    assert caught.value.facts["indication"] == "TOTAL-FAILED"


def test_a_level_that_was_not_reached_is_not_given_out(monkeypatch):
    """With the guard's own evidence step taken out, the level that came about is too low."""
    monkeypatch.setattr("signing.longterm.extend", lambda *_, **__: None)
    with pytest.raises(ResultNotValidError) as caught:
        sign(World(), Level.B_LT)
    assert caught.value.facts["level"] == "B-LT"


def test_a_signature_that_would_break_an_earlier_one_is_not_given_out(monkeypatch):
    """With the look at locks taken out, the verdict at the end still stands in the way."""
    data = certified(make_pdf(), MDPPerm.NO_CHANGES)
    world = World()
    with pytest.raises(DocumentLockedError):
        sign(world, data=data)
    monkeypatch.setattr("signing.revision.check_unlocked", lambda *_, **__: None)
    monkeypatch.setattr(
        "pyhanko.sign.signers.PdfSigner._enforce_certification_constraints", lambda *_: None
    )
    with pytest.raises(WouldBreakError):
        sign(world, data=data)
    monkeypatch.setattr("signing.sign.check_kept", lambda *_, **__: None)
    with pytest.raises(ResultNotValidError) as caught:
        sign(world, data=data)
    assert caught.value.facts["field"] == "Cert"
