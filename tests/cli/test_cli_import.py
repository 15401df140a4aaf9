"""`antin ca import` and `antin cert import`: what they show, what they do, what they refuse."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from pki.clock import SystemClock, whole_second
from pki.words import Language

BEGIN = whole_second(SystemClock().now()) - timedelta(days=100)


def _certificate(subject, issuer, key, signer, serial, *, is_authority):
    builder = x509.CertificateBuilder().serial_number(serial)
    for role, text in (("subject_name", subject), ("issuer_name", issuer)):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        builder = getattr(builder, role)(name)
    builder = builder.public_key(key.public_key()).not_valid_before(BEGIN)
    builder = builder.not_valid_after(BEGIN + timedelta(days=3000))
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(signer, hashes.SHA256())


def write_authority(folder, name="Gốc cũ", *, password=None):
    """Write what `openssl ca` leaves behind: three certificates, one revoked, one of them lost."""
    key = ec.generate_private_key(ec.SECP256R1())
    for part in ("newcerts", "private"):
        (folder / part).mkdir(parents=True)
    authority = _certificate(name, name, key, key, 0x77, is_authority=True)
    (folder / "cacert.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    (folder / "private/cakey.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed)
    )
    lines = []
    for serial in (1, 2, 3):
        leaf = _certificate(f"Người {serial}", name, key, key, serial, is_authority=False)
        if serial != 3:
            path = folder / "newcerts" / f"{serial:02}.pem"
            path.write_bytes(leaf.public_bytes(Encoding.PEM))
        revoked = "" if serial == 1 else f"{BEGIN:%y%m%d%H%M%SZ},superseded"
        status = "R" if revoked else "V"
        lines.append(f"{status}\t350101000000Z\t{revoked}\t{serial:02}\tunknown\t/CN=x\n")
    (folder / "index.txt").write_text("".join(lines), "utf-8")
    (folder / "crlnumber").write_text("0A\n", "utf-8")
    return folder


@pytest.fixture
def run(antin, demo_home):
    def ask(*arguments, status=0, language=Language.EN):
        ran = antin("--home", demo_home, *arguments, language=language)
        assert ran.status == status, ran
        return ran

    return ask


def test_an_authority_is_shown_first_and_brought_then(run, demo_home, tmp_path):
    folder = write_authority(tmp_path / "ca")
    shown = run("ca", "import", "old", folder, "--json", status=3)
    assert "Nothing done" in shown.err
    assert not shown.json["done"]
    counts = shown.json["counts"]
    assert (counts["certificates"], counts["revoked"], counts["without_certificate"]) == (2, 2, 1)
    assert shown.json["formats"] == ["openssl"]
    assert shown.json["last_crl_number"] == 9
    told = {(one["rule"], one["serial"]) for one in shown.json["lint"]}
    assert ("antin.serial_length", "01") in told
    assert "nd68.7.contents" in {rule for rule, _ in told}
    for language in Language:
        words = run("ca", "import", "old", folder, status=3, language=language)
        assert "antin.serial_length" in words.out
    names = [one["name"] for one in run("ca", "list", "--json").json["authorities"]]
    assert "old" not in names
    done = run("ca", "import", "old", folder, "--yes", "--json").json
    assert (done["done"], done["crl_number"]) == (True, 10)
    rows = run("cert", "list", "--ca", "old", "--json").json["certificates"]
    assert {row["serial"]: row["status"] for row in rows} == {
        "01": "issued",
        "02": "revoked",
        "03": "abandoned",
        "77": "issued",
    }
    assert (demo_home / "authorities" / "old.pem").read_bytes() == (
        folder / "cacert.pem"
    ).read_bytes()
    assert run("audit", "verify").status == 0


def test_a_second_run_adds_nothing_and_a_list_more(run, tmp_path):
    folder = write_authority(tmp_path / "ca")
    run("ca", "import", "old", folder, "--yes")
    again = run("ca", "import", "old", folder, "--yes", "--json").json
    assert again["counts"]["new_certificates"] == 0
    assert again["crl_number"] == 11


def test_what_is_imported_lives_on(run, tmp_path):
    folder = write_authority(tmp_path / "ca")
    run("ca", "import", "old", folder, "--yes")
    revoked = run("cert", "revoke", "01", "--reason", "superseded", "--yes", "--json").json
    assert revoked["crl_number"] == 11
    lost = run("cert", "status", "03", "--json").json
    assert (lost["status"], lost["reason"]) == ("revoked", "superseded")


@pytest.mark.parametrize("language", Language)
def test_the_words_are_in_both_languages(run, tmp_path, language):
    folder = write_authority(tmp_path / "ca")
    shown = run("ca", "import", "old", folder, status=3, language=language)
    words = {
        Language.EN: ("revoked, certificate nowhere", "stays revoked on every list"),
        Language.VI: ("đã thu hồi, không còn chứng thư", "vẫn nằm trong mọi danh sách"),
    }
    assert all(word in shown.out for word in words[language])


def test_what_is_unread_stops_it(run, tmp_path):
    folder = write_authority(tmp_path / "ca")
    with (folder / "index.txt").open("a", encoding="utf-8") as index:
        index.write("R\tdamaged\n")
    shown = run("ca", "import", "old", folder, "--json", status=3).json
    assert shown["blocked"]
    assert shown["findings"][0]["place"].endswith("index.txt:4")
    refused = run("ca", "import", "old", folder, "--yes", status=3)
    assert refused.code == "pki.import_blocked"
    assert [one["name"] for one in run("ca", "list", "--json").json["authorities"]] == [
        "root",
        "issuing",
    ]


def test_the_key_must_be_the_authoritys(run, tmp_path):
    folder = write_authority(tmp_path / "ca")
    other = write_authority(tmp_path / "other")
    key = f"file:{other / 'private/cakey.pem'}"
    assert run("ca", "import", "old", folder, "--key", key, "--yes", status=3).code in {
        "pki.key_mismatch",
        "hsm.key_mismatch",
    }
    (folder / "private/cakey.pem").unlink()
    assert run("ca", "import", "old", folder, "--yes", status=5).code == "cli.bad_option"
    assert "old" not in run("ca", "list").out


def test_a_password_opens_the_key(run, tmp_path, monkeypatch):
    folder = write_authority(tmp_path / "ca", password=b"24681357")
    monkeypatch.setenv("WORD", "24681357")
    done = run("ca", "import", "old", folder, "--yes", "--pin-source", "env:WORD", "--json")
    assert done.json["crl_number"] == 10


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--crl-days", "0"), "cli.bad_option"),
        (("--cert", "nowhere.pem"), "cli.bad_option"),
        (("--format", "xca"), "pki.import_source"),
        (("--profile", "none-such"), "pki.profile_not_found"),
    ],
)
def test_options_that_fit_nothing(run, tmp_path, options, code):
    folder = write_authority(tmp_path / "ca")
    assert run("ca", "import", "old", folder, *options, status=5).code == code


def test_another_certificate_in_its_place_is_kept(run, demo_home, tmp_path):
    folder = write_authority(tmp_path / "ca")
    place = demo_home / "authorities" / "old.pem"
    place.write_text("something", "utf-8")
    assert run("ca", "import", "old", folder, "--yes", status=3).code == "pki.output_exists"
    assert place.read_text("utf-8") == "something"
    place.unlink()
    cert = ("--cert", folder / "cacert.pem", "--crl-days", "30")
    run("ca", "import", "old", folder, *cert, "--yes")


def test_a_name_that_is_taken(run, tmp_path):
    folder = write_authority(tmp_path / "ca")
    run("ca", "import", "root", folder, "--yes", status=3)


def test_foreign_certificates_are_watched(run, tmp_path):
    folder = write_authority(tmp_path / "partner")
    leaves = folder / "newcerts"
    shown = run("cert", "import", leaves, "--json", status=3).json
    assert len(shown["certificates"]) == 2
    assert run("cert", "list", "--foreign", "--json").json["foreign"] == []
    assert "new: 2" in run("cert", "import", leaves, "--yes").out
    again = run("cert", "import", leaves, "--yes", "--json").json
    assert (again["certificates"], again["present"]) == ([], 2)
    rows = run("cert", "list", "--foreign", "--json").json["foreign"]
    assert sorted(row["serial"] for row in rows) == ["01", "02"]
    assert "Người 1" in run("cert", "list", "--foreign", "--query", "người 1").out
    assert (
        run("cert", "list", "--foreign", "--expires-within", "60d", "--json").json["foreign"] == []
    )
    own = run("cert", "list", "--json").json["certificates"]
    assert not any("Người" in row["subject"] for row in own)


def test_certificates_of_tokens_and_documents_are_taken(run, letter, tmp_path):
    """Those of the demonstration are our own, and so are told as such."""
    run("sign", letter, "-o", tmp_path / "signed.pdf")
    shown = run("cert", "import", tmp_path / "signed.pdf", "--json", status=3).json
    assert (shown["new"], shown["own"], shown["left_out"]) == (0, 1, 1)
    token = run("token", "certs", "--json").json["certificates"][0]["token"]["label"]
    shown = run("cert", "import", "--token", token, "--json", status=3).json
    assert shown["own"] >= 1
    run("cert", "import", "--token", "no-such-token", status=4)


def test_a_source_must_be_named(run, tmp_path):
    assert run("cert", "import", status=5).code == "pki.watching_no_source"
    run("cert", "import", write_authority(tmp_path / "x") / "newcerts", "--yes")


def test_faults_are_listed_by_file(run, tmp_path):
    leaves = write_authority(tmp_path / "partner") / "newcerts"
    (leaves / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nx", "utf-8")
    (leaves / "empty.pdf").write_bytes(b"%PDF-1.7 nothing")
    done = run("cert", "import", leaves, "--json", status=3).json
    told = {one["place"].rpartition("/")[2]: one["code"] for one in done["findings"]}
    assert told == {"broken.pem": "pki.importing.broken_pem", "empty.pdf": "verify.pdf_broken"}
    assert done["new"] == 2


def test_another_certificate_of_a_serial_is_told(run, tmp_path):
    run("cert", "import", write_authority(tmp_path / "one") / "newcerts/01.pem", "--yes")
    other = write_authority(tmp_path / "two") / "newcerts"
    refused = run("cert", "import", other, "--yes", status=3)
    assert "pki.import_blocked" in refused.err
    assert "stand for two certificates" in refused.out
    rows = run("cert", "list", "--foreign", "--json").json["foreign"]
    assert len(rows) == 2
    after = ("--limit", "5", "--after", f"sha256:{rows[0]['fingerprint']}")
    assert run("cert", "list", "--foreign", *after, "--json").json["foreign"] == rows[1:]
