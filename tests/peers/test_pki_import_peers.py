"""Authorities that `openssl ca`, EasyRSA and XCA really kept, brought into the register."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_import_world import (
    BEGIN,
    OldAuthority,
    OpenSSLAuthority,
    bring,
    codes,
    first_list,
    key_pem,
    load_key,
    name_of,
    pem,
    plan_of,
)
from pki_world import NOW, new_key, profile_for, run, someone

from pki.clock import FixedClock, SystemClock
from pki.importing.material import Material
from pki.importing.sources import Shape, read_source
from pki.register.sql import SQLRegister, create_register

REASONS = x509.ReasonFlags
Find = Callable[[str], Path]


@pytest.fixture
def register(tmp_path):
    made = create_register(tmp_path / "register.db", SystemClock())
    yield made
    made.close()


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def refused(openssl: Path, authority: Path, crl: Path, leaf: Path) -> bool:
    """Say whether openssl refuses a certificate because of the list."""
    arguments = ("verify", "-crl_check", "-CAfile", authority, "-CRLfile", crl, leaf)
    done = run(openssl, *arguments, check=False)
    assert done.returncode == 0 or "certificate revoked" in done.stderr, done.stderr
    return done.returncode != 0


def test_openssl_ca_goes_on_here(peer: Find, tmp_path: Path, register: SQLRegister):
    """What `openssl ca` revoked stays revoked for openssl, and what is revoked here joins it."""
    openssl = peer("openssl")
    old = OpenSSLAuthority(openssl, tmp_path / "ca")
    leaves = [old.issue(f"Người thứ {number}") for number in range(8)]
    old.revoke(leaves[0], "-crl_reason", "superseded")
    old.revoke(leaves[1], "-crl_compromise", "20250101000000Z")
    old.revoke(leaves[2], "-crl_CA_compromise", "20250102000000Z")
    old.revoke(leaves[3], "-crl_hold", "holdInstructionReject")
    old.list()
    old.revoke(leaves[4])
    lost = load(leaves[4]).serial_number
    leaves[4].unlink()
    clock = SystemClock()
    plan = plan_of(tmp_path / "ca", register, now=clock.now())
    assert plan.counts.certificates == 7
    assert plan.counts.without_certificate == 1
    assert plan.crl_number == 0x1F
    assert not plan.blocked
    assert sorted(set(codes(plan))) == ["indexed_not_listed", "revoked_without"]
    authority = bring(plan, old.key, register, clock)
    revoked_here = load(leaves[5]).serial_number
    authority.revoke(revoked_here, REASONS.cessation_of_operation)
    issued = authority.issue(
        new_key().public_key(),
        profile_for("official", new_key()),
        someone(),
        requester="văn thư",
    )
    crl, reasons = first_list(plan, authority)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 0x20
    assert reasons == {
        load(leaves[0]).serial_number: REASONS.superseded,
        load(leaves[1]).serial_number: REASONS.key_compromise,
        load(leaves[2]).serial_number: REASONS.ca_compromise,
        load(leaves[3]).serial_number: REASONS.certificate_hold,
        lost: REASONS.unspecified,
        revoked_here: REASONS.cessation_of_operation,
    }
    since = register.find_revocation("old", load(leaves[1]).serial_number)
    assert since is not None
    assert since.invalidity_date == datetime(2025, 1, 1, tzinfo=UTC)
    list_path, authority_path = tmp_path / "next.crl", tmp_path / "ca" / "cacert.pem"
    list_path.write_bytes(crl.public_bytes(Encoding.PEM))
    fresh = tmp_path / "fresh.pem"
    fresh.write_bytes(issued.public_bytes(Encoding.PEM))
    verdicts = [
        refused(openssl, authority_path, list_path, leaf)
        for leaf in (*leaves[:4], *leaves[5:], fresh)
    ]
    assert verdicts == [True, True, True, True, True, False, False, False]


def test_easyrsa_goes_on_here(
    peer: Find, tmp_path: Path, register: SQLRegister, monkeypatch: pytest.MonkeyPatch
):
    """EasyRSA gives its lists no number, and moves what it revokes into folders of its own."""
    openssl, folder = peer("openssl"), tmp_path / "pki"
    monkeypatch.setenv("PATH", "/usr/share/easy-rsa", prepend=os.pathsep)
    easyrsa = peer("easyrsa")
    settings = {"BATCH": "1", "PKI": str(folder), "ALGO": "ec", "CURVE": "prime256v1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"EASYRSA_{name}", value)
    monkeypatch.chdir(tmp_path)
    run(easyrsa, "init-pki")
    run(easyrsa, "--req-cn=EasyRSA CA", "build-ca", "nopass")
    for name in ("an", "binh", "cuong", "dung"):
        run(easyrsa, "build-client-full", name, "nopass")
    kept = tmp_path / "an.pem"
    kept.write_bytes((folder / "issued/an.crt").read_bytes())
    run(easyrsa, "revoke", "an", "keyCompromise")
    run(easyrsa, "gen-crl")
    shape, material = read_source(tmp_path)
    assert shape is Shape.EASYRSA
    assert material.key == folder / "private/ca.key"
    clock = SystemClock()
    plan = plan_of(material, register, now=clock.now())
    assert (plan.counts.certificates, plan.counts.revoked) == (4, 1)
    assert plan.findings == ()
    authority = bring(plan, load_key(material.key), register, clock)
    authority.revoke(load(folder / "issued/binh.crt").serial_number, REASONS.superseded)
    crl, reasons = first_list(plan, authority)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
    assert sorted(reason.value for reason in reasons.values()) == ["keyCompromise", "superseded"]
    list_path = tmp_path / "next.crl"
    list_path.write_bytes(pem(crl))
    leaves = (kept, folder / "issued/binh.crt", folder / "issued/cuong.crt")
    verdicts = [refused(openssl, folder / "ca.crt", list_path, leaf) for leaf in leaves]
    assert verdicts == [True, True, False]


def ask_xca(xca: Path, folder: Path, *arguments: object) -> None:
    """Run XCA without its window; a new database asks for its password at a terminal."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    words = ("--no-gui", f"--database={folder / 'kho.xdb'}", "--password=pass:mot", *arguments)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XCA_NO_GUI": "1",
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
    }
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", xca, *map(str, words)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
    ) as process:
        os.close(slave)
        try:
            said = answered(master, process)
        finally:
            process.kill()
    os.close(master)
    assert process.returncode == 0, said


def answered(master: int, process: subprocess.Popen[bytes]) -> bytes:
    """Give the password whenever it is asked for, for a minute at most; return what was said."""
    said, seen = b"", 0
    for _ in range(600):
        if select.select([master], [], [], 0.1)[0]:
            try:
                said += os.read(master, 4096)
            except OSError:  # the other side of the terminal is closed
                break
        elif process.poll() is not None:
            break
        elif said[seen:].rstrip().endswith(b"assword:\x1b[0m"):
            seen = len(said)
            os.write(master, b"mot\n")
    process.wait(timeout=10)
    return said


def test_xca_goes_on_here(peer: Find, tmp_path: Path, register: SQLRegister):
    """XCA's database: two authorities in it, and what it took out of a list that it was given."""
    openssl, xca = peer("openssl"), peer("xca")
    clock = SystemClock()
    old, other = OldAuthority(name_of("Gốc XCA")), OldAuthority(name_of("Gốc khác"))
    leaves = [old.issue(serial, f"Người {serial}") for serial in (1, 2, 3)]
    revoked = [(1, BEGIN, REASONS.key_compromise), (0xABCDEF0123, BEGIN, None)]
    files = {
        "old.key": key_pem(old.key),
        "old.pem": pem(old.certificate),
        "other.key": key_pem(other.key),
        "other.pem": pem(other.certificate),
        "theirs.pem": pem(other.issue(9)),
        "old.crl": pem(old.list(*revoked, number=41)),
        "other.crl": pem(other.list((9, BEGIN, None), number=77)),
        **{f"{leaf.serial_number}.pem": pem(leaf) for leaf in leaves},
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    ask_xca(xca, tmp_path, "--import", *(tmp_path / name for name in files), "--exit")
    database = tmp_path / "kho.xdb"
    shape, material = read_source(database)
    assert shape is Shape.XCA
    plan = plan_of(material, register, now=clock.now(), authority=old.certificate)
    assert not plan.blocked, plan.blocked
    counts = plan.counts
    assert (counts.certificates, counts.revoked, counts.without_certificate) == (3, 2, 1)
    assert counts.others == 2
    assert plan.crl_number == 41
    authority = bring(plan, old.key, register, clock)
    authority.revoke(2, REASONS.superseded)
    crl, reasons = first_list(plan, authority)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 42
    assert reasons == {
        1: REASONS.key_compromise,
        0xABCDEF0123: REASONS.unspecified,
        2: REASONS.superseded,
    }
    list_path = tmp_path / "next.crl"
    list_path.write_bytes(pem(crl))
    verdicts = [
        refused(openssl, tmp_path / "old.pem", list_path, tmp_path / f"{serial}.pem")
        for serial in (1, 2, 3)
    ]
    assert verdicts == [True, True, False]


@pytest.mark.parametrize("identifier", [None, b"khoa-cu", bytes(range(32))])
def test_an_issuer_is_pointed_to_as_it_names_itself(
    peer: Find, tmp_path: Path, identifier: bytes | None
):
    """openssl refuses a path whose identifiers differ, even where the key is right."""
    openssl, clock = peer("openssl"), FixedClock(NOW)
    old = OldAuthority(identifier=identifier)
    register = create_register(tmp_path / "register.db", clock)
    plan = plan_of(Material(authority=old.certificate), register)
    authority = bring(plan, old.key, register, clock)
    key = new_key()
    issue = partial(authority.issue, key.public_key(), profile_for("official", key))
    leaf = issue(someone(), requester="văn thư", lifetime=timedelta(days=90))
    named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = old.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert named.key_identifier == own.digest
    crl = authority.issue_crl()
    assert crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == named
    files = []
    for number, item in enumerate((old.certificate, crl, leaf)):
        files.append(tmp_path / f"{number}.pem")
        files[-1].write_bytes(pem(item))
    options = ("-attime", int(NOW.timestamp()) + 60, "-x509_strict", "-crl_check")
    run(openssl, "verify", *options, "-CAfile", files[0], "-CRLfile", files[1], files[2])
    other = OldAuthority(key=old.key, identifier=b"khac")
    files[0].write_bytes(pem(other.certificate))
    options = (*options[:2], "-CAfile", files[0], files[2])
    assert run(openssl, "verify", *options, check=False).returncode != 0
    register.close()
