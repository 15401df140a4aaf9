"""Authorities and certificates by hand: from an empty home to a revoked official."""

import re
import urllib.error
import urllib.request
from importlib.resources import files

import pytest
from cli_runs import serving
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.strength import spki_sha256

PINS = ("--pin-source", "env:ANTIN_TEST_PIN")
PERSON = ("--set", "C=VN", "--set", "O=UBND xã Mẫu", "--set", "CN=Nguyễn Thị Thử")


@pytest.fixture
def own_home(antin, tmp_path, monkeypatch):
    """A home made by hand: root and issuing authority on two embedded tokens."""
    monkeypatch.setenv("ANTIN_TEST_PIN", "Đã đổi 4711")
    home = tmp_path / "own"
    assert antin("--home", home, "init", "--public-url", "http://127.0.0.1:9").status == 0
    for label in ("goc", "cap-phat", "can-bo"):
        assert antin("--home", home, "token", "init", label, *PINS).status == 0
    for name, token, extra in (
        ("root", "goc", ()),
        ("issuing", "cap-phat", ("--parent", "root")),
    ):
        made = antin(
            *("--home", home, "ca", "create", name, "--profile", name, "--token", token),
            *("--key-type", "ec-p384", "--subject", f"C=VN,O=Tỉnh Mẫu,CN=Thử {name}"),
            *extra,
            *PINS,
        )
        assert made.status == 0, made
    return home


def test_authorities_are_listed_shown_and_exported(antin, own_home):
    listed = antin("--home", own_home, "ca", "list", "--json").json["authorities"]
    assert [(one["name"], one["parent"]) for one in listed] == [("root", None), ("issuing", "root")]
    shown = antin("--home", own_home, "ca", "show", "issuing", "--json").json
    assert shown["crl_number"] == 1
    chain = antin("--home", own_home, "ca", "export", "issuing", "--chain").out
    certificates = x509.load_pem_x509_certificates(chain.encode())
    assert [one.issuer for one in certificates] == [certificates[1].subject] * 2
    assert (own_home / "trust" / "root.pem").exists()


def test_a_key_made_on_a_token_is_certified_from_its_request(antin, own_home, tmp_path):
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "rsa-2048", *PINS)
    key = made.out.strip()
    csr, pem = tmp_path / "official.csr", tmp_path / "official.pem"
    assert antin("--home", own_home, "token", "csr", "--key", key, "-o", csr, *PINS).status == 0
    issued = antin(
        *("--home", own_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--csr", csr, *PERSON, "-o", pem, "--json"),
        *PINS,
    )
    assert issued.status == 0, issued
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    assert "Nguyễn Thị Thử" in certificate.subject.rfc4514_string()
    done = antin("--home", own_home, "token", "import", pem, "--key", key, *PINS)
    assert done.status == 0, done
    tokens = antin("--home", own_home, "token", "list", "--json").json["tokens"]
    holder = next(one for one in tokens if one["label"] == "can-bo")
    assert [one["serial"] for one in holder["certificates"]] == [issued.json["serial"]]


def test_an_ed25519_key_needs_a_profile_of_ones_own(antin, own_home, tmp_path):
    """The built-in profiles name the algorithms of Circular 15/2025 alone."""
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ed25519", *PINS)
    csr = tmp_path / "official.csr"
    asked = antin("--home", own_home, "token", "csr", "--key", made.out.strip(), "-o", csr, *PINS)
    assert asked.status == 0, asked
    issue = ("--home", own_home, "cert", "issue", "--ca", "issuing", "--csr", csr, *PERSON)
    refused = antin(*issue, "--profile", "official", *PINS)
    assert (refused.status, refused.code) == (3, "pki.key_not_allowed")
    own = tmp_path / "official-ed25519.toml"
    built_in = (files("pki.profiles") / "official.toml").read_text("utf-8")
    own.write_text(built_in.replace('["ec-p256",', '["ed25519", "ec-p256",'), "utf-8")
    issued = antin(*issue, "--profile", own, "--json", *PINS)
    assert issued.status == 0, issued


def test_softhsm_is_said_to_make_no_ml_dsa_key(antin, own_home):
    ran = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ml-dsa-65", *PINS)
    assert (ran.status, ran.code) == (3, "hsm.mechanism_unsupported")
    assert "ml-dsa-65" in ran.err


def test_a_request_made_again_gets_the_same_certificate(antin, own_home):
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ec-p256", *PINS)
    common = (
        *("--home", own_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--key", made.out.strip(), *PERSON, "--json", *PINS),
    )
    asked = (*common, "--request-id", "HS-2026/17")
    one, again = antin(*asked), antin(*asked)
    assert (one.status, again.status) == (0, 0), again
    assert one.json == again.json
    other = antin(*asked, "--set", "T=Chuyên viên")
    assert (other.status, other.code) == (3, "pki.request_differs")
    odd = antin(*common, "--request-id", "số 17")
    assert (odd.status, odd.code) == (5, "pki.request_id")


def test_the_same_key_is_not_certified_for_somebody_else(antin, own_home):
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ec-p256", *PINS)
    common = (
        *("--home", own_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--key", made.out.strip(), "--set", "C=VN", "--set", "O=UBND"),
        *PINS,
    )
    assert antin(*common, "--set", "CN=Nguyễn Thị Thử").status == 0
    ran = antin(*common, "--set", "CN=Trần Văn Khác")
    assert (ran.status, ran.code) == (3, "pki.key_used_elsewhere")


def test_a_key_on_a_block_list_is_not_certified(antin, own_home, tmp_path):
    """The home's own folder is read, and what antin.toml names; a broken list stops everything."""
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ec-p256", *PINS)
    key, csr = made.out.strip(), tmp_path / "official.csr"
    assert antin("--home", own_home, "token", "csr", "--key", key, "-o", csr, *PINS).status == 0
    public = x509.load_pem_x509_csr(csr.read_bytes()).public_key()
    named = tmp_path / "lists" / "leaked.txt"
    issue = (
        *("--home", own_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--csr", csr, *PERSON, *PINS),
    )
    own = own_home / "blocked-keys" / "own.txt"
    own.parent.mkdir()
    own.write_text(f"{spki_sha256(public)}\n", "utf-8")
    refused = antin(*issue)
    assert (refused.status, refused.code) == (3, "pki.key_blocked")
    assert "own.txt" in refused.err
    own.write_text(f"{spki_sha256(public)[:-1]}\n", "utf-8")
    refused = antin(*issue)
    assert (refused.status, refused.code) == (5, "pki.block_list")
    own.write_text("# none\n", "utf-8")
    settings = own_home / "antin.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("blocked_keys = []", f"blocked_keys = ['{named}']"), "utf-8")
    refused = antin(*issue)
    assert (refused.status, refused.code) == (4, "pki.block_list_unreadable")
    named.parent.mkdir()
    named.write_text("", "utf-8")
    assert antin(*issue).status == 0


def test_a_subject_may_come_from_a_file(antin, own_home, tmp_path):
    made = antin("--home", own_home, "token", "keygen", "can-bo", "--key-type", "ec-p256", *PINS)
    subject = tmp_path / "subject.toml"
    subject.write_text(
        'C = "VN"\nO = "UBND xã Mẫu"\nOU = ["Văn phòng", "Một cửa"]\nCN = "Lê Thử"\n'
    )
    ran = antin(
        *("--home", own_home, "cert", "issue", "--ca", "issuing", "--profile", "official"),
        *("--key", made.out.strip(), "--subject", subject, "--json"),
        *PINS,
    )
    assert "OU=Một cửa" in ran.json["subject"]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("cert", "issue", "--ca", "issuing", "--profile", "official"), 5, "cli.bad_option"),
        (("cert", "show", "zz"), 3, "cli.unknown_name"),
        (("cert", "show", "00ff"), 3, "cli.unknown_name"),
        (("ca", "show", "nobody"), 3, "cli.unknown_name"),
        (("cert", "list", "--status", "odd"), 5, "cli.bad_option"),
        (("cert", "list", "--expires-within", "2 weeks"), 5, "cli.bad_option"),
        (("crl", "show", "missing.crl"), 5, "cli.unreadable"),
        (
            ("ca", "create", "x", "--profile", "root", "--subject", "C=VN,O=a,CN=b"),
            5,
            "cli.bad_option",
        ),
        (("profile", "show", "nothing"), 5, "pki.profile_not_found"),
    ],
)
def test_wrong_asking_has_its_own_code(antin, demo_home, arguments, status, code):
    ran = antin("--home", demo_home, *arguments)
    assert (ran.status, ran.code) == (status, code)


def test_nothing_is_issued_before_the_public_address_is_known(antin, tmp_path, monkeypatch):
    monkeypatch.setenv("ANTIN_TEST_PIN", "12345")
    home = tmp_path / "home"
    antin("--home", home, "init")
    antin("--home", home, "token", "init", "t", *PINS)
    ran = antin(
        *("--home", home, "ca", "create", "root", "--profile", "root", "--token", "t"),
        *("--key-type", "ec-p384", "--subject", "C=VN,O=a,CN=b"),
        *PINS,
    )
    assert (ran.status, ran.code) == (3, "cli.no_public_url")


def test_revoking_asks_unless_told(antin, demo_home, official):
    """Without a terminal nobody can be asked: nothing is done."""
    serial = official["serial"]
    ran = antin("--home", demo_home, "cert", "revoke", serial, "--reason", "superseded")
    assert (ran.status, ran.code) == (3, "cli.not_confirmed")
    assert antin("--home", demo_home, "cert", "show", serial, "--json").json["status"] == "issued"


def test_revoking_shows_in_list_and_ocsp_at_once_and_only_once(
    antin, demo_home, official, tmp_path, peer
):
    import subprocess

    serial = official["serial"]
    for name in ("root", "issuing"):
        antin("--home", demo_home, "ca", "export", name, "-o", tmp_path / f"{name}.pem")
    with serving(demo_home) as url:
        ask = [
            *(
                peer("openssl"),
                "ocsp",
                "-issuer",
                tmp_path / "issuing.pem",
                "-serial",
                f"0x{serial}",
            ),
            *("-url", f"{url}/ocsp", "-CAfile", tmp_path / "root.pem"),
        ]
        before = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
        assert ": good" in before
        revoke = ("cert", "revoke", serial, "--reason", "keyCompromise", "--yes")
        ran = antin("--home", demo_home, *revoke, "--json")
        assert ran.json["crl_number"] == 2
        after = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
        assert ": revoked" in after
        assert "keyCompromise" in after
        with urllib.request.urlopen(f"{url}/crl/issuing.crl", timeout=10) as answer:
            crl = x509.load_der_x509_crl(answer.read())
    assert crl.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None
    again = antin("--home", demo_home, *revoke)
    assert (again.status, again.code) == (3, "pki.already_revoked")


def test_an_unknown_reason_is_refused_and_the_known_ones_named(antin, demo_home, official):
    ran = antin(
        "--home", demo_home, "cert", "revoke", official["serial"], "--reason", "bored", "--yes"
    )
    assert (ran.status, ran.code) == (5, "pki.revocation_reason")
    assert "keyCompromise" in ran.err


def test_a_list_can_be_shown(antin, demo_home, official, tmp_path):
    antin(
        *("--home", demo_home, "cert", "revoke", official["serial"], "--reason", "keyCompromise"),
        "--yes",
    )
    with serving(demo_home) as url, urllib.request.urlopen(f"{url}/crl/issuing.crl") as answer:
        (tmp_path / "issuing.crl").write_bytes(answer.read())
    shown = antin("crl", "show", tmp_path / "issuing.crl", "--json").json
    assert shown["number"] == 2
    assert [(one["serial"], one["reason"]) for one in shown["revoked"]] == [
        (official["serial"], "keyCompromise")
    ]


def test_something_else_is_no_list(antin, tmp_path):
    (tmp_path / "x.crl").write_bytes(b"\x30\x03\x02\x01\x01")
    ran = antin("crl", "show", tmp_path / "x.crl")
    assert (ran.status, ran.code) == (5, "pki.malformed_der")


def test_the_audit_log_is_whole_and_an_edit_is_found(antin, demo_home):
    import sqlite3

    assert antin("--home", demo_home, "audit", "verify", "--json").json["entries"] > 5
    database = sqlite3.connect(demo_home / "register.sqlite")
    triggers = database.execute("select name, tbl_name from sqlite_master where type='trigger'")
    for name, _ in triggers.fetchall():
        database.execute(f"drop trigger {name}")
    tables = [
        name
        for (name,) in database.execute("select name from sqlite_master where type='table'")
        if "subtrees" in [row[1] for row in database.execute(f"pragma table_info({name})")]
    ]
    database.execute(f"update {tables[0]} set content = replace(content, 'init', 'exit')")
    database.commit()
    database.close()
    ran = antin("--home", demo_home, "audit", "verify")
    assert (ran.status, ran.code) == (5, "pki.audit_broken")


def test_certificates_are_found_by_text_status_and_expiry(antin, demo_home, official):
    def found(*options):
        rows = antin("--home", demo_home, "cert", "list", *options, "--json").json["certificates"]
        return [one["profile"] for one in rows]

    assert found("--query", "nguyễn văn") == ["official"]
    assert found("--query", official["serial"]) == ["official"]
    assert found("--ca", "root") == ["root", "issuing"]
    assert found("--status", "revoked") == []
    assert found("--expires-within", "400d") == ["ocsp"]
    assert antin("--home", demo_home, "cert", "list", "--query", "nobody").out == "nothing\n"


def test_a_certificate_is_exported_as_it_was_issued(antin, demo_home, official):
    pem = antin("--home", demo_home, "cert", "export", official["serial"]).out
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.serial_number == int(official["serial"], 16)
    assert certificate.public_bytes(Encoding.PEM).decode() == pem


def test_profiles_are_shown_and_checked(antin, tmp_path):
    assert "official" in antin("profile", "list").out
    assert '"name": "agency"' in antin("profile", "show", "agency").out
    path = tmp_path / "p.toml"
    path.write_text("name = 'x'\nkind = 'subscriber'\n")
    ran = antin("profile", "check", path)
    assert (ran.status, ran.code) == (5, "pki.profile_invalid")
    from importlib.resources import files

    path.write_text((files("pki.profiles") / "official.toml").read_text("utf-8"), "utf-8")
    assert antin("profile", "check", path).status == 0


def test_recover_gives_up_what_was_left_reserved(antin, demo_home):
    """An interruption after the write-ahead: a serial with no certificate."""
    import sqlite3

    assert antin("--home", demo_home, "ca", "recover", "--json").json["given_up"] == []
    database = sqlite3.connect(demo_home / "register.sqlite")
    names = [
        name
        for (name,) in database.execute("select name from sqlite_master where type='table'")
        if "tbs_der" in [row[1] for row in database.execute(f"pragma table_info({name})")]
    ]
    columns = [row[1] for row in database.execute(f"pragma table_info({names[0]})")]
    copied = ", ".join(
        {"id": "null", "serial": "'0badcafe'", "state": "'reserved'", "der": "null"}.get(
            name, "null" if name == "fingerprint" else name
        )
        for name in columns
    )
    where = "where profile = 'official'"
    database.execute(f"insert into {names[0]} select {copied} from {names[0]} {where}")
    database.commit()
    database.close()
    given = antin("--home", demo_home, "ca", "recover", "--json").json["given_up"]
    assert given == [{"ca": "issuing", "serial": "0badcafe"}]
    shown = antin("--home", demo_home, "cert", "show", "0badcafe", "--json").json
    assert shown["status"] == "abandoned"
    assert re.match("20", shown["revoked_at"])


def test_a_home_of_ones_own_serves_its_lists_and_only_what_it_has(own_home):
    with serving(own_home, "--bind", "127.0.0.1:0") as url:
        for name in ("root", "issuing"):
            with urllib.request.urlopen(f"{url}/crl/{name}.crl", timeout=10) as answer:
                crl = x509.load_der_x509_crl(answer.read())
            with urllib.request.urlopen(f"{url}/ca/{name}.cer", timeout=10) as answer:
                certificate = x509.load_der_x509_certificate(answer.read())
            assert crl.is_signature_valid(certificate.public_key())
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{url}/ocsp", data=b"\x30\x00", timeout=10)
        with caught.value as refusal:  # it holds the connection
            assert refusal.code == 404


def test_a_list_is_read_page_by_page(antin, demo_home, official, monkeypatch):
    def listed(*options, status=0):
        ran = antin("--home", demo_home, "cert", "list", *options, "--json")
        assert ran.status == status, ran
        return ran.json["certificates"] if status == 0 else ran.json["error"]["code"]

    monkeypatch.setattr("cli.issuing.find_certificates.PAGE", 2)
    monkeypatch.setattr("cli.issuing.list_certificates.PAGE", 2)
    serials = [one["serial"] for one in listed()]
    assert len(serials) > 4
    assert [one["serial"] for one in listed("--limit", "3")] == serials[:3]
    after = listed("--limit", "2", "--after", serials[2])
    assert [one["serial"] for one in after] == serials[3:5]
    assert listed("--after", "ff", status=3) == "cli.unknown_name"
    text = antin("--home", demo_home, "cert", "list").out.split()
    assert [one for one in serials if one in text] == serials
    assert [one["serial"] for one in listed("--query", "mẫu văn", "--ca", "issuing")] == [
        official["serial"]
    ]
    part = official["serial"][5:14]
    colons = ":".join(part[place : place + 2] for place in range(0, len(part), 2))
    for said in (part, part.upper(), colons):
        assert [one["serial"] for one in listed("--query", said)] == [official["serial"]]
    antin("--home", demo_home, "cert", "hold", official["serial"], "--yes")
    assert [one["serial"] for one in listed("--status", "held")] == [official["serial"]]
    assert official["serial"] not in [one["serial"] for one in listed("--status", "issued")]
