"""`antin sign` and `antin verify` against a served home, with good input and bad."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from cli_runs import run_antin, serving
from cli_terminal import PROGRAM
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate
from fpdf import FPDF
from fpdf.enums import AccessPermission

from pki.clock import FixedClock, SystemClock
from pki.register.sql import open_register

YEAR = timedelta(days=365)
_HOLDERS = count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A demonstration home of this module's own, its services running."""
    home = tmp_path_factory.mktemp("served") / "home"
    assert run_antin("--home", home, "init", "--demo").status == 0
    with serving(home):
        yield home


@pytest.fixture(scope="module")
def signed(served, letter, tmp_path_factory):
    """The letter at B-LTA."""
    path = tmp_path_factory.mktemp("signed") / "letter-signed.pdf"
    ran = run_antin("--home", served, "sign", letter, "-o", path, "--level", "B-LTA", "--json")
    assert ran.status == 0, ran
    assert ran.json["indication"] == "TOTAL-PASSED"
    return path


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
def test_a_document_is_signed_at_each_level_and_judged_so(antin, served, letter, tmp_path, level):
    path = tmp_path / "out.pdf"
    ran = antin("--home", served, "sign", letter, "-o", path, "--level", level, "--json")
    assert (ran.status, ran.json["level"], ran.json["warnings"]) == (0, level, [])
    judged = antin("--home", served, "verify", path, "--json")
    assert judged.status == 0
    assert judged.json["signatures"][0]["level"] == level


def test_the_json_of_a_verdict_keeps_its_contract(antin, served, signed):
    judged = antin("--home", served, "verify", signed, "--json").json
    assert judged["schema"] == "antin.verify/1"
    assert set(judged["document"]) >= {"name", "sha256", "pages"}
    assert (judged["indication"], judged["sub_indication"]) == ("TOTAL-PASSED", None)
    assert judged["policy"] == "default"
    first, second = judged["signatures"]
    assert set(first) >= {
        *("field", "kind", "indication", "sub_indication", "level", "signer", "findings"),
        *("claimed_signing_time", "best_signature_time", "algorithm", "changes_after"),
        "covers_whole_document",
    }
    assert (first["kind"], second["kind"]) == ("signature", "timestamp")
    assert first["signer"]["common_name"] == "Nguyễn Văn Mẫu"
    assert first["best_signature_time"].endswith("Z")
    assert first["changes_after"] == "none"


def test_many_documents_are_signed_with_one_command_and_one_bad_one_stops_none(
    antin, served, letter, tmp_path
):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    for name in ("a.pdf", "c.PDF"):
        (folder / name).write_bytes(letter.read_bytes())
    (folder / "b.pdf").write_bytes(b"no document")
    (folder / "notes.txt").write_text("not asked for")
    ran = antin("--home", served, "sign", folder, "-o", out, "--json-lines")
    *lines, end = (json.loads(line) for line in ran.out.splitlines())
    assert ran.status == 5
    assert [line.get("error", {}).get("code") for line in lines] == [
        None,
        "verify.not_a_pdf",
        None,
    ]
    assert (end["summary"]["signed"], end["summary"]["failed"]) == (2, 1)
    assert sorted(path.name for path in out.glob("*.pdf")) == ["a-signed.pdf", "c-signed.pdf"]
    judged = antin("--home", served, "verify", out, "--json")
    assert judged.status == 0
    assert len(judged.json["documents"]) == 2
    words = antin("--home", served, "verify", out)
    assert words.out.count("TOTAL-PASSED") >= 2


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_many_are_signed_while_services_answer(antin, served, letter, tmp_path, level):
    """In a process of its own, which loads pyHanko's packages late."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    for number in range(12):
        (folder / f"{number:02}.pdf").write_bytes(letter.read_bytes() + b"\n" * number)
    words = ("--home", served, "sign", folder, "-o", out, "--level", level, "--json-lines")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, _ = (json.loads(line) for line in done.stdout.splitlines())
    assert [line["input"] for line in lines] == sorted(map(str, folder.iterdir()))
    assert {line["level"] for line in lines} == {level}
    judged = antin("--home", served, "verify", out, "--json").json["documents"]
    found = [one["signatures"][0]["level"] for one in judged]
    assert found == [level] * 12


def test_a_hostile_file_name_reaches_no_terminal(antin, served, tmp_path):
    """Escape sequences and right-to-left marks in names of files that came in."""
    for number in range(2):
        (tmp_path / f"{number}\x1b[2J\u202efdp.pdf").write_bytes(b"no document")
    ran = antin("--home", served, "verify", tmp_path)
    assert ran.status == 5
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
    assert ran.out.count("[verify.not_a_pdf]") == 2


def not_a_pdf(path: Path, _letter: Path) -> None:
    path.write_bytes(b"GIF89a" * 200)


def truncated(path: Path, letter: Path) -> None:
    path.write_bytes(letter.read_bytes()[:2000])


def encrypted(path: Path, _letter: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption("a", "b", permissions=AccessPermission.none())
    pdf.output(str(path))


def empty(path: Path, _letter: Path) -> None:
    path.write_bytes(b"")


def huge(path: Path, letter: Path) -> None:
    path.write_bytes(letter.read_bytes())
    os.truncate(path, 200 * 1024 * 1024)


def missing(path: Path, _letter: Path) -> None:
    assert not path.exists()


BAD = [
    (not_a_pdf, "verify.not_a_pdf"),
    (truncated, "verify.pdf_broken"),
    (encrypted, "verify.pdf_encrypted"),
    (empty, "verify.pdf_empty"),
    (huge, "verify.too_large"),
    (missing, "signing.unreadable"),
]


@pytest.mark.parametrize("bad", BAD, ids=[make.__name__ for make, _ in BAD])
@pytest.mark.parametrize("command", ["sign", "verify"])
def test_bad_input_has_its_own_code_and_hint_and_nothing_is_written(
    antin, served, letter, tmp_path, command, bad
):
    make, code = bad
    source = tmp_path / "in.pdf"
    make(source, letter)
    before = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    options = ("-o", tmp_path / "out.pdf") if command == "sign" else ()
    ran = antin("--home", served, command, source, *options)
    assert (ran.status, ran.code) == (5, code)
    assert "hint: " in ran.err
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == before


def test_a_folder_without_documents_is_said_to_be_so(antin, served, tmp_path):
    for command in ("sign", "verify"):
        ran = antin("--home", served, command, tmp_path)
        assert (ran.status, ran.code) == (5, "cli.no_documents")


def test_an_output_that_exists_is_kept_unless_told(antin, served, letter, tmp_path):
    target = tmp_path / "out.pdf"
    target.write_bytes(b"mine")
    ran = antin("--home", served, "sign", letter, "-o", target)
    assert (ran.status, ran.code) == (3, "pki.output_exists")
    assert target.read_bytes() == b"mine"
    assert antin("--home", served, "sign", letter, "-o", target, "--overwrite").status == 0
    assert target.read_bytes().startswith(letter.read_bytes())


def test_the_input_is_never_the_output(antin, served, letter, tmp_path):
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(letter.read_bytes())
    ran = antin("--home", served, "sign", copy, "-o", copy, "--overwrite")
    assert (ran.status, ran.code) == (3, "signing.output_is_input")
    assert copy.read_bytes() == letter.read_bytes()


def test_without_a_token_nobody_can_sign(antin, letter, tmp_path):
    home = tmp_path / "home"
    antin("--home", home, "init", "--public-url", "http://127.0.0.1:9")
    ran = antin("--home", home, "sign", letter, "-o", tmp_path / "out.pdf")
    assert (ran.status, ran.code) == (3, "cli.no_signer")


def _second_token(home: Path, label: str, peer) -> None:
    subprocess.run(
        [
            *(peer("softhsm2-util"), "--init-token", "--free", "--label", label),
            *("--pin", "99999999", "--so-pin", "99999999"),
        ],
        env={**os.environ, "SOFTHSM2_CONF": str(home / "tokens" / "softhsm2.conf")},
        check=True,
        capture_output=True,
    )


def test_two_tokens_of_one_label_the_certificate_tells_which(
    antin, demo_home, letter, tmp_path, peer
):
    assert antin("--home", demo_home, "token", "list").status == 0  # writes the configuration
    _second_token(demo_home, "official", peer)
    refused = antin("--home", demo_home, "token", "keygen", "official", "--key-type", "ec-p256")
    assert (refused.status, refused.code) == (3, "hsm.token_ambiguous")
    ran = antin("--home", demo_home, "sign", letter, "-o", tmp_path / "out.pdf", "--json")
    assert ran.status == 0, "the certificate lies on one of them only"
    tokens = antin("--home", demo_home, "token", "list", "--json").json["tokens"]
    assert {one["pin"] for one in tokens if one["label"] == "official"} == {"normal"}


def test_a_wrong_pin_is_tried_once_and_the_token_says_what_is_left(
    antin, demo_home, letter, tmp_path, monkeypatch
):
    monkeypatch.setenv("WRONG", "00000000x")
    out = tmp_path / "out"
    out.mkdir()
    copies = [tmp_path / name for name in ("a.pdf", "b.pdf", "c.pdf")]
    for copy in copies:
        copy.write_bytes(letter.read_bytes())
    sign = ("--home", demo_home, "sign", *copies, "-o", out)
    ran = antin(*sign, "--pin-source", "env:WRONG", "--json-lines")
    first, *others, end = (json.loads(line) for line in ran.out.splitlines())
    assert ran.status == 3
    assert first["error"]["code"] == end["summary"]["stopped_by"] == "hsm.wrong_pin"
    assert [one["state"] for one in others] == ["not-begun"] * 2
    assert list(out.glob("*.pdf")) == []
    tokens = antin("--home", demo_home, "token", "list", "--json").json["tokens"]
    assert {one["label"]: one["pin"] for one in tokens}["official"] == "count-low"
    assert antin(*sign).status == 0, "the right PIN still signs"


@pytest.mark.parametrize(
    ("offset", "code"),
    [
        (6 * YEAR, "signing.certificate_expired"),
        (-YEAR, "signing.certificate_not_yet_valid"),
    ],
)
def test_a_certificate_out_of_its_period_does_not_sign(
    antin, served, letter, tmp_path, offset, code
):
    clock = FixedClock(SystemClock().now() + offset)
    target = tmp_path / "out.pdf"
    nowhere = f"file:{tmp_path / 'no-pin'}"  # were it asked for, the error would be another
    ran = antin(
        "--home", served, "sign", letter, "-o", target, "--pin-source", nowhere, clock=clock
    )
    assert (ran.status, ran.code) == (3, code)
    assert not target.exists()


def test_a_certificate_for_something_else_does_not_sign(antin, served, letter, tmp_path):
    ran = antin(
        *("--home", served, "sign", letter, "-o", tmp_path / "out.pdf"),
        *("--key", "pkcs11:token=services;object=ocsp", "--cert", served / "services/ocsp.pem"),
    )
    assert (ran.status, ran.code) == (3, "signing.wrong_usage")


def test_a_revoked_certificate_does_not_sign_and_what_it_signed_before_stands(
    antin, letter, tmp_path
):
    home, before = tmp_path / "home", tmp_path / "before.pdf"
    made = antin("--home", home, "init", "--demo", "--json").json
    with serving(home):
        assert antin("--home", home, "sign", letter, "-o", before, "--level", "B-LTA").status == 0
        _wait_a_second()
        revoke = ("cert", "revoke", made["official"]["serial"], "--reason", "keyCompromise")
        assert antin("--home", home, *revoke, "--yes").status == 0
        nowhere = f"file:{tmp_path / 'no-pin'}"
        after = tmp_path / "after.pdf"
        ran = antin("--home", home, "sign", letter, "-o", after, "--pin-source", nowhere)
        assert (ran.status, ran.code) == (3, "signing.certificate_revoked")
        assert not after.exists()
        assert antin("--home", home, "verify", before).status == 0


def _wait_a_second() -> None:
    import time

    time.sleep(1.1)  # instants in certificates and time-stamps are whole seconds


@pytest.mark.parametrize(
    ("level", "refusal"),
    [("B-T", (4, "signing.tsa_unavailable")), ("B-LTA", (3, "signing.status_unknown"))],
)
def test_services_that_are_down_are_said_to_be_so(
    antin, demo_home, letter, tmp_path, level, refusal
):
    target = tmp_path / "out.pdf"
    ran = antin("--home", demo_home, "sign", letter, "-o", target, "--level", level)
    assert (ran.status, ran.code) == refusal
    assert not target.exists()
    signed_bare = antin("--home", demo_home, "sign", letter, "-o", target, "--json")
    assert signed_bare.status == 0
    assert signed_bare.json["warnings"], "the status could not be checked, and that is told"


def test_a_level_without_a_time_stamp_service_is_refused(antin, demo_home, letter, tmp_path):
    path = demo_home / "antin.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("timestamp_urls")))
    ran = antin("--home", demo_home, "sign", letter, "-o", tmp_path / "o.pdf", "--level", "B-T")
    assert (ran.status, ran.code) == (3, "cli.no_timestamp_service")


def test_several_fitting_certificates_are_listed_not_guessed(
    antin, demo_home, letter, tmp_path, monkeypatch
):
    monkeypatch.setenv("PIN", "13572468")
    assert (
        antin("--home", demo_home, "token", "init", "second", "--pin-source", "env:PIN").status == 0
    )
    key = antin(
        *("--home", demo_home, "token", "keygen", "second", "--key-type", "ec-p256"),
        *("--pin-source", "env:PIN"),
    ).out.strip()
    csr, pem = tmp_path / "a.csr", tmp_path / "a.pem"
    antin("--home", demo_home, "token", "csr", "--key", key, "-o", csr, "--pin-source", "env:PIN")
    antin(
        *("--home", demo_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--csr", csr, "-o", pem, "--set", "C=VN", "--set", "O=UBND", "--set", "CN=Lê Thị Hai"),
    )
    antin("--home", demo_home, "token", "import", pem, "--key", key, "--pin-source", "env:PIN")
    target = tmp_path / "out.pdf"
    ran = antin("--home", demo_home, "sign", letter, "-o", target)
    assert (ran.status, ran.code) == (3, "cli.many_signers")
    assert "Lê Thị Hai" in ran.err
    assert "Nguyễn Văn Mẫu" in ran.err
    told = antin(
        *("--home", demo_home, "sign", letter, "-o", target, "--key", key, "--json"),
        *("--pin-source", "env:PIN"),
    )
    assert told.json["signer"]["common_name"] == "Lê Thị Hai"


@pytest.fixture
def software_signer(antin, served, tmp_path):
    """An RSA key in files, certified by the served home."""
    key = rsa.generate_private_key(65537, 2048)
    plain = tmp_path / "key.pem"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem = tmp_path / "cert.pem"
    ran = antin(
        *("--home", served, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--key", f"file:{plain}", "-o", pem),
        # One holder has two of them in force at most: each test has a holder of its own.
        *("--set", "C=VN", "--set", "O=UBND", "--set", f"CN=Khóa Trong Tệp {next(_HOLDERS)}"),
    )
    assert ran.status == 0, ran
    certificate = load_pem_x509_certificate(pem.read_bytes())
    bundle = tmp_path / "signer.p12"
    bundle.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"signer", key, certificate, None, BestAvailableEncryption(b"secret")
        )
    )
    return plain, pem, bundle


def test_a_key_in_a_file_signs_with_pss_unless_told(
    antin, served, letter, tmp_path, software_signer
):
    plain, pem, _ = software_signer
    sign = ("--home", served, "sign", letter, "--key", f"file:{plain}", "--cert", pem, "--json")
    assert antin(*sign, "-o", tmp_path / "1.pdf").json["algorithm"] == "RSASSA-PSS/SHA-256"
    told = antin(*sign, "-o", tmp_path / "2.pdf", "--pkcs1").json["algorithm"]
    assert "PSS" not in told


def test_a_pkcs12_signs_with_its_password(
    antin, served, letter, tmp_path, software_signer, monkeypatch
):
    _, _, bundle = software_signer
    sign = ("--home", served, "sign", letter, "--key", f"file:{bundle}", "-o", tmp_path / "o.pdf")
    monkeypatch.setenv("P12", "wrong")
    ran = antin(*sign, "--pin-source", "env:P12")
    assert (ran.status, ran.code) == (3, "hsm.key_password_wrong")
    monkeypatch.setenv("P12", "secret")
    assert antin(*sign, "--pin-source", "env:P12").status == 0


def test_a_key_file_without_a_certificate_is_no_signer(
    antin, served, letter, tmp_path, software_signer
):
    plain, _, _ = software_signer
    ran = antin(
        "--home", served, "sign", letter, "--key", f"file:{plain}", "-o", tmp_path / "o.pdf"
    )
    assert (ran.status, ran.code) == (3, "cli.no_signer")


@pytest.mark.parametrize(
    "options",
    [
        ("--level", "B-X"),
        ("--place", "1,2,3"),
        ("--place", "0,10,10,10,10"),
        ("--place", "1,10,10,0,10"),
        ("--place", "1,nan,10,10,10"),
    ],
)
def test_odd_options_are_refused(antin, served, letter, tmp_path, options):
    ran = antin("--home", served, "sign", letter, "-o", tmp_path / "o.pdf", *options)
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_one_output_for_two_documents_is_refused(antin, served, letter, tmp_path):
    twin = tmp_path / letter.name
    twin.write_bytes(letter.read_bytes())
    for output in (tmp_path / "one.pdf", tmp_path):
        ran = antin("--home", served, "sign", letter, twin, "-o", output)
        assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_an_unsigned_document_is_indeterminate(antin, served, letter):
    judged = antin("--home", served, "verify", letter, "--json")
    assert judged.status == 11
    assert (judged.json["indication"], judged.json["sub_indication"]) == (
        "INDETERMINATE",
        "NO_SIGNATURE",
    )


def test_a_changed_byte_is_total_failed_and_its_twin_passes(antin, served, signed, tmp_path):
    data = bytearray(signed.read_bytes())
    data[data.index(b"stream") + 40] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(data)
    judged = antin("--home", served, "verify", changed, signed, "--json-lines")
    bad, good = (json.loads(line) for line in judged.out.splitlines())
    assert judged.status == 10
    assert (bad["indication"], good["indication"]) == ("TOTAL-FAILED", "TOTAL-PASSED")
    assert bad["signatures"][0]["sub_indication"] == "HASH_FAILURE"


def test_offline_judges_by_what_the_document_carries(antin, served, signed):
    assert antin("--home", served, "verify", signed, "--offline").status == 0
    late = FixedClock(SystemClock().now() + timedelta(days=2))
    judged = antin("--home", served, "verify", signed, "--offline", "--json", clock=late)
    assert judged.status == 11, "the newest time-stamp's status is not known any more"


def test_evidence_may_be_handed_in(antin, served, letter, tmp_path):
    path, folder = tmp_path / "out.pdf", tmp_path / "status"
    folder.mkdir()
    assert antin("--home", served, "sign", letter, "-o", path, "--level", "B-B").status == 0
    offline = ("--home", served, "verify", path, "--offline", "--json")
    assert antin(*offline, "--evidence", folder).status == 11, "an empty folder says nothing"
    register = open_register(served / "register.sqlite")
    for name in ("root", "issuing"):
        (folder / f"{name}.crl").write_bytes(register.newest_crl(name).der)
    register.close()
    assert antin(*offline, "--evidence", folder).status == 0
    assert antin(*offline[:-2], "--json", "--evidence", folder).status == 0
    refused = antin(*offline, "--evidence", letter)
    assert refused.json["error"]["code"] == "verify.evidence_unreadable"


def test_trust_may_be_named_and_nothing_else_is_trusted(antin, served, signed, tmp_path):
    named = antin(
        "--home", tmp_path / "none", "verify", signed, "--offline", "--trust", served / "trust"
    )
    assert named.status == 0
    bare = antin("--home", tmp_path / "none", "verify", signed, "--offline", "--json")
    assert bare.status == 11
    assert bare.json["sub_indication"].startswith("NO_CERTIFICATE_CHAIN_FOUND")


def test_a_moment_may_be_named(antin, served, signed):
    judged = antin("--home", served, "verify", signed, "--at", "2001-02-03", "--json")
    assert judged.json["judged_at"].startswith("2001-02-03T00:00:00")
    assert judged.status == 10
    assert judged.json["signatures"][0]["sub_indication"] == "NOT_YET_VALID"
    now = SystemClock().now().isoformat(timespec="seconds").replace("+00:00", "+0000")
    assert antin("--home", served, "verify", signed, "--at", now).status == 0


def test_the_page_is_written_for_one_and_for_many(antin, served, signed, letter, tmp_path):
    page = tmp_path / "page.html"
    antin("--home", served, "verify", signed, "--report", f"html={page}")
    assert "Nguyễn Văn Mẫu" in page.read_text("utf-8")
    antin("--home", served, "verify", signed, letter, "--report", f"html={tmp_path}")
    assert (tmp_path / f"{letter.stem}.html").exists()
    etsi = tmp_path / "report.xml"
    antin("--home", served, "verify", signed, "--report", f"etsi={etsi}")
    assert etsi.read_bytes().startswith(b"<?xml")
    assert b"mainindication:total-passed" in etsi.read_bytes()
    paper = tmp_path / "report.pdf"
    antin("--home", served, "verify", signed, "--report", f"pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF-1.7")
    for wrong in ("html=", "doc=x", "html"):
        ran = antin("--home", served, "verify", signed, "--report", wrong)
        assert (ran.status, ran.code) == (5, "cli.bad_option")
    ran = antin("--home", served, "verify", signed, letter, "--report", f"html={page}")
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_serving_a_taken_port_is_said_to_be_so(antin, served):
    ran = antin("--home", served, "serve")
    assert (ran.status, ran.code) == (4, "cli.port_taken")


@pytest.mark.parametrize(
    ("bind", "status", "code"),
    [
        ("0.0.0.0:0", 3, "cli.not_loopback"),
        ("127.0.0.1:99999", 5, "cli.bad_option"),
        ("here", 5, "cli.bad_option"),
    ],
)
def test_serving_beyond_this_machine_is_refused(antin, demo_home, bind, status, code):
    ran = antin("--home", demo_home, "serve", "--bind", bind)
    assert (ran.status, ran.code) == (status, code)


def test_a_service_certificate_of_another_authority_is_refused(antin, demo_home):
    (demo_home / "services" / "ocsp.pem").write_bytes((demo_home / "trust/root.pem").read_bytes())
    ran = antin("--home", demo_home, "serve", "--bind", "127.0.0.1:0")
    assert (ran.status, ran.code) == (4, "cli.service_faulty")
    (demo_home / "services" / "ocsp.pem").write_bytes(b"nothing")
    ran = antin("--home", demo_home, "serve", "--bind", "127.0.0.1:0")
    assert (ran.status, ran.code) == (4, "cli.service_faulty")


def test_an_agency_seals_and_an_official_signs(antin, served, signed, tmp_path):
    """The kind follows the certificate's policy, not its name."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain, pem, target = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "sealed.pdf"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    issued = antin(
        *("--home", served, "cert", "issue", "--ca", "issuing", "--profile", "agency"),
        *("--key", f"file:{plain}", "-o", pem),
        *("--set", "C=VN", "--set", "O=UBND xã Mẫu", "--set", "CN=UBND xã Mẫu"),
    )
    assert issued.status == 0, issued
    sign = ("--home", served, "sign", signed, "--key", f"file:{plain}", "--cert", pem)
    assert antin(*sign, "-o", target, "--level", "B-T").status == 0
    judged = antin("--home", served, "verify", target, "--json")
    kinds = [(one["kind"], one["indication"]) for one in judged.json["signatures"]]
    assert kinds == [
        ("signature", "TOTAL-PASSED"),
        ("timestamp", "TOTAL-PASSED"),
        ("seal", "TOTAL-PASSED"),
    ]
    assert judged.json["signatures"][0]["changes_after"] == "none"
    paper = tmp_path / "report.pdf"
    verify = ("--home", served, "verify", target, "--report")
    seal = ("--seal", f"file:{plain}", "--seal-cert", pem)
    assert antin(*verify, f"pdf={paper}", *seal).status == 0
    report = antin("--home", served, "verify", paper, "--json")
    assert (report.status, report.json["signatures"][0]["kind"]) == (0, "seal")
    for wrong in (f"html={tmp_path / 'page.html'}", f"pdf={tmp_path}"):
        ran = antin(*verify, wrong, *seal)
        assert (ran.status, ran.code) == (5, "cli.bad_option")
    ran = antin("--home", served, "verify", target, *seal)
    assert (ran.status, ran.code) == (5, "cli.bad_option")
    unsealed = tmp_path / "unsealed.pdf"
    ran = antin(*verify, f"pdf={unsealed}", "--seal", f"file:{tmp_path / 'no.pem'}", *seal[2:])
    assert ran.status in {3, 4, 5}
    assert not unsealed.exists()


def test_the_sum_of_many_verdicts_is_said_beside_them(antin, served, signed, letter, tmp_path):
    (tmp_path / "no.pdf").write_bytes(b"no")
    spoiled = tmp_path / "spoiled.pdf"
    spoiled.write_bytes(signed.read_bytes().replace(b"/Contents <30", b"/Contents <31"))
    files = (signed, signed, letter, spoiled, tmp_path / "no.pdf")
    ran = antin("--home", served, "verify", *files, "--json-lines")
    assert ran.status == 10
    assert ran.out.count("\n") == len(files)
    told = "5 documents: 2 valid, 1 not valid, 1 undecided, 1 could not be judged"
    assert ran.err.count(told) == 1
    alone = antin("--home", served, "verify", signed)
    assert "documents:" not in alone.err
