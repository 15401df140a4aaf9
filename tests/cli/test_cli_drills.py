"""The drills of docs/drills.md, line by line as they stand there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from cli_drill import Drill, page
from cli_runs import Ran, run_antin, serving
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.documents.signer import _chain, certificates_in, read_certificates
from cli.homes.home import find_home
from pki.register.sql import open_register

STATUS = {
    "antin verify signed-before.pdf": 11,
    "antin crl issue --ca issuing": 4,
    "antin backup restore ../antin.backup --identity ../backup.key --published ../found": 3,
}
"""What the page says a line ends with; every other with 0."""


def drill_of(title: str, home: Path, words: dict[str, str]) -> Drill:
    """Return one section of the page, to be gone through in a home."""
    section = page("drills.md").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return Drill(section, home, words, STATUS)


@pytest.fixture
def home(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home, as the folder of work, with a PIN for the token to come."""
    monkeypatch.chdir(demo_home)
    pin = demo_home / "pins" / "issuing-2"
    pin.write_text("48151623", "utf-8")
    pin.chmod(0o600)
    return demo_home


def words_of(home: Path, official: dict[str, str]) -> dict[str, str]:
    serial = run_antin("--home", home, "ca", "show", "issuing", "--json").json["serial"]
    return {"AUTHORITY-SERIAL": serial, "SUBSCRIBER-SERIAL": official["serial"]}


def issued_by(home: Path, pem: str, name: str) -> bool:
    issuer = x509.load_pem_x509_certificate((home / "authorities" / f"{name}.pem").read_bytes())
    certificate = x509.load_pem_x509_certificate((home / pem).read_bytes())
    certificate.verify_directly_issued_by(issuer)
    return True


def test_the_key_of_the_issuing_authority_is_compromised(home: Path, official, letter: Path):
    shutil.copy(letter, home / "letter.pdf")
    drill = drill_of("The issuing authority's key is compromised", home, words_of(home, official))
    with serving(home):
        signed = run_antin("--home", home, "sign", "letter.pdf", "-o", "signed-before.pdf")
        assert signed.status == 0, signed
        assert run_antin("--home", home, "verify", "signed-before.pdf").status == 0
    drill.until("antin upkeep --yes")
    revoked = run_antin("--home", home, "cert", "status", drill.words["AUTHORITY-SERIAL"], "--json")
    assert revoked.json["status"] == "revoked"
    drill.until("antin verify signed-before.pdf")
    assert issued_by(home, "services/timestamp.pem", "issuing-2")
    assert issued_by(home, "services/audit.pem", "issuing-2")
    assert issued_by(home, "subscriber.pem", "issuing-2")
    shutil.rmtree(home / "cache")
    with serving(home):
        drill.until(None)
        old = run_antin("--home", home, "verify", "signed-before.pdf", "--json")
    assert "REVOKED" in old.out, old


def test_the_hsm_is_lost(home: Path, official):
    words = words_of(home, official)
    lose_token(home)
    drill = drill_of("The HSM is lost", home, words)
    drill.until("antin crl issue")
    with serving(home):
        status = run_antin("--home", home, "cert", "status", official["serial"])
        assert status.status == 0
    drill.until(None)
    assert issued_by(home, "subscriber.pem", "issuing-2")


def lose_token(home: Path) -> None:
    """Take the token of the issuing authority out of the embedded store."""
    pem = (home / "authorities" / "issuing.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    point = certificate.public_bytes(Encoding.DER)
    lost = [
        folder
        for folder in find_home(home, None).tokens.rglob("*")
        if folder.is_dir() and any(point in one.read_bytes() for one in folder.glob("*.object"))
    ]
    assert len(lost) == 1
    shutil.rmtree(lost[0])


def test_the_register_is_lost(home: Path, official, antin: Callable[..., Ran]):
    folder = home.parent
    drill = drill_of("The register is lost", home, {"REVOKED-SERIAL": official["serial"]})
    drill.until("antin backup create")
    made = drill.ran["antin backup key -o ../backup.key"].out
    public = re.search(r"age1[0-9a-z]+", made)
    assert public
    drill.words["PUBLIC-KEY"] = public[0]
    drill.until("antin backup restore")
    revoke = ("cert", "revoke", official["serial"], "--reason", "superseded", "--yes")
    assert antin("--home", home, *revoke).status == 0
    (folder / "found").mkdir()
    published = {}
    register = open_register(home / "register.sqlite")
    for name in ("root", "issuing"):
        newest = register.newest_crl(name)
        assert newest is not None
        published[name] = newest.number
        (folder / "found" / f"{name}.crl").write_bytes(newest.der)
    register.close()
    pins = shutil.copytree(home / "pins", folder / "pins-kept")
    for one in list(home.iterdir()):
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    drill.until("antin crl issue")
    shutil.copytree(pins, home / "pins")
    drill.until(None)
    assert "revoked" in drill.ran[f"antin cert status {official['serial']}"].out
    register = open_register(home / "register.sqlite")
    for name, number in published.items():
        newest = register.newest_crl(name)
        assert newest is not None
        assert newest.number > number
    register.close()


def test_of_two_authorities_of_one_name_the_one_that_signed_is_in_the_chain(
    home: Path, official, antin: Callable[..., Ran]
):
    rolled = ("ca", "rollover", "issuing", "issuing-2", "--token", "issuing", "--yes")
    assert antin("--home", home, *rolled, "--key-type", "ec-p256").status == 0
    assert antin("--home", home, "cert", "renew", official["serial"], "-o", "new.pem").status == 0
    certificates = (*certificates_in(home / "authorities"), *read_certificates(home / "new.pem"))
    *authorities, renewed = certificates
    assert len({one.subject for one in authorities}) == 2
    for order in permutations(certificates):
        issuer, root = _chain(renewed, order)
        renewed.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(root)


def test_the_page_has_the_three_drills():
    titles = re.findall(r"^## (.*)$", page("drills.md"), re.MULTILINE)
    assert titles == [
        "The issuing authority's key is compromised",
        "The HSM is lost",
        "The register is lost",
    ]
