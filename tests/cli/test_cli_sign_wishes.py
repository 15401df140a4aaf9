"""What `antin sign` can be asked for, and what `antin fields` shows of it."""

from __future__ import annotations

import pytest


@pytest.fixture
def sign(antin, demo_home, letter, tmp_path):
    """Sign the letter, or another document, with options; the services are not running."""

    def run(*options, document=None, status=0):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf"
        ran = antin("--home", demo_home, "sign", document or letter, "-o", path, *options, "--json")
        assert ran.status == status, ran
        assert path.exists() == (status == 0), "no half file"
        return ran, path

    return run


def test_the_choice_and_the_rule_it_meets_are_reported(sign):
    ran, _ = sign()
    assert ran.json["form"] == "ETSI.CAdES.detached"
    assert ran.json["rule"]["met"] is True
    assert "15/2025/TT-BKHCN" in ran.json["rule"]["message"]
    ran, _ = sign("--form", "pkcs7")
    assert ran.json["form"] == "adbe.pkcs7.detached"


def test_role_commitment_contact_and_certification(sign):
    _, path = sign("--role", "Chủ tịch", "--commitment", "approval", "--contact", "vp@ubnd.vn")
    _, certified = sign("--certify", "--permit", "1")
    ran, _ = sign(document=certified, status=3)
    assert ran.json["error"]["code"] == "signing.document_locked"
    ran, _ = sign("--certify", document=path, status=3)
    assert ran.json["error"]["code"] == "signing.certify_not_first"


def test_fields_are_listed_and_signed_by_number(antin, demo_home, sign):
    _, path = sign("--lock", "include:So", "--permit", "2")
    listed = antin("--home", demo_home, "fields", path, "--json").json
    (field,) = listed["fields"]
    assert (field["number"], field["name"], field["signed"]) == (1, "Signature1", True)
    assert field["locks"] == "Include"
    shown = antin("--home", demo_home, "--lang", "vi", "fields", path)
    assert shown.out.startswith("#1  Signature1  đã ký  trang ")
    ran, _ = sign("--field", "#1", document=path, status=3)
    assert ran.json["error"]["code"] == "signing.field_taken"
    ran, _ = sign("--field", "#2", document=path, status=5)
    assert ran.json["error"]["code"] == "signing.field_number"


def test_a_document_without_fields_says_so(antin, demo_home, letter):
    shown = antin("--home", demo_home, "--lang", "en", "fields", letter)
    assert (shown.status, shown.out) == (0, "the document has no signature fields\n")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        (("--form", "cms"), 5, "cli.bad_option"),
        (("--commitment", "promise"), 5, "cli.bad_option"),
        (("--permit", "4"), 5, "cli.bad_option"),
        (("--lock", "all:A"), 5, "cli.bad_option"),
        (("--lock", "include:"), 5, "cli.bad_option"),
        (("--lock", "some"), 5, "cli.bad_option"),
        (("--place", "99,10,10,50,20", "--display", "text"), 5, "signing.page_not_found"),
        (("--form", "pkcs7", "--role", "Chủ tịch"), 5, "signing.form_lacks"),
        (("--reason", "Duyệt", "--commitment", "approval"), 5, "signing.reason_and_commitment"),
        (("--expect-owner", "MST:0101243150"), 3, "signing.wrong_owner"),
        (("--expect-owner", "nobody"), 5, "signing.owner_unreadable"),
        (("--require-status",), 3, "signing.status_unknown"),
    ],
)
def test_bad_wishes_have_codes_and_hints(sign, options, status, code):
    ran, _ = sign(*options, status=status)
    assert ran.json["error"]["code"] == code
    assert ran.json["error"]["hint"]


def test_a_broken_signature_refuses_unless_told(sign):
    _, path = sign()
    data = bytearray(path.read_bytes())
    data[data.index(b"595") + 2] ^= 1
    path.write_bytes(data)
    ran, _ = sign(document=path, status=3)
    assert ran.json["error"]["code"] == "signing.existing_signature_broken"
    assert path.read_bytes() == bytes(data), "the input is never touched"
    sign("--allow-broken", document=path)


def test_an_owner_of_the_home_is_kept_to(demo_home, sign):
    text = (demo_home / "antin.toml").read_text("utf-8")
    told = text.replace("[signing]\n", '[signing]\nowner = "MST:0101243150"\n', 1)
    assert told != text
    (demo_home / "antin.toml").write_text(told, "utf-8")
    ran, _ = sign(status=3)
    assert ran.json["error"]["code"] == "signing.wrong_owner"
    assert "0101243150" not in ran.err + ran.out
