"""Authorities that `openssl ca`, EasyRSA and XCA really kept, brought into the register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_import_world import (
    OpenSSLAuthority,
    bring,
    codes,
    first_list,
    plan_of,
)
from pki_world import new_key, profile_for, run, someone

from pki.clock import SystemClock
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
