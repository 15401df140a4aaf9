"""`antin cert erase`: shown first, refused before its time; everything else goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cli_runs import Ran
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from test_cli_import import write_authority

from pki.clock import Clock, FixedClock, SystemClock
from pki.records.audit import AuditEvent
from pki.records.certificates import CertificateRecord, CertificateState
from pki.records.changes import ImportCertificate
from pki.register.sql import open_register
from pki.strength import spki_sha256
from pki.words import Language

Home = Callable[..., Ran]
YEAR = timedelta(days=366)
SERIAL = "1267"


@pytest.fixture
def later() -> FixedClock:
    """Return a clock at which every subscriber's certificate of today may be erased."""
    return FixedClock(SystemClock().now() + timedelta(days=11 * 366))


@pytest.fixture
def run(antin: Home, demo_home: Path) -> Home:
    return lambda *words, **more: antin("--home", demo_home, *words, **more)


def test_a_certificate_is_erased_and_the_rest_goes_on(run: Home, official, later: FixedClock):
    serial = official["serial"]
    name = run("cert", "show", serial, "--json").json["subject"].split("CN=")[1].split(",")[0]
    held = [row["serial"] for row in listed(run, name, later)]
    assert serial in held
    shown = run("cert", "erase", serial, clock=later)
    assert shown.status == 3
    assert name in shown.out
    assert "Nothing done" in shown.err
    assert [row["serial"] for row in listed(run, name, later)] == held, "it was only shown"
    doubted = run("cert", "erase", serial, "--yes", clock=later)
    assert (doubted.status, doubted.code) == (3, "pki.clock_gap"), "a wrong clock erases nothing"
    vouch(run, later)
    done = run("cert", "erase", serial, serial, "--reason", "request", "--yes", clock=later)
    assert (done.status, name in done.out) == (0, False), done
    assert [row["serial"] for row in listed(run, name, later)] == [
        one for one in held if one != serial
    ]
    told = run("cert", "show", serial, "--json", clock=later).json
    assert (told["subject"], told["requester"], told["status"]) == ("", "", "issued")
    assert (told["erased_at"], told["erased_because"]) == (later.now().isoformat(), "request")
    today = SystemClock().now().isoformat(timespec="seconds")
    status = run("cert", "status", serial, "--at", today, "--json", clock=later)
    assert status.json["status"] == "good"
    for command in ("export", "renew", "rekey", "lint"):
        ran = run("cert", command, serial, clock=later)
        assert (ran.status, ran.code) == (3, "pki.certificate_erased"), command
    again = run("cert", "erase", serial, "--yes", clock=later)
    assert (again.status, again.code) == (3, "pki.certificate_erased")
    assert run("audit", "verify", clock=later).status == 0


def vouch(run: Home, clock: FixedClock) -> None:
    """Say that it is eleven years later indeed."""
    shown = run("audit", "confirm-clock", clock=clock)
    assert (shown.status, "Nothing done" in shown.err) == (3, True), shown
    assert run("audit", "confirm-clock", "--yes", clock=clock).status == 0


def take_in_expired(home: Path) -> x509.Certificate:
    """Put a certificate into the register that ended six years ago, as an import does."""
    now, key = SystemClock().now(), ec.generate_private_key(ec.SECP256R1())
    register = open_register(home / "register.sqlite")
    authority = register.find_authority("issuing")
    assert authority is not None
    issuer = x509.load_der_x509_certificate(authority.certificate_der).subject
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lê Văn Cũ")])
    made = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).serial_number(4711)
    made = made.not_valid_before(now - 8 * YEAR).not_valid_after(now - 6 * YEAR)
    certificate = made.public_key(key.public_key()).sign(key, SHA256())
    der = certificate.public_bytes(Encoding.DER)
    record = CertificateRecord(
        issuer="issuing",
        serial=4711,
        state=CertificateState.ISSUED,
        tbs_der=certificate.tbs_certificate_bytes,
        der=der,
        subject="CN=Lê Văn Cũ",
        profile="imported",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fingerprint=sha256(der).hexdigest(),
        spki_sha256=spki_sha256(key.public_key()),
        requester="văn thư",
        reserved_at=now,
    )
    facts = (("issuer", "issuing"), ("serial", SERIAL), ("certificate", sha256(der).hexdigest()))
    event = AuditEvent(now, "văn thư", "certificate.import", facts)
    register.commit([ImportCertificate(record)], event)
    register.close()
    return certificate


def test_backups_proofs_and_the_look_at_the_register_know_of_it(
    run: Home, antin: Home, demo_home: Path, tmp_path: Path
):
    certificate = take_in_expired(demo_home)
    pem, held, proof = (tmp_path / name for name in ("old.pem", "log.checkpoint", "log.proof"))
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    assert run("audit", "checkpoint", "-o", held).status == 0
    assert SERIAL in run("selftest", "invariants").out, "no authority of ours signed it"
    assert run("cert", "erase", SERIAL, "--yes").status == 0
    assert run("audit", "verify", "--since", held).status == 0
    assert run("audit", "prove", SERIAL, "--since", held, "-o", proof).status == 0
    checked = run("audit", "check-proof", proof, "--checkpoint", held, "--cert", pem, "--json")
    assert [entry["action"] for entry in checked.json["entries"]] == [
        "certificate.import",
        "certificate.erase",
    ]
    looked = run("selftest", "invariants")
    assert (looked.status, SERIAL in looked.out) == (0, False)
    key, file = tmp_path / "backup.key", tmp_path / "antin.backup"
    public = run("backup", "key", "-o", key, "--json").json["public_key"]
    assert run("backup", "create", file, "--recipient", public).status == 0
    assert run("backup", "verify", file, "--identity", key).status == 0
    restored = tmp_path / "restored"
    words = ("backup", "restore", file, "--identity", key, "--yes")
    since = ("--nothing-published-since", "root", "--nothing-published-since", "issuing")
    ran = antin("--home", restored, *words, *since)
    assert ran.status == 0, ran
    told = antin("--home", restored, "cert", "show", SERIAL, "--json").json
    assert (told["subject"], told["erased_because"]) == ("", "retention")


def test_what_must_be_kept_is_refused(run: Home, demo_home: Path, official, later: FixedClock):
    serial = official["serial"]
    early = FixedClock(SystemClock().now() + timedelta(days=9 * 365))
    vouch(run, early)
    for words in ((), ("--yes",)):
        refused = run("cert", "erase", serial, *words, clock=early)
        assert (refused.status, refused.code) == (3, "pki.erasure_too_early")
    row = run("cert", "list", "--query", "OCSP", "--json").json["certificates"][0]
    vouch(run, later)
    refused = run("cert", "erase", serial, row["serial"], "--yes", clock=later)
    assert (refused.status, refused.code) == (3, "pki.erasure_forbidden")
    configuration = demo_home / "antin.toml"
    text = configuration.read_text("utf-8")
    before, section, after = text.partition("[authorities]\n")
    told = "retention_years = 5"
    assert told in after.partition("\n[")[0]

    def retain(years: int) -> None:
        changed = after.replace(told, f"retention_years = {years}", 1)
        configuration.write_text(before + section + changed, "utf-8")

    retain(8)
    refused = run("cert", "erase", serial, "--yes", clock=later)
    assert (refused.status, refused.code) == (3, "pki.erasure_too_early")
    retain(4)
    assert run("cert", "erase", serial, "--yes", clock=later).code == "cli.bad_configuration"
    configuration.write_text(text, "utf-8")
    assert run("cert", "erase", serial, "--yes", clock=later).status == 0


def test_it_is_told_in_vietnamese(run: Home, official, later: FixedClock):
    shown = run("cert", "erase", official["serial"], clock=later, language=Language.VI)
    assert "Nội dung đã xóa thì không lấy lại được" in shown.err


def listed(run: Home, name: str, clock: Clock) -> list[dict[str, str]]:
    found: list[dict[str, str]] = run("cert", "list", "--query", name, "--json", clock=clock).json[
        "certificates"
    ]
    return found


def test_a_person_is_erased_when_nothing_must_be_kept(run: Home, tmp_path: Path, official, later):
    """Everything that the register says of somebody, with a certificate of another authority."""
    name, number = "Trần Thị Xoá", "001190000042"

    def do(*words, status=0, clock=None):
        ran = run(*words, "--json", **({"clock": clock} if clock is not None else {}))
        assert ran.status == status, ran
        return ran.json

    def code(*words, clock=None, status=3):
        return do(*words, status=status, clock=clock)["error"]["code"]

    told = ("--name", name, "--citizen-number", number, "--email", "xoa@xa.gov.vn")
    do("person", "add", "NV-1", *told, "--since", "2026-01-01")
    folder = write_authority(tmp_path / "partner") / "newcerts"
    do("cert", "import", folder, "--yes")
    foreign = do("cert", "list", "--foreign")["foreign"][0]
    other = f"sha256:{foreign['fingerprint']}"
    do("cert", "assign", other, "--person", "NV-1")
    assert code("person", "erase", "NV-1") == "pki.person_serves"
    do("person", "change", "NV-1", "--state", "left")
    assert code("person", "erase", "NV-1", "--yes") == "pki.person_certificates"
    assert code("cert", "erase", other) == "pki.foreign_in_force"
    assert code("cert", "erase", other, official["serial"], status=5) == "cli.bad_option"
    assert code("cert", "erase", "sha256:00") == "cli.unknown_name"
    vouch(run, later)
    shown = run("cert", "erase", other, clock=later)
    assert (shown.status, foreign["subject"] in shown.out) == (3, True), shown
    (row,) = do("cert", "erase", other, "--yes", clock=later)["certificates"]
    assert (row["serial"], row["subject"]) == (foreign["serial"], "")
    shown = run("person", "erase", "NV-1", clock=later)
    assert (shown.status, name in shown.out) == (3, True), shown
    assert do("person", "show", "NV-1", clock=later)["name"] == name, "it was only shown"
    done = run("person", "erase", "NV-1", "NV-1", "--reason", "request", "--yes", clock=later)
    assert (done.status, name in done.out, "NV-1" in done.out) == (0, False, True), done
    told = do("person", "show", "NV-1", clock=later)
    assert (told["name"], told["citizen_number"], told["state"]) == (None, None, "left")
    assert [one["name"] for one in told["history"]] == [None, None]
    again = ("person", "change", "NV-1", "--name", name)
    assert code(*again, clock=later) == "pki.person_erased"
    line = f"code,name,state,since\nNV-1,{name},left,2026-01-01\n"
    (tmp_path / "old.csv").write_text(line, "utf-8")
    old = do("person", "import", tmp_path / "old.csv", "--yes", status=5, clock=later)
    assert [fault["code"] for fault in old["faults"]] == ["pki.person_erased"]
    do("cert", "import", folder, "--yes", clock=later)
    assert run("audit", "verify", clock=later).status == 0
