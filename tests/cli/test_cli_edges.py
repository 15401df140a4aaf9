"""Odd files, odd machines: each refusal of the command line itself, beside what it lets through."""

import getpass
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.homes import make_demo
from cli.issuing.check_crl import MAX_LIST

ISSUE = ("cert", "issue", "--ca", "issuing", "--profile", "official")


@pytest.fixture
def bare_list():
    """A list that says neither its number nor any reason."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    entry = x509.RevokedCertificateBuilder().serial_number(0xABC).revocation_date(now).build()
    name = x509.Name([x509.NameAttribute(x509.NameOID.TITLE, "Chủ tịch")])
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(now)
    builder = builder.next_update(now + timedelta(days=1)).add_revoked_certificate(entry)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_list_is_shown_in_either_encoding(antin, tmp_path, bare_list, encoding):
    path = tmp_path / "bare.crl"
    path.write_bytes(bare_list.public_bytes(encoding))
    shown = antin("crl", "show", path, "--json").json
    assert shown["number"] is None
    assert shown["issuer"] == "T=Chủ tịch"
    assert shown["revoked"] == [
        {"serial": "0abc", "revoked_at": "2026-01-02T00:00:00+00:00", "reason": "unspecified"}
    ]
    assert "0abc" in antin("crl", "show", path).out


def test_a_file_that_is_too_large_is_not_read(antin, tmp_path):
    path = tmp_path / "large.crl"
    path.touch()
    for size, code in ((MAX_LIST + 1, "cli.unreadable"), (MAX_LIST, "pki.malformed_der")):
        os.truncate(path, size)  # nothing of it is on the disk
        ran = antin("crl", "show", path)
        assert (ran.status, ran.code) == (5, code)


def long_list(count):
    """Return the DER of a list with so many entries."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    made = x509.RevokedCertificateBuilder().serial_number(1 << 126).revocation_date(now)
    made = made.add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    builder = x509.CertificateRevocationListBuilder(
        name, now, now + timedelta(days=1), revoked_certificates=[made.build()] * count
    ).add_extension(x509.CRLNumber(7), critical=False)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(
        Encoding.DER
    )


def test_a_list_of_a_province_and_more_is_shown(antin, tmp_path):
    path = tmp_path / "long.crl"
    path.write_bytes(long_list(100_000))
    assert path.stat().st_size > 4 * 1024 * 1024
    shown = antin("crl", "show", path, "--json")
    assert shown.out.count("\n") == 1
    assert (shown.json["number"], len(shown.json["revoked"])) == (7, 100_000)
    assert shown.json["revoked"][-1]["reason"] == "superseded"
    assert antin("crl", "show", path).out.count("superseded") == 100_000


@pytest.mark.parametrize("count", [0, 1, 1000, 1001])
def test_no_entry_is_left_out_between_two_writings(antin, tmp_path, count):
    path = tmp_path / "some.crl"
    path.write_bytes(long_list(count))
    assert len(antin("crl", "show", path, "--json").json["revoked"]) == count
    assert antin("crl", "show", path).out.count("superseded") == count


def test_half_a_list_is_never_shown(antin, tmp_path):
    """The last entry's reason is none; what stands before it could be read."""
    path = tmp_path / "broken.crl"
    good = long_list(3)
    at = good.rindex(bytes.fromhex("0a0104"))
    path.write_bytes(good[:at] + bytes.fromhex("0a017f") + good[at + 3 :])
    ran = antin("crl", "show", path)
    assert (ran.status, ran.code, ran.out) == (5, "pki.malformed_der", "")


@pytest.mark.long
def test_a_list_of_a_million_is_shown_in_little_memory(tmp_path):
    path = tmp_path / "million.crl"
    path.write_bytes(long_list(1_000_000))
    measured = "import sys; from cli.app import run\ntry:\n    run()\nfinally:\n    "
    measured += "print(open('/proc/self/status').read(), file=sys.stderr)"
    out = tmp_path / "out.json"
    with out.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", measured, "crl", "show", path, "--json"],
            stdout=file, stderr=subprocess.PIPE, text=True, timeout=300, check=True,
        )  # fmt: skip
    assert out.read_bytes().count(b'"superseded"') == 1_000_000
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert int(peak) < 200 * 1024  # the file itself takes 49 MB


def test_a_setting_is_key_and_value(antin, demo_home, tmp_path):
    (tmp_path / "a.csr").write_text("x")
    ran = antin("--home", demo_home, *ISSUE, "--csr", tmp_path / "a.csr", "--set", "CN")
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_a_subject_file_is_toml(antin, demo_home, tmp_path):
    (tmp_path / "a.csr").write_text("x")
    (tmp_path / "subject.toml").write_bytes(b"CN = \xff")
    ran = antin(
        *("--home", demo_home, *ISSUE, "--csr", tmp_path / "a.csr"),
        *("--subject", tmp_path / "subject.toml"),
    )
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_a_request_that_is_none_is_refused(antin, demo_home, tmp_path):
    (tmp_path / "a.csr").write_text("x")
    ran = antin("--home", demo_home, *ISSUE, "--csr", tmp_path / "a.csr", "--set", "CN=a")
    assert (ran.status, ran.code) == (5, "pki.malformed_request")


@pytest.mark.parametrize("content", [b"nothing", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_a_certificate_file_without_a_certificate(antin, demo_home, letter, tmp_path, content):
    (tmp_path / "cert.pem").write_bytes(content)
    ran = antin(
        *("--home", demo_home, "sign", letter, "-o", tmp_path / "o.pdf"),
        *("--cert", tmp_path / "cert.pem"),
    )
    assert (ran.status, ran.code) == (5, "cli.unreadable")
    ran = antin(
        *("--home", demo_home, "token", "import", tmp_path / "cert.pem"),
        *("--key", "pkcs11:token=official"),
    )
    assert (ran.status, ran.code) == (5, "pki.malformed_der")


def test_a_name_no_system_takes(antin):
    ran = antin("verify", "x" * 5000)
    assert (ran.status, ran.code) == (5, "cli.unreadable")


def test_a_home_where_none_can_be(antin, tmp_path):
    (tmp_path / "file").write_text("mine")
    ran = antin("--home", tmp_path / "file" / "home", "init")
    assert (ran.status, ran.code) == (4, "pki.output_unwritable")
    assert (tmp_path / "file").read_text() == "mine"


def test_no_free_port_is_said_to_be_so(antin, tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(make_demo, "PORTS", range(port, port + 1))
        ran = antin("--home", tmp_path / "home", "init", "--demo")
    assert (ran.status, ran.code) == (4, "cli.port_taken")


def test_an_account_without_a_name_still_acts(monkeypatch):
    assert actor().startswith("account:")

    def nameless():
        raise OSError("no account")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert actor() == "account:unknown"


def test_a_certificate_that_was_never_made_is_not_exported(antin, demo_home):
    ran = antin("--home", demo_home, "cert", "export", "0badcafe")
    assert (ran.status, ran.code) == (3, "cli.unknown_name")


def test_the_doctor_of_a_machine_without_a_home(antin, tmp_path):
    checks = antin("--home", tmp_path, "doctor", "--json").json["checks"]
    assert [one["check"] for one in checks] == ["softhsm", "fonts"]


class Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"not antin")

    def log_message(self, *_arguments):
        pass


@pytest.mark.parametrize("answers", [True, False])
def test_the_doctor_finds_a_stranger_on_the_port(antin, demo_home, made_home, answers):
    """One that speaks HTTP, and one that says nothing."""
    host, port = made_home[1]["public_url"].removeprefix("http://").split(":")
    if answers:
        server = http.server.ThreadingHTTPServer((host, int(port)), Stranger)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        close = server.shutdown
    else:
        server = socket.create_server((host, int(port)))
        close = server.close
    try:
        checks = antin("--home", demo_home, "doctor", "--json").json["checks"]
    finally:
        close()
        if answers:
            server.server_close()
    found = next(one for one in checks if one["check"] == "port")
    assert found["error"]["code"] == "cli.port_taken"


def test_the_doctor_of_a_home_that_serves_nothing(antin, tmp_path):
    home = tmp_path / "home"
    antin("--home", home, "init")
    ran = antin("--home", home, "doctor", "--json")
    services = next(one for one in ran.json["checks"] if one["check"] == "services")
    assert (services["ok"], services["seen"]) == (True, "-")


def test_a_file_as_a_module_is_told_and_stops_no_other(antin, demo_home, tmp_path):
    path = demo_home / "antin.toml"
    (tmp_path / "module.so").write_bytes(b"\x7fELF nothing")
    path.write_text(
        path.read_text("utf-8").replace("modules = []", f'modules = ["{tmp_path}/module.so"]')
    )
    ran = antin("--home", demo_home, "token", "list")
    assert (ran.status, "official" in ran.out) == (0, True)
    assert f"{tmp_path}/module.so is not a PKCS#11 module" in ran.out


def test_a_module_may_be_named_in_the_address(antin, demo_home, letter, tmp_path):
    module = tmp_path / "none.so"
    ran = antin(
        *("--home", demo_home, "sign", letter, "-o", tmp_path / "o.pdf"),
        *("--key", f"pkcs11:token=official?module-path={module}"),
    )
    assert (ran.status, ran.code) == (4, "hsm.module_missing")
