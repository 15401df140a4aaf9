"""pkilint judges every shape that the authority makes: no finding of severity error or above."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pki_world import ONE_SIZE, World, make_world, new_authority, new_key, someone

from pki.authority.create import create_issuing
from pki.authority.issuance import draw_serial
from pki.profile import BUILT_IN, load_profile
from pki.subject import Subject, build_subject

FULL = {
    "ST": "Hà Nội",
    "L": "Ba Đình",
    "OU": "Văn phòng",
    "T": "Chánh Văn phòng",
    "SN": "Nguyễn",
    "GN": "Văn A",
    "UID": "CCCD:001090000001",
    "E": "nguyenvana@example.gov.vn",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, public_url="http://pki.example.gov.vn")
    yield made
    made.register.close()


def lint(program: str, path: Path, *options: str) -> tuple[int, str]:
    """Run one of pkilint's linters and return how many findings block, and its words."""
    done = subprocess.run(
        [sys.executable, "-m", f"pkilint.bin.{program}", "lint", *options, "-s", "ERROR", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


SHAPES: dict[str, list[tuple[str, str]]] = {
    "official": [],
    "agency": [("UID", "MST:0100109106")],
    "device": [("serialNumber", "4711"), ("DNS", "a.example.gov.vn"), ("IP", "10.0.0.7")],
    "tls-server": [
        ("DNS", "www.example.gov.vn"),
        ("DNS", "sở.example.gov.vn"),
        ("IP", "2001:db8::7"),
    ],
    "ocsp": [],
    "timestamp": [],
    "audit": [],
}
"""Each profile for subscribers, and what else its subjects may hold."""


def shaped(profile: str) -> Subject:
    common = "www.example.gov.vn" if profile == "tls-server" else "Nguyễn Văn A"
    return build_subject([("C", "VN"), ("O", "Sở Nội vụ"), ("CN", common), *SHAPES[profile]])


@pytest.mark.parametrize("profile", SHAPES)
def test_pkilint_has_nothing_against_a_profile(world: World, profile: str):
    path = world.write("leaf.pem", world.issue(profile, subject=shaped(profile)))
    assert lint("lint_pkix_cert", path) == (0, "\n")


@pytest.mark.parametrize("kind", ["a", "p384"])
@pytest.mark.parametrize("profile", ["device", "tls-server"])
def test_pkilint_has_nothing_against_a_profile_with_other_keys(
    world: World, profile: str, kind: str
):
    certificate = world.issue(profile, key=new_key(kind), subject=shaped(profile))
    assert lint("lint_pkix_cert", world.write("leaf.pem", certificate)) == (0, "\n")


def test_every_profile_is_judged_by_pkilint():
    assert {*SHAPES, "root", "issuing", "subordinate", "cross"} == set(BUILT_IN)


def test_pkilint_has_nothing_against_three_levels_of_authorities(world: World):
    """A subordinate under the root, and under it an issuing authority with name constraints."""
    subordinate = create_issuing(world.root, new_authority("sub", "subordinate"))
    new = new_authority("limited", "issuing")
    table = new.profile.authority
    assert table is not None
    limited = table.model_copy(
        update={"permitted_dns": ("gov.vn",), "permitted_mail": ("example.gov.vn",)}
    )
    profile = new.profile.model_copy(update={"authority": limited})
    issuing = create_issuing(subordinate, replace(new, profile=profile))
    for authority in (subordinate, issuing):
        path = world.write("ca.pem", authority.issuer.certificate)
        assert lint("lint_pkix_cert", path) == (0, "\n")
    leaf = world.issue("tls-server", subject=shaped("tls-server"), authority=issuing)
    assert lint("lint_pkix_cert", world.write("leaf.pem", leaf)) == (0, "\n")


def test_pkilint_has_nothing_against_a_practice_statement(world: World):
    update = {"practice_statement": "https://example.gov.vn/cps"}
    certificate = world.issue(load_profile("official").model_copy(update=update))
    assert lint("lint_pkix_cert", world.write("leaf.pem", certificate)) == (0, "\n")


def test_pkilint_has_nothing_against_a_full_subject(world: World):
    path = world.write("leaf.pem", world.issue(subject=someone(**FULL)))
    assert lint("lint_pkix_cert", path) == (0, "\n")


def test_pkilint_has_nothing_against_the_authorities(world: World):
    for authority in (world.root, world.issuing):
        path = world.write("ca.pem", authority.issuer.certificate)
        assert lint("lint_pkix_cert", path) == (0, "\n")


@pytest.mark.parametrize("kind", ["p521", *ONE_SIZE])
def test_pkilint_has_nothing_against_a_chain_of_any_kind_of_key(tmp_path: Path, kind: str):
    world = make_world(
        tmp_path, root_kind=kind, issuing_kind=kind, public_url="http://pki.example.gov.vn"
    )
    root, issuing = world.root.issuer.certificate, world.issuing.issuer.certificate
    for certificate in (root, issuing, world.issue(key=new_key(kind))):
        path = world.write("any.pem", certificate)
        assert lint("lint_pkix_cert", path) == (0, "\n")
    world.register.close()


def test_pkilint_etsi_has_nothing_against_an_official_in_full(world: World):
    """EN 319 412-2, natural person, NCP: names and country as an official's certificate has."""
    path = world.write("leaf.pem", world.issue(subject=someone(**FULL)))
    status, words = lint("lint_etsi_cert", path, "--type", "NCP-NATURAL-PERSON-CERTIFICATE")
    assert status == 0, words


@pytest.mark.parametrize("number", ["UID", "serialNumber"])
def test_pkilint_etsi_has_nothing_against_an_official_by_either_number(world: World, number: str):
    """The Vietnamese way and the semantics identifier of EN 319 412-1 §5.1.3."""
    value = {"UID": "CCCD:001090000001", "serialNumber": "IDCVN-001090000001"}[number]
    full = {short: text for short, text in FULL.items() if short != "UID"} | {number: value}
    path = world.write("leaf.pem", world.issue(subject=someone(**full)))
    status, words = lint("lint_etsi_cert", path, "--type", "NCP-NATURAL-PERSON-CERTIFICATE")
    assert status == 0, words


def test_pkilint_etsi_has_nothing_against_an_agency_in_full(world: World):
    """EN 319 412-3, legal person, NCP: with the organisation's identifier."""
    subject = someone(UID="MST:0100109106", organizationIdentifier="VATVN-0100109106")
    path = world.write("leaf.pem", world.issue("agency", subject=subject))
    status, words = lint("lint_etsi_cert", path, "--type", "NCP-LEGAL-PERSON-CERTIFICATE")
    assert status == 0, words


def test_pkilint_etsi_misses_the_identifier_of_an_agency(world: World):
    """The twin: written in the Vietnamese way alone, EN 319 412-3 §4.2.1 is not met."""
    path = world.write("leaf.pem", world.issue("agency", subject=someone(UID="MST:0100109106")))
    status, words = lint("lint_etsi_cert", path, "--type", "NCP-LEGAL-PERSON-CERTIFICATE")
    assert status > 0
    assert "organization" in words.lower()


def test_pkilint_finds_fault_where_there_is_one(world: World):
    """The twin of the above: an authority's certificate without a key identifier."""
    key = new_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(someone().name())
        .issuer_name(world.root.issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(draw_serial())
        .not_valid_before(world.clock.now())
        .not_valid_after(world.clock.now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    path = world.write("bad.pem", builder.sign(key, hashes.SHA256()))
    status, words = lint("lint_pkix_cert", path)
    assert status > 0
    assert "pkix.certificate_skid_ca_missing" in words


@pytest.mark.parametrize(("authority", "kind"), [("root", "ARL"), ("issuing", "CRL")])
def test_pkilint_has_nothing_against_the_lists(world: World, authority: str, kind: str):
    for reason in (x509.ReasonFlags.key_compromise, x509.ReasonFlags.unspecified):
        world.issuing.revoke(world.issue().serial_number, reason, invalidity_date=world.clock.now())
    path = world.write("list.pem", getattr(world, authority).issue_crl())
    assert lint("lint_crl", path, "--type", kind, "--profile", "PKIX") == (0, "\n")


def test_pkilint_has_nothing_against_the_answers(world: World):
    responder, certificate = world.responder(), world.issue()
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, world.issuing.issuer.certificate, hashes.SHA256())
        .build()
        .public_bytes(Encoding.DER)
    )
    path = world.folder / "answer.der"
    for revoke in (False, True):
        if revoke:
            world.issuing.revoke(certificate.serial_number, x509.ReasonFlags.superseded)
        path.write_bytes(responder.respond(request))
        assert lint("lint_ocsp_response", path) == (0, "\n")
