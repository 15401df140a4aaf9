"""OpenSSL and GnuTLS read what a list says of held, released and revoked certificates."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import Finder, World, make_world, run

from pki.authority.life import declare_compromise, hold, release
from pki.authority.renewal import Following, renew
from pki.clock import SystemClock
from pki.profile import load_profile

WHO = {"requester": "văn thư"}
Reason = x509.ReasonFlags


@pytest.fixture
def live_world(tmp_path: Path):
    world = make_world(tmp_path, SystemClock())
    yield world
    world.register.close()


def check(openssl: Path, world: World, certificate: x509.Certificate) -> str:
    lists = world.write("all.crl.pem", world.root.issue_crl(), world.issuing.issue_crl())
    done = run(
        openssl, "verify", "-crl_check_all", "-x509_strict",
        "-CAfile", world.write("root.pem", world.root.issuer.certificate),
        "-untrusted", world.write("issuing.pem", world.issuing.issuer.certificate),
        "-CRLfile", lists, world.write("leaf.pem", certificate),
        check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def words(program: Path, world: World) -> str:
    """Return the newest list as a peer reads it."""
    path = world.folder / "issuing.crl"
    path.write_bytes(world.issuing.issue_crl().public_bytes(Encoding.DER))
    if program.name == "openssl":
        return run(program, "crl", "-inform", "DER", "-in", path, "-noout", "-text").stdout
    return run(program, "--crl-info", "--inder", "--infile", path).stdout


def test_openssl_refuses_the_held_and_takes_the_released(live_world: World, peer: Finder):
    openssl, certificate = peer("openssl"), live_world.issue()
    serial = certificate.serial_number
    assert ": OK" in check(openssl, live_world, certificate)
    hold(live_world.issuing, serial, **WHO)
    assert "certificate revoked" in check(openssl, live_world, certificate)
    assert "Certificate Hold" in words(openssl, live_world)
    release(live_world.issuing, serial, **WHO)
    assert ": OK" in check(openssl, live_world, certificate)
    told = words(openssl, live_world)
    assert "No Revoked Certificates" in told
    renewed = renew(live_world.issuing, Following(serial, load_profile("official"), **WHO))
    assert ": OK" in check(openssl, live_world, renewed)


def test_peers_read_what_became_of_a_hold(live_world: World, peer: Finder):
    first, second = live_world.issue().serial_number, live_world.issue().serial_number
    for serial in (first, second):
        hold(live_world.issuing, serial, **WHO)
    live_world.issuing.revoke(first, Reason.superseded)
    told = words(peer("openssl"), live_world)
    assert "Superseded" in told
    assert "Certificate Hold" in told
    declare_compromise(live_world.issuing, first, **WHO)
    release(live_world.issuing, second, **WHO)
    told = words(peer("openssl"), live_world)
    assert "Key Compromise" in told
    assert f"{first:X}" in told
    for gone in ("Superseded", "Certificate Hold", "Remove From CRL", f"{second:X}"):
        assert gone not in told
    told = words(peer("certtool"), live_world).lower()
    assert f"{first:x}" in told
    assert f"{second:x}" not in told
