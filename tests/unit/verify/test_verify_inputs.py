"""Files that are no documents, policies, trust anchors: each refusal by its own code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from unit.verify.verify_pki import LATER, fresh, judge, make_document, make_pdf, make_world

from verify.document import verify_document
from verify.errors import (
    BrokenPDFError,
    EmptyPDFError,
    EncryptedPDFError,
    MalformedObjectError,
    NotAPDFError,
    PolicyFileError,
    TooLargeError,
    TooManySignaturesError,
    TrustFileError,
)
from verify.evidence import Evidence, Item
from verify.guard import foreign
from verify.indication import Indication, SubIndication
from verify.policy import default_policy
from verify.policy_file import load_policy, parse_policy
from verify.trust import TrustStore, load_trust

WORLD = make_world()


def encrypted(password):
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer._assign_security_handler(
        StandardSecurityHandler.build_from_pw("owner", desired_user_pass=password)
    )
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        pytest.param(b"", EmptyPDFError, "verify.pdf_empty", id="empty"),
        pytest.param(b"PK\3\4 a Word file", NotAPDFError, "verify.not_a_pdf", id="not a PDF"),
        pytest.param(make_pdf()[:-300], BrokenPDFError, "verify.pdf_broken", id="truncated"),
        pytest.param(b"%PDF-1.7\n", BrokenPDFError, "verify.pdf_broken", id="header only"),
        pytest.param(
            make_pdf().replace(b"/Pages 2 0 R", b"/Pagez 2 0 R"),
            BrokenPDFError,
            "verify.pdf_broken",
            id="no pages",
        ),
        pytest.param(encrypted("secret"), EncryptedPDFError, "verify.pdf_encrypted", id="password"),
    ],
)
def test_what_is_no_document_is_an_error_by_name(data, error, code):
    with pytest.raises(error) as caught:
        judge(data)
    assert caught.value.code == code
    assert caught.value.facts["name"] == "document.pdf"


def test_a_document_that_opens_without_a_password_is_judged():
    assert judge(encrypted("")).sub_indication is SubIndication.NO_SIGNATURE


def test_a_document_larger_than_the_policy_allows():
    policy = default_policy()
    small = policy.limits.model_copy(update={"document_bytes": 100})
    with pytest.raises(TooLargeError) as caught:
        judge(make_pdf(), policy=policy.model_copy(update={"limits": small}))
    assert caught.value.facts["limit"] == 100


def test_more_signatures_than_the_policy_allows_are_no_document():
    policy = default_policy()
    few = policy.limits.model_copy(update={"signatures": 1})
    limited = policy.model_copy(update={"limits": few})
    assert judge(make_document("B-LT"), policy=limited).indication is Indication.TOTAL_PASSED
    with pytest.raises(TooManySignaturesError):
        judge(make_document("B-LTA"), policy=limited)


def test_a_count_of_pages_that_is_none():
    assert judge(make_pdf().replace(b"/Count 2", b"/Coumt 2")).pages is None
    assert judge(make_pdf().replace(b"/Count 2 >>", b"/Count -2>>")).pages is None


def test_evidence_that_cannot_be_read_is_no_evidence():
    rubbish = Item(b"rubbish", LATER)
    evidence = Evidence((rubbish,), (rubbish,), (rubbish,)) + fresh(WORLD, LATER)
    assert judge(make_document("B-T"), evidence=evidence).indication is Indication.TOTAL_PASSED


def test_the_moment_may_be_in_any_zone():
    at = LATER.astimezone(timezone(timedelta(hours=7)))
    report = verify_document(
        make_document("B-LTA"), policy=default_policy(), trust=WORLD.trust, at=at
    )
    assert report.indication is Indication.TOTAL_PASSED
    assert report.judged_at == LATER


def test_trust_from_files_and_folders(tmp_path):
    (tmp_path / "root.pem").write_bytes(WORLD.root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "issuing.DER").write_bytes(WORLD.issuing.der)
    (tmp_path / "readme.txt").write_text("not a certificate")
    (tmp_path / "deeper.pem").mkdir()
    trust = load_trust([tmp_path, tmp_path / "root.pem"])
    assert set(trust.anchors) == {WORLD.root.certificate, WORLD.issuing.certificate}
    assert WORLD.root.certificate in trust
    assert WORLD.tsa.certificate not in trust
    assert load_trust([]) == TrustStore()


@pytest.mark.parametrize("content", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAA\n", None])
def test_a_file_without_a_certificate_is_refused(tmp_path, content):
    path = tmp_path / "anchor.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrustFileError) as caught:
        load_trust([path])
    assert caught.value.facts["path"] == path


def test_the_default_policy_and_one_from_a_file(tmp_path):
    assert load_policy("default") == default_policy()
    text = tmp_path / "own.toml"
    source = load_source().replace('name = "default"', 'name = "own"')
    text.write_text(source, encoding="utf-8")
    assert load_policy(str(text)).name == "own"


def load_source():
    return (files("verify") / "policies" / "default.toml").read_text("utf-8")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text + "\nunknown = 1", id="unknown key"),
        pytest.param(lambda text: text.replace("rsa_min_bits = 2", "rsa_min_bits = -2"), id="weak"),
        pytest.param(lambda text: text.replace('name = "default"', ""), id="no name"),
        pytest.param(lambda text: text.replace("[time]", "[time"), id="no TOML"),
        pytest.param(lambda text: text.replace(":00:00Z", ":00:00"), id="naive"),
    ],
)  # fmt: skip
def test_a_policy_with_a_mistake_is_refused(change):
    assert parse_policy(load_source(), name="twin") == default_policy()
    with pytest.raises(PolicyFileError):
        parse_policy(change(load_source()), name="bad")


def test_a_policy_that_is_not_there():
    with pytest.raises(PolicyFileError):
        load_policy("nowhere")


def test_the_guard_maps_foreign_exceptions_and_lets_ours_and_bugs_of_another_kind_through():
    for foreign_error in (
        ValueError("x"),
        RecursionError(),
        KeyError("k"),
        OSError(),
        AssertionError(),
    ):
        with pytest.raises(MalformedObjectError), foreign("thing"):
            raise foreign_error
    with pytest.raises(NotAPDFError), foreign("thing"):
        raise NotAPDFError(name="n")
    with pytest.raises(KeyboardInterrupt), foreign("thing"):
        raise KeyboardInterrupt


def test_a_digest_that_is_not_listed_is_not_accepted():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert default_policy().digest_accepted("sha256", moment)
    assert not default_policy().digest_accepted("md5", moment)
