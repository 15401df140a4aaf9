"""`antin crl issue --delta`, `crl check`, and lists after an interruption."""

from __future__ import annotations

import shutil
from importlib.resources import files

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.register.sql import open_register


def newest(home, name="issuing", **which):
    """Return the newest list that the home serves."""
    register = open_register(home / "register.sqlite")
    record = register.newest_crl(name, **which)
    register.close()
    assert record is not None
    return record


@pytest.fixture
def crl(antin, demo_home):
    """Runs a command on lists of the demonstration home."""
    return lambda *arguments: antin("--home", demo_home, "crl", *arguments)


def test_a_list_is_held_against_the_register(antin, crl, demo_home, official, tmp_path):
    first, second = tmp_path / "first.crl", tmp_path / "second.crl"
    first.write_bytes(newest(demo_home).der)
    revoke = ("cert", "revoke", official["serial"], "--reason", "superseded", "--yes")
    assert antin("--home", demo_home, *revoke).status == 0
    pem = x509.load_der_x509_crl(newest(demo_home).der).public_bytes(Encoding.PEM)
    second.write_bytes(pem)
    for path in (first, second):
        passed = crl("check", path, "--json")
        assert (passed.status, passed.json["passed"], passed.json["findings"]) == (0, True, [])
    assert passed.json["ca"] == "issuing"
    assert "may be published" in crl("check", second).out
    assert crl("check", second, "--previous", first).status == 0
    refused = crl("check", first, "--previous", second, "--json")
    assert refused.status == 3
    codes = {one["code"] for one in refused.json["findings"]}
    # The two were issued in one second, or not.
    assert codes - {"pki.crl.back"} == {"pki.crl.number", "pki.crl.lost"}
    assert official["serial"] in crl("check", first, "--previous", second).out


def test_a_list_of_another_authority_is_refused(crl, demo_home, tmp_path):
    path = tmp_path / "root.crl"
    path.write_bytes(newest(demo_home, "root").der)
    assert crl("check", path, "--json").json["ca"] == "root"
    refused = crl("check", path, "--ca", "issuing", "--json")
    codes = {one["code"] for one in refused.json["findings"]}
    assert refused.status == 3
    assert {"pki.crl.issuer", "pki.crl.signature"} <= codes
    assert crl("check", path, "--ca", "nobody").code == "cli.unknown_name"


def test_what_is_no_list_of_anybody_here(crl, demo_home, tmp_path):
    path = tmp_path / "x.crl"
    for octets in (b"\x30\x00", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"):
        path.write_bytes(octets)
        assert (crl("check", path).status, crl("check", path).code) == (5, "pki.malformed_der")
    good = newest(demo_home).der
    name = x509.load_der_x509_crl(good).issuer.public_bytes()
    path.write_bytes(good.replace(name, name[:-1] + b"x"))
    assert crl("check", path).code == "cli.unknown_name"


@pytest.fixture
def with_delta(antin, demo_home, tmp_path):
    """The name of an authority that makes delta lists."""
    profile = tmp_path / "delta.toml"
    text = (files("pki.profiles") / "issuing.toml").read_text("utf-8")
    profile.write_text(f"{text}\ndelta_hours = 6\n", "utf-8")
    key = tmp_path / "delta.key"
    shutil.copy(_key(tmp_path), key)
    made = antin(
        *("--home", demo_home, "ca", "create", "often", "--profile", profile, "--parent", "root"),
        *("--key", f"file:{key}", "--subject", "C=VN,O=Tỉnh Mẫu,CN=Thường xuyên"),
    )
    assert made.status == 0, made
    return "often"


def _key(folder):
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    path = folder / "made.key"
    octets = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path.write_bytes(octets)
    path.chmod(0o600)
    return path


def test_delta_lists_are_made_by_those_who_make_them(crl, demo_home, with_delta, tmp_path):
    made = crl("issue", "--delta", "--json").json["lists"]
    assert [(one["ca"], one["number"], one["base_number"]) for one in made] == [(with_delta, 2, 1)]
    assert crl("issue", "--delta", "--ca", "issuing").code == "pki.delta_not_made"
    path = tmp_path / "delta.crl"
    path.write_bytes(newest(demo_home, with_delta, delta=True).der)
    assert crl("check", path).status == 0
    assert crl("show", path, "--json").json["base_number"] == 1
    base = tmp_path / "base.crl"
    base.write_bytes(newest(demo_home, with_delta).der)
    assert crl("check", path, "--previous", base).status == 0
    assert crl("issue", "--ca", with_delta).status == 0
    assert crl("check", path).status == 0, "as of when it was stored"
    delta = path.read_bytes()
    path.write_bytes(delta[:-1] + bytes((delta[-1] ^ 1,)))
    refused = crl("check", path, "--json").json["findings"]
    codes = {one["code"] for one in refused}
    assert {"pki.crl.signature", "pki.crl.number", "pki.crl.base"} <= codes


def test_nobody_makes_delta_lists_in_a_new_home(crl):
    ran = crl("issue", "--delta")
    assert ran.status == 0
    assert crl("issue", "--delta", "--json").json["lists"] == []


def test_recovery_leaves_a_list_even_where_nothing_was_open(antin, demo_home):
    before = {name: newest(demo_home, name).number for name in ("root", "issuing")}
    assert antin("--home", demo_home, "ca", "recover").status == 0
    for name, number in before.items():
        assert newest(demo_home, name).number == number + 1
