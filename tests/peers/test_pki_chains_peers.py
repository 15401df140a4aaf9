"""OpenSSL, GnuTLS, NSS and Java accept every profile, and every kind of key that they know.

None of them reads ML-DSA in Debian 12; `test_pki_pkilint` and `test_pki_mldsa_examples` judge that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from pki_world import Finder, World, make_world, new_key, run, someone

from pki.clock import SystemClock
from pki.profile import BUILT_IN, load_profile
from pki.request import parse_request
from pki.subject import Subject, build_subject

WORD = "changeit"
KINDS = {
    "p256": {},
    "p384": {},
    "p521": {},
    "ed25519": {},
    "rsa": {"root_kind": "p384"},
    "pss": {"root_kind": "p384", "pss": True},
}
"""Kinds of the issuing authority's key, and what its world is made with besides."""
USAGES = {
    "clientAuth": "C",
    "serverAuth": "V",
    "emailProtection": "S",
    "OCSPSigning": "O",
}
"""What NSS's certutil asks a certificate about, by its extended key usage."""
SHAPES: dict[str, list[tuple[str, str]]] = {
    "official": [("E", "a@example.gov.vn"), ("UID", "CCCD:001090000001")],
    "agency": [("UID", "MST:0100109106")],
    "device": [("serialNumber", "4711"), ("DNS", "a.example.gov.vn"), ("IP", "10.0.0.7")],
    "tls-server": [("DNS", "www.example.gov.vn")],
    "ocsp": [],
    "timestamp": [],
    "audit": [],
}


def shaped(profile: str) -> Subject:
    common = "www.example.gov.vn" if profile == "tls-server" else f"Nguyễn Văn {profile}"
    return build_subject([("C", "VN"), ("O", "Sở Nội vụ"), ("CN", common), *SHAPES[profile]])


@dataclass(frozen=True)
class Issued:
    """One certificate a profile, under one kind of authority."""

    kind: str
    world: World
    leaves: dict[str, x509.Certificate]

    @property
    def root(self) -> Path:
        return self.world.write("root.pem", self.world.root.issuer.certificate)

    @property
    def issuing(self) -> Path:
        return self.world.write("issuing.pem", self.world.issuing.issuer.certificate)

    def leaf(self, profile: str) -> Path:
        return self.world.write(f"{profile}.pem", self.leaves[profile])


@pytest.fixture(scope="module", params=KINDS)
def issued(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Issued]:
    kind = request.param
    more = {"root_kind": kind, "issuing_kind": kind, **KINDS[kind]}
    world = make_world(tmp_path_factory.mktemp("chains"), SystemClock(), **more)  # type: ignore[arg-type]
    # A TLS server's key is of no kind that browsers refuse.
    leaf = "p256" if kind in {"p521", "ed25519", "rsa", "pss"} else kind
    leaves = {
        profile: world.issue(profile, key=new_key(leaf), subject=shaped(profile))
        for profile in SHAPES
    }
    yield Issued(kind, world, leaves)
    world.register.close()


def test_every_profile_is_tried():
    assert {*SHAPES, "root", "issuing", "subordinate", "cross"} == set(BUILT_IN)


@pytest.mark.peer("openssl")
def test_openssl_accepts(issued: Issued, peer: Finder):
    openssl = peer("openssl")
    for profile in SHAPES:
        chain = ("-CAfile", issued.root, "-untrusted", issued.issuing, issued.leaf(profile))
        run(openssl, "verify", "-x509_strict", *chain)
    alone = run(openssl, "verify", "-CAfile", issued.root, issued.leaf("official"), check=False)
    assert alone.returncode != 0


@pytest.mark.peer("certtool")
def test_gnutls_accepts(issued: Issued, peer: Finder, tmp_path: Path):
    certtool, world = peer("certtool"), issued.world
    for profile, leaf in issued.leaves.items():
        authorities = (world.issuing.issuer.certificate, world.root.issuer.certificate)
        chain = world.write("chain.pem", leaf, *authorities)
        assert "Verified" in run(certtool, "--verify-chain", "--infile", chain).stdout, profile
    other = make_world(tmp_path, SystemClock())
    roots = other.write("other.pem", other.root.issuer.certificate)
    asked = ("--verify", "--load-ca-certificate", roots, "--infile", issued.leaf("official"))
    assert run(certtool, *asked, check=False).returncode != 0
    other.register.close()


@pytest.mark.parametrize("issued", sorted(KINDS.keys() - {"ed25519"}), indirect=True)
@pytest.mark.peer("certutil")
def test_nss_accepts(issued: Issued, peer: Finder, tmp_path: Path):
    """For each usage that NSS has a letter for; signatures are checked (-e)."""
    certutil, place = peer("certutil"), f"sql:{tmp_path}"
    run(certutil, "-N", "-d", place, "--empty-password")
    for name, trust, path in (
        ("root", "CT,C,C", issued.root),
        ("issuing", "c,c,c", issued.issuing),
    ):
        run(certutil, "-A", "-d", place, "-n", name, "-t", trust, "-i", path)
    asked = []
    for profile in SHAPES:
        run(certutil, "-A", "-d", place, "-n", profile, "-t", ",,", "-i", issued.leaf(profile))
        for usage in load_profile(profile).extended_key_usage:
            if usage in USAGES:
                asked.append(("-V", "-e", "-d", place, "-n", profile, "-u", USAGES[usage]))
                assert "certificate is valid" in told(certutil, *asked[-1]), usage
    assert len(asked) >= 4
    run(certutil, "-M", "-d", place, "-n", "root", "-t", ",,")
    assert not any("certificate is valid" in told(certutil, *one) for one in asked)


def told(program: Path, *arguments: object) -> str:
    done = run(program, *arguments, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("issued", ["ed25519"], indirect=True)
@pytest.mark.peer("certutil")
def test_nss_takes_no_ed25519_authority(issued: Issued, peer: Finder, tmp_path: Path):
    """What the page says of NSS 3.87; this fails when it learns that."""
    certutil, place = peer("certutil"), f"sql:{tmp_path}"
    run(certutil, "-N", "-d", place, "--empty-password")
    added = ("-A", "-d", place, "-n", "root", "-t", "CT,C,C", "-i", issued.root)
    assert "error" in told(certutil, *added).lower()


@pytest.mark.peer("keytool")
def test_java_reads_every_profile(issued: Issued, peer: Finder):
    path = issued.world.write("all.pem", *issued.leaves.values())
    words = told(peer("keytool"), "-printcert", "-file", path)
    for leaf in issued.leaves.values():
        assert f"Serial number: {leaf.serial_number:x}" in words
    algorithm = {"pss": "RSASSA-PSS", "rsa": "SHA256withRSA", "ed25519": "Ed25519"}
    assert algorithm.get(issued.kind, "withECDSA") in words


@pytest.mark.long
@pytest.mark.peer("keytool")
def test_java_takes_the_answer_to_its_own_request(issued: Issued, peer: Finder, tmp_path: Path):
    """keytool makes key and request, and builds the chain to a root it trusts, or refuses."""
    keytool, world = peer("keytool"), issued.world
    store = ("-keystore", tmp_path / "keys.p12", "-storepass", WORD, "-noprompt")
    key = ("-alias", "leaf", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=x")
    run(keytool, "-genkeypair", *key, *store)
    request = tmp_path / "leaf.csr"
    run(keytool, "-certreq", "-alias", "leaf", "-file", request, *store)
    public_key = parse_request(request.read_bytes()).public_key
    leaf = world.issuing.issue(public_key, load_profile("official"), someone(), requester="văn thư")
    answer = world.write("answer.pem", leaf, world.issuing.issuer.certificate)
    bring = ("-importcert", "-alias", "leaf", "-file", answer, *store)
    # Without its root the answer ends at nobody whom the store trusts.
    assert "not trusted" in told(keytool, *bring[:-1])
    run(keytool, "-importcert", "-alias", "root", "-file", issued.root, *store)
    assert "installed" in told(keytool, *bring)
    listed = run(keytool, "-list", "-v", "-alias", "leaf", *store).stdout
    assert "Certificate chain length: 3" in listed
