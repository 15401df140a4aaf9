"""`antin ca rollover` and `antin ca cross`, on the tokens of a demonstration home."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cli.homes.home import find_home
from pki.errors.register import RegisterBusyError
from pki.register.sql import open_register


def new_key(home: Path) -> tuple[str, ...]:
    del home
    return ("--token", "issuing", "--key-type", "ec-p256")


def certificate_of(antin, home: Path, name: str) -> x509.Certificate:
    pem = antin("--home", home, "ca", "export", name).out
    return x509.load_pem_x509_certificate(pem.encode())


def test_an_issuing_authority_goes_on(antin, demo_home: Path, official):
    home = ("--home", demo_home)
    asked = (*home, "cert", "renew", official["serial"], "--request-id", "HS-33", "--json")
    before = antin(*asked)
    told = antin(*home, "ca", "rollover", "issuing", "issuing-2", *new_key(demo_home))
    assert told.status == 3
    assert "issuing-2" in told.out
    assert antin(*home, "ca", "show", "issuing-2").status == 3
    done = antin(*home, "ca", "rollover", "issuing", "issuing-2", *new_key(demo_home), "--yes")
    assert done.status == 0, done
    assert "issuing-2 goes on" in done.out
    assert antin(*home, "ca", "show", "issuing", "--json").json["successor"] == "issuing-2"
    again = antin(*home, "ca", "rollover", "issuing", "issuing-3", *new_key(demo_home))
    assert (again.status, again.code) == (3, "pki.authority_retired")
    refused = antin(*home, *asked_for(demo_home, "issuing"))
    assert (refused.status, refused.code) == (3, "pki.authority_retired")
    assert antin(*home, *asked_for(demo_home, "issuing-2")).status == 0
    renewed = antin(*asked)
    assert renewed.status == 0, renewed
    assert renewed.json == before.json, "asked for before the old authority was retired"
    renewed = antin(*asked[:-3], "--json")
    assert renewed.status == 0, renewed
    leaf = x509.load_pem_x509_certificate(renewed.json["pem"].encode())
    leaf.verify_directly_issued_by(certificate_of(antin, demo_home, "issuing-2"))
    assert antin(*home, "crl", "issue", "--ca", "issuing").status == 0


def asked_for(home: Path, ca: str) -> tuple[str | Path, ...]:
    csr = home / f"{ca}.csr"
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    subject = ("--set", "C=VN", "--set", "O=UBND", "--set", f"CN=Lê Thị {ca}")
    return ("cert", "issue", "--ca", ca, "--profile", "official", "--csr", csr, *subject)


def test_a_root_goes_on_and_is_linked(antin, demo_home: Path, tmp_path: Path):
    home = ("--home", demo_home)
    command = ("ca", "rollover", "root", "root-2", "--token", "root", "--key-type", "ec-p384")
    done = antin(*home, *command, "-o", tmp_path, "--yes", "--json")
    assert done.status == 0, done
    old, new = (certificate_of(antin, demo_home, name) for name in ("root", "root-2"))
    old_with_new = x509.load_pem_x509_certificate((tmp_path / "root-with-root-2.pem").read_bytes())
    new_with_old = x509.load_pem_x509_certificate((tmp_path / "root-2-with-root.pem").read_bytes())
    old_with_new.verify_directly_issued_by(new)
    new_with_old.verify_directly_issued_by(old)
    assert old_with_new.public_key() == old.public_key()
    assert len(done.json["links"]) == 2
    assert (demo_home / "trust" / "root-2.pem").exists()
    # What stands below the old root goes on below the new one.
    below = antin(*home, "ca", "rollover", "issuing", "issuing-2", *new_key(demo_home), "--yes")
    assert below.status == 0, below
    assert antin(*home, "ca", "show", "issuing-2", "--json").json["parent"] == "root-2"


def test_a_rollover_that_was_interrupted_goes_on(
    antin, demo_home: Path, monkeypatch: pytest.MonkeyPatch
):
    home = ("--home", demo_home)
    command = ("ca", "rollover", "root", "root-2", "--token", "root", "--key-type", "ec-p384")
    with monkeypatch.context() as patch:

        def stop(*_: object, **__: object) -> None:
            raise RegisterBusyError(register="-")

        patch.setattr("cli.issuing.roll_over.retire", stop)
        assert antin(*home, *command, "--yes").status == 4
    assert antin(*home, *command, "--yes").status == 0
    register = open_register(find_home(demo_home, None).register)
    names = [one.name for one in register.list_authorities()]
    assert sorted(names) == ["issuing", "root", "root-2"]
    assert register.find_succession("root") is not None
    register.close()


def test_another_authority_is_certified(antin, demo_home: Path, tmp_path: Path):
    theirs = tmp_path / "theirs.pem"
    other = tmp_path / "other"
    assert antin("--home", other, "init", "--demo").status == 0
    theirs.write_text(antin("--home", other, "ca", "export", "issuing").out, "utf-8")
    out = tmp_path / "cross.pem"
    home = ("--home", demo_home)
    crossing = ("ca", "cross", "--ca", "root", "--certificate", theirs)
    until = ("--until", "2031-06-30")
    done = antin(*home, *crossing, *until, "-o", out, "--json")
    assert done.status == 0, done
    made = x509.load_pem_x509_certificate(out.read_bytes())
    assert made.public_key() == x509.load_pem_x509_certificate(theirs.read_bytes()).public_key()
    assert done.json["not_after"] == "2031-06-30T23:59:59+00:00"
    for wrong in (
        ("ca", "cross", "--ca", "root"),
        (*crossing, "--subject", "C=VN,O=x,CN=y"),
        (*crossing, "--csr", theirs),
    ):
        refused = antin(*home, *wrong)
        assert (refused.status, refused.code) == (5, "cli.bad_option")


def test_another_authoritys_request_is_certified(antin, demo_home: Path, tmp_path: Path):
    csr = tmp_path / "theirs.csr"
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    subject = ("--subject", "C=VN,O=Bộ Mẫu,CN=Bộ Mẫu CA")
    crossing = ("--home", demo_home, "ca", "cross", "--ca", "root", "--csr", csr)
    done = antin(*crossing, *subject, "--until", "2030-01-31", "--json")
    assert done.status == 0, done
    assert done.json["not_after"].startswith("2030-01-31")
    again = antin(*crossing, *subject, "--json")
    assert again.status == 0
    assert again.json["not_after"] > done.json["not_after"]
