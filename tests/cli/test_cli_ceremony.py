"""`antin ca ceremony`: the page's sample on SoftHSM; run, stopped, resumed, signed, checked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pki_ceremony_world import forged, sample
from pki_world import Finder, make_world, new_key, run, someone

from cli.ceremony.actions import Workshop
from cli.ceremony.page import render_page
from pki.ceremony.transcript import parse_transcript
from pki.clock import SystemClock
from pki.errors.register import RegisterBusyError
from pki.register.sql import open_register

PIN = "24681357"
PINS = ("--pin-source", "env:CEREMONY_PIN", "--yes")
WITNESSES = ("chu-tri", "giam-sat")


@dataclass(frozen=True)
class Held:
    """A ceremony that was held, and everything that lies beside it."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "ceremony.toml"

    @property
    def transcript(self) -> Path:
        return self.folder / "ceremony.transcript.jsonl"

    @property
    def rehearsal(self) -> Path:
        return self.folder / "ceremony.rehearsal.jsonl"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def known(self) -> Path:
        return self.folder / "witnesses"

    def check(self, antin: Any, *more: str | Path) -> Any:
        return antin(
            "--home", self.folder / "none", "ca", "ceremony", "check", self.transcript, *more
        )

    def sign(self, antin: Any, person: str, key: str | None = None) -> Any:
        key = key or person
        command = ("--home", self.home, "ca", "ceremony", "sign", self.transcript)
        uri, pem = f"file:{self.known / key}.key", self.known / f"{key}.pem"
        return antin(*command, "--person", person, "--key", uri, "--cert", pem)


@pytest.fixture(scope="module")
def _held(antin, tmp_path_factory: pytest.TempPathFactory) -> Held:
    held = Held(tmp_path_factory.mktemp("ceremony"))
    write_witnesses(held.known)
    held.file.write_text(pinned(held.known), "utf-8")
    made = antin("--home", held.home, "init", "--public-url", "http://pki.example.gov.vn")
    assert made.status == 0, made
    rehearsed = antin("--home", held.home, "ca", "ceremony", "run", held.file, "--rehearse")
    assert rehearsed.status == 0, rehearsed
    os.environ["CEREMONY_PIN"] = PIN
    done = antin("--home", held.home, "ca", "ceremony", "run", held.file, *PINS)
    assert done.status == 0, done
    for person in WITNESSES:
        signed = held.sign(antin, person)
        assert signed.status == 0, signed
    yield held
    del os.environ["CEREMONY_PIN"]


@pytest.fixture
def held(_held: Held, tmp_path: Path) -> Held:
    """A copy to be forged at will."""
    return Held(Path(shutil.copytree(_held.folder, tmp_path / "held")))


def write_witnesses(folder: Path) -> None:
    """Witnesses have certificates of another authority; one more person was not there."""
    folder.mkdir()
    world = make_world(folder, SystemClock())
    for person in (*WITNESSES, "nguoi-la"):
        key = new_key()
        certificate = world.issue(key=key, subject=someone())
        (folder / f"{person}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{person}.key").write_bytes(pem)
    world.register.close()


def pinned(known: Path) -> str:
    """Return the page's sample with the witnesses' certificates fixed in it."""
    text = sample()
    for person in WITNESSES:
        certificate = x509.load_pem_x509_certificate((known / f"{person}.pem").read_bytes())
        digest = certificate.fingerprint(SHA256()).hex()
        text = text.replace(f'id = "{person}"', f'id = "{person}"\ncertificate = "{digest}"')
    return text


def everything(held: Held) -> tuple[str | Path, ...]:
    known = ("--certificates", held.known)
    return (*known, "--ceremony", held.file, "--rehearsal", held.rehearsal)


def test_a_ceremony_is_held_signed_and_checked(antin, held: Held):
    checked = held.check(antin, *everything(held), "--json")
    assert checked.status == 0, checked
    assert checked.json["steps"] == 11
    assert checked.json["signers_known"]
    assert [one["person"] for one in checked.json["signatures"]] == list(WITNESSES)
    alone = held.check(antin)
    assert alone.status == 0
    assert "11 steps, 2 signatures" in alone.out
    assert "--certificates" in alone.err
    assert antin("--home", held.home, "audit", "checkpoint", *PINS[:2]).status == 0
    assert antin("--home", held.home, "ca", "show", "issuing").status == 0
    entry = parse_transcript(held.transcript.read_bytes()).steps[2]
    assert entry["result"]["attributes"] == {
        "sensitive": True,
        "always_sensitive": True,
        "never_extractable": True,
        "local": True,
        "extractable": False,
    }
    exported = {one.name for one in (held.folder / "ceremony.transcript-public").iterdir()}
    assert exported == {"root.cer", "issuing.cer", "root.crl", "issuing.crl", "audit.cer"}


def test_no_pin_is_written_anywhere(held: Held):
    for path in held.folder.rglob("*"):
        if path.is_file() and "tokens" not in path.parts:
            assert PIN.encode() not in path.read_bytes(), path


def test_openssl_reads_the_signature_of_a_witness(held: Held, peer: Finder):
    signature = held.transcript.with_name(f"{held.transcript.name}.chu-tri.p7s")
    command = ("cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-noverify")
    good = run(peer("openssl"), *command, "-content", held.transcript, "-out", os.devnull)
    assert good.returncode == 0
    other = (*command, "-content", held.rehearsal, "-out", os.devnull)
    assert run(peer("openssl"), *other, check=False).returncode != 0


def test_a_rehearsal_holds_and_is_no_ceremony(antin, held: Held):
    rehearsed = antin("ca", "ceremony", "check", held.rehearsal, "--json")
    assert rehearsed.status == 0, rehearsed
    assert rehearsed.json["rehearsal"]
    turned = antin("ca", "ceremony", "check", held.rehearsal, "--rehearsal", held.transcript)
    assert turned.code == "cli.bad_option"
    again = antin("--home", held.home, "ca", "ceremony", "run", held.file, "--rehearse", "--resume")
    assert again.code == "cli.bad_option"


def test_what_stands_there_is_not_run_over(antin, held: Held):
    command = ("--home", held.home, "ca", "ceremony", "run", held.file, *PINS)
    for more in ((), ("--resume",)):
        assert antin(*command, *more).code == "pki.output_exists"


def test_a_witness_who_did_not_sign_is_missed(antin, held: Held):
    held.transcript.with_name(f"{held.transcript.name}.giam-sat.p7s").unlink()
    missed = held.check(antin)
    assert (missed.status, missed.code) == (3, "pki.witness_missing")


def test_nobody_signs_for_another(antin, held: Held):
    assert held.sign(antin, "giam-sat", "nguoi-la").code == "pki.witness_untrusted"
    assert held.sign(antin, "nguoi-la").code == "cli.bad_option"
    first, second = (
        held.transcript.with_name(f"{held.transcript.name}.{person}.p7s") for person in WITNESSES
    )
    second.write_bytes(first.read_bytes())
    assert held.check(antin).code == "pki.witness_untrusted"
    assert held.check(antin, "--certificates", held.known).code == "pki.witness_untrusted"


def test_a_transcript_made_anew_by_whoever_knows_how_shows(antin, held: Held):
    """Its chain holds, its steps hold, its page fits: the signatures do not."""
    transcript = parse_transcript(held.transcript.read_bytes())
    later = forged(
        transcript, lambda entries: entries[-1]["at"].update(varies="2099-01-01T00:00:00Z")
    )
    held.transcript.write_bytes(later.octets())
    assert held.check(antin).code == "pki.transcript_differs"  # the page beside it
    held.transcript.with_suffix(".md").write_text(render_page(later), "utf-8")
    assert held.check(antin).code == "pki.witness_untrusted"


def test_another_root_with_other_witnesses_shows(antin, held: Held, tmp_path: Path):
    """A whole other ceremony, rightly signed by others: what is known from before tells."""
    other = Held(tmp_path / "other")
    other.folder.mkdir()
    write_witnesses(other.known)
    other.file.write_text(pinned(other.known), "utf-8")
    make_home(antin, other)
    assert antin("--home", other.home, "ca", "ceremony", "run", other.file, *PINS).status == 0
    for person in WITNESSES:
        assert other.sign(antin, person).status == 0
    assert other.check(antin).status == 0
    refused = other.check(antin, "--certificates", held.known)
    assert refused.code == "pki.witness_untrusted"
    assert other.check(antin, "--ceremony", held.file).code == "pki.transcript_differs"
    assert other.check(antin, "--rehearsal", held.rehearsal).code == "pki.transcript_differs"


def test_who_signs_must_be_known_from_somewhere(
    antin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CEREMONY_PIN", PIN)
    held = Held(tmp_path)
    write_witnesses(held.known)
    held.file.write_text(short(), "utf-8")
    make_home(antin, held)
    assert antin("--home", held.home, "ca", "ceremony", "run", held.file, *PINS).status == 0
    assert held.sign(antin, "chu-tri").status == 0
    assert held.check(antin).code == "pki.witness_untrusted"
    assert held.check(antin, "--certificates", held.known).status == 0


def make_home(antin: Any, held: Held) -> None:
    made = antin("--home", held.home, "init", "--public-url", "http://pki.example.gov.vn")
    assert made.status == 0, made


def short() -> str:
    """A ceremony that makes a root alone, with one who signs."""
    steps = sample().split("[[step]]")
    head = steps[0].replace("signs = true", "signs = false").replace("= false", "= true", 1)
    kept = [one for one in steps[1:] if "issuing" not in one and "audit" not in one]
    return "[[step]]".join([head, *kept])


# Stopped and resumed, on real tokens


@pytest.mark.parametrize("stopped", ["token", "key", "authority", "crl", "log", "export"])
def test_what_was_done_and_not_written_down_is_found(
    antin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
):
    monkeypatch.setenv("CEREMONY_PIN", PIN)
    held = Held(tmp_path)
    held.file.write_text(sample(), "utf-8")
    make_home(antin, held)
    command = ("--home", held.home, "ca", "ceremony", "run", held.file, *PINS)
    real, stops = Workshop.act, [stopped]

    def act(self: Workshop, step: Any, *, again: bool) -> dict[str, Any]:
        done = real(self, step, again=again)
        if stops and step.do == stops[0]:
            stops.clear()
            raise RegisterBusyError(register="-")  # done, and nobody wrote it down
        return done

    monkeypatch.setattr(Workshop, "act", act)
    assert antin(*command).status == 4
    before = held.transcript.read_bytes()
    assert antin(*command, "--resume").status == 0
    assert held.transcript.read_bytes().startswith(before)
    rehearsed = antin("--home", held.home, "ca", "ceremony", "run", held.file, "--rehearse")
    assert rehearsed.status == 0
    signed = held.check(antin, "--rehearsal", held.rehearsal)
    assert signed.code == "pki.witness_untrusted"  # all else was checked before
    keys = antin("--home", held.home, "token", "show", "issuing", "--json")
    assert keys.status == 0
    register = open_register(held.home / "register.sqlite")
    assert sorted(one.name for one in register.list_authorities()) == ["issuing", "root"]
    assert [register.newest_crl(name).number for name in ("root", "issuing")] == [1, 1]  # type: ignore[union-attr]
    register.close()


def test_a_killed_ceremony_goes_on(antin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CEREMONY_PIN", PIN)
    held = Held(tmp_path)
    held.file.write_text(sample(), "utf-8")
    make_home(antin, held)
    command = ("--home", str(held.home), "ca", "ceremony", "run", str(held.file), *PINS)
    program = [sys.executable, "-c", "from cli.app import main; main()", "--lang", "en", *command]
    process = subprocess.Popen(program, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step 5"):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    done = len(held.transcript.read_bytes().splitlines()) - 1
    assert 4 <= done < 11
    assert antin(*command, "--resume").status == 0
    assert len(parse_transcript(held.transcript.read_bytes()).steps) == 11


def test_without_a_yes_nothing_is_done(antin, tmp_path: Path):
    held = Held(tmp_path)
    held.file.write_text(sample(), "utf-8")
    make_home(antin, held)
    refused = antin("--home", held.home, "ca", "ceremony", "run", held.file)
    assert refused.code == "cli.not_confirmed"
    assert len(held.transcript.read_bytes().splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text + '\n[pins]\nroot = "1234"\n', "pki.ceremony_pin"),
        (lambda text: text.replace("pki.example", "other.example"), "pki.ceremony_file"),
        (lambda text: text.replace('profile = "root"', 'profile = "gone.toml"'), "cli.unreadable"),
        (lambda text: text.replace("Nguyễn", "\ud800").encode("utf-8", "replace"), None),
    ],
)
def test_a_file_that_cannot_be_followed_is_refused(antin, held: Held, change, code: str | None):
    made = change(sample())
    path = held.folder / "bad.toml"
    path.write_bytes(made.replace(b"?", b"\xff") if code is None else made.encode())
    refused = antin("--home", held.home, "ca", "ceremony", "run", path, *PINS)
    assert refused.code == (code or "pki.ceremony_file")
    assert "1234" not in refused.err


def test_a_signer_s_certificate_lies_beside_the_key_on_a_token(
    antin, held: Held, demo_home: Path, official: dict[str, Any]
):
    """An official signs with the official's own token."""
    text = short().replace('id = "chu-tri"', 'id = "chu-tri"\ncertificate = "PINNED"')
    pem = antin("--home", demo_home, "cert", "export", official["serial"]).out
    digest = x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
    other = Held(held.folder / "token")
    other.folder.mkdir()
    other.file.write_text(text.replace("PINNED", digest), "utf-8")
    make_home(antin, other)
    assert antin("--home", other.home, "ca", "ceremony", "run", other.file, *PINS).status == 0
    signing = ("ca", "ceremony", "sign", other.transcript, "--person", "chu-tri")
    signed = antin("--home", demo_home, *signing, "--key", official["key"], "--json")
    assert signed.status == 0, signed
    assert json.loads(signed.out)["person"] == "chu-tri"
    assert other.check(antin).status == 0


def test_a_key_without_its_certificate_signs_nothing(antin, held: Held, demo_home: Path):
    key = held.folder / "lone.key"
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing = ("ca", "ceremony", "sign", held.transcript, "--person", "chu-tri")
    refused = antin("--home", demo_home, *signing, "--key", f"file:{key}")
    assert refused.code == "cli.bad_option"


def test_a_key_that_was_slipped_in_between_is_not_taken(
    antin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Finder
):
    """Stopped before a key is made; somebody puts one there of the same name, made elsewhere."""
    monkeypatch.setenv("CEREMONY_PIN", PIN)
    held = Held(tmp_path)
    held.file.write_text(sample(), "utf-8")
    make_home(antin, held)
    command = ("--home", held.home, "ca", "ceremony", "run", held.file, *PINS)
    real = Workshop.act

    def act(self: Workshop, step: Any, *, again: bool) -> dict[str, Any]:
        if step.do == "key" and step.key == "audit":
            raise RegisterBusyError(register="-")
        return real(self, step, again=again)

    with monkeypatch.context() as patch:
        patch.setattr(Workshop, "act", act)
        assert antin(*command).status == 4
    made = ec.generate_private_key(ec.SECP256R1())
    pem = tmp_path / "planted.pem"
    pem.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SOFTHSM2_CONF", str(held.home / "tokens" / "softhsm2.conf"))
    planting = ("--import", pem, "--token", "issuing", "--label", "audit", "--id", "a1a1")
    run(peer("softhsm2-util"), *planting, "--pin", PIN)
    refused = antin(*command, "--resume")
    assert (refused.status, refused.code) == (3, "cli.ceremony_key")
    assert len(parse_transcript(held.transcript.read_bytes()).steps) == 8
