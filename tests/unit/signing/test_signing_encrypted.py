"""Encrypted documents: signed with a password, as far as their authors permit."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt.pubkey import RecipientEncryptionPolicy
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from unit.signing.encrypted_documents import KINDS, USER, encrypt, owner_of, without_length
from unit.signing.signing_world import TSA_URL, World, make_pdf
from unit.signing.test_signing_revision import with_field

from signing import revision
from signing._asn1 import to_asn1
from signing.display.fold import fold
from signing.display.page_text import TextReader
from signing.display.placement import Placement
from signing.display.profile import load_display
from signing.errors.documents import (
    DocumentUnsupportedError,
    FillingForbiddenError,
    NewFieldForbiddenError,
)
from signing.errors.placing import TextUnreadableError
from signing.extend import extend_document
from signing.extension import Extension
from signing.fields import list_fields
from signing.options import Level, SigningOptions
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from signing.sign import SignedDocument, sign_document
from verify.errors import (
    BrokenPDFError,
    EncryptedForCertificatesError,
    EncryptedPDFError,
    UnsupportedEncryptionError,
    WrongPasswordError,
)
from verify.indication import Indication
from verify.password import Password
from verify.pdf.document import open_pdf

NONE = SigningOptions(display=load_display("none"))
REASON = "Phe duyet van ban"


@cache
def world() -> World:
    return World()


def services(password: str | None):
    return replace(world().services(), password=None if password is None else Password(password))


def sign(
    data: bytes, password: str | None, options: SigningOptions = NONE, name: str = "cv.pdf"
) -> SignedDocument:
    return sign_document(
        data, signer=world().signer(), options=options, services=services(password), name=name
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["user", "owner"])
@pytest.mark.parametrize("options", [NONE, SigningOptions()], ids=["hidden", "visible"])
def test_it_is_signed_with_either_password(peer, tmp_path, kind, who, options):
    data = encrypt(peer, tmp_path, make_pdf(), kind)
    password = USER if who == "user" else owner_of(kind)
    signed = sign(data, password, replace(options, reason=REASON))
    assert signed.data.startswith(data)
    assert signed.report.indication is Indication.TOTAL_PASSED
    appended = signed.data[len(data) :]
    assert REASON.encode() not in appended
    reader = PdfFileReader(BytesIO(signed.data))
    reader.decrypt(password)
    signature = reader.embedded_signatures[0].sig_object
    assert signature["/Reason"] == REASON
    contents = signature.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    assert contents.original_bytes[:1] == b"\x30"  # DER: it is not encrypted


def test_a_password_is_needed_and_must_be_right(peer, tmp_path):
    data = encrypt(peer, tmp_path, make_pdf())
    for password, refused in ((None, EncryptedPDFError), ("wrong", WrongPasswordError)):
        with pytest.raises(refused) as caught:
            sign(data, password)
        assert caught.value.facts == {"name": "cv.pdf"}


@pytest.mark.parametrize("password", [None, "another document's"])
def test_one_that_everybody_may_open_needs_none(peer, tmp_path, password):
    """A batch has documents with and without a password; the one named does for both."""
    data = encrypt(peer, tmp_path, make_pdf(), user="")
    assert sign(data, password).report.indication is Indication.TOTAL_PASSED
    assert sign(make_pdf(), password).report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("modify", "new_field", "old_field"),
    [("all", True, True), ("annotate", False, True), ("form", False, True), ("none", False, False)],
)
def test_what_its_author_permits_is_respected(peer, tmp_path, kind, modify, new_field, old_field):
    if kind == "rc4-40":  # knows two permissions: to change anything, and to comment and fill in
        words = {"all": "y y", "annotate": "n y", "form": "n n", "none": "n n"}[modify].split()
        permissions = (f"--modify={words[0]}", f"--annotate={words[1]}")
        old_field = words[1] == "y"
    else:
        permissions = (f"--modify={modify}",)
    data = encrypt(peer, tmp_path, with_field(make_pdf(), "Seal"), kind, *permissions)
    seal = replace(NONE, field_name="Seal")
    for options, permitted, refused in (
        (NONE, new_field, NewFieldForbiddenError),
        (seal, old_field, FillingForbiddenError),
    ):
        if permitted:
            assert sign(data, USER, options).report.indication is Indication.TOTAL_PASSED
        else:
            with pytest.raises(refused) as caught:
                sign(data, USER, options)
            assert caught.value.facts == {"name": "cv.pdf"}
        assert sign(data, owner_of(kind), options).report.indication is Indication.TOTAL_PASSED


def test_evidence_and_time_stamps_are_added(peer, tmp_path):
    data = encrypt(peer, tmp_path, make_pdf())
    options = replace(NONE, level=Level.B_LTA, tsa_url=TSA_URL)
    assert sign(data, USER, options).report.signatures[0].level == "B-LTA"
    plain = sign(data, USER)
    wish = Extension(tsa_url=TSA_URL)
    done = extend_document(plain.data, wish=wish, services=services(USER))
    assert (done.before, done.level) == ("B-B", "B-LTA")
    with pytest.raises(EncryptedPDFError):
        extend_document(plain.data, wish=wish, services=services(None))
    later = replace(NONE, timestamp_later=True)
    again = extend_document(
        sign(data, USER, later).data,
        wish=Extension(Level.B_T, tsa_url=TSA_URL),
        services=services(USER),
    )
    assert [each.value for each in again.steps] == ["signature-timestamp"]


def test_a_time_stamp_is_a_new_field(peer, tmp_path):
    data = encrypt(peer, tmp_path, with_field(make_pdf(), "Seal"), "aes-256", "--modify=form")
    signed = sign(data, USER, replace(NONE, field_name="Seal")).data
    wish = Extension(None, tsa_url=TSA_URL)
    with pytest.raises(NewFieldForbiddenError):
        extend_document(signed, wish=wish, services=services(USER))
    assert extend_document(signed, wish=wish, services=services(owner_of("aes-256"))).steps


def test_preparing_is_making_fields(peer, tmp_path):
    data = encrypt(peer, tmp_path, make_pdf(), "aes-256", "--modify=form", user="")
    limits = world().policy.limits
    with pytest.raises(NewFieldForbiddenError):
        prepare_document(data, OutgoingPlaces(Placement()), name="cv.pdf", limits=limits)


def test_its_fields_are_listed_and_its_pages_searched(peer, tmp_path):
    data = encrypt(peer, tmp_path, with_field(make_pdf(), "Seal"))
    limits = world().policy.limits
    (field,) = list_fields(data, name="cv.pdf", limits=limits, password=Password(USER))
    assert field.name == "Seal"
    reader = TextReader()
    try:
        found = reader.find(BytesIO(data), (fold("page 1"),), page=None, password=Password(USER))
        assert found.found
        with pytest.raises(TextUnreadableError):
            reader.find(BytesIO(data), (fold("page 1"),), page=None)
    finally:
        reader.close()


def test_a_fresh_name_is_told_from_what_is_encrypted(peer, tmp_path):
    data = encrypt(peer, tmp_path, with_field(make_pdf(), "Signature1"))
    assert sign(data, USER).field_name == "Signature2"


def _by_pyhanko(**how) -> bytes:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer.encrypt("owner", "", **how)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_integrity_code_would_have_to_be_made_anew():
    assert sign(_by_pyhanko(pdf_mac=False), None).report.indication is Indication.TOTAL_PASSED
    data = _by_pyhanko(pdf_mac=True)
    with pytest.raises(DocumentUnsupportedError) as caught:
        sign(data, None)
    assert "32004" in caught.value.facts["reason"]
    with pytest.raises(BrokenPDFError) as broken:
        sign(data.replace(b"/Helvetica", b"/Helvetici", 1), None)
    assert "MAC" in broken.value.facts["reason"]


def test_one_for_holders_of_certificates_is_refused():
    key = rsa.generate_private_key(65537, 2048)
    recipient = world().ca.issue(world().certificate.subject, key)
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer.encrypt_pubkey(
        [to_asn1(recipient)], policy=RecipientEncryptionPolicy(ignore_key_usage=True)
    )
    out = BytesIO()
    writer.write(out)
    for password in (None, "any"):
        with pytest.raises(EncryptedForCertificatesError):
            sign(out.getvalue(), password)


def test_a_password_shows_itself_nowhere(peer, tmp_path):
    password = Password("bi mat")
    shown = (str(password), repr(password), f"{password:>9}", repr(services("bi mat")))
    assert not any("bi mat" in each for each in shown)
    with pytest.raises(TypeError):
        pickle.dumps(password)
    data = encrypt(peer, tmp_path, make_pdf(), user="bi mat")
    pdf = open_pdf(data, name="cv.pdf", limits=world().policy.limits, password=password)
    assert "bi mat" not in repr(pdf.password)


def test_mutant_without_a_look_at_the_permissions_it_would_be_signed(peer, tmp_path, monkeypatch):
    data = encrypt(peer, tmp_path, make_pdf(), "aes-256", "--modify=none")
    monkeypatch.setattr(revision, "check_permitted", lambda *_, **__: None)
    assert sign(data, USER).report.indication is Indication.TOTAL_PASSED


def test_aes_128_whose_length_stands_in_its_filter_alone_is_opened(peer, tmp_path):
    data = without_length(encrypt(peer, tmp_path, make_pdf(), "aes-128"))
    for password in (USER, owner_of("aes-128")):
        signed = sign(data, password)
        assert signed.report.indication is Indication.TOTAL_PASSED
        assert signed.data.startswith(data)
    with pytest.raises(WrongPasswordError):
        sign(data, "khac")


def test_the_revision_that_was_given_up_is_called_by_its_name(peer, tmp_path):
    """Whatever the password: none would open it."""
    data = encrypt(peer, tmp_path, make_pdf(), "aes-256", "--force-R5")
    for password in (None, USER, "khac"):
        with pytest.raises(UnsupportedEncryptionError) as caught:
            sign(data, password)
        assert caught.value.facts == {"name": "cv.pdf", "revision": "5"}
    assert sign(encrypt(peer, tmp_path, make_pdf()), USER).report.passed
