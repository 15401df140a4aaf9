"""A new authority's OCSP signer, made and taken up without anybody; `openssl ocsp` asks."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from cli_runs import Ran, run_antin, serving
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cli.homes.home import find_home
from cli.homes.office import Office, open_office
from cli.homes.responders import make_responder
from cli.serving.public import Services
from cli.session import Session
from cli.upkeep.work import Upkeep
from hsm.loading import close_modules
from pki.errors.files import OutputExistsError
from pki.errors.register import RegisterBusyError
from pki.words import Language

ROLLOVER = ("ca", "rollover", "issuing", "issuing-2", "--token", "issuing", "--key-type", "ec-p256")
CREATE = (
    "ca", "create", "second", "--parent", "root", "--profile", "issuing",
    "--subject", "C=VN,O=Tỉnh Mẫu,CN=Antin Second CA", "--token", "issuing",
    "--key-type", "ec-p384",
)  # fmt: skip


def quickly(home: Path, *, automatic: bool = True) -> None:
    path = home / "antin.toml"
    text = path.read_text("utf-8").replace("every_seconds = 60.0", "every_seconds = 0.2")
    path.write_text(text if automatic else text.replace("automatic = true", "automatic = false"))


def rolled_over(home: Path) -> Ran:
    done = run_antin("--home", home, *ROLLOVER, "--yes", "--json")
    assert done.status == 0, done
    return done


def issue(home: Path, ca: str) -> Path:
    csr, pem = home / f"{ca}.csr", home / f"{ca}-leaf.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    subject = ("--set", "C=VN", "--set", "O=UBND", "--set", f"CN=Lê Thị {ca}")
    made = run_antin(
        "--home", home, "cert", "issue", "--ca", ca, "--profile", "official",
        "--csr", csr, *subject, "-o", pem,
    )  # fmt: skip
    assert made.status == 0, made
    return pem


def ask(openssl: Path, home: Path, url: str, ca: str, pem: Path) -> str:
    """Have OpenSSL ask over HTTP, and verify the answer up to the root."""
    folder = home / "authorities"
    done = subprocess.run(
        [
            openssl, "ocsp", "-issuer", folder / f"{ca}.pem", "-cert", pem, "-url", f"{url}/ocsp",
            "-CAfile", folder / "root.pem", "-verify_other", folder / f"{ca}.pem",
        ],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def answered(openssl: Path, home: Path, url: str, ca: str, pem: Path) -> bool:
    said = ask(openssl, home, url, ca, pem)
    return "Response verify OK" in said and f"{pem}: good" in said


def until_answered(openssl: Path, home: Path, url: str, ca: str, pem: Path) -> None:
    end = time.monotonic() + 30
    while not answered(openssl, home, url, ca, pem):
        assert time.monotonic() < end, ask(openssl, home, url, ca, pem)
        time.sleep(0.2)


def test_after_a_rollover_both_authorities_are_answered_for(demo_home: Path, peer):
    quickly(demo_home)
    openssl, old = peer("openssl"), issue(demo_home, "issuing")
    with serving(demo_home) as url:
        assert answered(openssl, demo_home, url, "issuing", old)
        done = rolled_over(demo_home)
        assert done.json["responder"] == "services/ocsp-issuing-2.pem"
        new = issue(demo_home, "issuing-2")
        until_answered(openssl, demo_home, url, "issuing-2", new)
        assert answered(openssl, demo_home, url, "issuing", old)
        serial = x509.load_pem_x509_certificate(new.read_bytes()).serial_number
        revoking = ("cert", "revoke", f"{serial:x}", "--reason", "superseded", "--yes")
        assert run_antin("--home", demo_home, *revoking).status == 0
        assert f"{new}: revoked" in ask(openssl, demo_home, url, "issuing-2", new)
    with serving(demo_home) as url:
        assert answered(openssl, demo_home, url, "issuing", old)
        assert f"{new}: revoked" in ask(openssl, demo_home, url, "issuing-2", new)


def without_responder(home: Path, name: str) -> None:
    """Take a responder out of `antin.toml`, as if its authority had come by a ceremony."""
    path = home / "antin.toml"
    pattern = rf'\n\[\[responders\]\]\nauthority = "{name}"\n(?:.+\n)+'
    text, found = re.subn(pattern, "\n", path.read_text("utf-8"))
    assert found == 1
    path.write_text(text, "utf-8")
    (home / "services" / f"ocsp-{name}.pem").unlink(missing_ok=True)


def test_what_serves_makes_it_where_it_is_missing(demo_home: Path, peer):
    rolled_over(demo_home)
    without_responder(demo_home, "issuing-2")
    quickly(demo_home)
    pem = issue(demo_home, "issuing-2")
    with serving(demo_home) as url:
        assert answered(peer("openssl"), demo_home, url, "issuing-2", pem)


def test_nothing_is_answered_from_a_register_that_was_replaced(demo_home: Path, peer):
    pem, path = issue(demo_home, "issuing"), demo_home / "register.sqlite"
    kept = shutil.copy(path, demo_home / "kept.sqlite")
    with serving(demo_home) as url:
        assert answered(peer("openssl"), demo_home, url, "issuing", pem)
        away = path.rename(demo_home / "away.sqlite")
        Path(kept).rename(path)
        time.sleep(1.1)  # as long as it may go on reading
        assert "trylater" in ask(peer("openssl"), demo_home, url, "issuing", pem)
        with pytest.raises(HTTPError) as ill:
            urllib.request.urlopen(f"{url}/healthz", timeout=10)
        ill.value.close()
        away.rename(path)
        until_answered(peer("openssl"), demo_home, url, "issuing", pem)


def test_nothing_is_made_where_nothing_is_automatic(demo_home: Path, peer):
    rolled_over(demo_home)
    without_responder(demo_home, "issuing-2")
    quickly(demo_home, automatic=False)
    pem = issue(demo_home, "issuing-2")
    with serving(demo_home) as url:
        said = ask(peer("openssl"), demo_home, url, "issuing-2", pem)
        assert "unauthorized" in said
    assert not (demo_home / "services" / "ocsp-issuing-2.pem").exists()


def test_another_authority_is_answered_for_as_soon_as_it_is_made(demo_home: Path, peer):
    made = run_antin("--home", demo_home, *CREATE, "--json")
    assert made.status == 0, made
    assert made.json["responder"] == "services/ocsp-second.pem"
    assert "services/ocsp-second.pem" in made.err
    pem = issue(demo_home, "second")
    with serving(demo_home) as url:
        assert answered(peer("openssl"), demo_home, url, "second", pem)


def test_a_home_that_answers_for_nobody_is_left_alone(demo_home: Path):
    without_responder(demo_home, "issuing")
    before = (demo_home / "antin.toml").read_bytes()
    assert rolled_over(demo_home).json["responder"] is None
    assert (demo_home / "antin.toml").read_bytes() == before


@pytest.fixture
def lacking(demo_home: Path):
    """A home whose successor lacks its responder, opened."""
    rolled_over(demo_home)
    without_responder(demo_home, "issuing-2")
    close_modules()
    with open_office(Session(Language.EN, home=demo_home)) as office:
        yield office
    close_modules()


def states(upkeep: Upkeep) -> list[tuple[str, str, str | None]]:
    return [
        (one.task.kind, one.state, one.error.code if one.error else None) for one in upkeep.work()
    ]


def test_an_interruption_issues_no_second_certificate(lacking: Office, monkeypatch):
    with monkeypatch.context() as patch:

        def stop(*_: object) -> None:
            raise RegisterBusyError(register="-")

        patch.setattr("cli.homes.responders.add_table", stop)
        assert states(Upkeep(lacking)) == [("responder", "failed", "pki.register_busy")]
    left = (lacking.home.directory / "services" / "ocsp-issuing-2.pem").read_bytes()
    upkeep = Upkeep(lacking)
    assert states(upkeep) == [("responder", "done", None)]
    assert states(upkeep) == []
    assert [one.code for one in upkeep.look()] == []
    made = (lacking.home.directory / "services" / "ocsp-issuing-2.pem").read_bytes()
    assert made == left
    named = find_home(lacking.home.directory, None).settings.responders
    assert [one.authority for one in named] == ["issuing", "issuing-2"]
    assert named[0].key == named[1].key


def test_a_file_of_that_name_is_not_replaced(lacking: Office):
    path = lacking.home.directory / "services" / "ocsp-issuing-2.pem"
    path.write_bytes(b"something else")
    authority = lacking.authority("issuing-2")
    with pytest.raises(OutputExistsError):
        make_responder(lacking, authority)
    assert path.read_bytes() == b"something else"
    path.unlink()
    assert make_responder(lacking, authority) is not None
    assert make_responder(lacking, authority) is None, "there is one now"


def test_without_a_signer_in_force_nothing_is_made(lacking: Office):
    path = lacking.home.directory / "services" / "ocsp.pem"
    good = path.read_bytes()
    path.write_bytes(b"nothing")
    assert ("responder", "failed", "cli.service_faulty") in states(Upkeep(lacking))
    path.write_bytes(good)
    serial = x509.load_pem_x509_certificate(good).serial_number
    lacking.authority("issuing").revoke(serial, x509.ReasonFlags.superseded)
    assert ("responder", "failed", "cli.service_faulty") in states(Upkeep(lacking))
    codes = [one.code for one in Upkeep(lacking).look()]
    assert "pki.upkeep.no_responder" in codes


def test_a_refusal_leaves_the_rollover_done(demo_home: Path):
    (demo_home / "services" / "ocsp-issuing-2.pem").write_bytes(b"something else")
    done = rolled_over(demo_home)
    assert (done.json["done"], done.json["responder"]) == (True, None)
    assert "issuing-2 has no OCSP signer yet" in done.err
    assert "[pki.output_exists]" in done.err


def test_a_configuration_that_is_broken_stops_no_answers(demo_home: Path):
    close_modules()
    path = demo_home / "antin.toml"
    good = path.read_text("utf-8")
    with open_office(Session(Language.EN, home=demo_home)) as office:
        services = Services(office)
        kept = services.app.state.services
        path.write_text(good + "\nnonsense", "utf-8")
        ((name, error),) = services.reload()
        assert (name, error.code) == ("antin.toml", "cli.bad_configuration")
        assert services.app.state.services is kept
        path.write_text(good, "utf-8")
        assert services.reload() == ()
        assert services.app.state.services is kept
        other = good.replace('authority = "issuing"', 'authority = "root"')
        path.write_text(other, "utf-8")
        ((name, error),) = services.reload()
        assert (name, error.code) == ("ocsp.pem", "cli.service_faulty")
    close_modules()
