"""OpenSSL and GnuTLS verify full and delta lists, and put them together as they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import Finder, World, make_world, run

from pki.authority.life import hold, release
from pki.clock import SystemClock

WHO = {"requester": "văn thư"}
Reason = x509.ReasonFlags


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    world = make_world(tmp_path, SystemClock(), delta_hours=6)
    yield world
    world.register.close()


@pytest.mark.parametrize("delta", [False, True])
def test_openssl_and_gnutls_verify_either_kind(live: World, peer: Finder, *, delta: bool):
    live.issuing.revoke(live.issue().serial_number, Reason.superseded)
    live.issuing.issue_crl()
    crl = live.issuing.issue_crl(delta=delta)
    path, other = live.folder / "one.crl", live.folder / "other.crl"
    path.write_bytes(crl.public_bytes(Encoding.DER))
    spoilt = bytearray(crl.public_bytes(Encoding.DER))
    spoilt[-1] ^= 1
    other.write_bytes(spoilt)
    issuer = live.write("issuing.pem", live.issuing.issuer.certificate)
    openssl, certtool = peer("openssl"), peer("certtool")
    for file, good in ((path, True), (other, False)):
        options = ("-inform", "DER", "-in", file, "-noout", "-CAfile", issuer)
        told = run(openssl, "crl", *options, check=False).stderr
        assert ("verify OK" in told) == good
        options = ("--load-ca-certificate", issuer)  # GnuTLS 3.7 takes PEM alone here
        read = x509.load_der_x509_crl(file.read_bytes())
        pem = live.write("list.pem", read)
        told = run(certtool, "--verify-crl", *options, "--infile", pem, check=False).stdout
        assert ("output: Verified" in told) == good
    words = run(openssl, "crl", "-inform", "DER", "-in", path, "-noout", "-text").stdout
    assert ("Delta CRL Indicator: critical" in words) == delta
    assert ("Freshest CRL" in words) != delta
    told = run(certtool, "--crl-info", "--inder", "--infile", path).stdout
    assert "CRL Number" in told


def test_openssl_takes_a_full_list_and_its_deltas_together(live: World, peer: Finder):
    openssl = peer("openssl")
    held, revoked, good = live.issue(), live.issue(), live.issue()
    hold(live.issuing, held.serial_number, **WHO)
    lists = [live.root.issue_crl(), live.issuing.issue_crl()]

    def check(certificate: x509.Certificate, *more: x509.CertificateRevocationList) -> str:
        options = ("-use_deltas", "-extended_crl") if more else ()
        done = run(
            openssl, "verify", "-crl_check", "-x509_strict", *options,
            "-CAfile", live.write("root.pem", live.root.issuer.certificate),
            "-untrusted", live.write("issuing.pem", live.issuing.issuer.certificate),
            "-CRLfile", live.write("lists.pem", *lists, *more),
            live.write("leaf.pem", certificate),
            check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    release(live.issuing, held.serial_number, **WHO)
    live.issuing.revoke(revoked.serial_number, Reason.key_compromise)
    delta = live.issuing.issue_crl(delta=True)
    assert "certificate revoked" in check(held), "the full list alone still has the hold"
    assert ": OK" in check(held, delta), "the delta takes it away"
    assert ": OK" in check(revoked), "the full list alone does not know yet"
    assert "certificate revoked" in check(revoked, delta)
    assert ": OK" in check(good, delta)
    lists[1] = live.issuing.issue_crl()
    assert ": OK" in check(held)
    assert "certificate revoked" in check(revoked, delta), "an older delta changes nothing"
