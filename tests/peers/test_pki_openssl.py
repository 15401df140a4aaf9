"""OpenSSL and GnuTLS judge what the authority issues."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn
from asn1crypto import tsp
from cryptography import x509
from pki_world import Finder, World, make_world, new_authority, new_key, run, someone

from pki.authority.create import create_issuing
from pki.clock import SystemClock
from pki.http.app import PublicServices, build_app
from pki.profile import load_profile
from pki.request import parse_request
from pki.subject import build_subject

pytestmark = pytest.mark.peer("openssl")


@dataclass(frozen=True)
class Live:
    """A world on the machine's clock, served over loopback HTTP."""

    world: World
    url: str


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    world = make_world(tmp_path, SystemClock(), public_url=url)
    services = PublicServices(world.register, world.responder(), world.timestamp())
    server = uvicorn.Server(uvicorn.Config(build_app(services), log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Live(world, url)
    server.should_exit = True
    thread.join()
    listening.close()
    world.register.close()


@pytest.fixture(params=["p256", "p384", "p521", "ed25519", "rsa issuing"])
def any_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    kind = request.param
    root = "p384" if kind == "rsa issuing" else kind
    world = make_world(tmp_path, SystemClock(), root_kind=root, issuing_kind=kind)
    yield world
    world.register.close()


def verify(openssl: Path, world: World, certificate: x509.Certificate) -> tuple[int, str]:
    """Run `openssl verify` with everything it needs and return status and words."""
    lists = world.write("all.crl.pem", world.root.issue_crl(), world.issuing.issue_crl())
    done = run(
        openssl, "verify", "-crl_check_all", "-x509_strict", "-policy_check",
        "-CAfile", world.write("root.pem", world.root.issuer.certificate),
        "-untrusted", world.write("issuing.pem", world.issuing.issuer.certificate),
        "-CRLfile", lists,
        world.write("leaf.pem", certificate),
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("profile", ["official", "agency", "device", "ocsp", "timestamp", "audit"])
def test_openssl_verify_accepts_every_profile(any_world: World, peer: Finder, profile: str):
    status, words = verify(peer("openssl"), any_world, any_world.issue(profile))
    assert status == 0, words


@pytest.mark.parametrize(
    ("option", "value", "good"),
    [
        ("-verify_hostname", "www.example.gov.vn", True),
        ("-verify_hostname", "other.example.gov.vn", False),
        ("-verify_ip", "10.0.0.7", True),
        ("-verify_ip", "10.0.0.8", False),
        ("-purpose", "sslserver", True),
        ("-purpose", "sslclient", False),
    ],
)
def test_openssl_finds_the_names_of_a_server(
    any_world: World, peer: Finder, option: str, value: str, good: bool
):
    names = (("DNS", "www.example.gov.vn"), ("IP", "10.0.0.7"))
    pairs = [("C", "VN"), ("O", "Sở"), ("CN", "www.example.gov.vn"), *names]
    certificate = any_world.issue("tls-server", key=new_key(), subject=build_subject(pairs))
    done = run(
        peer("openssl"), "verify", option, value,
        "-CAfile", any_world.write("root.pem", any_world.root.issuer.certificate),
        "-untrusted", any_world.write("issuing.pem", any_world.issuing.issuer.certificate),
        any_world.write("leaf.pem", certificate),
        check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == good, done.stdout + done.stderr


def test_openssl_keeps_to_an_authoritys_name_constraints(tmp_path: Path, peer: Finder):
    """What our linter stops, openssl would not accept; what it passes, openssl does."""
    world = make_world(tmp_path, SystemClock())
    new = new_authority("limited", "issuing")
    table = new.profile.authority
    assert table is not None
    limits = table.model_copy(update={"permitted_dns": ("gov.vn",)})
    profile = new.profile.model_copy(update={"authority": limits})
    limited = create_issuing(world.root, replace(new, profile=profile))
    for name, good in (("www.example.gov.vn", True), ("www.example.vn", False)):
        pairs = [("C", "VN"), ("O", "Sở"), ("CN", name), ("DNS", name)]
        with pytest.MonkeyPatch.context() as patch:
            if not good:
                patch.setattr("pki.lint.linter.lint", lambda *_: ())
            certificate = world.issue("tls-server", subject=build_subject(pairs), authority=limited)
        done = run(
            peer("openssl"), "verify",
            "-CAfile", world.write("root.pem", world.root.issuer.certificate),
            "-untrusted", world.write("limited.pem", limited.issuer.certificate),
            world.write("leaf.pem", certificate),
            check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == good, done.stdout + done.stderr
        assert good or "permitted subtree violation" in done.stderr
    world.register.close()


def test_openssl_verify_refuses_the_revoked(any_world: World, peer: Finder):
    certificate = any_world.issue()
    other = any_world.issue()
    any_world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.key_compromise)
    status, words = verify(peer("openssl"), any_world, certificate)
    assert status != 0
    assert "certificate revoked" in words
    assert verify(peer("openssl"), any_world, other)[0] == 0


def test_openssl_verify_refuses_what_a_revoked_authority_issued(any_world: World, peer: Finder):
    certificate = any_world.issue()
    authority = any_world.issuing.issuer.certificate
    any_world.root.revoke(authority.serial_number, x509.ReasonFlags.ca_compromise)
    status, words = verify(peer("openssl"), any_world, certificate)
    assert status != 0
    assert "certificate revoked" in words


def test_certtool_verifies_the_chain(any_world: World, peer: Finder):
    certtool = peer("certtool")
    chain = any_world.write(
        "chain.pem",
        any_world.issue(),
        any_world.issuing.issuer.certificate,
        any_world.root.issuer.certificate,
    )
    done = run(certtool, "--verify-chain", "--infile", chain, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified" in done.stdout


def ask_ocsp(openssl: Path, live: Live, serial: int, *options: str) -> str:
    """Ask the live responder with `openssl ocsp` and return its words."""
    world = live.world
    done = run(
        openssl, "ocsp", *options, "-url", f"{live.url}/ocsp", "-resp_text",
        "-issuer", world.write("issuing.pem", world.issuing.issuer.certificate),
        "-serial", hex(serial),
        "-CAfile", world.write("root.pem", world.root.issuer.certificate),
        "-verify_other", world.write("issuing2.pem", world.issuing.issuer.certificate),
    )  # fmt: skip
    assert "Response verify OK" in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384", "-sha512"])
def test_openssl_ocsp_hears_good_then_revoked(live: Live, peer: Finder, digest: str):
    openssl, certificate = peer("openssl"), live.world.issue()
    good = ask_ocsp(openssl, live, certificate.serial_number, digest)
    assert ": good" in good
    assert "OCSP Nonce" in good
    live.world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
    revoked = ask_ocsp(openssl, live, certificate.serial_number, digest)
    assert ": revoked" in revoked
    assert "Reason: superseded" in revoked


def test_openssl_ocsp_hears_unknown_of_the_unissued(live: Live, peer: Finder):
    """The serial was never drawn."""
    assert ": unknown" in ask_ocsp(peer("openssl"), live, 4711, "-sha256")


@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "rsa"])
@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
def test_openssl_ts_accepts_the_token(any_world: World, peer: Finder, kind: str, digest: str):
    openssl, world = peer("openssl"), any_world
    data, query, reply = (world.folder / name for name in ("data", "q.tsq", "r.tsr"))
    data.write_bytes("Công văn số 1".encode())
    run(openssl, "ts", "-query", "-data", data, digest, "-cert", "-out", query)
    reply.write_bytes(world.timestamp(kind).respond(query.read_bytes()))
    root = world.write("root.pem", world.root.issuer.certificate)
    arguments = ("ts", "-verify", "-in", reply, "-CAfile", root)
    assert "OK" in run(openssl, *arguments, "-queryfile", query).stdout
    assert "OK" in run(openssl, *arguments, "-data", data).stdout
    data.write_bytes("Công văn số 2".encode())
    assert run(openssl, *arguments, "-data", data, check=False).returncode != 0


def test_openssl_verifies_an_ed25519_tokens_signature(any_world: World, peer: Finder):
    """OpenSSL 3.0 knows Ed25519 but not in CMS, so it is given signature and attributes alone."""
    openssl, world = peer("openssl"), any_world
    data, query, signature, key = (world.folder / name for name in ("data", "q", "s", "k"))
    data.write_bytes("Công văn số 1".encode())
    run(openssl, "ts", "-query", "-data", data, "-sha512", "-cert", "-out", query)
    reply = tsp.TimeStampResp.load(world.timestamp("ed25519").respond(query.read_bytes()))
    signed = reply["time_stamp_token"]["content"]
    (signer,) = signed["signer_infos"]
    (certificate,) = (
        found for each in signed["certificates"]
        if (found := each.chosen).serial_number == signer["sid"].chosen["serial_number"].native
    )  # fmt: skip
    key.write_bytes(certificate.public_key.dump())
    signature.write_bytes(signer["signature"].native)
    arguments = ("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", key)
    arguments = (*arguments, "-sigfile", signature, "-in", data)
    data.write_bytes(signer["signed_attrs"].untag().dump())
    assert "Verified Successfully" in run(openssl, *arguments).stdout
    data.write_bytes(data.read_bytes() + b".")
    assert run(openssl, *arguments, check=False).returncode != 0


def test_openssl_ts_reads_a_rejection(any_world: World, peer: Finder):
    """The query asks for SHA-1, which is not stamped."""
    openssl, world = peer("openssl"), any_world
    query, reply = world.folder / "q.tsq", world.folder / "r.tsr"
    run(openssl, "ts", "-query", "-digest", "00" * 20, "-sha1", "-out", query)
    reply.write_bytes(world.timestamp().respond(query.read_bytes()))
    words = run(openssl, "ts", "-reply", "-in", reply, "-text").stdout
    assert "Status: Rejected." in words
    assert "unrecognized or unsupported algorithm identifier" in words


def test_a_request_by_openssl_is_certified(any_world: World, peer: Finder):
    """A request made by OpenSSL, PEM and DER, is certified."""
    world = any_world
    openssl, folder = peer("openssl"), world.folder
    for form in ("PEM", "DER"):
        run(
            openssl, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "k.pem",
            "-subj", "/CN=ignored", "-outform", form, "-out", folder / "r.csr",
        )  # fmt: skip
        certificate = issue_request(world, (folder / "r.csr").read_bytes())
        assert "ignored" not in certificate.subject.rfc4514_string()


def issue_request(world: World, data: bytes) -> x509.Certificate:
    profile = load_profile("official")
    return world.issuing.issue(parse_request(data), profile, someone(), requester="văn thư")


def test_the_list_over_http_is_the_newest(live: Live, peer: Finder):
    """A list issued while the server runs is served at the address in the certificate."""
    certificate = live.world.issue()
    live.world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.key_compromise)
    live.world.issuing.issue_crl()
    live.world.root.issue_crl()
    openssl = peer("openssl")
    done = run(
        openssl, "verify", "-crl_check_all", "-crl_download",
        "-CAfile", live.world.write("root.pem", live.world.root.issuer.certificate),
        "-untrusted", live.world.write("issuing.pem", live.world.issuing.issuer.certificate),
        live.world.write("leaf.pem", certificate),
        check=False,
    )  # fmt: skip
    assert "certificate revoked" in done.stdout + done.stderr
