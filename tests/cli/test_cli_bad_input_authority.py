"""What an authority must not take, by command: each its own code, and nothing half-done.

After every refusal the register is as it was, or holds a reserved serial that `ca recover` gives
up; the audit log verifies.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pki_postgres import PostgresServer
from weak_keys import close_modulus, public, structured_modulus

from pki import der
from pki.clock import FixedClock, SystemClock
from pki.words import Language

ISSUE = ("cert", "issue", "--ca", "issuing", "--profile", "official")
NAMES = ("C=VN", "O=Sở Nội vụ", "CN=Lê Thị Mẫu")


def request_of(key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """Return a sound request, DER."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def with_key(spki: bytes) -> bytes:
    """Return a request for another key; that its signature is no good comes second."""
    parts = der.read_all(der.read(request_of(), "request").content, "request")
    inner = [one.whole for one in der.read_all(parts[0].content, "request")]
    inner[2] = spki
    return der.sequence((der.sequence(tuple(inner)), parts[1].whole, parts[2].whole))


def with_modulus(modulus: int, exponent: int = 65537) -> bytes:
    numbers = public(modulus, exponent)
    return with_key(numbers.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def odd_exponent() -> bytes:
    """Return a request whose RSA exponent is 3."""
    key = rsa.generate_private_key(3, 2048)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def off_curve() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return with_key(spki[:-1] + bytes((spki[-1] ^ 1,)))


def broken_signature() -> bytes:
    good = request_of()
    parts = der.read_all(der.read(good, "request").content, "request")
    other = der.read_all(der.read(request_of(), "request").content, "request")
    return der.sequence((parts[0].whole, parts[1].whole, other[2].whole))


def pem(octets: bytes) -> bytes:
    return x509.load_der_x509_csr(octets).public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class Bad:
    """A request or a subject, and what is said of it."""

    code: str
    status: int
    csr: Callable[[], bytes] = request_of
    names: tuple[str, ...] = NAMES


BAD = {
    "malformed": Bad("pki.malformed_request", 5, lambda: b"x"),
    "cut off": Bad("pki.malformed_request", 5, lambda: request_of()[:-9]),
    "trailing octets": Bad("pki.malformed_request", 5, lambda: request_of() + b"\0"),
    "PEM bomb": Bad("pki.request_too_long", 5, lambda: pem(request_of()) * 2000),
    "many blocks": Bad("pki.malformed_request", 5, lambda: pem(request_of()) * 2),
    "nested lengths": Bad("pki.malformed_request", 5, lambda: b"\x30\x84\xff\xff\xff\xff"),
    "bad signature": Bad("pki.proof_of_possession", 3, broken_signature),
    "RSA under 2048": Bad("pki.key_kind", 3, lambda: with_modulus((1 << 1023) + 1)),
    "bad exponent": Bad("pki.rsa_exponent", 3, odd_exponent),
    "ROCA": Bad("pki.rsa_structured_primes", 3, lambda: with_modulus(structured_modulus())),
    "close primes": Bad("pki.rsa_close_primes", 3, lambda: with_modulus(close_modulus())),
    "small factor": Bad(
        "pki.rsa_small_factor", 3, lambda: with_modulus(751 * ((1 << 2047) // 751 + 2 | 1))
    ),
    "off the curve": Bad("pki.key_point", 3, off_curve),
    "huge subject": Bad("pki.subject_length", 5, names=(*NAMES[:2], "CN=" + "a" * 70_000)),
    "wrong string type": Bad("pki.subject_form", 5, names=(*NAMES, "E=người@example.vn")),
    "control characters": Bad("pki.subject_character", 5, names=(*NAMES[:2], "CN=a\x07b")),
    "direction turned": Bad("pki.subject_character", 5, names=(*NAMES[:2], "CN=a\u202eb")),
    "not of the profile": Bad("pki.profile_violation", 3, names=(*NAMES, "DNS=a.example.vn")),
}


@pytest.fixture(scope="module")
def home(made_home, tmp_path_factory) -> Path:
    """A demonstration home; nothing of this module is to leave a trace in it."""
    return Path(shutil.copytree(made_home[0], tmp_path_factory.mktemp("bad") / "home"))


def trace(home: Path) -> tuple[list[object], ...]:
    """Return what the register holds of certificates, revocations, lists and entries of the log."""
    database = sqlite3.connect(home / "register.sqlite")
    tables = ("certificates", "revocations", "status_changes", "crl_numbers", "audit")
    found = tuple(database.execute(f"SELECT count(*) FROM {name}").fetchall() for name in tables)
    database.close()
    return found


def ask(antin, home: Path, csr: bytes, *, names=NAMES, issue=ISSUE, path: Path, **more):
    path.write_bytes(csr)
    subject = [word for name in names for word in ("--set", name)]
    return antin("--home", home, *issue, "--csr", path, *subject, **more)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_changes_nothing(antin, home: Path, tmp_path: Path, case: str):
    bad, path = BAD[case], tmp_path / "a.csr"
    before, csr = trace(home), bad.csr()
    said = []
    for language in Language:
        ran = ask(antin, home, csr, names=bad.names, path=path, language=language)
        assert (ran.status, ran.code) == (bad.status, bad.code), ran
        assert "Traceback" not in ran.err
        said.append(ran.err)
    assert said[0] != said[1]
    assert trace(home) == before


def test_each_kind_of_fault_has_a_code_of_its_own():
    kinds = ("malformed", "PEM bomb", "huge subject", "wrong string type", "control characters")
    weak = ("RSA under 2048", "bad exponent", "ROCA", "close primes", "small factor")
    kinds += ("bad signature", "off the curve", "not of the profile", *weak)
    assert len({BAD[kind].code for kind in kinds}) == len(kinds)


def test_the_sound_twin_is_taken_and_its_key_is_taken_then(antin, demo_home: Path, tmp_path: Path):
    key, path = ec.generate_private_key(ec.SECP256R1()), tmp_path / "a.csr"
    for form in (request_of(key), pem(request_of(key))):
        assert ask(antin, demo_home, form, path=path).status == 0
    other = (*NAMES[:2], "CN=Trần Văn Khác")
    refused = ask(antin, demo_home, request_of(key), names=other, path=path)
    assert (refused.status, refused.code) == (3, "pki.key_used_elsewhere")


def test_an_authoritys_own_key_certifies_nobody(antin, demo_home: Path, tmp_path: Path):
    key = ec.generate_private_key(ec.SECP256R1())
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "ca.key"
    path.write_bytes(pkcs8)
    path.chmod(0o600)
    subject = ("--subject", "C=VN,O=UBND,CN=Cơ quan")
    create = ("ca", "create", "second", "--profile", "root", *subject, "--key", f"file:{path}")
    assert antin("--home", demo_home, *create).status == 0
    refused = ask(antin, demo_home, request_of(key), path=tmp_path / "a.csr")
    assert (refused.status, refused.code) == (3, "pki.authority_key")


def test_a_profile_with_a_contradiction_is_refused_before_anything(
    antin, home: Path, tmp_path: Path
):
    text = (files("pki.profiles") / "official.toml").read_text("utf-8")
    profile = tmp_path / "official.toml"
    profile.write_text(re.sub(r"years = \d+", "years = 30", text, count=1), "utf-8")
    before = trace(home)
    issue = (*ISSUE[:-1], profile)
    for language in Language:
        ran = ask(
            antin, home, request_of(), issue=issue, path=tmp_path / "a.csr", language=language
        )
        assert (ran.status, ran.code) == (5, "pki.profile_invalid")
    assert trace(home) == before


@pytest.mark.parametrize(
    ("shift", "code"),
    [
        (timedelta(days=-30), "pki.clock_before_record"),
        (timedelta(days=365 * 9), "pki.outlives_issuer"),
        (timedelta(days=365 * 30), "pki.issuer_expired"),
    ],
)
def test_a_clock_set_back_and_an_issuer_that_ended(
    antin, home: Path, tmp_path: Path, shift: timedelta, code: str
):
    clock = FixedClock(SystemClock().now() + shift)
    configuration = home / "antin.toml"
    text = configuration.read_text("utf-8").replace("max_gap_days = 400", "max_gap_days = 36500")
    configuration.write_text(text, "utf-8")
    before = trace(home)
    for language in Language:
        path = tmp_path / "a.csr"
        ran = ask(antin, home, request_of(), path=path, clock=clock, language=language)
        assert (ran.status, ran.code) == (3, code), ran
    assert trace(home) == before


def test_a_register_of_a_newer_version_is_left_alone(antin, demo_home: Path, tmp_path: Path):
    path = demo_home / "register.sqlite"
    database = sqlite3.connect(path)
    database.execute("UPDATE schema_version SET version = 99")
    database.commit()
    database.close()
    before = trace(demo_home)
    for language in Language:
        ran = ask(antin, demo_home, request_of(), path=tmp_path / "a.csr", language=language)
        assert (ran.status, ran.code) == (3, "pki.register_newer"), ran
    assert trace(demo_home) == before


def test_a_register_that_is_gone_is_not_made_anew(antin, demo_home: Path, tmp_path: Path):
    path = demo_home / "register.sqlite"
    path.rename(tmp_path / "away.sqlite")
    for language in Language:
        ran = ask(antin, demo_home, request_of(), path=tmp_path / "a.csr", language=language)
        assert (ran.status, ran.code) == (4, "pki.register_unreachable"), ran
    assert not path.exists()
    (tmp_path / "away.sqlite").rename(path)
    assert ask(antin, demo_home, request_of(), path=tmp_path / "a.csr").status == 0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    yield made
    made.remove()


CUT = """
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
CREATE TRIGGER cut BEFORE UPDATE ON certificates FOR EACH ROW EXECUTE FUNCTION cut();
"""


def test_a_database_gone_in_the_middle_leaves_a_reserved_serial(
    antin, server: PostgresServer, tmp_path: Path
):
    """The server cuts the session off when the signed certificate is to be recorded."""
    home, url = tmp_path / "home", server.new_database()
    assert antin("--home", home, "init", "--register", url).status == 0
    settings = home / "antin.toml"
    text = settings.read_text("utf-8")
    text = text.replace("[service]\n", '[service]\npublic_url = "http://127.0.0.1:8000"\n')
    settings.write_text(text, "utf-8")
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "ca.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    subject = ("--subject", "C=VN,O=UBND,CN=Cơ quan")
    made = antin(
        *("--home", home, "ca", "create", "issuing", "--profile", "root"),
        *(*subject, "--key", f"file:{path}"),
    )
    assert made.status == 0, made
    issue = (*ISSUE[:-1], "ocsp")
    database = unquote(url.split("?")[0].rsplit("/", 1)[1])
    server.run(CUT, database)
    for language in Language:
        ran = ask(
            antin, home, request_of(), issue=issue, path=tmp_path / "a.csr", language=language
        )
        assert (ran.status, ran.code) == (4, "pki.register_unreachable"), ran
    server.run("DROP FUNCTION cut CASCADE", database)
    assert antin("--home", home, "audit", "verify").status == 0
    given = antin("--home", home, "ca", "recover", "--json").json["given_up"]
    assert len(given) == 2
    assert antin("--home", home, "audit", "verify").status == 0
    assert ask(antin, home, request_of(), issue=issue, path=tmp_path / "a.csr").status == 0


def test_a_token_gone_before_its_signature_leaves_a_reserved_serial(
    antin, shim_only: Path, shim, tmp_path: Path
):
    before = trace(shim_only)
    codes = set()
    for language in Language:
        shim.pulled_during("C_Sign", after=language is Language.EN)
        ran = ask(antin, shim_only, request_of(), path=tmp_path / "a.csr", language=language)
        codes.add((ran.status, ran.code))
        shim.insert()
        shim.clear()
    assert codes == {(4, "hsm.token_removed")}
    assert trace(shim_only) != before
    assert antin("--home", shim_only, "audit", "verify").status == 0
    given = antin("--home", shim_only, "ca", "recover", "--json").json["given_up"]
    assert len(given) == 2
    assert ask(antin, shim_only, request_of(), path=tmp_path / "a.csr").status == 0
    assert antin("--home", shim_only, "audit", "verify").status == 0
