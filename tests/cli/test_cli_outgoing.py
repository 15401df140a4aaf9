"""`antin prepare`, `antin sign`, `antin number`: a document on its way out of the office."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from unit.signing import outgoing_world
from unit.signing.encrypted_documents import USER, encrypt
from unit.signing.signing_pages import handwriting, seal

LEADER = ("--leader", f"name={outgoing_world.SIGNER_NAME},title=Chủ tịch")
GIVEN = ("--number", "5", "--date", "02/11/2026")


@pytest.fixture
def desk(demo_home, tmp_path):
    (tmp_path / "draft.pdf").write_bytes(outgoing_world.draft())
    (tmp_path / "ky.png").write_bytes(handwriting())
    (tmp_path / "dau.png").write_bytes(seal())
    return demo_home


@pytest.fixture
def run(antin, desk, tmp_path):
    def of(command, source, target, *options, json=True):
        target = tmp_path / target
        words = (command, tmp_path / source, "-o", target, *options)
        ran = antin("--home", desk, *words, *(("--json",) if json else ()))
        assert target.exists() == (ran.status == 0), ran
        return ran

    return of


def issue_agency(antin, desk, folder):
    """Return the options that sign with an agency's key."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain, pem = folder / "key.pem", folder / "cert.pem"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    subject = ("--set", "C=VN", "--set", "O=UBND xã Mẫu", "--set", "CN=UBND xã Mẫu")
    issue = ("cert", "issue", "--ca", "issuing", "--profile", "agency", "--key", f"file:{plain}")
    issued = antin("--home", desk, *issue, "-o", pem, *subject)
    assert issued.status == 0, issued
    return ("--key", f"file:{plain}", "--cert", pem)


def test_a_document_goes_out_step_by_step_and_in_no_other_order(run, antin, desk, tmp_path):
    agency = issue_agency(antin, desk, tmp_path)
    stamp = ("--display", "agency", "--image", tmp_path / "dau.png", *agency)
    person = ("--display", "person", "--image", tmp_path / "ky.png")
    prepared = run("prepare", "draft.pdf", "a.pdf", *LEADER).json
    names = [each["name"] for each in prepared["fields"]]
    assert names == ["SoVanBan", "NgayBanHanh.Ngay", "NgayBanHanh.Thang", "LanhDao", "CoQuan"]
    assert run("sign", "a.pdf", "b.pdf", *stamp).code == "signing.agency_before_person"
    assert run("sign", "a.pdf", "b.pdf", *person).json["field"] == "LanhDao"
    assert run("sign", "b.pdf", "c.pdf", *stamp).code == "signing.not_numbered"
    assert run("number", "b.pdf", "c.pdf", *GIVEN).json["values"]["SoVanBan"] == "05"
    assert run("sign", "c.pdf", "d.pdf", *stamp).json["field"] == "CoQuan"
    late = run("number", "d.pdf", "e.pdf", *GIVEN)
    assert (late.status, late.code) == (3, "signing.number_after_seal")
    listed = antin("--home", desk, "fields", tmp_path / "d.pdf", "--json").json["fields"]
    assert [each["signed"] for each in listed] == [True, True]


def test_an_unsigned_document_is_numbered_only_when_told(run):
    told = run("prepare", "draft.pdf", "a.pdf", *LEADER, json=False)
    assert "LanhDao" in told.out
    refused = run("number", "a.pdf", "b.pdf", *GIVEN)
    assert (refused.status, refused.code) == (3, "signing.person_not_signed_yet")
    told = run("number", "a.pdf", "c.pdf", *GIVEN, "--without-leader", json=False)
    assert "SoVanBan = 05" in told.out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--leader", "over=LanhDao"), "cli.bad_option"),
        ((*LEADER, "--number", "name=A"), "cli.bad_option"),
        ((*LEADER, "--date", "page=1,x=1mm,y=1mm"), "cli.bad_option"),
        ((*LEADER, "--agency", "page=9,x=1mm,y=1mm"), "signing.page_not_found"),
        ((*LEADER, "--number", "9,1,1,20,5"), "signing.page_not_found"),
        (("--leader", "name=Trần Thị Bình"), "signing.signer_name_not_found"),
    ],
)
def test_a_place_that_is_none_is_refused(run, options, code):
    refused = run("prepare", "draft.pdf", "a.pdf", *options)
    assert refused.code == code
    assert refused.json["error"]["hint"]


def test_a_day_that_is_none_is_refused_and_no_file_is_replaced_unasked(run, antin, desk, tmp_path):
    assert run("prepare", "draft.pdf", "a.pdf", *LEADER).status == 0
    wrong = ("--number", "5", "--date", "31/02/2026")
    assert run("number", "a.pdf", "b.pdf", *wrong).code == "cli.bad_option"
    words = ("prepare", tmp_path / "draft.pdf", "-o", tmp_path / "a.pdf", *LEADER)
    assert antin("--home", desk, *words, "--json").code == "pki.output_exists"
    assert antin("--home", desk, *words, "--overwrite").status == 0


def test_an_encrypted_document_goes_the_same_way(run, peer, tmp_path, monkeypatch):
    monkeypatch.setenv("MAT_KHAU", USER)
    locked = encrypt(peer, tmp_path, outgoing_world.draft())
    (tmp_path / "locked.pdf").write_bytes(locked)
    password = ("--password-source", "env:MAT_KHAU")
    person = ("--display", "person", "--image", tmp_path / "ky.png")
    for command, options in (
        ("prepare", LEADER),
        ("number", (*GIVEN, "--without-leader")),
    ):
        assert run(command, "locked.pdf", "no.pdf", *options).code == "verify.pdf_encrypted"
    assert run("prepare", "locked.pdf", "a.pdf", *LEADER, *password).status == 0
    assert run("sign", "a.pdf", "b.pdf", *person, *password).json["field"] == "LanhDao"
    done = run("number", "b.pdf", "c.pdf", *GIVEN, *password)
    assert done.json["values"]["SoVanBan"] == "05"
    assert (tmp_path / "c.pdf").read_bytes().startswith(locked)
