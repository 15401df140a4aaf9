"""Imports where something gives way: the process, the files, the authority's own certificate."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding
from pki_engines import Place
from pki_import_world import (
    BEGIN,
    OldAuthority,
    bring,
    codes,
    first_list,
    index_line,
    index_time,
    key_pem,
    name_of,
    pem,
    plan_of,
    terms_of,
)
from pki_world import NOW, World

from pki import der
from pki.audit.bundle import check_bundle, check_certificate, prove
from pki.audit.checkpoint import TreeHead
from pki.audit.stored import read_edge
from pki.audit.verify import verify_audit
from pki.clock import FixedClock
from pki.errors.audit import AuditProofOfAnotherError
from pki.importing import xca
from pki.importing.apply import apply_plan
from pki.importing.choice import is_list_of
from pki.importing.encoded import take_list
from pki.importing.index_txt import read_index
from pki.importing.material import Material
from pki.importing.plan import Wanted, build_plan
from pki.importing.sources import read_source
from pki.register.sql import create_register

CLOCK = FixedClock(NOW)
_DER = Encoding.DER
OLD = OldAuthority()
PROCESS = Path(__file__).with_name("pki_import_process.py")


def write(folder: Path, old: OldAuthority, count: int) -> Path:
    """Write an authority of that many certificates: each third revoked, each fifth lost."""
    folder.mkdir()
    (folder / "ca.crt").write_bytes(pem(old.certificate))
    at = index_time(BEGIN)
    lines = [index_line(one, at if one % 3 == 0 else "") for one in range(1, count + 1)]
    (folder / "index.txt").write_text("".join(lines), "utf-8")
    for one in range(1, count + 1):
        if one % 5:
            (folder / f"{one:x}.pem").write_bytes(pem(old.issue(one)))
    return folder


def test_an_import_that_is_killed_is_completed(place: Place, tmp_path):
    """SIGKILL after the first batch that is told, again and again; then a run to the end."""
    folder = write(tmp_path / "ca", OLD, 40)
    key = tmp_path / "old.key"
    key.write_bytes(key_pem(OLD.key))
    register = create_register(place.url, CLOCK)
    recorded = []
    for _ in range(3):
        command = [sys.executable, PROCESS, place.url, folder, key]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "2\n"
            process.kill()
        assert process.returncode < 0  # it did not come to its end
        assert register.find_authority("old") is None
        recorded.append(verify_audit(register))
    assert recorded == sorted(set(recorded))
    plan = plan_of(folder, register)
    assert 0 < plan.counts.new_certificates < 32
    _, reasons = first_list(plan, bring(plan, OLD.key, register, CLOCK))
    assert sorted(reasons) == list(range(3, 41, 3))
    # No entry was lost, and none written twice: the name, 40 serials and its own, it, a list's two.
    serials = [one for one in register.audit_entries() if b'"certificate.import"' in one.content]
    revoked_and_lost, root = 2, 1
    assert len(serials) == 32 + root + revoked_and_lost
    verify_audit(register)
    register.close()


def test_an_imported_certificate_is_proven_by_itself(world: World, tmp_path):
    plan = plan_of(write(tmp_path / "ca", OLD, 3), world.register)
    bring(plan, OLD.key, world.register, CLOCK)
    edge = read_edge(verify_audit(world.register), world.register.find_audit_entries)
    head = TreeHead("here", edge.size, edge.root())
    for serial in (1, 3):
        record = world.register.find_certificate("old", serial)
        assert record is not None
        bundle = prove(world.register, head, b"signed", record=record)
        ((_, event),) = check_bundle(bundle, head)
        told = dict(event.facts)
        assert (event.action, told["serial"]) == ("certificate.import", f"{serial:02x}")
        assert told.get("reason") == ("unspecified" if serial == 3 else None)
        assert record.der is not None
        check_certificate(bundle, x509.load_der_x509_certificate(record.der))
        with pytest.raises(AuditProofOfAnotherError):
            check_certificate(bundle, OLD.certificate)


def test_an_import_that_was_done_is_not_done_again(world: World, tmp_path):
    plan = plan_of(write(tmp_path / "ca", OLD, 3), world.register)
    bring(plan, OLD.key, world.register, CLOCK)
    entries = verify_audit(world.register)
    apply_plan(plan_of(tmp_path / "ca", world.register), terms_of(OLD.key), world.register, CLOCK)
    assert verify_audit(world.register) == entries


def test_an_authority_made_here_takes_what_its_files_hold(world: World):
    """No import was begun under its name, and the certificate is its own."""
    authority = world.root.issuer
    assert world.register.search_audit(b"begun_import") == ()
    material = Material(authority=authority.certificate)
    wanted = Wanted("root", "văn thư")
    plan = build_plan(material, wanted, world.register, NOW)
    apply_plan(plan, terms_of(authority.key), world.register, world.clock)
    assert world.register.crl_floor("root") is not None
    assert world.register.search_audit(b"begun_import") == ()


def test_a_certificate_that_its_parent_lacks_is_recorded(tmp_path):
    """The parent was imported from files that did not hold this one."""
    below = OldAuthority(name_of("Dưới"), serial=0x3000)
    signed = (
        x509.CertificateBuilder()
        .issuer_name(OLD.name)
        .subject_name(below.name)
        .public_key(below.key.public_key())
        .serial_number(0x3000)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=900))
    )
    for extension in below.certificate.extensions:
        signed = signed.add_extension(extension.value, extension.critical)
    certificate = signed.sign(OLD.key, hashes.SHA256())  # type: ignore[arg-type]
    register = create_register(tmp_path / "r.db", CLOCK)
    bring(plan_of(Material(authority=OLD.certificate), register), OLD.key, register, CLOCK)
    plan = build_plan(Material(authority=certificate), Wanted("below", "văn thư"), register, NOW)
    assert plan.parent == "old"
    apply_plan(plan, terms_of(below.key), register, CLOCK)
    assert register.find_certificate("old", 0x3000) is not None
    register.close()


def test_an_authority_whose_key_nobody_knows(world: World):
    """Its algorithm has no name; so nothing in its name can be verified either."""
    curve, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")
    octets = OLD.certificate.public_bytes(_DER).replace(curve, unknown, 1)
    wrong = x509.load_der_x509_certificate(octets)
    plan = plan_of(Material(), world.register, authority=wrong)
    assert codes(plan) == ["authority_key", "not_signed"]
    assert not is_list_of(OLD.list(), wrong)
    assert is_list_of(OLD.list(), OLD.certificate)


def test_an_authority_of_a_key_that_is_passed_by(world: World):
    key = dsa.generate_private_key(2048)
    wrong = OldAuthority(key=key)  # type: ignore[arg-type]
    plan = plan_of(Material(), world.register, authority=wrong.certificate)
    assert codes(plan) == ["authority_key"]


def test_a_list_that_cannot_be_verified_revokes_and_counts_no_number(world: World):
    """Its signature is of an algorithm that is not the key's."""
    octets = OLD.list((9, BEGIN, None), number=77).public_bytes(_DER)
    ecdsa, ed25519 = bytes.fromhex("300a06082a8648ce3d040302"), bytes.fromhex("300506032b6570")
    parts = der.read_all(der.read(octets, "list").content, "list")
    fields = [one.whole for one in der.read_all(parts[0].content, "list")]
    fields[fields.index(ecdsa)] = ed25519
    changed = der.sequence((der.sequence(tuple(fields)), ed25519, parts[2].whole))
    material = Material(authority=OLD.certificate)
    assert take_list(changed, "list", material)
    plan = plan_of(material, world.register)
    assert codes(plan) == ["list_unverified", "revoked_without"]
    assert (plan.crl_number, [one.serial for one in plan.revocations]) == (0, [9])


def test_an_index_that_cannot_be_opened_stops(tmp_path):
    material = Material()
    read_index(tmp_path, material)
    (finding,) = material.findings
    assert (finding.words.id, finding.severity.value) == ("pki.importing.unreadable", "error")


def test_a_folder_that_cannot_be_opened_stops(tmp_path, monkeypatch):
    """Root reads every folder, so the refusal is the system's as it would be."""
    (tmp_path / "one.pem").write_bytes(pem(OLD.certificate))
    closed = tmp_path / "closed"
    closed.mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    material = read_source(tmp_path)[1]
    (finding,) = material.findings
    assert (finding.place, finding.severity.value) == (str(closed), "error")
    assert finding.words.facts == {"reason": "Permission denied"}
    assert len(material.certificates) == 1


def test_a_file_of_several_certificates_is_not_the_authoritys(tmp_path):
    """`ca.crt` holds a chain: `cacert.pem` tells."""
    (tmp_path / "index.txt").touch()
    other = OldAuthority(name_of("Khác"))
    (tmp_path / "ca.crt").write_bytes(pem(OLD.certificate) + pem(other.certificate))
    assert read_source(tmp_path)[1].authority is None
    (tmp_path / "cacert.pem").write_bytes(pem(other.certificate))
    assert read_source(tmp_path)[1].authority == other.certificate


def test_one_file_is_a_source(tmp_path):
    (tmp_path / "one.pem").write_bytes(pem(OLD.certificate))
    assert len(read_source(tmp_path / "one.pem")[1].certificates) == 1


def test_a_database_that_takes_too_long_stops(tmp_path, monkeypatch):
    path = tmp_path / "a.xdb"
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE certs (item, cert); CREATE TABLE crls (item, crl);"
            "CREATE TABLE revocations (caId, serial, date, invaldate, crlNo, reasonBit);"
        )
        rows = [(number, "?") for number in range(2000)]
        database.executemany("INSERT INTO certs VALUES (?, ?)", rows)
    database.close()

    def found():
        material = Material()
        xca.read_database(path, material)
        return {one.words.id for one in material.findings}

    assert found() == {"pki.importing.certificate_unread"}
    monkeypatch.setattr(xca, "_STEPS", 100)
    monkeypatch.setattr(xca, "_MAX_ROUNDS", 10)
    assert "pki.importing.database_unread" in found()
